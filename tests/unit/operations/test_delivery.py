"""Services that are asked more: does the result come back, was the run made, what did it write."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from app.application import open_desk
from app.domain.changes import Noun
from app.domain.job import JobState, SendPhase
from app.domain.problem import Kind, ProblemError
from app.domain.service import Limits
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.change_service import remove_token
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job
from app.operations.preflight import preflight
from app.operations.run_logs import run_logs
from app.operations.service_setup import change_setup, setup_fields
from app.operations.submit_job import submit_job
from app.operations.sync_panels import sync_panels
from app.operations.visit_jobs import visit_jobs
from app.store import jobs, services
from tests.helpers.desk_fixtures import pass_check
from tests.helpers.fake_family import write_vcf
from tests.helpers.wes_stub import STARTER_KIT, WESKIT, WesStub

T = TypeVar("T")
SNAKE = """haplodesk_workflow: 1
id: snake
name: Snakemake imputation
workflow: {type: SMK, versions: ["6.10.0"], main: Snakefile}
params: {input: "{target_words}"}
panels: [{id: africa, name: Africa, build: GRCh37}]
"""


def run(what: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(what)


@pytest.fixture
def stub() -> Iterator[WesStub]:
    with WesStub(WESKIT, prefix="/ga4gh/wes/v1") as running:
        yield running


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("HAPLODESK_KEYRING", "memory")
    opened = open_desk(tmp_path / "home")
    folder = opened.home / "workflows"
    folder.mkdir()
    (folder / "snake.yaml").write_text(SNAKE)
    (folder / "Snakefile").write_text("rule all: input: []\n")
    yield opened
    opened.store.close()


async def draft(desk: Desk, stub: WesStub, folder: Path, **setup: str) -> JobDraft:
    service_id = (await add_service(desk, "Node", stub.url)).ids(Noun.SERVICE)[0]
    await desk.update_service(service_id, limits=Limits(min_poll_s=0.02), setup=setup)
    await sync_panels(desk, (service_id,))
    dataset_id = (await add_dataset(desk, (write_vcf(folder),))).ids(Noun.DATASET)[0]
    await pass_check(desk, dataset_id)
    return JobDraft(
        name="Study", dataset_id=dataset_id, service_id=service_id, app_id="snake@1", panel_id="africa@snake"
    )


def test_a_service_that_needs_no_token_is_ready_at_once(node: Desk, stub: WesStub, tmp_path: Path) -> None:
    made = run(draft(node, stub, tmp_path))
    service = run(node.service(made.service_id))
    assert (service.family, service.generation) == ("wes", "weskit")
    assert service.token.present
    assert service.keeps_logs
    assert {fact.label for fact in service.facts} >= {"Engines", "WES versions", "Runs by state"}
    run(remove_token(node, service.id))
    assert run(node.service(service.id)).token.present


def test_nothing_is_sent_to_a_service_that_cannot_deliver(node: Desk, stub: WesStub, tmp_path: Path) -> None:
    made = run(draft(node, stub, tmp_path))
    found = run(preflight(node, made))
    assert [each.problem.title for each in found.obstacles] == ["The results could not come back"]
    with pytest.raises(ProblemError) as caught:
        run(submit_job(node, made))
    assert caught.value.problem.kind is Kind.REFUSED
    assert not stub.runs
    assert run(node.store.read(jobs.jobs)) == ()


def test_a_run_whose_answer_was_lost_is_found_by_its_mark(node: Desk, stub: WesStub, tmp_path: Path) -> None:
    made = run(draft(node, stub, tmp_path, paths=f"/data={tmp_path}"))
    stub.cut_answers = 1
    changes = run(submit_job(node, made))
    job = run(node.job(changes.ids(Noun.JOB)[0]))
    assert (job.state, job.remote_id) == (JobState.SUBMITTED, stub.only().run_id)
    stub.only().state = "EXECUTOR_ERROR"
    run(visit_jobs(node, made.service_id))
    failed = run(node.job(job.id))
    assert failed.state is JobState.FAILED
    assert failed.problem is not None
    assert "The workflow failed" in failed.problem.sentence()


FLOW = """haplodesk_workflow: 1
id: snake
name: Nextflow imputation
workflow: {type: NFL, versions: ["21.04.0"], repository: "https://github.com/lab/impute", branch: master}
params: {input: "{target_words}"}
panels: [{id: africa, name: Africa, build: GRCh37}]
"""


def test_a_run_that_can_never_be_found_is_told_and_may_be_let_go(node: Desk, tmp_path: Path) -> None:
    """The Starter Kit throws tags away and lists only what has ended: nothing is sent twice, or claimed."""
    (node.home / "workflows" / "snake.yaml").write_text(FLOW)
    with WesStub(STARTER_KIT, prefix="/ga4gh/wes/v1") as kit:
        made = run(draft(node, kit, tmp_path, paths=f"/opt={tmp_path}", storage=f"{kit.url}/in"))
        kit.cut_answers = 1
        job_id = run(submit_job(node, made)).ids(Noun.JOB)[0]
        job = run(node.job(job_id))
        assert (job.state, job.phase) == (JobState.WAITING, SendPhase.SEALED)
        assert job.problem is not None
        assert "lists a run only when it has ended well" in job.problem.what_happened
        run(cancel_job(node, job_id))
    assert run(node.job(job_id)).state is JobState.CANCELLED
    lines = [each.text for each in run(node.store.read(lambda c: jobs.events(c, job_id=job_id)))]
    assert any("cannot be found out" in line for line in lines)
    assert len(kit.runs) == 1


def test_the_log_of_a_run(node: Desk, stub: WesStub, tmp_path: Path) -> None:
    made = run(draft(node, stub, tmp_path, paths=f"/data={tmp_path}"))
    job_id = run(submit_job(node, made)).ids(Noun.JOB)[0]
    path = f"/weskit/v1/runs/{stub.only().run_id}/stderr"
    stub.extra[path] = (200, {}, b'{"content": "no such panel"}')
    (log,) = run(run_logs(node, job_id))
    assert (log.name, log.text) == ("stderr", "no such panel")


def test_where_there_is_no_log(desk: Desk, ready: JobDraft) -> None:
    job_id = run(submit_job(desk, ready)).ids(Noun.JOB)[0]
    with pytest.raises(ProblemError) as caught:
        run(run_logs(desk, job_id))
    assert caught.value.problem.title == "There is no log of the run"


def test_what_a_service_cannot_tell_is_said_by_a_person(node: Desk, stub: WesStub, tmp_path: Path) -> None:
    made = run(draft(node, stub, tmp_path))
    assert "paths" in {field.id for field in run(setup_fields(node, made.service_id))}
    run(change_setup(node, made.service_id, {"paths": f"/data={tmp_path}", "workflows": "snake"}))
    service = run(node.service(made.service_id))
    assert service.setup == {"paths": f"/data={tmp_path}", "workflows": "snake"}
    assert [app.id for app in service.apps] == ["snake@1"]
    assert not run(preflight(node, made)).obstacles
    run(change_setup(node, made.service_id, {"workflows": ""}))
    assert set(run(node.service(made.service_id)).setup) == {"paths"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("colour", "red", "It knows no “colour”"),
        ("auth", "kerberos", "none of bearer"),
        ("paths", "/data", "is not /there=/here"),
        ("storage", "https://store.example/in?sig=1", "without a secret"),
        ("crypt4gh_key", "abc", "no public key"),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    node: Desk, stub: WesStub, tmp_path: Path, name: str, value: str, said: str
) -> None:
    made = run(draft(node, stub, tmp_path))
    with pytest.raises(ProblemError) as caught:
        run(change_setup(node, made.service_id, {name: value}))
    assert caught.value.problem.kind is Kind.INPUT
    assert said in caught.value.problem.what_happened
    assert run(node.service(made.service_id)).setup == {}


SIGNED = "sv=2022-11-02&sig=abcdefghij"


def test_a_secret_of_a_store_lies_in_the_keyring_alone(node: Desk, stub: WesStub, tmp_path: Path) -> None:
    service_id = run(draft(node, stub, tmp_path)).service_id
    told = {"storage": "https://store.example/in", "storage_secret": SIGNED}
    run(change_setup(node, service_id, told))
    service = run(node.service(service_id))
    assert (service.setup, service.secret_setup) == ({"storage": told["storage"]}, ("storage_secret",))
    assert "abcdefghij" not in service.model_dump_json()
    connection = run(node.connection(service))
    assert connection.secrets["storage_secret"].get_secret_value() == SIGNED
    assert "abcdefghij" not in repr(connection)
    run(change_setup(node, service_id, {"workflows": "snake"}))
    assert run(node.service(service_id)).secret_setup == ("storage_secret",)
    with pytest.raises(ProblemError, match="no store that it is for"):
        run(change_setup(node, service_id, {"storage": ""}))
    run(change_setup(node, service_id, {"storage": "", "storage_secret": ""}))
    assert run(node.service(service_id)).secret_setup == ()
    assert node.secrets.get(f"setup:{service_id}:storage_secret") is None
    for path in tmp_path.rglob("haplodesk.db*"):
        assert b"abcdefghij" not in path.read_bytes()


def test_a_secret_is_not_taken_with_the_words_of_a_new_service(node: Desk, stub: WesStub) -> None:
    with pytest.raises(ProblemError, match="kept in the keyring"):
        run(add_service(node, "Other", stub.url, family="wes", setup={"storage_secret": SIGNED}))
    assert all(each.name != "Other" for each in run(node.store.read(services.services)))
