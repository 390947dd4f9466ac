"""GA4GH services as they really are: Sapporo with cwltool and Minimac 4, wes-service and Toil, on loopback.

Real people are sent to Sapporo from the window: `test_wes_window.py`.
"""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import SecretStr

from app.application import open_desk
from app.domain.changes import Noun
from app.domain.job import ENDED_STATES, Job, JobState
from app.domain.problem import Kind, ProblemError
from app.domain.progress import silent
from app.domain.service import Limits
from app.genotypes.bgzf import BgzfWriter, read_lines
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.check_dataset import check_dataset
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job
from app.operations.fetch_results import fetch_results
from app.operations.run_logs import run_logs
from app.operations.submit_job import submit_job
from app.operations.sync_panels import sync_panels
from app.operations.visit_jobs import visit_jobs
from app.practice.cohort import PracticeData, make_practice_data
from app.results.accuracy import accuracy
from app.services.contract import Connection, Submission
from app.services.wes import Wes, listing
from app.services.wes.order import data_file
from app.services.wes.templates import shipped_folder
from app.store import results
from tests.helpers.real_wes import OTHER_USER, Sapporo, Toil, WesService, need_real_servers
from tests.helpers.trs_registry import TrsRegistry

T = TypeVar("T")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
LIMIT_S = 300.0
LEAST_R2 = 0.5
"""Invented people of one chromosome: what matters is that they were imputed from the panel that was sent."""
OLD = datetime(2020, 1, 1, tzinfo=UTC)
SLEEPER = """cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, '{words}', sh]
inputs: {{target: {{type: "File[]", inputBinding: {{}}}}}}
outputs: {{}}
"""
TEMPLATE = """haplodesk_workflow: 1
id: {name}
name: {name}
workflow: {{type: CWL, versions: [v1.2], engines: [cwltool], main: {name}.cwl}}
params: {{target: "{{targets}}"}}
panels: [{{id: none, name: No panel}}]
"""
REGISTERED = """extends: minimac4
id: registered
name: Minimac of a registry
workflow: {{type: CWL, versions: [v1.2], engines: [cwltool], trs: "{trs}"}}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PracticeData:
    need_real_servers()
    folder = tmp_path_factory.mktemp("practice")
    return make_practice_data(folder, samples=24, sites=600, chromosomes=("22",))


@pytest.fixture(scope="module")
def phased(data: PracticeData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cohort as its people really are at the sites of its array: phased, as Minimac wants it."""
    typed = {line.split(b"\t", 2)[1] for line in read_lines(data.cohort[0]) if not line.startswith(b"#")}
    target = tmp_path_factory.mktemp("phased") / "study.chr22.vcf.gz"
    with BgzfWriter(target, level=1) as writer:
        for line in read_lines(data.truth[0]):
            if line.startswith(b"#") or line.split(b"\t", 2)[1] in typed:
                writer.write(line + b"\n")
    return target


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("HAPLODESK_KEYRING", "memory")
    opened = open_desk(tmp_path / "home")
    for name, words in (("fails", "echo no such panel >&2; exit 3"), ("sleeps", "sleep 600")):
        folder = opened.home / "workflows"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.yaml").write_text(TEMPLATE.format(name=name))
        (folder / f"{name}.cwl").write_text(SLEEPER.format(words=words))
    yield opened
    opened.store.close()


