"""Made-up nouns for the tests of the store, and a quick way to many rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from app.domain.dataset import DataFile, Dataset, DatasetState
from app.domain.finding import BuildGuess, CheckReport, FileFacts, Finding, Severity
from app.domain.job import (
    Consent,
    Event,
    FileState,
    Job,
    JobFile,
    JobState,
    JobStep,
    MessageKind,
    SendPhase,
    StepMessage,
    StepState,
)
from app.domain.notice import Notice, NoticeKind
from app.domain.panel import Panel, Population
from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.domain.problem import Kind, Problem
from app.domain.result import ChromosomeQuality, MafBin, Quality, Result, ResultFile, ResultState
from app.domain.service import Health, HealthState, Limits, Phases, Service, ServiceApp, StoredForm, TokenInfo
from app.store import tables as t
from app.store.jobs import job_row

T0 = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """So many minutes after the start of the tests' time."""
    return T0 + timedelta(minutes=minutes)


def a_service(service_id: str = "svc-1", **changes: Any) -> Service:
    """A service with every field set."""
    fields: dict[str, Any] = {
        "id": service_id,
        "name": "Michigan",
        "family": "cloudgene",
        "base_url": "https://imputation.example.org",
        "country": "US",
        "operator": "University",
        "preset_id": "michigan",
        "generation": "cg3",
        "server_name": "Imputation Server",
        "apps": (ServiceApp(id="imputationserver2@2.0.12", name="Imputation 2", version="2.0.12"),),
        "limits": Limits(max_samples=50_000, chromosomes=("1", "X"), min_poll_s=60.0),
        "state": HealthState.UP,
        "response_ms": 81.5,
        "last_checked": at(1),
        "down_since": at(-5),
        "last_synced": at(2),
        "token": TokenInfo(present=True, valid=True, expires=at(9_999), username="ann", checked=at(1)),
        "added": T0,
    }
    return Service(**{**fields, **changes})


def a_form(service_id: str = "svc-1", app_id: str = "imputationserver2@2.0.12") -> StoredForm:
    """A form with a bound choice."""
    choices = (Choice(key="apps@hapmap-2", label="HapMap 2"),)
    panel = Parameter(id="refpanel", label="Panel", type=ParameterType.PANEL, choices=choices, required=True)
    bound = Parameter(
        id="population",
        label="Population",
        type=ParameterType.BOUND_CHOICE,
        bound_to="refpanel",
        bound_choices={"apps@hapmap-2": (Choice(key="eur", label="EUR"),)},
    )
    return StoredForm(
        service_id=service_id,
        form=Form(app_id=app_id, app_name="Imputation", parameters=(panel, bound)),
        as_of=T0,
    )


def a_panel(panel_id: str = "apps@hapmap-2", **changes: Any) -> Panel:
    """A panel with two populations."""
    fields: dict[str, Any] = {
        "id": panel_id,
        "service_id": "svc-1",
        "app_id": "imputationserver2@2.0.12",
        "name": "HapMap 2",
        "build": "GRCh37",
        "populations": (Population(id="eur", name="EUR"), Population(id="afr", name="AFR")),
        "samples": 60,
        "variants": 2_000_000,
        "chromosomes": ("1", "2"),
        "version": "2.0.0",
        "as_of": T0,
    }
    return Panel(**{**fields, **changes})


def a_file(number: int = 20) -> DataFile:
    """A file of one chromosome."""
    name = f"chr{number}.vcf.gz"
    return DataFile(path=f"/data/{name}", name=name, size=1000 + number, modified=1_700_000_000_000_000_000)


def a_dataset(dataset_id: str = "data-1", **changes: Any) -> Dataset:
    """A checked dataset with findings."""
    facts = FileFacts(path="/data/chr20.vcf.gz", name="chr20.vcf.gz", size=1020, samples=51, variants=7824)
    finding = Finding(code="sample.duplicate", severity=Severity.SEVERE, title="A sample twice", count=2)
    report = CheckReport(
        accepted=False,
        stage="validate",
        error="A sample twice",
        build=BuildGuess(value="GRCh37", confidence=0.98, evidence=("contig length",)),
        samples=51,
        snps=7824,
        chromosomes=("20", "21"),
        files=(facts,),
        findings=(finding, finding.model_copy(update={"severity": Severity.WARNING})),
    )
    fields: dict[str, Any] = {
        "id": dataset_id,
        "name": "Höhe cohort",
        "files": (a_file(20), a_file(21)),
        "state": DatasetState.CHECKED,
        "report": report,
        "added": T0,
        "checked": at(3),
    }
    return Dataset(**{**fields, **changes})


