"""What every family of services must do, whatever it speaks; a family's test class inherits it.

A `Target` is a running server with the means of a test to look into it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
from pydantic import SecretStr

from app.domain.dataset import DataFile
from app.domain.job import ENDED_STATES, JobState
from app.domain.parameter import Form, ParameterType
from app.domain.problem import Kind, Problem, ProblemError
from app.domain.progress import Progress, silent
from app.domain.service import HealthState
from app.services.abilities import ToldByUser
from app.services.contract import Connection, RemoteFile, ServiceFamily, Submission

T = TypeVar("T")


class Target(Protocol):
    """A server under test."""

    connection: Connection

    def family(self) -> ServiceFamily:
        """A family with a memory of its own."""
        ...

    def jobs_at_server(self) -> list[str]:
        """The names of the jobs that the server has."""
        ...

    def finish(self, remote_id: str, files: dict[str, bytes]) -> None:
        """Let a job succeed with these result files."""
        ...

    def gets_of_files(self) -> int:
        """How many requests for result files the server saw."""
        ...

    def list_requests(self) -> int:
        """How many list requests it saw."""
        ...

    def cut_answer(self) -> None:
        """The next submission makes a job and gets no answer."""
        ...

    def go_down(self) -> None:
        """Stop answering."""
        ...


async def no_seal() -> None:
    """A seal that writes nothing."""


async def fetch(
    family: ServiceFamily,
    connection: Connection,
    file: RemoteFile,
    offset: int = 0,
    resume: SecretStr | None = None,
) -> tuple[bytes, SecretStr | None, int, int | None]:
    """The bytes, the address for a resume, the offset and the total."""
    async with family.download(connection, file, offset, resume) as (download, again):
        data = b"".join([piece async for piece in download.chunks()])
        return data, again, download.offset, download.total


@contextlib.contextmanager
def refused(*kinds: Kind) -> Iterator[Callable[[], Problem]]:
    """Expect a ProblemError of one of the kinds."""
    with pytest.raises(ProblemError) as caught:
        yield lambda: caught.value.problem
    assert caught.value.problem.kind in kinds
    assert caught.value.problem.title


class FamilyContract:
    """Inherit it and give a fixture `target`."""

    app_id: str
    first_state = JobState.QUEUED
    first_place: int | None = 0
    """How a job that was just made stands, and its place in the queue, where the server tells one."""

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(what)

    def has(self, target: Target, name: str) -> bool:
        """Whether the family can do something."""
        return bool(getattr(target.family().capabilities, name))

    def form(self, target: Target) -> Form:
        return self.run(target.family().form(target.connection, self.app_id))

    def file_to_send(self, folder: Path) -> Path:
        """A file; families that read genotypes give one that holds some."""
        file = folder / "chr20.vcf.gz"
        file.write_bytes(b"not really genotypes" * 1000)
        return file

    def submission(
        self, target: Target, folder: Path, name: str = "study.abc", **options: str | bool
    ) -> Submission:
        """A job that the server takes: the first panel and population, all terms ticked."""
        file = self.file_to_send(folder)
        seen = file.stat()
        form = self.form(target)
        chosen: dict[str, str | bool] = {}
        if self.has(target, "panels"):
            panel = target.family().panels(target.connection, form, datetime.now(UTC))[0]
            chosen[form.of_type(ParameterType.PANEL)[0].id] = panel.id
            for bound in form.of_type(ParameterType.BOUND_CHOICE):
                chosen[bound.id] = panel.populations[0].id
        chosen |= {terms.id: True for terms in form.of_type(ParameterType.TERMS)}
        return Submission(
            app_id=self.app_id,
            remote_name=name,
            files=(DataFile(path=str(file), name=file.name, size=seen.st_size, modified=seen.st_mtime_ns),),
            options=chosen | options,
            password=SecretStr("Practice-123"),
        )

    def submit(
        self, target: Target, folder: Path, seal: Callable[[], Awaitable[None]] = no_seal, **how: Any
    ) -> str:
        order = self.submission(target, folder, **how)
        return self.run(target.family().submit(target.connection, order, silent, seal))

    def finished(self, target: Target, folder: Path, files: dict[str, bytes]) -> dict[str, RemoteFile]:
        remote_id = self.submit(target, folder)
        target.finish(remote_id, files)
        job = self.run(target.family().job(target.connection, remote_id))
        assert job.state is JobState.SUCCESS
        return {each.file.name: each for each in job.files}

    def test_health(self, target: Target) -> None:
        health = self.run(target.family().health(target.connection))
        assert health.state is HealthState.UP
        assert health.phases.first_byte is not None
        assert health.status_code == (200 if self.has(target, "network") else None)

    def test_health_of_a_server_that_is_down(self, target: Target) -> None:
        target.go_down()
        health = self.run(target.family().health(target.connection))
        phase = "tcp" if self.has(target, "network") else "folder"
        assert (health.state, health.failed_phase) == (HealthState.DOWN, phase)
        assert health.detail

    def test_everything_else_of_a_server_that_is_down_is_a_problem(self, target: Target) -> None:
        target.go_down()
        family = target.family()
        network = self.has(target, "network")
        for ask in (family.describe, family.verify_token, family.jobs, family.recognise):
            with refused(Kind.NO_NETWORK if network else Kind.DISK) as problem:
                self.run(ask(target.connection))
            assert problem().retry is network

    def test_what_it_cannot_do_it_explains(self, target: Target) -> None:
        told = target.family().capabilities
        able = told.model_dump(exclude={"why_not", "lifts"})
        missing = [name for name, can in able.items() if can is False]
        assert all(told.why_not[name] for name in missing)

    def test_what_it_cannot_do_with_a_job_it_refuses_with_the_reason(
        self, target: Target, tmp_path: Path
    ) -> None:
        family, remote_id = target.family(), self.submit(target, tmp_path)
        for name, ask in (("cancel", family.cancel), ("restart", family.restart)):
            if not self.has(target, name):
                with refused(Kind.REFUSED) as problem:
                    self.run(ask(target.connection, remote_id))
                assert family.capabilities.why_not[name] in problem().what_happened
        assert self.run(family.job(target.connection, remote_id)).state not in ENDED_STATES

    def test_a_good_token(self, target: Target) -> None:
        """Without tokens it is as if one were there."""
        info = self.run(target.family().verify_token(target.connection))
        assert (info.present, info.valid) == (True, True)
        if not self.has(target, "token"):
            assert info.expires is None
            return
        assert info.expires is not None
        assert info.expires > datetime.now(UTC)
        assert info.username

    def test_a_bad_token(self, target: Target) -> None:
        """One that nobody asks for changes nothing."""
        wrong = target.connection.model_copy(update={"token": SecretStr("a.b.c")})
        family = target.family()
        if not self.has(target, "token"):
            assert self.run(family.verify_token(wrong)).valid is True
            assert list(self.run(family.jobs(wrong))) == []
            return
        assert self.run(family.verify_token(wrong)).valid is False
        with refused(Kind.SIGN_IN):
            self.run(family.jobs(wrong))
        with refused(Kind.SIGN_IN):
            self.run(family.jobs(target.connection.model_copy(update={"token": None})))

    def test_nobody_else_gets_the_list_of_an_account(self, target: Target, tmp_path: Path) -> None:
        """What was answered last is given again only to the one who asked, where there are accounts."""
        self.submit(target, tmp_path)
        family = target.family()
        slow = {"limits": target.connection.limits.model_copy(update={"min_poll_s": 2.0})}
        listed = self.run(family.jobs(target.connection.model_copy(update=slow)))
        assert [job.name for job in listed] == ["study.abc"]
        other = target.connection.model_copy(update={**slow, "token": SecretStr("a.b.c")})
        if not self.has(target, "token"):
            assert [job.name for job in self.run(family.jobs(other))] == ["study.abc"]
            return
        with refused(Kind.SIGN_IN):
            self.run(family.jobs(other))

    def test_description(self, target: Target) -> None:
        family = target.family()
        info = self.run(family.describe(target.connection))
        assert info.name
        assert info.generation == target.connection.generation
        assert self.app_id in {app.id.partition("@")[0] for app in info.apps}
        assert info.logged_in
        assert self.run(family.recognise(target.connection)).name == info.name

    def test_form_and_panels(self, target: Target) -> None:
        form = self.form(target)
        assert form.of_type(ParameterType.FILES)
        panels = target.family().panels(target.connection, form, datetime.now(UTC))
        assert bool(panels) is self.has(target, "panels")
        assert all(panel.populations for panel in panels) or not form.of_type(ParameterType.BOUND_CHOICE)
        assert {panel.service_id for panel in panels} <= {target.connection.service_id}

    def test_an_unknown_application(self, target: Target) -> None:
        with refused(Kind.NOT_FOUND):
            self.run(target.family().form(target.connection, "no-such-app"))

    def test_submit_and_find_again(self, target: Target, tmp_path: Path) -> None:
        seen: list[Progress] = []
        sealed: list[list[str]] = []

        async def seal() -> None:
            sealed.append(target.jobs_at_server())

        order = self.submission(target, tmp_path)
        family = target.family()
        remote_id = self.run(family.submit(target.connection, order, seen.append, seal))
        assert sealed == [[]]
        assert seen[-1].fraction == 1.0
        assert target.jobs_at_server() == ["study.abc"]
        (line,) = self.run(family.jobs(target.connection))
        assert (line.remote_id, line.name, line.complete) == (remote_id, "study.abc", False)
        job = self.run(family.job(target.connection, remote_id))
        by_hand = isinstance(family, ToldByUser)
        first = JobState.WAITING if by_hand else self.first_state
        assert (job.name, job.state, job.complete) == ("study.abc", first, True)
        assert job.submitted is not None
        assert job.queue_position == (None if by_hand else self.first_place)

    @pytest.mark.parametrize("error", [RuntimeError, asyncio.CancelledError], ids=["failed", "cancelled"])
    def test_a_seal_that_fails_makes_no_job(
        self, target: Target, tmp_path: Path, error: type[BaseException]
    ) -> None:
        """Neither an error of the caller nor its end is turned into a Problem."""

        async def seal() -> None:
            raise error("the disk is full")

        with pytest.raises(error):
            self.submit(target, tmp_path, seal)
        assert target.jobs_at_server() == []

    def test_an_answer_that_is_lost(self, target: Target, tmp_path: Path) -> None:
        """The job exists, and a fresh list shows it; without a network no answer can be lost."""
        if self.has(target, "network"):
            target.cut_answer()
            with refused(Kind.NO_NETWORK, Kind.BUSY):
                self.submit(target, tmp_path)
        else:
            self.submit(target, tmp_path)
        found = self.run(target.family().jobs(target.connection, fresh=True))
        assert [job.name for job in found] == ["study.abc"]

    def test_fields_the_form_does_not_have_are_refused_before_anything_is_sent(
        self, target: Target, tmp_path: Path
    ) -> None:
        with refused(Kind.INPUT):
            self.submit(target, tmp_path, nonsense="x")
        assert target.jobs_at_server() == []

    def test_lists_are_spaced(self, target: Target, tmp_path: Path) -> None:
        """What is asked of no network is always the newest."""
        slow = target.connection.model_copy(
            update={"limits": target.connection.limits.model_copy(update={"min_poll_s": 30.0})}
        )
        family = target.family()
        if not self.has(target, "network"):
            assert list(self.run(family.jobs(slow))) == []
            self.submit(target, tmp_path)
            assert [job.name for job in self.run(family.jobs(slow))] == ["study.abc"]
            return

        async def ask() -> None:
            for _ in range(5):
                await family.jobs(slow)

        self.run(ask())
        assert target.list_requests() == 1

    def test_cancel(self, target: Target, tmp_path: Path) -> None:
        """Where a job cannot be stopped, it goes on."""
        family, remote_id = target.family(), self.submit(target, tmp_path)
        if self.has(target, "cancel"):
            assert self.run(family.cancel(target.connection, remote_id)).state is JobState.CANCELLED
            return
        with refused(Kind.REFUSED):
            self.run(family.cancel(target.connection, remote_id))
        assert [job.complete for job in self.run(family.jobs(target.connection, fresh=True))] == [False]

    def test_a_job_that_is_not_there(self, target: Target) -> None:
        with refused(Kind.NOT_FOUND):
            self.run(target.family().job(target.connection, "job-20200101-000000-000"))

    def test_download(self, target: Target, tmp_path: Path) -> None:
        files = {
            "chr_20.zip": bytes(range(256)) * 10_000,
            "statistics/snps excluded ü.txt": b"x",
            "empty.txt": b"",
        }
        found = self.finished(target, tmp_path, files)
        assert set(found) == set(files)
        for name, content in files.items():
            data, _, offset, total = self.run(fetch(target.family(), target.connection, found[name]))
            assert (data, offset) == (content, 0)
            assert total in {len(content), None}
        assert target.gets_of_files() == len(files)

    def test_the_rest_of_a_file_is_never_something_else(self, target: Target, tmp_path: Path) -> None:
        """Whatever was asked for, the bytes are those of the file from the offset that is told."""
        content = bytes(range(256)) * 100
        found = self.finished(target, tmp_path, {"chr_20.zip": content})["chr_20.zip"]
        family = target.family()
        _, resume, _, _ = self.run(fetch(family, target.connection, found))
        for way in dict.fromkeys((None, resume)):
            rest, _, offset, _ = self.run(fetch(family, target.connection, found, 1001, way))
            assert offset in {0, 1001}
            assert rest == content[offset:]

    def test_secrets_do_not_show(self, target: Target, tmp_path: Path) -> None:
        found = self.finished(target, tmp_path, {"chr_20.zip": b"x"})["chr_20.zip"]
        secret = found.locator.get_secret_value()
        token = target.connection.token
        assert secret not in repr(found)
        assert (token is not None) is self.has(target, "token")
        assert token is None or token.get_secret_value() not in repr(target.connection)

    def test_the_page_for_people(self, target: Target) -> None:
        page = target.family().job_page(target.connection, "job-1")
        assert page.startswith(target.connection.base_url)
        assert "job-1" in page