def run(what: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(what)


async def added(desk: Desk, url: str, token: str = "") -> str:
    """A service, its panels read."""
    secret = SecretStr(token) if token else None
    service_id = (await add_service(desk, "Node", url, token=secret)).ids(Noun.SERVICE)[0]
    await desk.update_service(service_id, limits=Limits(min_poll_s=0.5))
    await sync_panels(desk, (service_id,))
    return service_id


async def sent(desk: Desk, service_id: str, file: Path, workflow: str, panel: str, **options: str) -> Job:
    """A dataset that is checked and sent."""
    dataset_id = (await add_dataset(desk, (file,))).ids(Noun.DATASET)[0]
    await check_dataset(desk, dataset_id, service_id)
    draft = JobDraft(
        name=f"Study of {workflow}",
        dataset_id=dataset_id,
        service_id=service_id,
        app_id=f"{workflow}@1",
        panel_id=f"{panel}@{workflow}",
        options=dict(options),
        override_reason="invented people",
    )
    changes = await submit_job(desk, draft)
    return await desk.job(changes.ids(Noun.JOB)[0])


async def ended(desk: Desk, job_id: str) -> Job:
    """Look after it until it has ended."""
    return await until(desk, job_id, ENDED_STATES)


async def until(desk: Desk, job_id: str, states: frozenset[JobState]) -> Job:
    """Look after it until it is in one of the states."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        job = await desk.job(job_id)
        if job.state in states:
            return job
        await visit_jobs(desk, job.service_id)
        await asyncio.sleep(0.5)
    raise AssertionError(f"{job.state} {job.step}")


def minimac_map(data: PracticeData, folder: Path) -> Path:
    """The genetic map of the practice data as Minimac 4 reads one."""
    source = data.panel[0].with_name("map.22.txt")
    rows = [line.split() for line in source.read_text().splitlines()]
    path = folder / "map of 22.tsv"
    path.write_text("#chr\tposition\tmap\n" + "".join(f"{c}\t{at}\t{cm}\n" for c, _, cm, at in rows))
    return path


def test_a_cohort_is_imputed_and_comes_home(
    desk: Desk, data: PracticeData, phased: Path, tmp_path: Path
) -> None:
    """By a workflow of a registry; the panel is called as the cohort is, and the map by a name of words."""
    panel = tmp_path / phased.name
    panel.write_bytes(data.panel[0].read_bytes())

    async def journey(server: Sapporo) -> Job:
        service_id = await added(desk, server.info_url)
        service = await desk.service(service_id)
        assert (service.family, service.generation) == ("wes", "sapporo")
        assert "cwltool" in {f.label: f.value for f in service.facts}["Engines"]
        options = {"panel_file": str(panel), "map_file": str(minimac_map(data, tmp_path))}
        job = await sent(desk, service_id, phased, "registered", "own", **options)
        assert job.remote_id
        job = await ended(desk, job.id)
        assert job.state is JobState.SUCCESS, job.problem
        await fetch_results(desk, job.id)
        logs = {each.name: each.text for each in await run_logs(desk, job.id)}
        assert "Running HMM" in logs["stderr"]
        assert "map_of_22.tsv" in logs["stderr"]
        return await desk.job(job.id)

    text = (shipped_folder() / "minimac4.cwl").read_text()
    with (
        TrsRegistry("#workflow/github.com/lab/impute", "1.2", "CWL", {"cwl/minimac4.cwl": text}) as registry,
        Sapporo(tmp_path / "server") as server,
    ):
        assert isinstance(server, Sapporo)
        (desk.home / "workflows" / "registered.yaml").write_text(REGISTERED.format(trs=registry.trs))
        job = run(journey(server))
    assert any(each.endswith("/PLAIN_CWL/descriptor/cwl/minimac4.cwl") for each in registry.asked)
    result = run(desk.store.read(lambda c: results.result_of_job(c, job.id)))
    assert result is not None
    assert result.quality is not None
    assert (result.quality.samples, result.quality.variants) == (24, 600)
    dose = Path(result.folder) / "study.chr22.dose.vcf.gz"
    with gzip.open(dose, "rt") as lines:
        assert sum(not line.startswith("#") for line in lines) == 600
    found = accuracy([dose], data.truth[0])
    assert (found.samples, found.missed) == (24, 0)
    common = [each.r2 for each in found.by_maf if each.maf_from >= 0.05 and each.sites >= 20]
    assert common
    assert all(r2 is not None and r2 > LEAST_R2 for r2 in common), found.by_maf


def test_a_server_that_wants_a_token(
    desk: Desk, phased: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def journey(server: Sapporo) -> None:
        bare = Wes()
        connection = Connection(service_id="x", base_url=server.base)
        info = await bare.verify_token(connection)
        assert (info.present, info.valid) == (False, None)
        with pytest.raises(ProblemError) as caught:
            await bare.jobs(connection)
        assert caught.value.problem.kind is Kind.SIGN_IN
        service_id = await added(desk, server.base, server.token())
        service = await desk.service(service_id)
        assert service.token.username == "tester"
        assert service.token.expires is not None
        failed = await _a_run_that_fails(desk, service_id, phased)
        other = connection.model_copy(update={"token": SecretStr(server.token(OTHER_USER))})
        assert await bare.jobs(other) == ()
        with pytest.raises(ProblemError) as caught:
            await bare.job(other, failed)
        assert caught.value.problem.details == "status 403"
        await _a_run_that_is_cancelled(desk, service_id, phased)
        monkeypatch.setattr(listing, "PAGE_SIZE", 1)
        own = await desk.connection(await desk.service(service_id))
        assert len(await bare.jobs(own)) == 2

    with Sapporo(tmp_path / "server", signed=True) as server:
        assert isinstance(server, Sapporo)
        run(journey(server))


async def _a_run_that_fails(desk: Desk, service_id: str, file: Path) -> str:
    """The id of the run."""
    job = await ended(desk, (await sent(desk, service_id, file, "fails", "none")).id)
    assert job.state is JobState.FAILED
    assert job.problem is not None
    told = job.problem.sentence() + job.problem.details
    assert "The workflow failed" in told
    assert "no such panel" in " ".join(m.text for s in job.steps for m in s.messages)
    logs = {each.name: each.text for each in await run_logs(desk, job.id)}
    assert "no such panel" in logs["stderr"]
    assert job.remote_id is not None
    return job.remote_id


async def _a_run_that_is_cancelled(desk: Desk, service_id: str, file: Path) -> None:
    job = await sent(desk, service_id, file, "sleeps", "none")
    await until(desk, job.id, frozenset({JobState.RUNNING}))
    await cancel_job(desk, job.id)
    assert (await ended(desk, job.id)).state is JobState.CANCELLED
    family, connection = desk.registry.family("wes"), await desk.connection(await desk.service(service_id))
    names = [each.name for each in await family.jobs(connection, fresh=True)]
    assert job.remote_name in names
    assert isinstance(family, Wes)
    found = await family.find(connection, job.remote_name, job.created)
    assert found is not None
    assert found.remote_id == job.remote_id


async def at_once(_: float) -> None:
    """No waiting between looks."""


def test_a_server_with_bad_manners(desk: Desk, phased: Path, tmp_path: Path) -> None:
    async def journey(server: WesService) -> None:
        family = Wes(desk.home / "workflows", sleep=at_once)
        connection = Connection(service_id="x", base_url=server.base, limits=Limits(min_poll_s=0.05))
        assert (await family.describe(connection)).generation == "wes-service"
        with pytest.raises(ProblemError) as caught:
            await family.job(connection, "0" * 32)
        assert caught.value.problem.kind is Kind.NOT_FOUND
        assert await family.jobs(connection, fresh=True) == ()
        order = Submission(app_id="sleeps@1", remote_name="one.x1", files=(data_file(phased),))
        assert "disk of this computer" in await family.check_delivery(connection, order)
        run_id = await family.submit(connection, order, silent, no_seal)
        with pytest.raises(ProblemError) as caught:
            await family.cancel(connection, run_id)
        assert caught.value.problem.title == "The cancel did not take effect"
        found = await family.find(connection, "one.x1", (await family.job(connection, run_id)).started or OLD)
        assert found is not None
        assert found.remote_id == run_id

    with WesService(tmp_path / "server") as server:
        assert isinstance(server, WesService)
        run(journey(server))


def test_toil_imputes_and_its_disk_is_read(
    desk: Desk, data: PracticeData, phased: Path, tmp_path: Path
) -> None:
    """The same workflow at a server that lists its runs, its logs and its results in ways of its own."""

    async def journey(server: Toil) -> None:
        service_id = await added(desk, server.base)
        assert (await desk.service(service_id)).generation == "toil"
        job = await sent(desk, service_id, phased, "minimac4", "own", panel_file=str(data.panel[0]))
        job = await ended(desk, job.id)
        assert job.state is JobState.SUCCESS, job.problem
        await fetch_results(desk, job.id)
        logs = {each.name: each.text for each in await run_logs(desk, job.id)}
        assert "study.chr22" in logs["stderr"]
        result = await desk.store.read(lambda c: results.result_of_job(c, job.id))
        assert result is not None
        assert result.quality is not None
        assert (result.quality.samples, result.quality.variants) == (24, 600)

    with Toil(tmp_path / "server") as server:
        assert isinstance(server, Toil)
        run(journey(server))


async def no_seal() -> None:
    """Nothing to write down."""
