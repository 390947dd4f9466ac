"""`submit`, `jobs …` and `results fetch`: one job from the files to the result, in every turn it can take."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.domain.job import JobState
from app.domain.parameter import Form
from app.domain.problem import Kind
from app.domain.service import Limits
from app.genotypes.bgzf import BgzfWriter
from app.operations.desk import Desk
from app.services.contract import Connection
from app.store import services
from tests.helpers.command_line import Answer, Cli, FakeProgram
from tests.helpers.fake_family import fault, write_vcf

JOB_KEYS = {
    "id", "group", "name", "service", "panel", "state", "raw_state", "progress", "step", "submitted",
    "started", "ended", "expires", "files", "problem",
}  # fmt: skip
GOOD = ("--option", "population=eur", "--option", "check1=accepted", "--no-check")


@pytest.fixture
def ready(with_service: Cli, program: FakeProgram) -> Cli:
    """A command line with a service that may be asked all the time."""

    async def hurry(desk: Desk) -> None:
        await desk.update_service("fake", limits=Limits(min_poll_s=0.02))

    desk = program.open_desk(program.folder)
    asyncio.run(hurry(desk))
    assert desk.store.read_now(lambda c: services.service(c, "fake")) is not None
    program.close_desk(desk)
    return with_service


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to send."""
    return write_vcf(tmp_path)


def send(cli: Cli, file: Path, *more: str, panel: str = "apps@one") -> Answer:
    return cli("submit", file, "--service", "Fake", "--panel", panel, *GOOD, *more)


def sent_job(cli: Cli, file: Path) -> dict[str, Any]:
    job: dict[str, Any] = send(cli, file, "--json").data["job"]
    return job


def test_submit_answers_with_the_job(ready: Cli, file: Path, program: FakeProgram) -> None:
    answer = send(ready, file, "--name", "My cohort", "--json")
    assert answer.code == 0
    assert set(answer.data) == {"job"}
    assert answer.data["job"] | {"id": ""} == {"id": "", "remote_id": "job-1", "state": "submitted"}
    (submission,) = program.family.submissions
    assert submission.options["check1"] == "accepted"
    assert submission.options["population"] == "eur"
    assert submission.options["refpanel"] == "apps@one"


@pytest.mark.parametrize("panel", ["one", "apps@one", "One (GRCh37/hg19)"])
def test_a_panel_by_its_spellings(ready: Cli, file: Path, panel: str) -> None:
    assert send(ready, file, panel=panel).code == 0


def test_an_unknown_panel_names_the_known_ones(ready: Cli, file: Path) -> None:
    answer = send(ready, file, "--json", panel="nope")
    assert answer.code == 3
    assert "apps@one, apps@two" in answer.problem["what_you_can_do"]


def test_all_obstacles_are_told_and_the_text_of_the_terms(
    ready: Cli, file: Path, program: FakeProgram
) -> None:
    words = ("submit", file, "--service", "fake", "--panel", "one", "--no-check", "--option", "foo=1")
    answer = ready(*words)
    assert answer.code == 3
    assert "I will not re-identify anybody." in answer.err
    assert "check1=accepted" in answer.err
    assert "Unknown parameter 'foo'" in answer.err
    assert "population" in answer.err.lower()
    told = ready(*words, "--json").data
    assert len(told["more_problems"]) == 2
    assert program.family.submissions == []


def test_terms_are_accepted_by_that_word_only(ready: Cli, file: Path) -> None:
    words = ("--service", "fake", "--panel", "one", "--no-check", "--option", "population=eur")
    assert ready("submit", file, *words, "--option", "check1=yes").code == 3
    assert ready("submit", file, *words, "--option", "check1=accepted").code == 0


