"""The Cloudgene family against the practice server, in its three modes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.job import JobState
from app.domain.problem import Kind
from app.domain.service import HealthState, Limits
from app.practice.records import JobRecord, ResultEntry
from app.practice.server import PracticeServer
from app.services.cloudgene import Cloudgene
from app.services.contract import Connection
from app.services.registry import Registry
from app.transport.client import Looker
from app.transport.limits import Pace
from tests.services.family_contract import FamilyContract, fetch, refused
from tests.unit.practice.conftest import tiny_panel

_FILE_PATHS = re.compile(r"^/(share|downloads|results)/")


class PracticeTarget:
    """A practice server whose jobs wait until a test lets them succeed."""

    def __init__(self, server: PracticeServer) -> None:
        self.server = server
        self.connection = Connection(
            service_id="practice",
            base_url=server.base_url,
            token=SecretStr(server.token()),
            generation="cg2" if server.mode == "cg2" else "cg3",
            limits=Limits(min_poll_s=0.05),
        )

    def family(self) -> Cloudgene:
        return Cloudgene(looker=Looker(Pace(), sleep=_at_once))

    def jobs_at_server(self) -> list[str]:
        return [job.name for job in self.server.jobs()]

    def paths(self) -> list[str]:
        return [request.path for request in self.server.requests.all()]

    def gets_of_files(self) -> int:
        """The server writes its log after the answer has left: the number once it stands still."""
        before = -1
        while (found := sum(bool(_FILE_PATHS.match(path)) for path in self.paths())) != before:
            before = found
            time.sleep(0.2)
        return found

    def list_requests(self) -> int:
        return self.paths().count("/api/v2/jobs")

    def cut_answer(self) -> None:
        self.server.faults.drop_answer = 1

    def go_down(self) -> None:
        self.server.stop()

    def finish(self, remote_id: str, files: dict[str, bytes]) -> None:
        entries = []
        for number, (name, content) in enumerate(files.items()):
            path = self.server.job_folder(remote_id) / "output" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            entry = ResultEntry(
                name=name,
                path=f"output/{name}",
                hash=f"{number:064x}",
                count=10,
                size="1 MB",
                bytes=len(content),
            )
            entries.append(entry)

        def succeed(job: JobRecord) -> None:
            job.state, job.results, job.param_hash = 4, entries, "f" * 64
            job.end_time = job.submitted_on + 1000

        self.server._context.records.change(remote_id, succeed)


@pytest.fixture(params=["cg3-local", "cg3-s3", "cg2"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PracticeTarget]:
    tiny_panel(tmp_path / "home", tmp_path)
    with PracticeServer(tmp_path / "home", request.param) as server:
        server.faults.hold_jobs = True
        yield PracticeTarget(server)


class TestCloudgene(FamilyContract):
    """The contract, and what only this family has."""

    app_id = "imputationserver2"

    def test_it_is_detected(self, target: PracticeTarget) -> None:
        registry = Registry()
        assert self.run(registry.detect(target.connection.base_url + "/index.html")).name == "cloudgene"
        assert registry.family("cloudgene").capabilities.why_not["delete"]

    @pytest.mark.parametrize("fault", ["expired", "revoked"])
    def test_tokens_that_were_good(self, target: PracticeTarget, fault: str) -> None:
        target.server.faults.token = fault
        family = target.family()
        assert self.run(family.verify_token(target.connection)).valid is False
        with refused(Kind.SIGN_IN):
            self.run(family.form(target.connection, self.app_id))
        assert self.run(family.describe(target.connection)).name
        assert self.run(family.health(target.connection)).state is HealthState.UP

    def test_maintenance(self, target: PracticeTarget, tmp_path: Path) -> None:
        order = self.submission(target, tmp_path)
        target.server.faults.maintenance = True
        family = target.family()
        info = self.run(family.describe(target.connection))
        assert (info.maintenance, info.maintenance_text) == (True, "The practice server is being repaired.")
        assert self.run(family.health(target.connection)).state is HealthState.MAINTENANCE
        with refused(Kind.BUSY) as problem:
            self.run(family.submit(target.connection, order, lambda _: None, _never))
        assert "maintenance" in problem().title

    def test_quota(self, target: PracticeTarget, tmp_path: Path) -> None:
        target.server.faults.quota_full = True
        with refused(Kind.REFUSED) as problem:
            self.submit(target, tmp_path)
        assert problem().retry
        assert "running jobs" in problem().title

    @pytest.mark.parametrize("shown", [-1, 42])
    def test_odd_states(self, target: PracticeTarget, tmp_path: Path, shown: int) -> None:
        remote_id = self.submit(target, tmp_path)
        target.server.faults.shown_state = shown
        job = self.run(target.family().job(target.connection, remote_id))
        assert job.raw_state == shown
        assert job.state is (JobState.SUBMITTED if shown == -1 else JobState.UNKNOWN)

    def test_restart(self, target: PracticeTarget, tmp_path: Path) -> None:
        remote_id = self.submit(target, tmp_path)
        with refused(Kind.REFUSED):
            self.run(target.family().restart(target.connection, remote_id))
        target.server.lose_active_jobs()
        self.run(target.family().restart(target.connection, remote_id))
        assert self.run(target.family().job(target.connection, remote_id)).state is JobState.QUEUED

    def test_too_large(self, target: PracticeTarget, tmp_path: Path) -> None:
        order = self.submission(target, tmp_path)
        target.server.faults.too_large = 1
        with refused(Kind.REFUSED) as problem:
            self.run(target.family().submit(target.connection, order, lambda _: None, _sealed))
        assert "too large" in problem().title

    def test_an_upload_that_is_cut(self, target: PracticeTarget, tmp_path: Path) -> None:
        order = self.submission(target, tmp_path)
        target.server.faults.drop_upload_at = 1000
        with refused(Kind.NO_NETWORK):
            self.run(target.family().submit(target.connection, order, lambda _: None, _sealed))
        assert target.jobs_at_server() == []

    def test_a_pause_is_obeyed(self, target: PracticeTarget) -> None:
        target.server.faults.set(busy=1, retry_after_s=60)
        family = target.family()
        for _ in range(2):
            with refused(Kind.BUSY) as problem:
                self.run(family.describe(target.connection))
            assert (problem().retry_after_s or 0) > 50
        assert len(target.paths()) == 1
        assert self.run(family.health(target.connection)).state is HealthState.UNKNOWN

    def test_a_used_up_link(self, target: PracticeTarget, tmp_path: Path) -> None:
        found = self.finished(target, tmp_path, {"chr_20.zip": b"x" * 100})["chr_20.zip"]
        target.server.faults.download_limit = 0
        with refused(Kind.REFUSED) as problem:
            self.run(fetch(target.family(), target.connection, found))
        assert "as often as" in problem().title

    def test_counts(self, target: PracticeTarget, tmp_path: Path) -> None:
        found = self.finished(target, tmp_path, {"chr_20.zip": b"x"})["chr_20.zip"]
        assert found.file.downloads_left == (None if target.server.mode == "cg2" else 10)

    def test_a_download_that_is_cut_and_resumed(self, target: PracticeTarget, tmp_path: Path) -> None:
        content = bytes(range(256)) * 20_000
        found = self.finished(target, tmp_path, {"chr_20.zip": content})["chr_20.zip"]
        target.server.faults.drop_download_at = 3_000_000
        got, resume = self.run(self._cut(target, found))
        assert 0 < len(got) <= 3_000_000
        assert got == content[: len(got)]
        s3 = target.server.mode == "cg3-s3"
        assert (resume is not None) == s3
        rest, _, offset, total = self.run(fetch(target.family(), target.connection, found, len(got), resume))
        assert offset == (len(got) if s3 else 0)
        assert got[:offset] + rest == content
        assert target.gets_of_files() == (1 if s3 else 2)
        if s3:
            assert total == len(content)

    async def _cut(self, target: PracticeTarget, found: object) -> tuple[bytes, SecretStr | None]:
        got = bytearray()
        resume = None
        with refused(Kind.NO_NETWORK):
            async with target.family().download(target.connection, found, 0, None) as (download, resume):  # type: ignore[arg-type]
                async for piece in download.chunks():
                    got += piece
        return bytes(got), resume

    def test_a_resume_address_that_has_lapsed(self, target: PracticeTarget, tmp_path: Path) -> None:
        """Only an object store has such addresses; elsewhere there is none to go on from."""
        found = self.finished(target, tmp_path, {"chr_20.zip": b"x" * 5000})["chr_20.zip"]
        _, resume, _, _ = self.run(fetch(target.family(), target.connection, found))
        if target.server.mode != "cg3-s3":
            assert resume is None
            return
        whole = self.run(fetch(target.family(), target.connection, found, 5000, resume))
        assert (whole[0], whole[2], whole[3]) == (b"", 5000, 5000)
        target.server.clock.advance(7200)
        with refused(Kind.NOT_FOUND):
            self.run(fetch(target.family(), target.connection, found, 1000, resume))
        assert target.gets_of_files() == 1


async def _at_once(_: float) -> None:
    """No waiting between attempts."""


async def _never() -> None:
    """The practice server reads the whole body before it refuses: the seal runs."""


async def _sealed() -> None:
    """As above."""
