"""The whole way in all three modes: from files and a token to opened results, by operations and scheduler."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.application import logging_to
from app.domain.changes import Noun
from app.domain.job import Job, JobState, SendPhase
from app.domain.notice import NoticeKind
from app.domain.problem import Kind, ProblemError
from app.domain.result import Result
from app.genotypes.bgzf import read_lines
from app.operations.desk import Desk
from app.operations.fetch_results import fetch_results
from app.operations.submit_job import create_job
from app.practice.context import LoggedRequest
from app.practice.server import PracticeServer
from app.results.accuracy import accuracy
from app.results.archive import extract
from app.store import jobs, notices, services
from tests.end_to_end.conftest import SAMPLES, SITES, StartServer, World
from tests.end_to_end.program import Program, left_over, running, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("short_pauses"),
]

SPACING_S = 1.5
"""Between two lists of jobs; a sweep comes each 0.2 s, so only the limit of the service keeps them apart."""
ARCHIVES = ["chr_20.zip", "chr_22.zip"]


@dataclass(frozen=True)
class Way:
    """What is asked for at which kind of server."""

    mode: str
    aes: bool
    meta: bool


WAYS = [Way("cg3-local", aes=True, meta=True), Way("cg3-s3", aes=False, meta=True), Way("cg2", False, False)]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.mode)
def test_from_files_to_opened_results(
    way: Way, world: World, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(way.mode)
    home = tmp_path / "home"
    with logging_to(home):
        job, result, password = asyncio.run(journey(way, world, server, home))
    look_at_files(way, world, Path(result.folder), result)
    look_at_requests(way, server, job)
    look_for_secrets(server, home, password)
    archive = server.job_folder(job.remote_id or "") / "output" / "chr_20.zip"
    assert extract(archive, SecretStr(password), tmp_path / "opened")
    with pytest.raises(ProblemError, match="password"):
        extract(archive, None, tmp_path / "not-opened")


async def journey(way: Way, world: World, server: PracticeServer, home: Path) -> tuple[Job, Result, str]:
    async with running(home) as program:
        desk = program.desk
        service_id = await program.add(server)
        service = await desk.service(service_id)
        limits = service.limits.model_copy(update={"min_poll_s": SPACING_S})
        await desk.update_service(service_id, limits=limits)
        dataset_id = await program.checked(world.data.cohort, service_id)
        boxes: dict[str, str | bool] = {"aesEncryption": way.aes, "meta": way.meta}
        draft = await program.draft(service_id, dataset_id, "hg19", name="Überfahrt", options=boxes)
        server.faults.hold_jobs = True
        job_id = (await create_job(desk, draft)).ids(Noun.JOB)[0]
        await until(lambda: twice_listed(server), "the list was asked for twice")
        server.faults.hold_jobs = False
        server.wake()
        job = await program.until_state(job_id, JobState.SUCCESS)
        result = await program.until_verified(job_id)
        await look_at_what_is_told(program, job_id)
        await program.scheduler.stop()
        await look_at_the_store(way, desk, job_id, draft.terms)
        before = len(server.requests.all())
        await fetch_results(desk, job_id)
        assert len(server.requests.all()) == before, "a second fetch asks for nothing"
        password = await look_at_the_keyring(desk, job_id, home)
        return await desk.job(job.id), result, password


async def twice_listed(server: PracticeServer) -> bool:
    return len(list_requests(server)) > 1


def list_requests(server: PracticeServer) -> list[LoggedRequest]:
    return [r for r in server.requests.matching("GET", "/api/v2/jobs") if r.path == "/api/v2/jobs"]


async def look_at_what_is_told(program: Program, job_id: str) -> None:
    """Each thing is told once, in the outbox and to the desktop."""
    desk = program.desk

    async def both() -> bool:
        return {n.kind for n in program.told} >= {NoticeKind.JOB_DONE, NoticeKind.RESULT_READY}

    await until(both, "the notices are delivered")
    kept = await desk.store.read(lambda c: notices.recent(c, 50))
    kinds = sorted(n.kind for n in kept if n.job_id == job_id)
    assert kinds == [NoticeKind.JOB_DONE, NoticeKind.RESULT_READY]
    assert all(n.sent for n in kept)
    assert len(program.told) == len(kept)


async def look_at_the_store(way: Way, desk: Desk, job_id: str, terms: dict[str, str]) -> None:
    job = await desk.job(job_id)
    assert (job.phase, job.raw_state, job.problem) == (SendPhase.ANSWERED, 4, None)
    assert {f.state for f in job.remote_files} == {"verified"}
    told = {f.downloads_left for f in job.remote_files}
    assert told == {None if way.mode == "cg2" else 10}, "as told before the fetch; cg2 does not tell"
    texts = [e.text for e in await desk.store.read(lambda c: jobs.events(c, job_id=job_id))]
    for wanted in ("Job made", "Sending to", "All data sent", "Accepted by the server", "Done (server"):
        assert sum(wanted in text for text in texts) == 1, (wanted, texts)
    assert sum(" accepted: “" in text for text in texts) == 2
    assert sum(text.endswith("verified.") for text in texts) == len(job.remote_files)
    kept = await desk.store.read(lambda c: jobs.consents(c, job_id))
    assert {c.parameter_id: c.text for c in kept} == terms
    for consent in kept:
        assert consent.text_sha256 == hashlib.sha256(consent.text.encode()).hexdigest()
        assert consent.person
    panels = await desk.store.read(lambda c: services.panels(c, job.service_id))
    assert {p.build for p in panels} == {"GRCh37", "GRCh38"}


async def look_at_the_keyring(desk: Desk, job_id: str, home: Path) -> str:
    """Without the keyring a copy cannot be opened; with it the same archives can, without another request."""
    password = await desk.secret(f"password:{job_id}")
    assert password is not None
    await desk.forget_secret(f"password:{job_id}")
    with pytest.raises(ProblemError) as caught:
        await fetch_results(desk, job_id, to=home / "elsewhere")
    assert caught.value.problem.kind is Kind.INPUT
    assert "password" in caught.value.problem.sentence()
    assert left_over(home / "elsewhere") == ARCHIVES
    assert not list((home / "elsewhere").glob("*.vcf.gz"))
    await desk.keep_secret(f"password:{job_id}", password)
    await fetch_results(desk, job_id)
    assert left_over(home) == []
    assert len(list((home / "elsewhere").glob("*.dose.vcf.gz"))) == 2
    return password.get_secret_value()


def look_at_files(way: Way, world: World, folder: Path, result: Result) -> None:
    """Whole, decrypted, as imputed; nothing half-written and no archive beside them."""
    kinds = ("dose.vcf.gz", "info.gz", *(("empiricalDose.vcf.gz",) if way.meta else ()))
    wanted = {f"chr{c}.{kind}{end}" for c in ("20", "22") for kind in kinds for end in ("", ".tbi")}
    assert {p.name for p in folder.iterdir() if p.name.startswith("chr")} == wanted
    assert left_over(folder) == []
    recorded = {f.path: f for f in result.files}
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    assert set(recorded) == {name for name in found if not name.endswith(".tbi")}  # indexes are made here
    for name, file in recorded.items():
        assert hashlib.sha256(found[name].read_bytes()).hexdigest() == file.sha256
    assert result.quality is not None
    assert (result.quality.samples, result.quality.variants) == (SAMPLES, 2 * SITES)
    for chromosome, truth in zip(("20", "22"), world.data.truth, strict=True):
        dose = folder / f"chr{chromosome}.dose.vcf.gz"
        assert sum(not line.startswith(b"#") for line in read_lines(dose)) == SITES
        common = [b for b in accuracy([dose], truth).by_maf if b.maf_from >= 0.05 and b.sites > 50]
        assert common
        assert all(b.r2 is not None and b.r2 > 0.75 for b in common), common


def look_at_requests(way: Way, server: PracticeServer, job: Job) -> None:
    """One submission, spaced lists, one GET a file and fetch, the token only where it belongs."""
    asked = server.requests.all()
    submissions = [r for r in asked if r.method == "POST" and "/jobs/submit/" in r.path]
    assert [r.status for r in submissions] == [200]
    (there,) = server.jobs()
    assert there.id == job.remote_id
    lists = [r.at for r in list_requests(server)]
    gaps = [later - earlier for earlier, later in zip(lists, lists[1:], strict=False)]
    assert min(gaps) > SPACING_S / 2, gaps  # a busy machine may let one arrive late and the next in time
    files = [r for r in asked if r.path.startswith(("/share/", "/downloads/", "/results/"))]
    names = sorted(r.path.partition("/share/")[2].split("/", 2)[2] for r in files)
    assert names == sorted(2 * [f.name for f in job.remote_files]), "one for each of the two folders"
    assert not any(r.authorised or r.byte_range for r in files)
    stored = [r for r in asked if r.path.startswith("/practice-results/")]
    look_at_store_requests(way, stored, len(files))


def look_at_store_requests(way: Way, stored: list[LoggedRequest], fetches: int) -> None:
    if way.mode != "cg3-s3":
        assert stored == []
        return
    assert [r.status for r in stored] == [200] * fetches
    assert not any(r.authorised for r in stored), "the object store never sees the token"


def look_for_secrets(server: PracticeServer, home: Path, password: str) -> None:
    """Neither token nor password nor the secret of a link lies anywhere in the data folder."""
    links = [entry.hash for job in server.jobs() for entry in job.results]
    secrets = [each.encode() for each in (server.token(), password, *links)]
    for path in home.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert not any(secret in held for secret in secrets), path.name