def test_several_pairs_make_a_group(ready: Cli, file: Path) -> None:
    answer = send(ready, file, "--panel", "apps@two", "--json")
    assert len(answer.data["jobs"]) == 2
    assert answer.data["job"] == answer.data["jobs"][0]
    listed = ready("jobs", "list", "--json").data
    (group,), rows = listed["groups"], listed["jobs"]
    assert group["state"] == ", ".join(f"{n} {word}" for word, n in group["counts"].items())
    assert sum(group["counts"].values()) == 2
    assert ready("jobs", "list", "--group", "other", "--json").data == {"jobs": []}
    assert f"{group['id']}: {group['state']}" in ready("jobs", "show", rows[0]["id"]).out
    assert len({row["group"] for row in rows}) == 1
    assert {row["panel"] for row in rows} == {"apps@one", "apps@two"}


BOTH = (
    "--service",
    "fake",
    "--panel",
    "apps@one",
    "--service",
    "Second",
    "--panel",
    "apps@one",
    "--no-check",
)
ACCEPTED = ("--option", "check1=accepted")


def test_an_option_of_one_service_goes_to_that_one(second: Cli, file: Path, program: FakeProgram) -> None:
    own = ("--option", "population=eur", "--option", "SECOND:population=off")
    answer = second("submit", file, *BOTH, *ACCEPTED, *own, "--json")
    assert answer.code == 0
    sent = {each.options["population"] for each in program.family.submissions}
    assert sent == {"eur", "off"}
    unknown = ("--option", "other:population=eur", "--option", "population=eur")
    answer = second("submit", file, *BOTH, *ACCEPTED, *unknown)
    assert "Unknown parameter 'other:population'" in answer.err, "it is no service of this call"


def test_those_that_can_be_sent_are_and_the_others_follow_later(
    second: Cli, file: Path, program: FakeProgram
) -> None:
    one = ("--option", "fake:check1=accepted", "--option", "population=eur")
    assert second("submit", file, *BOTH, *one).code == 3
    assert program.family.submissions == []
    answer = second("submit", file, *BOTH, *one, "--send-others", "--json")
    assert answer.code == 1
    assert answer.data["job"]["state"] == "submitted"
    (left,) = answer.data["not_sent"]
    assert (left["service"], left["panel"]) == ("second", "apps@one")
    assert "I will not re-identify anybody." in left["why"]
    rest = (*ACCEPTED, "--no-check", "--option", "population=eur", "--service", "second")
    where = ("--panel", "apps@one", *rest)
    assert second("submit", *where).code == 2
    answer = second("submit", *where, "--group", "group-nobody", "--json")
    assert answer.problem["title"] == "No such group"
    (first,) = second("jobs", "list", "--json").data["jobs"]
    group = first["group"]
    late = ("--panel", "apps@two", *rest)
    assert second("submit", *late, "--group", group, "--json").code == 0
    rows = second("jobs", "list", "--group", group, "--json").data["jobs"]
    assert sorted((row["service"], row["panel"]) for row in rows) == [
        ("fake", "apps@one"),
        ("second", "apps@two"),
    ]
    assert len({tuple(row["files"]) for row in rows}) == 1


def test_what_failed_of_a_group_is_sent_again(second: Cli, file: Path) -> None:
    jobs = second("submit", file, *BOTH, *ACCEPTED, "--option", "population=eur", "--json").data["jobs"]
    group = second("jobs", "show", jobs[0]["id"], "--json").data["jobs"][0]["group"]
    answer = second("jobs", "retry", "--group", group, "--json")
    assert answer.problem["title"] == "Nothing to send again"
    assert second("jobs", "cancel", jobs[1]["id"]).code == 0
    (again,) = second("jobs", "retry", "--group", group, "--json").data["jobs"]
    assert again["service"] == "second"
    assert again["group"] == group
    assert second("jobs", "retry", "--group", group).code == 3, "it is on its way"
    assert second("jobs", "retry").code == second("jobs", "retry", "a", "--group", "b").code == 2


def test_a_service_that_would_phase_anew_gets_nothing_phased_here(
    ready: Cli, file: Path, program: FakeProgram
) -> None:
    answer = send(ready, file, "--phase-with", "mine")
    assert answer.code == 3
    assert "would phase the data anew" in answer.err
    assert program.family.submissions == []


