"""The WES family against strict servers that speak as WESkit and as the Starter Kit of GA4GH do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from app.domain.job import JobState
from app.domain.problem import Kind
from app.domain.progress import silent
from app.domain.service import Limits
from app.services.contract import Connection, RemoteJob, Submission
from app.services.wes import Wes, run_details
from app.services.wes.order import data_file
from app.services.wes.templates import read_templates
from app.transport.client import Looker
from app.transport.limits import Pace
from tests.helpers.trs_registry import TrsRegistry
from tests.helpers.wes_stub import CROMWELL, FEDIMPUTE, SAPPORO, STARTER_KIT, WESKIT, Run, WesStub
from tests.services.family_contract import fetch, no_seal, refused

T = TypeVar("T")
BASE = "/ga4gh/wes/v1"
OLD = datetime(2020, 1, 1, tzinfo=UTC)
SNAKE = """haplodesk_workflow: 1
id: snake
name: Snakemake imputation
workflow: {type: SMK, versions: ["6.10.0"], main: Snakefile}
params: {input: "{target_words}", panel: "{panel_path}", min_r2: "{min_r2}", index: true}
parameters:
  - {id: panel_path, label: Panel on the server, required: true}
  - {id: min_r2, label: Lowest r2, shown: number, sends: number, default: "0.3"}
