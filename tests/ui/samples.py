"""Invented nouns for the tests of the window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.domain.dataset import DataFile, Dataset, DatasetState
from app.domain.finding import BuildGuess, CheckReport, FileFacts, Finding, Severity
from app.domain.job import (
    Event,
    FileState,
    Job,
    JobFile,
    JobState,
    JobStep,
    MessageKind,
    StepMessage,
    StepState,
)
from app.domain.panel import Panel, PanelChange, Population, SyncKind
from app.domain.problem import Kind, Problem
from app.domain.result import ChromosomeQuality, MafBin, Quality, Result, ResultFile, ResultState
from app.domain.service import Health, HealthState, Limits, Phases, Service, ServiceApp, TokenInfo

NOW = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)


def ago(**units: float) -> datetime:
    """A time before NOW."""
    return NOW - timedelta(**units)


def soon(**units: float) -> datetime:
    """A time after NOW."""
    return NOW + timedelta(**units)


def services() -> tuple[Service, ...]:
    """Four services: good, token about to end, down, practice."""
    app = ServiceApp(id="imputationserver2@2.0.12", name="Genotype imputation (Minimac4)", version="2.0.12")
    return (
        Service(
            id="michigan",
            name="Michigan Imputation Server",
            family="cloudgene",
            base_url="https://imputationserver.sph.umich.edu",
            country="USA",
            operator="University of Michigan",
            generation="cg3",
            apps=(app, ServiceApp(id="hla@1.0", name="HLA imputation", version="1.0")),
            limits=Limits(min_samples=20, max_samples=50000, max_running_jobs=3, retention_days=7),
            state=HealthState.UP,
            response_ms=182.0,
            last_checked=ago(minutes=3),
            last_synced=ago(hours=11),
            token=TokenInfo(
                present=True, valid=True, expires=soon(days=24), username="jdoe", checked=ago(hours=2)
            ),
            added=ago(days=40),
        ),
        Service(
            id="topmed",
            name="TOPMed Imputation Server",
            family="cloudgene",
            base_url="https://imputation.biodatacatalyst.nhlbi.nih.gov",
            country="USA",
            operator="NHLBI",
            generation="cg3",
            apps=(app,),
            limits=Limits(min_samples=20, max_samples=25000, max_running_jobs=3, min_poll_s=60),
            state=HealthState.MAINTENANCE,
            maintenance_text="Submissions are paused until Thursday 9:00 for a move of the storage.",
            response_ms=240.0,
            last_checked=ago(minutes=3),
            last_synced=ago(hours=11),
            token=TokenInfo(present=True, valid=True, expires=soon(hours=20), username="jdoe"),
            added=ago(days=40),
        ),
        Service(
            id="helmholtz",
            name="Helmholtz Munich Imputation Server",
            family="cloudgene",
            base_url="https://imputationserver.helmholtz-munich.de",
            country="Germany",
            operator="Helmholtz Munich",
            generation="cg2",
            apps=(app,),
            state=HealthState.DOWN,
            last_checked=ago(minutes=3),
            down_since=ago(hours=26),
            token=TokenInfo(present=True, valid=False, detail="The service does not know this token."),
            added=ago(days=12),
        ),
        Service(
            id="practice-server",
            name="Practice server",
            family="cloudgene",
            base_url="http://127.0.0.1:41023",
            generation="cg3",
            apps=(app,),
            state=HealthState.UP,
            response_ms=2.4,
            last_checked=ago(seconds=40),
            last_synced=ago(hours=1),
            token=TokenInfo(present=True, valid=True),
            practice=True,
            here_at="http://127.0.0.1:41023",
            plain_http_allowed=True,
            added=ago(days=1),
        ),
    )


def health(service_id: str = "michigan", looks: int = 120) -> tuple[Health, ...]:
    """Looks of ten hours, newest first; two of them failed."""
    made = []
    for n in range(looks):
        failed = n in (31, 32)
        made.append(
            Health(
                service_id=service_id,
                at=ago(minutes=5 * n + 3),
                state=HealthState.DOWN if failed else HealthState.UP,
                phases=Phases(dns=4, tcp=38)
                if failed
                else Phases(dns=4, tcp=38, tls=61, first_byte=70 + (n * 37) % 60),
                status_code=None if failed else 200,
                failed_phase="tls" if failed else None,
                detail="The certificate exchange did not end within 30 s." if failed else "",
            )
        )
    return tuple(made)


def panels() -> tuple[Panel, ...]:
    """Panels of two services."""
    mixed = (
        Population(id="eur", name="European"),
        Population(id="afr", name="African"),
        Population(id="mixed", name="Mixed"),
    )
    rows = (
        (
            "michigan",
            "apps@1000g-phase-3-v5@2.0.0",
            "1000 Genomes Phase 3 (Version 5)",
            "GRCh37",
            2504,
            49143605,
        ),
        ("michigan", "apps@hrc-r1.1@2.0.0", "HRC r1.1 2016", "GRCh37", 32470, 39635008),
        ("michigan", "apps@hapmap-2@2.0.0", "HapMap 2", "GRCh37", 60, 2540000),
        ("michigan", "apps@caapa@2.0.0", "CAAPA African American panel", "GRCh37", 883, 31163897),
        ("topmed", "apps@topmed-r3@1.0.0", "TOPMed r3", "GRCh38", 133597, 445600184),
        ("practice-server", "apps@practice@1.0.0", "Practice panel chr20–22", "GRCh37", 400, 12000),
    )
    return tuple(
        Panel(
            id=key,
            service_id=service,
            app_id="imputationserver2@2.0.12",
            name=name,
            build=build,
            populations=mixed if samples > 100 else mixed[:1],
            samples=samples,
            variants=variants,
            version=key.rpartition("@")[2],
            as_of=ago(hours=11),
        )
        for service, key, name, build, samples, variants in rows
    )


def panel_changes() -> tuple[PanelChange, ...]:
    """What was found at the last looks."""
    return (
        PanelChange(
            service_id="topmed",
            panel_id="apps@topmed-r3@1.0.0",
            name="TOPMed r3",
            kind=SyncKind.ADDED,
            at=ago(hours=11),
        ),
        PanelChange(
            service_id="michigan",
            panel_id="apps@hrc-r1.1@2.0.0",
            name="HRC r1.1 2016",
            kind=SyncKind.CHANGED,
            what="populations: Mixed added",
            at=ago(hours=11),
        ),
        PanelChange(
            service_id="topmed",
            panel_id="apps@topmed-r2@1.0.0",
            name="TOPMed r2",
            kind=SyncKind.REMOVED,
            at=ago(days=3),
        ),
    )


def dataset(number: int = 1, accepted: bool | None = True) -> Dataset:
    """A dataset of three files; `accepted` None is not checked yet."""
    files = tuple(
        DataFile(
            path=f"/data/cohort-{number}/chr{c}.vcf.gz",
            name=f"chr{c}.vcf.gz",
            size=28_400_000 + c,
            modified=1,
        )
        for c in (20, 21, 22)
    )
    report = None
    if accepted is not None:
        findings = [
            Finding(
                code="site.monomorphic",
                severity=Severity.INFO,
                title="Sites without variation",
                count=312,
                what_to_do="Nothing; the service leaves them out.",
            ),
            Finding(
                code="sample.low_call_rate",
                severity=Severity.WARNING,
                title="People with a low call rate",
                count=2,
                where="NA12878, NA12891",
                what_to_do="Look whether these two should be left out.",
            ),
        ]
        if not accepted:
            findings.insert(
                0,
                Finding(
                    code="chromosome.prefix",
                    severity=Severity.SEVERE,
                    title="Chromosome names do not fit the build",
                    detail="chr20 is used with GRCh37.",
                    file="chr20.vcf.gz",
                    where="line 31",
                    count=1,
                    what_to_do="Write 20 instead of chr20.",
                ),
            )
        report = CheckReport(
            accepted=accepted,
            stage="ok" if accepted else "validate",
            error=None if accepted else findings[0].title,
            build=BuildGuess(value="GRCh37", confidence=0.998, evidence=("3,981 of 3,990 known positions",)),
            samples=48,
            snps=4003,
            chromosomes=("20", "21", "22"),
            phased=False,
            files=tuple(
                FileFacts(
                    path=f.path,
                    name=f.name,
                    size=f.size,
                    samples=48,
                    variants=1334,
                    chromosomes=(f.name[3:5],),
                )
                for f in files
            ),
            findings=tuple(findings),
        )
    return Dataset(
        id=f"dataset-{number}",
        name=f"cohort-{'ABCDEFGH'[number - 1]}",
        files=files,
        state=DatasetState.CHECKED if report else DatasetState.NEW,
        report=report,
        added=ago(hours=3 * number),
        checked=ago(hours=3 * number - 1) if report else None,
    )


def job(number: int = 1, state: JobState = JobState.RUNNING, **more: object) -> Job:
    """A job; `more` overrides fields."""
    fields: dict[str, object] = {
        "id": f"job-{number}",
        "name": f"cohort-A-{number}",
        "remote_name": f"cohort-A-{number}.x",
        "remote_id": f"job-20261125-{number:06d}",
        "service_id": "michigan",
        "app_id": "imputationserver2@2.0.12",
        "panel_id": "apps@1000g-phase-3-v5@2.0.0",
        "panel_name": "1000 Genomes Phase 3 (Version 5)",
        "dataset_id": "dataset-1",
        "state": state,
        "progress": 0.42 if state == JobState.RUNNING else None,
        "step": "Phasing and imputation",
        "steps": (
            JobStep(
                name="Input validation",
                state=StepState.DONE,
                messages=(
                    StepMessage(
                        kind=MessageKind.OK, text="3 valid VCF files found. Samples: 48. SNPs: 4003."
                    ),
                ),
            ),
            JobStep(
                name="Quality control",
                state=StepState.WARNING,
                messages=(StepMessage(kind=MessageKind.WARNING, text="Excluded sites in total: 122."),),
            ),
            JobStep(name="Phasing and imputation", state=StepState.RUNNING, progress=0.42),
        ),
        "created": ago(hours=2),
        "submitted": ago(hours=1.9),
        "started": ago(hours=1.5),
        "last_visit": ago(seconds=50),
        "next_visit": soon(seconds=40),
    }
    if state == JobState.SUCCESS:
        fields |= {
            "ended": ago(minutes=30),
            "expires": soon(days=6, hours=20),
            "next_visit": None,
            "remote_files": (
                JobFile(name="chr_20.zip", size_text="41 MB", downloads_left=9, state=FileState.VERIFIED),
            ),
        }
    if state == JobState.FAILED:
        fields |= {"ended": ago(minutes=50), "next_visit": None, "problem": failed_problem()}
    return Job.model_validate(fields | more)


def failed_problem() -> Problem:
    """A refusal by the server's checks."""
    return Problem(
        kind=Kind.REFUSED,
        title="The service refused the data",
        what_happened="212 strand flips were found; 100 are allowed.",
        what_you_can_do="Check the dataset against this panel and repair the flips.",
        subject="cohort-A-2",
        details="Error: More than 100 obvious strand flips have been detected.",
    )


