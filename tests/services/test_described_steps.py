"""Described services where a job is made, filled and started by calls of their own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.domain.dataset import DataFile
from app.domain.job import JobState
from app.domain.problem import Kind
from app.domain.progress import Progress, silent
from app.domain.resources import resource
from app.domain.service import Limits
from app.services.contract import Connection, Submission
from app.services.described import Described
from app.services.notes import ShortNotes
from app.transport.client import Looker
from app.transport.confined import Confinement, confined
from tests.helpers.quick_pace import quick_pace
from tests.services.family_contract import FamilyContract, no_seal, refused
from tests.services.steps_server import KEY, StepsServer

IN_A_FORM = ('{put: "/jobs/{id}/files/{name}"}', '{post: "/jobs/{id}/files"}\n    files: part')
TOGETHER = (IN_A_FORM[0], IN_A_FORM[1] + "\n    together: true")
WAYS = {"as it is": ("", ""), "in a form": IN_A_FORM, "together": TOGETHER}


class StepsTarget:
    """A server on loopback, spoken to by the shipped example; `notes` outlive a family, as the store does."""

    def __init__(self, server: StepsServer, folder: Path, change: tuple[str, str] = ("", "")) -> None:
        self.server = server
        self.notes = ShortNotes()
        self.file = folder / "steps.yaml"
        text = resource("described", "example-steps.yaml").read_text("utf-8")
        self.file.write_text(text.replace(*change), "utf-8")
        self.connection = Connection(
            service_id="steps",
            base_url=server.url,
            token=SecretStr(KEY),
            generation="described example-steps 2026-11-26",
            limits=Limits(min_poll_s=0.05),
            setup={"described": str(self.file)},
        )

    def family(self) -> Described:
        return Described(looker=Looker(quick_pace(), sleep=_at_once), notes=self.notes)

    def jobs_at_server(self) -> list[str]:
        return [job.title for job in self.server.started]

    def finish(self, remote_id: str, files: dict[str, bytes]) -> None:
        self.server.jobs[remote_id].results = files
        self.server.jobs[remote_id].word = "finished"

    def gets_of_files(self) -> int:
        return len(self.server.paths("GET", "/results/."))

    def list_requests(self) -> int:
        return len(self.server.paths("GET", "/jobs$"))

    def cut_answer(self) -> None:
        self.server.lose.append("start")

    def go_down(self) -> None:
        self.server.stop()


@pytest.fixture
def target(tmp_path: Path) -> Iterator[StepsTarget]:
    with StepsServer() as server:
        yield StepsTarget(server, tmp_path)


@pytest.fixture(params=WAYS)
def each_way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StepsTarget]:
    with StepsServer() as server:
        yield StepsTarget(server, tmp_path, WAYS[request.param])


class TestSteps(FamilyContract):
    """The contract over the shipped example."""

    app_id = "impute"


def order_of(folder: Path, sizes: tuple[int, ...] = (30_000, 50_000, 20_000)) -> Submission:
    """Some files, whose bytes differ."""
    files = []
    for number, size in enumerate(sizes, 20):
        path = folder / f"chr{number} ü.vcf.gz"
        path.write_bytes(bytes([number]) * size)
        seen = path.stat()
        files.append(DataFile(path=str(path), name=path.name, size=size, modified=seen.st_mtime_ns))
    options: dict[str, str | bool] = {"panel": "p1", "phasing": "none", "min_r2": "0.3"}
    return Submission(app_id="impute", remote_name="study.abc", files=tuple(files), options=options)


def send(
    target: StepsTarget,
    order: Submission,
    *,
    family: Described | None = None,
    seal: Callable[[], Awaitable[None]] = no_seal,
    report: Callable[[Progress], None] = silent,
) -> str:
    return asyncio.run((family or target.family()).submit(target.connection, order, report, seal))


def forget(target: StepsTarget, **how: Any) -> None:
    asyncio.run(target.family().forget_upload(target.connection, "study.abc", **how))


def held(target: StepsTarget, order: Submission, remote_id: str) -> bool:
    """Whether the job has every file once and whole, in order."""
    wanted = [(file.name, Path(file.path).read_bytes()) for file in order.files]
    return target.server.jobs[remote_id].got == wanted


def test_made_filled_started(each_way: StepsTarget, tmp_path: Path) -> None:
    order, seen = order_of(tmp_path), list[Progress]()
    sealed: list[tuple[int, bool]] = []

    async def seal() -> None:
        sealed.append((each_way.server.starts, held(each_way, order, "d/1")))

    remote_id = send(each_way, order, seal=seal, report=seen.append)
    job = each_way.server.jobs[remote_id]
    names = [file.name for file in order.files]
    assert sealed == [(0, True)]
    assert (remote_id, job.word, each_way.server.made, each_way.server.starts) == ("d/1", "queued", 1, 1)
    assert job.told == {"title": "study.abc", "pipeline": "impute", "panel": "p1", "expects": names}
    assert job.knobs == {"phasing": "none", "min_r2": "0.3"}
    assert [each.done for each in seen] == sorted(each.done for each in seen)
    assert {each.total for each in seen} == {100_000}
    assert seen[-1].done == 100_000
    assert {each.headers["authorization"] for each in each_way.server.seen if "/jobs" in each.path} == {
        f"Token {KEY}"
    }
    forget(each_way)
    assert (each_way.server.dropped, held(each_way, order, remote_id)) == ([], True)


def test_a_job_that_waits_for_its_files_is_none_of_ours_yet(target: StepsTarget, tmp_path: Path) -> None:
    """Were it in the list, it would be taken for the one whose answer was lost, and never run."""
    target.server.refuse["start"] = 503
    with refused(Kind.BUSY):
        send(target, order_of(tmp_path))
    family = target.family()
    assert target.server.jobs["d/1"].title == "study.abc"
    assert asyncio.run(family.jobs(target.connection, fresh=True)) == ()
    job = asyncio.run(family.job(target.connection, "d/1"))
    assert (job.state, job.step) == (JobState.SUBMITTED, "Not started yet.")


def test_an_upload_that_was_cut_goes_on_in_the_same_job(target: StepsTarget, tmp_path: Path) -> None:
    """Also after an end of the program: the files that are there do not go again."""
    order = order_of(tmp_path)
    target.server.refuse["file"] = 503
    with refused(Kind.BUSY):
        send(target, order)
    target.server.cut_after = 10_000
    with refused(Kind.NO_NETWORK):
        send(target, order)
    puts = len(target.server.paths("PUT", "/files/"))
    remote_id = send(target, order)
    assert (remote_id, target.server.made, held(target, order, remote_id)) == ("d/1", 1, True)
    assert len(target.server.paths("PUT", "/files/")) == puts + 3
    assert target.server.dropped == []


def test_files_that_are_there_do_not_go_again(target: StepsTarget, tmp_path: Path) -> None:
    order, progress = order_of(tmp_path), list[Progress]()

    async def ended() -> None:
        raise KeyboardInterrupt  # the program is killed between the last file and the start

    with pytest.raises(KeyboardInterrupt):
        send(target, order, seal=ended)
    assert (target.server.starts, held(target, order, "d/1")) == (0, True)
    assert send(target, order, report=progress.append) == "d/1"
    assert len(target.server.paths("PUT", "/files/")) == 3
    assert (target.server.made, target.server.starts, progress[-1].done) == (1, 1, 100_000)


@pytest.mark.parametrize("change", [IN_A_FORM, TOGETHER], ids=["one by one", "together"])
def test_a_form_whose_answer_was_lost_is_not_sent_twice_into_one_job(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    """Nobody knows whether its files are in it: the job is taken away, and another one made."""
    with StepsServer() as server:
        target, order = StepsTarget(server, tmp_path, change), order_of(tmp_path)
        server.lose.append("file")
        with refused(Kind.NO_NETWORK):
            send(target, order)
        assert len(server.jobs["d/1"].got) == (1 if change == IN_A_FORM else 3)
        remote_id = send(target, order)
        assert (remote_id, server.dropped, list(server.jobs)) == ("d/2", ["d/1"], ["d/2"])
        assert held(target, order, remote_id)


def test_a_form_that_the_service_refused_is_sent_again_into_the_same_job(tmp_path: Path) -> None:
    with StepsServer() as server:
        target, order = StepsTarget(server, tmp_path, IN_A_FORM), order_of(tmp_path)
        server.refuse["file"] = 429
        with refused(Kind.BUSY):
            send(target, order)
        assert send(target, order) == "d/1"
        assert (server.made, held(target, order, "d/1")) == (1, True)


def test_a_put_whose_answer_was_lost_is_sent_again_to_its_place(target: StepsTarget, tmp_path: Path) -> None:
    order = order_of(tmp_path)
    target.server.lose.append("file")
    with refused(Kind.NO_NETWORK):
        send(target, order)
    assert send(target, order) == "d/1"
    assert (target.server.made, held(target, order, "d/1")) == (1, True)


def test_a_job_whose_making_was_not_answered_is_found_by_its_name(
    target: StepsTarget, tmp_path: Path
) -> None:
    order = order_of(tmp_path)
    target.server.lose.append("make")
    with refused(Kind.NO_NETWORK):
        send(target, order)
    assert list(target.server.jobs) == ["d/1"]
    assert send(target, order) == "d/1"
    assert (target.server.made, target.server.starts) == (1, 1)


def test_a_start_whose_answer_was_lost_starts_nothing_again(target: StepsTarget, tmp_path: Path) -> None:
    """The list has it, as the contract wants; sending once more all the same gives the same job."""
    order = order_of(tmp_path)
    target.server.lose.append("start")
    with refused(Kind.NO_NETWORK):
        send(target, order)
    (found,) = asyncio.run(target.family().jobs(target.connection, fresh=True))
    assert send(target, order) == found.remote_id == "d/1"
    assert (target.server.made, target.server.starts) == (1, 1)
    target.server.lose.append("start")
    forget(target)
    assert target.server.dropped == []


def test_killed_after_the_seal_the_same_job_is_started(target: StepsTarget, tmp_path: Path) -> None:
    """The list never shows it, so it is sent again: without its files, and without another job."""
    order = order_of(tmp_path)
    target.server.refuse["start"] = 500  # what came of it nobody knows
    with refused(Kind.BUSY):
        send(target, order)
    assert send(target, order) == "d/1"
    assert (target.server.made, target.server.starts) == (1, 1)
    assert len(target.server.paths("PUT", "/files/")) == 3


def test_started_though_it_says_no(target: StepsTarget, tmp_path: Path) -> None:
    """A proxy that asks twice hears from the second call that the job was started already."""
    order = order_of(tmp_path)

    async def seal() -> None:
        target.server.jobs["d/1"].word = "working"

    assert send(target, order, seal=seal) == "d/1"
    assert target.server.starts == 0


def test_a_start_that_is_refused_leaves_a_job_that_is_taken_away(target: StepsTarget, tmp_path: Path) -> None:
    target.server.refuse["start"] = 400
    with refused(Kind.REFUSED):
        send(target, order_of(tmp_path))
    assert list(target.server.jobs) == ["d/1"]
    forget(target, lapsed_only=True)
    assert target.server.dropped == []
    forget(target)
    assert target.server.dropped == ["d/1"]


@pytest.mark.parametrize("way", ["drop", "cancel", "none"])
def test_what_is_given_up_is_taken_away_as_well_as_the_service_can(tmp_path: Path, way: str) -> None:
    change = {
        "drop": ("", ""),
        "cancel": ('  drop: {delete: "/jobs/{id}"}', "  #"),
        "none": ('  drop: {delete: "/jobs/{id}"}', "  #"),
    }[way]
    with StepsServer() as server:
        target = StepsTarget(server, tmp_path, change)
        if way == "none":
            text = target.file.read_text("utf-8").replace('cancel: {post: "/jobs/{id}/stop"}', "")
            target.file.write_text(text, "utf-8")
        server.refuse["file"] = 503
        with refused(Kind.BUSY):
            send(target, order_of(tmp_path))
        forget(target)
        assert server.dropped == (["d/1"] if way == "drop" else [])
        assert way == "drop" or server.jobs["d/1"].word == ("stopped" if way == "cancel" else "draft")
        assert send(target, order_of(tmp_path)) == "d/2"


def test_a_transfer_that_is_cancelled_cleans_up_when_it_was_given_up(
    target: StepsTarget, tmp_path: Path
) -> None:
    """As when a person cancels: first the word, then the transfer is ended. Without that word it stays."""
    order = order_of(tmp_path)

    async def cancelled(given_up: bool) -> None:
        family = target.family()
        waiting = asyncio.Event()

        async def seal() -> None:
            waiting.set()
            await asyncio.Event().wait()

        task = asyncio.ensure_future(family.submit(target.connection, order, silent, seal))
        await waiting.wait()
        if given_up:
            await family.forget_upload(target.connection, order.remote_name)
            assert target.server.dropped == []  # not under the hands of the transfer
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(cancelled(given_up=False))
    assert (list(target.server.jobs), target.server.dropped) == (["d/1"], [])
    asyncio.run(cancelled(given_up=True))
    assert (list(target.server.jobs), target.server.dropped, target.server.made) == ([], ["d/1"], 1)


def test_cancelled_while_the_job_is_being_made_it_is_known_all_the_same(
    target: StepsTarget, tmp_path: Path
) -> None:
    order = order_of(tmp_path)

    async def cancel() -> None:
        family = target.family()
        target.server.hold.clear()
        task = asyncio.ensure_future(family.submit(target.connection, order, silent, no_seal))
        assert await asyncio.to_thread(target.server.asked.wait, 60)
        task.cancel()
        await family.forget_upload(target.connection, order.remote_name)
        target.server.hold.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert (target.server.made, target.server.dropped, target.server.jobs) == (1, ["d/1"], {})


def test_other_files_under_the_same_name_make_another_job(target: StepsTarget, tmp_path: Path) -> None:
    target.server.refuse["file"] = 503
    with refused(Kind.BUSY):
        send(target, order_of(tmp_path))
    order = order_of(tmp_path, (5, 6))
    assert send(target, order) == "d/2"
    assert (target.server.dropped, held(target, order, "d/2")) == (["d/1"], True)


@pytest.mark.parametrize("word", ["stopped", "gone"])
def test_a_job_that_the_service_took_away_is_made_anew(
    target: StepsTarget, tmp_path: Path, word: str
) -> None:
    order = order_of(tmp_path)
    target.server.refuse["file"] = 503
    with refused(Kind.BUSY):
        send(target, order)
    if word == "gone":
        del target.server.jobs["d/1"]
    else:
        target.server.jobs["d/1"].word = word
    assert send(target, order) == "d/2"


def test_a_job_that_somebody_else_started_without_its_files_is_not_called_ours(
    target: StepsTarget, tmp_path: Path
) -> None:
    target.server.refuse["file"] = 503
    with refused(Kind.BUSY):
        send(target, order_of(tmp_path))
    target.server.jobs["d/1"].word = "working"
    with refused(Kind.REFUSED) as problem:
        send(target, order_of(tmp_path))
    assert "Somebody else started d/1" in problem().what_happened
    forget(target)
    assert target.server.dropped == []


def test_files_under_a_rule_go_to_named_hosts_only(each_way: StepsTarget, tmp_path: Path) -> None:
    order = order_of(tmp_path)

    async def under(hosts: frozenset[str]) -> str:
        with confined(Confinement(hosts)):
            return await each_way.family().submit(each_way.connection, order, silent, no_seal)

    with refused(Kind.REFUSED):
        asyncio.run(under(frozenset({"elsewhere.example"})))
    assert all(not job.got for job in each_way.server.jobs.values())
    assert each_way.server.starts == 0
    assert asyncio.run(under(frozenset({"127.0.0.1"}))) == "d/1"


def test_a_service_that_sends_the_files_elsewhere_gets_none(target: StepsTarget, tmp_path: Path) -> None:
    target.server.refuse["file"] = 307
    with refused(Kind.REFUSED):
        send(target, order_of(tmp_path))
    assert target.server.starts == 0


def test_two_files_of_one_name_are_refused_before_anything_is_made(
    target: StepsTarget, tmp_path: Path
) -> None:
    order = order_of(tmp_path)
    twins = order.model_copy(update={"files": (order.files[0], order.files[0])})
    with refused(Kind.INPUT):
        send(target, twins)
    assert target.server.made == 0


async def _at_once(_: float) -> None:
    """No waiting between attempts."""
