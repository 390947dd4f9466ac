"""Web pages as services: the contract of all families, and what this one has, for which a person speaks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.dataset import DataFile
from app.domain.job import JobState, StepState
from app.domain.problem import Kind
from app.domain.progress import silent
from app.domain.service import HealthState
from app.genotypes.made_for_page import LiftWay
from app.services.contract import Connection, Submission
from app.services.guided import Guided
from app.services.guided.layout import JOB, NEW, jobs_folder, read_jobs
from app.services.registry import Registry
from tests.helpers.small_study import make_study, vcf_gz
from tests.services.family_contract import FamilyContract, no_seal, refused

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
PAGE = "https://nard.macrogen.com"


class Host:
    """Two folders, and no site list of any panel."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "guided"
        self.prepared = folder / "prepared files"

    async def sites_of(self, service_id: str, app_id: str, panel_id: str) -> Path | None:
        return None

    async def reference_of(self, files: tuple[DataFile, ...], build: str) -> Path | None:
        return None

    async def way_to(self, files: tuple[DataFile, ...], build: str) -> LiftWay | None:
        return None


class PageTarget:
    """A folder that a test can look into and take away."""

    def __init__(self, folder: Path, page: str = PAGE, guide: str = "nard") -> None:
        self.host = Host(folder)
        self._brought = folder / "brought"
        self.connection = Connection(service_id="nard", base_url=page, setup={"guide": guide})
        generation = asyncio.run(self.family().describe(self.connection)).generation
        self.connection = self.connection.model_copy(update={"generation": generation})

    def family(self) -> Guided:
        return Guided(self.host)

    def jobs_at_server(self) -> list[str]:
        return [job.name for job in read_jobs(self.host.folder)]

    def finish(self, remote_id: str, files: dict[str, bytes]) -> None:
        paths = {}
        for name, content in files.items():
            paths[name] = self._brought / name
            paths[name].parent.mkdir(parents=True, exist_ok=True)
            paths[name].write_bytes(content)
        asyncio.run(self.family().bring(self.connection, remote_id, paths, NOW))

    def gets_of_files(self) -> int:
        return 3

    def list_requests(self) -> int:
        raise AssertionError("there are no requests")

    def cut_answer(self) -> None:
        raise AssertionError("no answer is lost")

    def go_down(self) -> None:
        self.host.folder = self.host.folder.with_name("file")
        self.host.folder.write_bytes(b"no folder")


@pytest.fixture
def target(tmp_path: Path) -> PageTarget:
    return PageTarget(tmp_path)