def a_job(job_id: str = "job-1", **changes: Any) -> Job:
    """A running job with steps, files and a problem."""
    message = StepMessage(kind=MessageKind.WARNING, text="12 sites excluded", at=at(4))
    fields: dict[str, Any] = {
        "id": job_id,
        "name": "Heart study",
        "group": "grp-1",
        "remote_name": f"Heart-study.{job_id}",
        "remote_id": f"remote-{job_id}",
        "service_id": "svc-1",
        "app_id": "imputationserver2@2.0.12",
        "panel_id": "apps@hapmap-2",
        "panel_name": "HapMap 2",
        "dataset_id": "data-1",
        "files": (a_file(20), a_file(21)),
        "options": {"population": "eur", "aesEncryption": True},
        "state": JobState.RUNNING,
        "phase": SendPhase.ANSWERED,
        "raw_state": 2,
        "progress": 0.25,
        "step": "Quality control",
        "steps": (JobStep(name="QC", state=StepState.RUNNING, progress=0.5, messages=(message,)),),
        "queue_position": 3,
        "remote_files": (
            JobFile(name="chr_20.zip", size_text="3 MB", downloads_left=9, state=FileState.REMOTE),
        ),
        "created": T0,
        "sealed": at(1),
        "submitted": at(2),
        "started": at(3),
        "expires": at(9_000),
        "last_visit": at(5),
        "next_visit": at(6),
        "problem": Problem(
            kind=Kind.BUSY, title="The service is busy", what_happened="It said 503.", retry=True
        ),
    }
    return Job(**{**fields, **changes})


def an_event(minutes: float = 0, **changes: Any) -> Event:
    """A line of the timeline."""
    fields: dict[str, Any] = {
        "at": at(minutes),
        "kind": "request",
        "text": "Asked for the job",
        "job_id": "job-1",
    }
    return Event(**{**fields, **changes})


def a_consent(job_id: str = "job-1") -> Consent:
    """Terms that Ann ticked."""
    return Consent(
        job_id=job_id,
        service_id="svc-1",
        parameter_id="check1",
        text="I will not attempt to re-identify",
        text_sha256="ab" * 32,
        person="ann",
        at=at(1),
    )


def a_result(result_id: str = "res-1", **changes: Any) -> Result:
    """A verified result."""
    quality = Quality(
        samples=51,
        variants=300,
        by_chromosome=(
            ChromosomeQuality(chromosome="20", variants=100, typed=10, mean_r2=0.9),
            ChromosomeQuality(chromosome="21", variants=200, typed=20, mean_r2=0.6),
        ),
        by_maf=(MafBin(maf_from=0, maf_to=0.5, variants=300, mean_r2=0.7, share_r2_03=0.9, share_r2_08=0.5),),
        mean_er2=0.95,
    )
    fields: dict[str, Any] = {
        "id": result_id,
        "job_id": "job-1",
        "folder": "/results/heart",
        "state": ResultState.VERIFIED,
        "files": (
            ResultFile(
                path="chr20.dose.vcf.gz", size=77, sha256="cd" * 32, source="chr_20.zip", verified_by="crc"
            ),
        ),
        "quality": quality,
        "verdict": "good",
        "started": T0,
        "verified": at(8),
    }
    return Result(**{**fields, **changes})


def a_health(minutes: float = 0, **changes: Any) -> Health:
    """A look at the service."""
    fields: dict[str, Any] = {
        "service_id": "svc-1",
        "at": at(minutes),
        "state": HealthState.UP,
        "phases": Phases(dns=1.0, tcp=2.0, tls=3.0, first_byte=4.5),
        "status_code": 200,
        "detail": "It answered.",
    }
    return Health(**{**fields, **changes})


def a_notice(notice_id: str = "note-1", **changes: Any) -> Notice:
    """A notice about the job."""
    fields: dict[str, Any] = {
        "id": notice_id,
        "key": f"job_done/{notice_id}",
        "kind": NoticeKind.JOB_DONE,
        "title": "Done",
        "body": "Heart study is done",
        "at": T0,
        "job_id": "job-1",
    }
    return Notice(**{**fields, **changes})


def fill_jobs(c: Connection, count: int, *, documents: bool = True) -> None:
    """Insert many jobs at once; states, services and panels go round, every tenth ended.

    Without `documents` only what tables show is there, which takes a third of the time.
    """
    states = [JobState.RUNNING, JobState.SUCCESS, JobState.FAILED, JobState.QUEUED, JobState.EXPIRED]
    template = job_row(a_job(), "Service")
    rows = []
    for number in range(count):
        name, service, panel = (
            f"Study {number * 7919 % count}",
            f"Service {number % 7}",
            f"Panel {number % 13}",
        )
        row = {
            "id": f"job-{number:012d}",
            "name": name,
            "name_key": name.casefold(),
            "remote_id": f"remote-{number}",
            "service_id": f"svc-{number % 7}",
            "service": service,
            "service_key": service.casefold(),
            "panel": panel,
            "panel_key": panel.casefold(),
            "state": states[number % 5],
            "created": at(number),
            "ended": at(number + 60) if number % 10 == 0 else None,
            "search": f"{name} job-{number:012d} remote-{number} {service} {panel}".casefold(),
        }
        rows.append({**template, **row})
    c.execute(insert(t.jobs), rows)
    if documents:
        for row in rows:
            job = a_job(str(row["id"]), name=row["name"], service_id=row["service_id"], state=row["state"])
            row["document"] = job.model_copy(update={"created": row["created"]}).model_dump_json()
        c.execute(insert(t.job_documents), [{"id": row["id"], "document": row["document"]} for row in rows])