panels: [{id: africa, name: Africa, build: GRCh38, sets: {panel_path: /data/africa.msav}}]
outputs: ["*.dose.vcf.gz", "*.tbi"]
"""
WDL = """haplodesk_workflow: 1
id: wdl
name: WDL imputation
workflow: {type: WDL, versions: ["1.0"], url: "https://raw.example.org/impute.wdl"}
params: {impute.target: "{target}", impute.panel: "{panel.path}"}
panels: [{id: africa, name: Africa, values: {path: "gs://panels/africa.msav"}}]
"""
FLOW = """haplodesk_workflow: 1
id: flow
name: Nextflow imputation
workflow: {type: NFL, versions: ["21.04.0"], repository: "https://github.com/lab/impute", branch: master}
params: {input: "{target_words}", panel: "{panel.path}"}
panels: [{id: africa, name: Africa, values: {path: "drs://127.0.0.1:5000/africa"}}]
"""


def run(what: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(what)


async def at_once(_: float) -> None:
    """No waiting between looks."""


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    folder = tmp_path / "workflows"
    folder.mkdir()
    (folder / "snake.yaml").write_text(SNAKE)
    (folder / "Snakefile").write_text("rule all: input: []\n")
    (folder / "flow.yaml").write_text(FLOW)
    return folder


@pytest.fixture
def weskit() -> Iterator[WesStub]:
    with WesStub(WESKIT, prefix=BASE) as stub:
        yield stub


@pytest.fixture
def kit() -> Iterator[WesStub]:
    with WesStub(STARTER_KIT, prefix=BASE) as stub:
        yield stub


def family(workflows: Path | None = None) -> Wes:
    return Wes(workflows, looker=Looker(Pace(), sleep=at_once), sleep=at_once)


def connection(stub: WesStub, **setup: str) -> Connection:
    return Connection(service_id="node", base_url=stub.url, limits=Limits(min_poll_s=0.01), setup=setup)


def submission(folder: Path, app_id: str, panel: str, *names: str, **options: str) -> Submission:
    files = []
    for name in names or ("study.chr20.vcf.gz",):
        (folder / name).write_bytes(b"genotypes" * 100)
        files.append(data_file(folder / name))
    chosen: dict[str, str | bool] = {"refpanel": panel, **options}
    return Submission(app_id=app_id, remote_name="study.x1", files=tuple(files), options=chosen)


def test_weskit_is_known_by_what_it_says(weskit: WesStub, workflows: Path) -> None:
    info = run(family(workflows).describe(connection(weskit)))
    assert info.generation == "weskit"
    facts = {fact.label: fact.value for fact in info.facts}
    assert facts["Kind of server"] == "WESkit (eLwazi)"
    assert facts["Engines"] == "NFL 22.10.0; SMK 6.10.0, 6.11.0"
    assert facts["Runs by state"] == "complete 14, executor_error 2"
    assert facts["Engine parameters"] == "max-memory"
    assert {"snake@1", "chipimputation@1"} <= {app.id for app in info.apps}
    assert "minimac4@1" not in {app.id for app in info.apps}


def test_weskit_gets_flat_texts_and_no_part_of_1_1(weskit: WesStub, workflows: Path, tmp_path: Path) -> None:
    known = family(workflows)
    order = submission(tmp_path, "snake@1", "africa", "a.vcf.gz", "b.vcf.gz")
    here = connection(weskit, paths=f"/data={tmp_path}")
    run_id = run(known.submit(here, order, silent, no_seal))
    made = weskit.only()
    assert run_id == made.run_id
    assert json.loads(made.fields["workflow_params"]) == {
        "input": "a.vcf.gz b.vcf.gz",
        "panel": "/data/africa.msav",
        "min_r2": "0.3",
        "index": "true",
    }
    assert (made.fields["workflow_type"], made.fields["workflow_url"]) == ("SMK", "Snakefile")
    assert set(made.attached) == {"Snakefile", "a.vcf.gz", "b.vcf.gz"}
    found = run(known.find(here, "study.x1", OLD))
    assert found is not None
    assert found.remote_id == run_id
    assert run(known.find(here, "another.x2", OLD)) is None


def test_weskit_cannot_take_lists(weskit: WesStub, workflows: Path, tmp_path: Path) -> None:
    needed = {"panel_m3vcf": "/p.m3vcf", "panel_vcf": "/p.vcf", "chromosomes": "20"}
    order = submission(
        tmp_path, "chipimputation", "own", eagle_genetic_map="/m", reference_genome="/f", **needed
    )
    with refused(Kind.REFUSED) as problem:
        run(family(workflows).submit(connection(weskit, signed_results="yes"), order, silent, no_seal))
    assert "takes only plain texts" in problem().what_happened
    assert not weskit.runs


def test_weskit_delivers_nothing_without_a_way(weskit: WesStub, workflows: Path, tmp_path: Path) -> None:
    known = family(workflows)
    order = submission(tmp_path, "snake@1", "africa")
    with refused(Kind.REFUSED) as problem:
        run(known.check_delivery(connection(weskit), order))
    assert "nothing was sent" in problem().what_happened
    with refused(Kind.REFUSED):
        run(known.submit(connection(weskit), order, silent, no_seal))
    assert not weskit.runs
    assert "object store" in run(known.check_delivery(connection(weskit, signed_results="yes"), order))


def test_results_of_weskit_are_read_from_its_disk(weskit: WesStub, workflows: Path, tmp_path: Path) -> None:
    known, disk = family(workflows), tmp_path / "disk"
    here = connection(weskit, paths=f"/opt/weskit/data={disk}")
    run_id = run(known.submit(here, submission(tmp_path, "snake@1", "africa"), silent, no_seal))
    weskit.finish(run_id, {})
    weskit.only().outputs = {
        "filesystem": [
            "study.chr20.vcf.gz",
            ".snakemake/log/1.log",
            "work/a1/chr20.dose.vcf.gz",
            "results/chr20.dose.vcf.gz",
            "results/chr20.dose.vcf.gz.tbi",
        ]
    }
    place = disk / run_id[:4] / run_id / "results"
    place.mkdir(parents=True)
    (place / "chr20.dose.vcf.gz").write_bytes(b"doses" * 1000)
    job = run(known.job(here, run_id))
    assert job.state is JobState.SUCCESS
    assert [file.file.name for file in job.files] == ["chr20.dose.vcf.gz", "chr20.dose.vcf.gz.tbi"]
    data, again, _, total = run(fetch(known, here, job.files[0]))
    assert (data, total) == (b"doses" * 1000, 5000)
    rest, _, offset, _ = run(fetch(known, here, job.files[0], 4000, again))
    assert (rest, offset) == (data[4000:], 4000)
    with refused(Kind.NOT_FOUND):
        run(fetch(known, here, job.files[1]))


def test_weskit_cannot_cancel_and_says_so(weskit: WesStub, workflows: Path, tmp_path: Path) -> None:
    known, here = family(workflows), connection(weskit, paths=f"/data={tmp_path}")
    run_id = run(known.submit(here, submission(tmp_path, "snake@1", "africa"), silent, no_seal))
    with refused(Kind.REFUSED) as problem:
        run(known.cancel(here, run_id))
    assert problem().title == "The cancel did not take effect"
    assert "cannot cancel" in problem().what_happened


def test_a_run_that_is_not_listed_is_never_asked_for(weskit: WesStub) -> None:
    with refused(Kind.NOT_FOUND):
        run(family().job(connection(weskit), "0" * 8))
    assert not [each for each in weskit.requests if each.endswith("/runs/00000000")]


def test_pages_of_errors_are_told_plainly(weskit: WesStub) -> None:
    weskit.broken_pages = 1
    known, here = family(), connection(weskit)
    with refused(Kind.BUSY) as problem:
        run(known.jobs(here))
    assert problem().what_happened == "The service said: Internal Server Error"
    assert run(known.jobs(here, fresh=True)) == ()


def test_the_starter_kit_reads_from_a_store(
    kit: WesStub, workflows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = family(workflows)
    order = submission(tmp_path, "flow@1", "africa")
    bare = connection(kit)
    assert run(known.describe(bare)).generation == "starter-kit"
    with refused(Kind.REFUSED) as problem:
        run(known.check_delivery(bare, order))
    assert "takes no files along" in problem().title
    here = connection(kit, storage=f"{kit.url}/bucket", paths=f"/opt={tmp_path}")
    run_id = run(known.submit(here, order, silent, no_seal))
    made = kit.only()
    address = f"{kit.url}/bucket/study.x1/study.chr20.vcf.gz"
    assert json.loads(made.fields["workflow_params"]) == {
        "input": address,
        "panel": "drs://127.0.0.1:5000/africa",
    }
    assert made.fields["workflow_url"] == "https://github.com/lab/impute/tree/master"
    assert made.fields["workflow_type"] == "NEXTFLOW"
    assert not made.attached
    assert kit.extra["/bucket/study.x1/study.chr20.vcf.gz"][2] == b"genotypes" * 100
    kit.not_yet = True
    job: RemoteJob = run(known.job(here, run_id))
    assert job.state is JobState.QUEUED
    monkeypatch.setattr(run_details, "LOGLESS_S", 0.0)
    assert run(known.job(here, run_id)).state is JobState.UNKNOWN
    kit.not_yet = False
    assert run(known.job(here, run_id)).state is JobState.RUNNING
    with refused(Kind.BUSY) as unsure:
        run(known.find(here, "study.x1", OLD))
    assert "not certain" in unsure().title
    assert "lists a run only when it has ended well" in unsure().what_happened
    made.state = "COMPLETE"
    found = run(known.find(here, "study.x1", OLD))  # by where its files were put: its tags were thrown away
    assert found is not None
    assert found.remote_id == run_id
    with refused(Kind.BUSY):
        run(known.find(here, "study.x", OLD))


def test_a_key_that_a_person_gave_counts_before_anything_is_sent(
    kit: WesStub, workflows: Path, tmp_path: Path
) -> None:
    """The check, the list of files that go along and the sending all look at the same key."""
    known, order = family(workflows), submission(tmp_path, "flow@1", "africa")
    here = connection(kit, storage=f"{kit.url}/bucket", paths=f"/opt={tmp_path}", crypt4gh_key="abc")
    for asked in (known.check_delivery(here, order), known.files_along(here, order)):
        with refused(Kind.INPUT) as problem:
            run(asked)
        assert "unencrypted" in problem().what_happened
    good = here.model_copy(update={"setup": {**here.setup, "crypt4gh_key": "A" * 43 + "="}})
    assert [each.name for each in run(known.files_along(good, order))] == ["study.chr20.vcf.gz"]
    assert not kit.runs


def test_the_starter_kit_takes_no_blanks(kit: WesStub, workflows: Path, tmp_path: Path) -> None:
    here = connection(kit, storage=f"{kit.url}/bucket", paths=f"/opt={tmp_path}")
    order = submission(tmp_path, "flow@1", "africa", "a.vcf.gz", "b.vcf.gz")
    with refused(Kind.REFUSED) as problem:
        run(family(workflows).submit(here, order, silent, no_seal))
    assert "no blanks" in problem().what_happened
    assert not kit.runs
    assert not [each for each in kit.requests if each.startswith("PUT")]


def test_a_list_with_many_pages() -> None:
    with WesStub(SAPPORO) as stub:
        stub.page_limit = 3
        for number in range(10):
            fields = {
                "workflow_type": "CWL",
                "workflow_type_version": "v1.2",
                "workflow_engine": "cwltool",
                "workflow_url": "https://x",
                "workflow_params": "{}",
                "tags": json.dumps({"haplodesk": f"job-{number}"}),
            }
            stub.take(fields, {})
        found = run(family().jobs(connection(stub)))
        assert [each.name for each in found] == [f"job-{number}" for number in range(10)]
        assert sum("/runs?" in each for each in stub.requests) == 4


def test_cromwell_reads_addresses_and_hides_errors_in_successes(workflows: Path, tmp_path: Path) -> None:
    """It answers below /api, with 201, without pages; results are a map of paths and values."""
    (workflows / "wdl.yaml").write_text(WDL)
    with WesStub(CROMWELL, prefix="/api/ga4gh/wes/v1") as stub:
        known = family(workflows)
        here = connection(stub, storage=f"{stub.url}/in", paths=f"/cromwell={tmp_path}")
        assert run(known.describe(here)).generation == "cromwell"
        order = submission(tmp_path, "wdl@1", "africa")
        run_id = run(known.submit(here, order, silent, no_seal))
        made = stub.only()
        assert not made.attached
        assert made.fields["workflow_url"] == "https://raw.example.org/impute.wdl"
        assert json.loads(made.fields["workflow_params"]) == {
            "impute.target": f"{stub.url}/in/study.x1/study.chr20.vcf.gz",
            "impute.panel": "gs://panels/africa.msav",
        }
        (tmp_path / "chr20.dose.vcf.gz").write_bytes(b"doses")
        made.state = "COMPLETE"
        made.outputs = {
            "impute.dose": "/cromwell/chr20.dose.vcf.gz",
            "impute.sites": 7,
            "impute.note": "fine",
        }
        job = run(known.job(here, run_id))
        assert [file.file.name for file in job.files] == ["chr20.dose.vcf.gz"]
        assert run(fetch(known, here, job.files[0]))[0] == b"doses"
        found = run(known.find(here, "study.x1", OLD))
        assert found is not None
        with refused(Kind.NOT_FOUND):
            run(known.job(here, "no-such-run"))
        made.state, made.stdout = "RUNNING", "it is told to nobody"
        assert [each.name for each in run(known.logs(here, run_id))] == []
        job = run(known.cancel(here, run_id))
        assert (job.state, job.step) == (JobState.RUNNING, "Being cancelled")
        stub.extra[f"/api/ga4gh/wes/v1/runs/{run_id}"] = (
            200,
            {},
            b'{"msg": "no such run", "status_code": 500}',
        )
        with refused(Kind.BUSY) as problem:
            run(known.job(here, run_id))
        assert "no such run" in problem().what_happened


def test_cromwell_takes_the_text_of_a_workflow_that_is_nowhere_else(workflows: Path, tmp_path: Path) -> None:
    """As its only attachment and without an address; the data still lie in the store."""
    (workflows / "wdl.yaml").write_text(
        WDL.replace('url: "https://raw.example.org/impute.wdl"', "main: a.wdl")
    )
    (workflows / "a.wdl").write_text("workflow impute {}\n")
    with WesStub(CROMWELL, prefix="/api/ga4gh/wes/v1") as stub:
        known, here = family(workflows), connection(stub, storage=f"{stub.url}/in", paths=f"/c={tmp_path}")
        run(known.submit(here, submission(tmp_path, "wdl@1", "africa"), silent, no_seal))
        made = stub.only()
    assert made.attached == {"a.wdl": b"workflow impute {}\n"}
    assert "workflow_url" not in made.fields
    assert f"{stub.url}/in/study.x1/study.chr20.vcf.gz" in made.fields["workflow_params"]


def test_a_workflow_by_the_address_of_a_registry(weskit: WesStub, workflows: Path, tmp_path: Path) -> None:
    """WESkit asks the registry (TRS) by itself: what it is sent has to lead there."""
    texts = {"workflow/Snakefile": "rule all: input: []"}
    with TrsRegistry("#workflow/github.com/lab/impute", "1.2", "SMK", texts) as registry:
        address = registry.trs
        source = SNAKE.replace("main: Snakefile", f'trs: "{address}"')
        (workflows / "snake.yaml").write_text(source)
        here = connection(weskit, paths=f"/data={tmp_path}")
        run(family(workflows).submit(here, submission(tmp_path, "snake@1", "africa"), silent, no_seal))
        assert weskit.only().fields["workflow_url"] == address
        (asked,) = registry.asked
        tool = "%23workflow%2Fgithub.com%2Flab%2Fimpute"
        assert asked == f"/ga4gh/trs/v2/tools/{tool}/versions/1.2/SMK/descriptor/workflow/Snakefile"
        for broken in (address.replace("%23", "#"), "trs://host/id", "https://host/id/1/SMK/Snakefile"):
            (workflows / "snake.yaml").write_text(source.replace(address, broken))
            assert [each.problem.subject for each in read_templates(workflows)[1]] == ["snake.yaml"]


def test_fedimpute_takes_files_along_and_hands_results_out_by_name(tmp_path: Path) -> None:
    with WesStub(FEDIMPUTE, prefix=BASE) as stub:
        known, here = family(), connection(stub)
        order = submission(
            tmp_path, "genotype-imputation", "own", panel_m3vcf="/p.m3vcf", panel_vcf="/p.vcf.gz"
        )
        assert "over the network" in run(known.check_delivery(here, order))
        run_id = run(known.submit(here, order, silent, no_seal))
        made = stub.only()
        assert set(made.attached) == {"study.chr20.vcf.gz", "samplesheet.csv"}
        assert made.fields["workflow_url"] == "https://github.com/AfriGen-D/genotype-imputation"
        stub.finish(run_id, {"chr20.dose.vcf.gz": b"doses" * 1000})
        job = run(known.job(here, run_id))
        assert [file.file.name for file in job.files] == ["chr20.dose.vcf.gz"]
        data, again, _, _ = run(fetch(known, here, job.files[0]))
        assert data == b"doses" * 1000
        assert run(fetch(known, here, job.files[0], 4000, again))[0] == data[4000:]


def test_the_error_file_of_fedimpute_says_what_to_do() -> None:
    told = {
        "code": "BUILD_MISMATCH",
        "severity": "user_error",
        "summary": "The files are b37, the panel is b38.",
        "remediation": {"kind": "run_workflow", "hint": "Run VCF Liftover, then send them again."},
    }
    with WesStub(FEDIMPUTE) as stub:
        stub.runs["r1"] = Run(
            "r1",
            {"tags": '{"haplodesk": "study.x1"}'},
            {},
            state="EXECUTOR_ERROR",
            outputs={"files": ["logs/fedimpute_error.json", "chr20.dose.vcf.gz"]},
            files={"logs/fedimpute_error.json": json.dumps(told).encode()},
            stderr="Pipeline failed!",
        )
        here = connection(stub)
        assert run(family().describe(here)).generation == "fedimpute"
        job = run(family().job(here, "r1"))
    assert job.state is JobState.FAILED
    assert job.problem is not None
    assert job.problem.what_happened == "The files are b37, the panel is b38."
    assert job.problem.what_you_can_do == "Run VCF Liftover, then send them again."


def test_the_error_file_is_read_where_the_server_leaves_its_files(tmp_path: Path) -> None:
    """On the disk that is seen here, too: not every node of FedImpute hands files out by itself."""
    (tmp_path / "fedimpute_error.json").write_text('{"code": "MULTI_CHROMOSOME_VCF", "summary": "Two."}')
    with WesStub(WESKIT, prefix=BASE) as stub:
        stub.runs["r1"] = Run(
            "r1", {}, {}, state="EXECUTOR_ERROR", outputs={"filesystem": ["out/fedimpute_error.json"]}
        )
        place = tmp_path / "disk" / "r1" / "r1" / "out"
        place.mkdir(parents=True)
        (tmp_path / "fedimpute_error.json").rename(place / "fedimpute_error.json")
        job = run(family().job(connection(stub, paths=f"/data={tmp_path / 'disk'}"), "r1"))
        bare = run(family().job(connection(stub), "r1"))
    assert job.problem is not None
    assert job.problem.what_happened == "Two."
    assert "Split the files by chromosome" in job.problem.what_you_can_do
    assert bare.problem is not None
    assert bare.problem.title == "The workflow failed at the service"


@pytest.mark.parametrize("known", [True, False], ids=("listed", "unknown"))
def test_tasks_are_asked_for_where_the_server_says_1_1(known: bool) -> None:
    """Page by page; a server that does not know the question loses nothing and is asked once."""
    with WesStub(FEDIMPUTE) as stub:
        for name in ("r1", "r2"):
            stub.runs[name] = Run(name, {}, {}, state="RUNNING")
            pages = [
                ("", [{"id": "1", "name": "phase", "exit_code": 0}], "2"),
                ("&page_token=2", [{"id": "2", "name": "impute", "start_time": "2026-11-26T03:00:00Z"}], ""),
            ]
            for query, listed, after in pages if known else []:
                body = json.dumps({"task_logs": listed, "next_page_token": after}).encode()
                stub.extra[f"/runs/{name}/tasks?page_size=100{query}"] = (200, {}, body)
        here, asked = connection(stub), family()
        jobs = [run(asked.job(here, name)) for name in ("r1", "r2", "r1")]
        questions = sum("/tasks?" in each for each in stub.requests)
    steps = [[(step.name, step.state.value) for step in job.steps[:-1]] for job in jobs]
    assert steps == [[("phase", "done"), ("impute", "running")] if known else []] * 3
    assert questions == (6 if known else 1)
    assert all(job.state is JobState.RUNNING for job in jobs)