class TestGuided(FamilyContract):
    """The contract, and what only this family has."""

    app_id = "by-hand"

    def file_to_send(self, folder: Path) -> Path:
        file = folder / "chr20.vcf.gz"
        study = make_study(1, samples=6, sites=40, chromosomes=("20",), build="GRCh37")
        file.write_bytes(next(iter(vcf_gz(study).values())))
        return file

    def tell(self, target: PageTarget, remote_id: str, state: JobState, days: int, note: str = "") -> None:
        at = NOW + timedelta(days=days)
        self.run(target.family().tell(target.connection, remote_id, state, at, note))

    def test_a_page_is_detected_without_asking_anybody(self, target: PageTarget) -> None:
        assert self.run(Registry(pages=target.host).detect(PAGE)).name == "guided"
        with refused(Kind.NOT_FOUND):
            self.run(target.family().recognise(Connection(service_id="x", base_url="https://example.org")))

    def test_the_files_are_what_the_page_wants(self, target: PageTarget, tmp_path: Path) -> None:
        remote_id = self.submit(target, tmp_path)
        sheet = self.run(target.family().sheet(target.connection, remote_id))
        assert sheet.files == ("study.abc.chr20.vcf.gz",)
        assert Path(sheet.folder) == target.host.prepared / "study.abc"
        assert "40 of 40 sites of 6 people" in sheet.written
        assert sheet.steps[0].page == PAGE
        assert ("Reference panel", "NARD (1,779 Northeast Asian whole genomes)") in sheet.steps[1].enter
        assert next(fact for fact in sheet.facts if fact.label == "Largest file, MB").value == "not known"

    def test_another_job_never_overwrites_what_was_prepared(self, target: PageTarget, tmp_path: Path) -> None:
        folders = []
        for _ in range(2):
            order = self.submission(target, tmp_path)
            options = order.options | {"folder": str(tmp_path / "mine")}
            order = order.model_copy(update={"options": options})
            remote_id = self.run(target.family().submit(target.connection, order, silent, no_seal))
            folders.append(self.run(target.family().sheet(target.connection, remote_id)).folder)
        assert folders == [str(tmp_path / "mine" / "study.abc"), str(tmp_path / "mine" / "study.abc-2")]

    def test_nothing_half_made_stays(self, target: PageTarget, tmp_path: Path) -> None:
        async def seal() -> None:
            raise RuntimeError("the disk is full")

        with pytest.raises(RuntimeError):
            self.submit(target, tmp_path, seal)
        assert not list(jobs_folder(target.host.folder).glob(NEW + "*"))
        assert not target.host.prepared.exists()

    def test_files_that_are_no_genotypes(self, target: PageTarget, tmp_path: Path) -> None:
        order = self.submission(target, tmp_path)
        Path(order.files[0].path).write_bytes(b"not really genotypes")
        seen = Path(order.files[0].path).stat()
        file = DataFile(path=order.files[0].path, name="x", size=seen.st_size, modified=seen.st_mtime_ns)
        with refused(Kind.INPUT):
            self.run(
                target.family().submit(
                    target.connection, order.model_copy(update={"files": (file,)}), silent, no_seal
                )
            )
        assert not target.host.prepared.exists()

    def test_the_person_tells_how_it_goes(self, target: PageTarget, tmp_path: Path) -> None:
        remote_id = self.submit(target, tmp_path)
        self.tell(target, remote_id, JobState.SUBMITTED, 0)
        self.tell(target, remote_id, JobState.RUNNING, 1)
        job = self.run(target.family().job(target.connection, remote_id))
        assert (job.state, job.submitted, job.started) == (JobState.RUNNING, NOW, NOW + timedelta(days=1))
        self.tell(target, remote_id, JobState.FAILED, 2, "Too few sites")
        job = self.run(target.family().job(target.connection, remote_id))
        assert (job.state, job.ended) == (JobState.FAILED, NOW + timedelta(days=2))
        assert job.steps[-1].messages[0].text == "Too few sites"
        self.tell(target, remote_id, JobState.WAITING, 3)
        job = self.run(target.family().job(target.connection, remote_id))
        assert (job.state, job.ended) == (JobState.WAITING, None)

    @pytest.mark.parametrize("state", [JobState.UNKNOWN, JobState.DELETED, JobState.EXPORTING])
    def test_what_cannot_be_seen_cannot_be_told(
        self, target: PageTarget, tmp_path: Path, state: JobState
    ) -> None:
        remote_id = self.submit(target, tmp_path)
        with refused(Kind.INPUT):
            self.run(target.family().tell(target.connection, remote_id, state, NOW))

    def test_ticks_are_kept(self, target: PageTarget, tmp_path: Path) -> None:
        remote_id = self.submit(target, tmp_path)
        for number, done in ((0, True), (2, True), (0, False)):
            self.run(target.family().tick(target.connection, remote_id, number, done))
        job = self.run(target.family().job(target.connection, remote_id))
        assert [step.state is StepState.DONE for step in job.steps[:4]] == [False, False, True, False]
        with refused(Kind.INPUT):
            self.run(target.family().tick(target.connection, remote_id, 99, True))

    def test_a_file_that_changed_after_it_was_brought(self, target: PageTarget, tmp_path: Path) -> None:
        found = self.finished(target, tmp_path, {"chr20.dose.vcf.gz": b"dosages"})
        (tmp_path / "brought" / "chr20.dose.vcf.gz").write_bytes(b"other dosages")

        async def read() -> None:
            family = target.family()
            async with family.download(target.connection, found["chr20.dose.vcf.gz"], 0, None) as (it, _):
                async for _piece in it.chunks():
                    pass

        with refused(Kind.INPUT):
            self.run(read())

    def test_a_deadline_that_counts_from_the_upload(self, tmp_path: Path) -> None:
        target = PageTarget(tmp_path, "https://imp.science.unimelb.edu.au/hla", "hla-imp")
        study = make_study(1, samples=6, sites=400, chromosomes=("6",), build="GRCh37")
        path = tmp_path / "chr6.vcf.gz"
        text = next(iter(vcf_gz(study).values()))
        path.write_bytes(text)
        seen = path.stat()
        order = Submission(
            app_id=self.app_id,
            remote_name="hla",
            files=(DataFile(path=str(path), name=path.name, size=seen.st_size, modified=seen.st_mtime_ns),),
            options={"panel": "array-model"},
        )
        inside = sum(28_000_000 <= site.position <= 34_000_000 for site in study.sites)
        assert 0 < inside < len(study.sites)
        remote_id = self.run(target.family().submit(target.connection, order, silent, no_seal))
        sheet = self.run(target.family().sheet(target.connection, remote_id))
        assert sheet.files == ("hla.vcf.gz",)
        assert f"{inside} of {len(study.sites)} sites" in sheet.written
        self.tell(target, remote_id, JobState.SUBMITTED, 0)
        job = self.run(target.family().job(target.connection, remote_id))
        assert job.expires == NOW + timedelta(days=30)

    def test_a_service_that_is_closed(self, tmp_path: Path) -> None:
        target = PageTarget(tmp_path, "https://imputation.sanger.ac.uk", "sanger")
        assert self.run(target.family().health(target.connection)).state is HealthState.MAINTENANCE
        assert self.run(target.family().describe(target.connection)).maintenance
        with refused(Kind.REFUSED) as problem:
            self.submit(target, tmp_path)
        assert "410" in problem().what_happened

    def test_a_record_that_cannot_be_read(self, target: PageTarget, tmp_path: Path) -> None:
        remote_id = self.submit(target, tmp_path)
        (jobs_folder(target.host.folder) / remote_id / JOB).write_text("{")
        with refused(Kind.STORE):
            self.run(target.family().jobs(target.connection))