def unphased(folder: Path) -> Path:
    """A file that can be imputed by whoever phases it."""
    people, cells = "\t".join(f"P{n}" for n in range(20)), "\t".join(["0/1", "0/0"] * 10)
    path = folder / "unphased.chr20.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(b"##fileformat=VCFv4.2\n##contig=<ID=20,length=63025520>\n")
        out.write(f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{people}\n".encode())
        for position in range(100_000, 200_000, 5000):
            out.write(f"20\t{position}\t.\tA\tG\t.\tPASS\t.\tGT\t{cells}\n".encode())
    return path


def test_data_that_are_to_be_phased_here_are_not_refused_for_being_unphased(
    ready: Cli, tmp_path: Path, program: FakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself an application that takes phased data gets none of others; the words say how it does."""
    plain = program.family.form

    async def form(connection: Connection, app_id: str) -> Form:
        return (await plain(connection, app_id)).model_copy(update={"phased": True})

    monkeypatch.setattr(program.family, "form", form)
    file = unphased(tmp_path)
    asked = ("submit", file, "--service", "Fake", "--panel", "apps@one", *GOOD[:-1])
    alone = ready(*asked)
    assert alone.code == 3
    assert "The data are not phased" in alone.err
    assert "“Phase here first” in “New job” or “haplodesk submit --phase-with PANEL”" in alone.err
    answer = ready(*asked, "--phase-with", "mine")
    assert "The data are not phased" not in answer.err
    assert program.family.submissions == []


def test_nobody_else_takes_what_is_at_its_service(ready: Cli, file: Path) -> None:
    job = send(ready, file, "--json").data["job"]
    assert ready("jobs", "elsewhere", job["id"], "--json").data == {"job": job["id"], "mirrors": []}
    assert "No other service" in ready("jobs", "elsewhere", job["id"]).out


@pytest.mark.parametrize(
    "more",
    [
        ("--option", "novalue"),
        ("--option", "Fake:=1"),
        ("--service", "b", "--service", "c"),
        ("--phase-by", "x"),
    ],
)
def test_wrong_usage(ready: Cli, file: Path, more: tuple[str, ...]) -> None:
    assert send(ready, file, *more).code == 2


def test_a_file_that_is_not_there(ready: Cli, tmp_path: Path) -> None:
    answer = send(ready, tmp_path / "none.vcf.gz", "--json")
    assert answer.code == 3
    assert answer.problem["kind"] == "input"


def test_the_own_password_is_used(ready: Cli, file: Path, program: FakeProgram) -> None:
    answer = ready(
        "submit", file, "--service", "fake", "--panel", "one", *GOOD, "--token-stdin", "--password-stdin",
        stdin="another-token\nMy.Own-Password1\n",
    )  # fmt: skip
    assert answer.code == 0
    password = program.family.submissions[0].password
    assert password is not None
    assert password.get_secret_value() == "My.Own-Password1"
    assert "My.Own" not in answer.out + answer.err


def test_list_show_and_states(ready: Cli, file: Path) -> None:
    job = sent_job(ready, file)
    (row,) = ready("jobs", "list", "--json").data["jobs"]
    assert set(row) == JOB_KEYS
    assert (row["service"], row["panel"], row["state"]) == ("fake", "apps@one", "submitted")
    assert ready("jobs", "list", "--state", "failed", "--json").data == {"jobs": []}
    assert ready("jobs", "list", "--state", "wrong").code == 2
    for name in (job["id"], job["remote_id"], "cohort"):
        assert ready("jobs", "show", name, "--json").data["jobs"][0]["id"] == job["id"]
    assert "Accepted by the server as job-1." in ready("jobs", "show", job["id"]).out


def test_watch_ends_with_0_after_success(ready: Cli, file: Path, program: FakeProgram) -> None:
    job = sent_job(ready, file)
    program.family.set_state("job-1", JobState.SUCCESS, 4)
    answer = ready("jobs", "watch", job["id"], "--json")
    assert answer.code == 0
    assert answer.data["jobs"][0]["raw_state"] == 4
    assert "submitted" in answer.err
    assert "success" in answer.err


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED])
def test_watch_ends_with_1_otherwise(ready: Cli, file: Path, program: FakeProgram, state: JobState) -> None:
    job = sent_job(ready, file)
    program.family.set_state("job-1", state, 5)
    assert ready("jobs", "watch", job["id"]).code == 1


def test_wait_sends_again_when_the_service_was_busy(
    ready: Cli, file: Path, program: FakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        program.family.before_seal = None
        if "job-1" in program.family.remote:
            program.family.set_state("job-1", JobState.SUCCESS, 4)

    monkeypatch.setattr("app.operations.send_job.RETRY_FIRST", _no_time())
    monkeypatch.setattr("app.cli.work.watch._rest", nap)
    program.family.before_seal = fault(Kind.BUSY, "Down for a while")
    answer = send(ready, file, "--wait", "--json")
    assert answer.code == 0
    assert answer.data["job"]["state"] == "success"
    assert "Down for a while" in answer.err
    assert program.family.calls.count("submit") == 2


def _no_time() -> Any:
    from datetime import timedelta

    return timedelta(0)


def test_a_waiting_job_is_no_failure(ready: Cli, file: Path, program: FakeProgram) -> None:
    program.family.before_seal = fault(Kind.BUSY, "Down for a while")
    answer = send(ready, file, "--json")
    assert answer.code == 0
    assert answer.data["job"]["state"] == "waiting"
    assert "jobs watch" in answer.err


def test_cancel_and_retry(ready: Cli, file: Path) -> None:
    job = sent_job(ready, file)
    assert ready("jobs", "cancel", job["id"], "--json").data["jobs"][0]["state"] == "cancelled"
    (again,) = ready("jobs", "retry", job["id"], "--json").data["jobs"]
    assert again["id"] != job["id"]
    assert again["state"] == "submitted"
    assert ready("jobs", "retry", again["id"]).code == 3


def test_fetch_brings_the_files(ready: Cli, file: Path, program: FakeProgram, tmp_path: Path) -> None:
    job = sent_job(ready, file)
    program.family.content = {"qc_report.txt": b"all well"}
    program.family.set_state("job-1", JobState.SUCCESS, 4)
    program.family.give_files("job-1")
    folder = tmp_path / "result"
    answer = ready("results", "fetch", job["id"], "--to", folder, "--json")
    assert answer.code == 0
    result = answer.data["result"]
    assert result["folder"] == str(folder)
    assert result["state"] == "verified"
    assert [each["path"] for each in result["files"]] == ["qc_report.txt"]
    assert (folder / "qc_report.txt").read_bytes() == b"all well"
    assert ready("results", "fetch", job["id"], "--to", folder).code == 0
    assert len(program.family.downloads) == 1


def test_fetch_before_the_end_is_a_problem(ready: Cli, file: Path) -> None:
    job = sent_job(ready, file)
    answer = ready("results", "fetch", job["id"], "--json")
    assert answer.code == 3
    assert answer.problem["title"] == "The job is not finished"
    assert ready("results", "report", job["id"]).code == 3


def test_commands_that_follow_one_another_ask_for_the_list_once(
    ready: Cli, file: Path, program: FakeProgram
) -> None:
    async def slow_down(desk: Desk) -> None:
        await desk.update_service("fake", limits=Limits(min_poll_s=60))

    desk = program.open_desk(program.folder)
    asyncio.run(slow_down(desk))
    program.close_desk(desk)
    job = sent_job(ready, file)
    program.family.set_state("job-1", JobState.SUCCESS, 4)
    program.family.calls.clear()
    assert ready("jobs", "watch", job["id"]).code == 0
    assert program.family.calls == ["job job-1"]
