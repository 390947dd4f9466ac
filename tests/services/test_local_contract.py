"""This computer as a service: the contract of all families, and what only this one has."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.job import JobState
from app.domain.problem import Kind
from app.services.contract import Connection
from app.services.local import ADDRESS, FoundEngine, Local
from app.services.local.layout import (
    JOB,
    NEW,
    OUTPUT,
    PANEL,
    LocalPanel,
    OutputFile,
    jobs_folder,
    panels_folder,
    read_job,
    read_jobs,
    write_record,
)
from app.services.registry import Registry
from tests.services.family_contract import FamilyContract, fetch, no_seal, refused


class Host:
    """A folder, two engines, and a runner that only counts how often it is woken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.woken = 0

    async def engines(self) -> tuple[FoundEngine, ...]:
        return (
            FoundEngine(name="builtin", title="Built-in", version="1"),
            FoundEngine(name="minimac4", title="Minimac4", version="4.1.2"),
        )

    def wake(self) -> None:
        self.woken += 1


class FolderTarget:
    """A folder that a test can look into and take away."""

    def __init__(self, folder: Path) -> None:
        self.host = Host(folder)
        self.connection = Connection(service_id="this-computer", base_url=ADDRESS, generation="local")
        add_panel(folder, "one")

    def family(self) -> Local:
        return Local(self.host)

    def jobs_at_server(self) -> list[str]:
        return [job.name for job in read_jobs(self.host.folder)]

    def finish(self, remote_id: str, files: dict[str, bytes]) -> None:
        job = read_job(self.host.folder, remote_id)
        assert job is not None
        folder = jobs_folder(self.host.folder) / remote_id
        output = []
        for name, content in files.items():
            path = folder / OUTPUT / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            output.append(OutputFile(name=name, size=len(content), sha256=digest))
        now = datetime.now(UTC)
        done = {"state": JobState.SUCCESS, "ended": now, "output": tuple(output)}
        write_record(folder / JOB, job.model_copy(update=done))

    def gets_of_files(self) -> int:
        return 3

    def list_requests(self) -> int:
        raise AssertionError("there are no requests")

    def cut_answer(self) -> None:
        raise AssertionError("no answer is lost")

    def go_down(self) -> None:
        self.host.folder = self.host.folder / "file"
        self.host.folder.write_bytes(b"no folder")


def add_panel(folder: Path, panel_id: str) -> None:
    panel = LocalPanel(
        id=panel_id,
        name=f"Panel {panel_id}",
        build="GRCh37",
        samples=310,
        variants=85_485,
        chromosomes=("22",),
        added=datetime(2026, 11, 26, tzinfo=UTC),
    )
    (panels_folder(folder) / panel_id).mkdir(parents=True)
    write_record(panels_folder(folder) / panel_id / PANEL, panel)


@pytest.fixture
def target(tmp_path: Path) -> FolderTarget:
    return FolderTarget(tmp_path / "local")


class TestLocal(FamilyContract):
    """The contract, and what only this family has."""

    app_id = "impute"

    def test_it_is_detected_without_asking_anybody(self, target: FolderTarget) -> None:
        registry = Registry(local=target.host)
        assert self.run(registry.detect(ADDRESS)).name == "local"
        with refused(Kind.NOT_FOUND):
            self.run(Local().form(target.connection, "impute"))

    def test_the_form_follows_engines_and_panels(self, target: FolderTarget) -> None:
        add_panel(target.host.folder, "two")
        form = self.form(target)
        engine, phasing, panel = (form.parameter(n) for n in ("engine", "phasing", "refpanel"))
        assert engine is not None
        assert phasing is not None
        assert panel is not None
        assert [each.key for each in engine.choices] == ["builtin", "minimac4"]
        assert [each.key for each in phasing.choices] == ["auto", "builtin", "none"]
        assert [each.label for each in panel.choices] == ["Panel one (GRCh37)", "Panel two (GRCh37)"]
        offered = target.family().panels(target.connection, form, datetime.now(UTC))
        assert (offered[0].samples, offered[0].variants, offered[0].chromosomes) == (310, 85_485, ("22",))

    def test_a_panel_that_is_not_there(self, target: FolderTarget, tmp_path: Path) -> None:
        with refused(Kind.INPUT) as problem:
            self.submit(target, tmp_path, refpanel="three")
        assert "three" in problem().what_happened

    def test_open_jobs_wake_the_runner_and_wait_in_order(self, target: FolderTarget, tmp_path: Path) -> None:
        first, second = self.submit(target, tmp_path), self.submit(target, tmp_path, name="study.def")
        assert target.host.woken == 2
        places = {
            job.remote_id: job.queue_position for job in self.run(target.family().jobs(target.connection))
        }
        assert places == {first: 0, second: 1}
        assert target.host.woken == 3
        for each in (first, second):
            target.finish(each, {})
        self.run(target.family().jobs(target.connection))
        assert target.host.woken == 3

    def test_nothing_half_made_stays(self, target: FolderTarget, tmp_path: Path) -> None:
        async def seal() -> None:
            raise RuntimeError("the disk is full")

        with pytest.raises(RuntimeError):
            self.submit(target, tmp_path, seal)
        assert not list(jobs_folder(target.host.folder).glob(NEW + "*"))

    def test_a_cancelled_job_stays_cancelled_and_a_finished_one_finished(
        self, target: FolderTarget, tmp_path: Path
    ) -> None:
        remote_id = self.submit(target, tmp_path)
        self.run(target.family().cancel(target.connection, remote_id))
        assert self.run(target.family().job(target.connection, remote_id)).state is JobState.CANCELLED
        done = self.submit(target, tmp_path, no_seal, name="other")
        target.finish(done, {})
        assert self.run(target.family().cancel(target.connection, done)).state is JobState.SUCCESS

    def test_a_changed_result_is_found_out(self, target: FolderTarget, tmp_path: Path) -> None:
        found = self.finished(target, tmp_path, {"chr22.dose.vcf.gz": b"dosages" * 500_000})
        file = found["chr22.dose.vcf.gz"]
        rest, _, offset, total = self.run(fetch(target.family(), target.connection, file, 3_000_001))
        assert (rest, offset, total) == (
            b"dosages"[3_000_001 % 7 :] + b"dosages" * 71_428,
            3_000_001,
            3_500_000,
        )
        path = next(target.host.folder.glob(f"jobs/*/{OUTPUT}/chr22.dose.vcf.gz"))
        path.write_bytes(b"dosageS" + b"dosages" * 499_999)
        with refused(Kind.INPUT) as problem:
            self.run(fetch(target.family(), target.connection, file))
        assert "SHA-256" in problem().what_happened

    @pytest.mark.parametrize("name", ["..", "../panels", "", ".hidden", "a/b"])
    def test_names_that_lead_elsewhere(self, target: FolderTarget, name: str) -> None:
        with refused(Kind.NOT_FOUND):
            self.run(target.family().job(target.connection, name))

    def test_a_record_that_cannot_be_read(self, target: FolderTarget, tmp_path: Path) -> None:
        remote_id = self.submit(target, tmp_path)
        (jobs_folder(target.host.folder) / remote_id / JOB).write_text("{")
        with refused(Kind.STORE):
            self.run(target.family().jobs(target.connection))
