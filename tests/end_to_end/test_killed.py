"""The program is killed again and again between "submit" and "result on disk", and loses and repeats nothing.

Program and server are processes of their own. The parent waits for a stage, then for a random moment, and
kills the program by SIGKILL; the next life finds what the disk holds. Seed and moments are printed (`-s`).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.job import Job, JobState
from app.domain.result import Result, ResultState
from app.operations.add_dataset import add_dataset
from app.operations.draft_job import JobDraft
from app.practice.records import JobRecord, Records
from app.store import jobs
from tests.end_to_end.conftest import World, prepare_home
from tests.end_to_end.file_secrets import FileSecrets
from tests.end_to_end.headless import STAGES
from tests.end_to_end.program import left_over, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
ROOT = Path(__file__).resolve().parents[2]

KILLS = int(os.environ.get("HAPLODESK_KILLS", "16"))  # each stage twice
KILLS_A_JOB, AT_ONCE = 3, 3
SEED = int(os.environ.get("HAPLODESK_KILL_SEED", "20261125"))
MODES = ("cg3-local", "cg3-s3")
UPLOAD_BYTES = 9_000_000
SLOW = {"upload_rate": 8_000_000, "download_rate": 150_000}
LIFE_LIMIT_S = 300.0
# How long a stage lasts on a quiet machine: a kill falls somewhere into it.
LASTS_S = {
    "preparing": 0.15,
    "uploading": 0.5,
    "sealed": 0.25,
    "searching": 0.5,
    "running": 1.0,
    "downloading": 0.8,
    "decrypting": 0.6,
    "judging": 0.8,
}


@dataclass
class Life:
    """What happened to one program between its start and its end."""

    wanted: str
    seen: list[str]
    killed: bool
    after_s: float

    @property
    def last(self) -> str:
        """The stage in which it ended."""
        return self.seen[-1] if self.seen else "starting"


@dataclass
class Case:
    """One job in a data folder of its own."""

    home: Path
    draft: Path
    mode: str
    plan: list[tuple[str, float]]
    lives: list[Life] = field(default_factory=list)

    @property
    def kills(self) -> list[Life]:
        return [life for life in self.lives if life.killed]

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.end_to_end.headless", str(self.home), str(self.draft)]

    def environment(self) -> dict[str, str]:
        return os.environ | {"HAPLODESK_HOME": str(self.home), "PYTHONWARNINGS": "error"}


def test_kills_at_random_moments(world: World, tmp_path: Path) -> None:
    rng = random.Random(SEED)
    began = time.monotonic()
    cases: list[Case] = []
    with ExitStack() as stack:
        first = {mode: prepared(stack, world, tmp_path, mode) for mode in MODES}
        while (missing := KILLS - sum(len(case.kills) for case in cases)) > 0:
            more = [
                new_case(tmp_path, first[MODES[number % 2]], number, plan)
                for number, plan in enumerate(plans(rng, missing), start=len(cases))
            ]
            cases += more
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(live_through, more))
            assert len(cases) <= 2 * KILLS, "the moments are missed again and again"
    show(cases, time.monotonic() - began)
    there = {mode: Records(tmp_path / f"server-{mode}" / "practice.db") for mode in MODES}
    try:
        for mode, records in there.items():
            named = Counter(job.name for job in records.jobs())
            assert set(named.values()) == {1}, f"sent twice: {named}"
            assert len(named) == sum(case.mode == mode for case in cases)
        for case in cases:
            look_at(case, world, there[case.mode])
    finally:
        for records in there.values():
            records.close()


def plans(rng: random.Random, kills: int) -> list[list[tuple[str, float]]]:
    """For each job some stages in their order, each with a random moment in it; all stages equally often."""
    stages = [STAGES[number % len(STAGES)] for number in range(kills)]
    rng.shuffle(stages)
    chunks = [stages[at : at + KILLS_A_JOB] for at in range(0, kills, KILLS_A_JOB)]
    return [
        [(stage, rng.uniform(0.0, LASTS_S[stage])) for stage in sorted(reachable(chunk), key=STAGES.index)]
        for chunk in chunks
    ]


def reachable(stages: list[str]) -> list[str]:
    """A job is searched for only after a kill that left it sealed."""
    return ["sealed", *stages] if "searching" in stages and "sealed" not in stages else stages


@dataclass(frozen=True)
class Served:
    """A server and a data folder that knows it."""

    mode: str
    home: Path
    draft: Path


def prepared(stack: ExitStack, world: World, tmp_path: Path, mode: str) -> Served:
    """Start a server; make a data folder with the service and a dataset, to be copied for each job."""
    told = stack.enter_context(served(world, tmp_path / f"server-{mode}", mode))
    set_faults(told, SLOW)
    cohort = tmp_path / "cohort.chr20.vcf.gz"
    if not cohort.exists():
        cohort.write_bytes(random.Random(SEED).randbytes(UPLOAD_BYTES))
    home = tmp_path / f"first-{mode}"
    draft = asyncio.run(first_draft(home, told, cohort))
    path = tmp_path / f"draft-{mode}.json"
    path.write_text(draft.model_dump_json())
    return Served(mode, home, path)


async def first_draft(home: Path, told: dict[str, str], cohort: Path) -> JobDraft:
    async with running(home, FileSecrets(home / "keyring.json"), background=False) as program:
        service_id = await program.add_address(told["base_url"], told["token"])
        (dataset_id,) = (await add_dataset(program.desk, (cohort,))).ids(Noun.DATASET)
        return await program.draft(service_id, dataset_id, "hg19", name="Killed", skip_check=True)


@contextmanager
def served(world: World, home: Path, mode: str) -> Iterator[dict[str, str]]:
    prepare_home(home, world)
    command = [sys.executable, "-m", "tests.end_to_end.serve", str(home), mode]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.communicate(timeout=60)
    assert process.returncode == 0


def set_faults(told: dict[str, str], faults: dict[str, int]) -> None:
    request = urllib.request.Request(
        f"{told['base_url']}/practice/faults",
        json.dumps(faults).encode(),
        {"X-Practice-Key": told["practice_key"], "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        assert reply.status == 200


def new_case(tmp_path: Path, first: Served, number: int, plan: list[tuple[str, float]]) -> Case:
    home = tmp_path / f"home-{number:02}"
    shutil.copytree(first.home, home)
    return Case(home, first.draft, first.mode, plan)


def live_through(case: Case) -> None:
    """Kill the program as planned, then let it live to the end."""
    for stage, after_s in case.plan:
        life = one_life(case, stage, after_s)
        case.lives.append(life)
        if not life.killed:
            return
        until_nobody_is_left(case)
    case.lives.append(one_life(case, "", 0.0))


def one_life(case: Case, stage: str, after_s: float) -> Life:
    """Start the program, and kill it `after_s` seconds after it entered a stage; it may end before."""
    seen: list[str] = []
    process = subprocess.Popen(
        case.command(), env=case.environment(), cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    timers = [threading.Timer(LIFE_LIMIT_S, process.kill)]
    timers[0].start()
    assert process.stdout is not None
    for told in process.stdout:
        seen.append(told.strip())
        if seen[-1] == stage and len(timers) == 1:
            timers.append(threading.Timer(after_s, process.kill))
            timers[1].start()
    _, errors = process.communicate()
    for timer in timers:
        timer.cancel()
        timer.join()
    killed = process.returncode == -9
    assert killed or process.returncode == 0, f"{seen}\n{errors}"
    assert not killed or len(timers) == 2, f"the program hung at {seen}\n{errors}"
    return Life(stage, seen, killed, after_s)


def until_nobody_is_left(case: Case) -> None:
    """What the killed program had started ends by itself; it must not work on beside the next life."""
    mark = f"HAPLODESK_HOME={case.home}\0".encode()
    end = time.monotonic() + 60
    while any(mark in environ(pid) for pid in os.listdir("/proc") if pid.isdigit()):
        assert time.monotonic() < end, "a process outlived the killed program"
        time.sleep(0.02)


def environ(pid: str) -> bytes:
    try:
        return Path("/proc", pid, "environ").read_bytes()
    except OSError:
        return b""


def show(cases: list[Case], seconds: float) -> None:
    kills = [(case, life) for case in cases for life in case.kills]
    print(f"\n{len(kills)} kills of {len(cases)} jobs in {seconds:.0f} s, seed {SEED}")  # noqa: T201
    for case, life in kills:
        print(  # noqa: T201
            f"  {case.home.name} {case.mode:9} {life.wanted:>11} + {life.after_s:.3f} s: died {life.last}"
        )
    print(f"  {dict(Counter(life.last for _, life in kills))}")  # noqa: T201


def _without(files: dict[str, bytes], names: set[str]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if name not in names}


def look_at(case: Case, world: World, records: Records) -> None:
    """Nothing lost: the job, its files as the server had them, its password; nothing left half-done."""
    job, result = asyncio.run(state_of(case))
    assert (job.state, result.state) == (JobState.SUCCESS, ResultState.VERIFIED), case.lives
    assert result.quality is not None
    folder = Path(result.folder)
    wanted = {p.name: p.read_bytes() for p in world.template.rglob("*") if p.is_file()}
    found = {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    indexes = {name for name in found if name.endswith(".tbi")}  # made here, not the server's
    assert indexes == {f"{name}.tbi" for name in wanted if name.endswith((".vcf.gz", ".info.gz"))}
    assert _without(found, indexes) == _without(wanted, indexes)
    kept = {f.path: f.sha256 for f in result.files if f.path not in indexes}
    assert kept == {name: hashlib.sha256(data).hexdigest() for name, data in _without(found, indexes).items()}
    assert left_over(case.home) == []
    there = records.job(job.remote_id or "")
    assert there is not None
    assert there.name == job.remote_name
    look_at_downloads(case, there)
    password = FileSecrets(case.home / "keyring.json").get(f"password:{job.id}")
    assert password is not None
    assert "password" not in there.inputs  # the server forgot it; ours opened the archives, as `found` shows


def look_at_downloads(case: Case, there: JobRecord) -> None:
    """Only a kill while files were fetched may cost a download, and never the last one."""
    cut = sum(life.last in {"downloading", "fetching"} for life in case.kills)
    for entry in there.results:
        assert 10 - entry.count <= 1 + cut, (entry.name, case.lives)
        assert entry.count > 1


async def state_of(case: Case) -> tuple[Job, Result]:
    async with running(case.home, FileSecrets(case.home / "keyring.json"), background=False) as program:
        (job,) = await program.desk.store.read(jobs.jobs)
        result = await program.result(job.id)
        assert result is not None
        return job, result