def result(number: int = 1, state: ResultState = ResultState.VERIFIED, job_id: str = "job-3") -> Result:
    """A result with its quality figures."""
    bins = tuple(
        MafBin(
            maf_from=low,
            maf_to=high,
            variants=n,
            mean_r2=r2,
            share_r2_03=min(1, r2 + 0.2),
            share_r2_08=max(0, r2 - 0.15),
        )
        for low, high, n, r2 in (
            (0, 0.001, 8000, 0.31),
            (0.001, 0.01, 5200, 0.58),
            (0.01, 0.05, 3100, 0.82),
            (0.05, 0.5, 4300, 0.94),
        )
    )
    return Result(
        id=f"result-{number}",
        job_id=job_id,
        folder="/data/results/cohort-A-3",
        state=state,
        files=(
            ResultFile(
                path="chr20.dose.vcf.gz",
                size=41_000_000,
                sha256="0" * 64,
                source="chr_20.zip",
                verified_by="CRC",
            ),
        ),
        quality=Quality(
            samples=48,
            variants=20600,
            by_maf=bins,
            by_chromosome=(ChromosomeQuality(chromosome="20", variants=20600, typed=1334, mean_r2=0.71),),
            mean_er2=0.88,
        ),
        verdict="20,600 variants, 9,412 at R2 of 0.8 or more; complete: 3 of 3 chromosomes, 48 of 48 people.",
        started=ago(minutes=20),
        verified=ago(minutes=14),
    )


def events() -> tuple[Event, ...]:
    """Some lines of the timeline, newest first."""
    return (
        Event(at=ago(minutes=14), kind="result", text="3 files decrypted and verified.", job_id="job-3"),
        Event(
            at=ago(minutes=30), kind="state", text="Running → done.", job_id="job-3", service_id="michigan"
        ),
        Event(
            at=ago(minutes=50),
            kind="state",
            text="Running → failed: 212 strand flips were found; 100 are allowed.",
            job_id="job-2",
            service_id="michigan",
        ),
        Event(
            at=ago(hours=1.9),
            kind="send",
            text="85 MB sent; the service answered with job-20261125-000001.",
            job_id="job-1",
            service_id="michigan",
        ),
        Event(at=ago(hours=2), kind="decision", text="Terms accepted by jdoe.", job_id="job-1"),
        Event(at=ago(hours=11), kind="panels", text="2 changes of panels.", service_id="topmed"),
    )
