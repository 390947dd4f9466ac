"""Described services: the contract over both shipped examples, and what only this family has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.job import JobState, MessageKind
from app.domain.problem import Kind
from app.domain.resources import resource
from app.domain.service import HealthState, Limits
from app.services.contract import Connection, RemoteFile
from app.services.described import Described
from app.services.registry import Registry
from app.transport.client import Looker
from tests.helpers.quick_pace import quick_pace
from tests.services.family_contract import FamilyContract, fetch, refused
from tests.services.rest_server import TOKEN, RestServer

_WORDS = {"example-rest": "done", "example-signed": "COMPLETE"}


class RestTarget:
    """A server on loopback, spoken to by a description."""

    def __init__(self, server: RestServer, folder: Path, example: str) -> None:
        self.server, self.example = server, example
        self.folder = folder / "services"
        self.folder.mkdir()
        text = resource("described", f"{example}.yaml").read_text("utf-8")
        text = text.replace("/NAMESPACE", "/ns").replace(
            "  started: run", "  submitted: created_at\n  started: run"
        )
        self.file = self.folder / f"{example}.yaml"
        self.file.write_text(text.replace("min_poll_s: 60", "min_poll_s: 1"), encoding="utf-8")
        self.connection = Connection(
            service_id="rest",
            base_url=server.url,
            token=SecretStr(TOKEN),
            generation=f"described {example} 2026-11-26",
            limits=Limits(min_poll_s=0.05),
            setup={"described": str(self.file)},
        )

    def family(self) -> Described:
        return Described(self.folder, looker=Looker(quick_pace(), sleep=_at_once))

    def jobs_at_server(self) -> list[str]:
        return [job.name for job in self.server.jobs.values()]

    def finish(self, remote_id: str, files: dict[str, bytes]) -> None:
        self.server.jobs[remote_id].files = files
        self.server.jobs[remote_id].state = _WORDS[self.example]

    def gets_of_files(self) -> int:
        return len(self.server.paths("GET", "^/files/"))

    def list_requests(self) -> int:
        return len(self.server.paths("GET", "/(jobs|runs)$"))

    def cut_answer(self) -> None:
        self.server.drop_answer = True

    def go_down(self) -> None:
        self.server.stop()


@pytest.fixture(params=["example-rest", "example-signed"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RestTarget]:
    with RestServer() as server:
        yield RestTarget(server, tmp_path, request.param)


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[RestTarget]:
    with RestServer() as server:
        yield RestTarget(server, tmp_path, "example-rest")


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[RestTarget]:
    with RestServer() as server:
        yield RestTarget(server, tmp_path, "example-signed")


class TestDescribed(FamilyContract):
    """The contract, and what only this family has."""

    app_id = "impute"

    @pytest.fixture(autouse=True)
    def _place(self, request: pytest.FixtureRequest) -> None:
        """Only one of the examples tells a place in the queue."""
        if "target" in request.fixturenames:
            told = request.getfixturevalue("target").example == "example-rest"
            self.first_place = 0 if told else None

    def test_an_address_that_a_description_names_is_detected(self, plain: RestTarget) -> None:
        text = plain.file.read_text("utf-8").replace("# addresses:", "addresses:")
        plain.file.write_text(text.replace("https://imputation.example.org", plain.server.url), "utf-8")
        registry = Registry(descriptions=plain.folder)
        assert self.run(registry.detect(plain.server.url)).name == "described"
        nobody = Connection(service_id="x", base_url="https://imputation.example.com")
        with refused(Kind.NOT_FOUND):
            self.run(plain.family().recognise(nobody))

    def test_what_is_sent_in_a_form(self, plain: RestTarget, tmp_path: Path) -> None:
        remote_id = self.submit(plain, tmp_path, phasing="none")
        job = plain.server.jobs[remote_id]
        sent = {
            "name": "study.abc",
            "application": "impute",
            "panel": "p1",
            "phasing": "none",
            "terms": "true",
        }
        assert job.fields == sent
        assert job.sent == {"chr20.vcf.gz": b"not really genotypes" * 1000}

    def test_a_signed_address_at_a_host_that_nobody_named_is_refused(
        self, signed: RestTarget, tmp_path: Path
    ) -> None:
        """The country of the description would say nothing of it."""
        for place in ("https://elsewhere.example", "http://elsewhere.example"):
            signed.server.store_url = place
            with refused(Kind.REFUSED) as problem:
                self.submit(signed, tmp_path, r2="0.3")
            assert "elsewhere.example" in problem().what_happened
        assert not signed.server.jobs

    def test_what_is_sent_by_signed_addresses(self, signed: RestTarget, tmp_path: Path) -> None:
        sealed: list[bool] = []

        async def seal() -> None:
            sealed.append(bool(signed.server.uploads["u0"].get("complete")))

        remote_id = self.submit(signed, tmp_path, seal, r2="0.3")
        assert sealed == [True]
        told = signed.server.jobs[remote_id].fields
        assert told["workflow_params"] == {"vcfs": ["u0"], "panel": "1000g-30x", "r2": "0.3"}
        assert told["tags"] == {"name": "study.abc"}
        (put,) = signed.server.stored
        assert (put.headers["x-kind"], "authorization" in put.headers) == ("vcf", False)
        upload = signed.server.uploads["u0"]
        assert (upload["filename"], len(upload["bytes"])) == ("chr20.vcf.gz", upload["size"])

    def test_a_list_of_several_pages(self, plain: RestTarget, tmp_path: Path) -> None:
        for _ in range(3):
            self.submit(plain, tmp_path)
        plain.server.page_size = 1
        found = self.run(plain.family().jobs(plain.connection))
        assert [job.remote_id for job in found] == ["j1", "j2", "j3"]
        plain.server.page_size = 0
        with refused(Kind.BUSY) as problem:
            self.run(plain.family().jobs(plain.connection))
        assert "no end" in problem().what_happened

    @pytest.mark.parametrize("word", ["DONE?", "finished", ""])
    def test_words_that_are_not_described_are_never_a_success(
        self, plain: RestTarget, tmp_path: Path, word: str
    ) -> None:
        remote_id = self.submit(plain, tmp_path)
        plain.server.jobs[remote_id].state = word
        job = self.run(plain.family().job(plain.connection, remote_id))
        assert (job.state, job.files) == (JobState.UNKNOWN, ())
        assert word in job.step

    def test_a_failure_gives_the_words_of_the_service(self, plain: RestTarget, tmp_path: Path) -> None:
        remote_id = self.submit(plain, tmp_path)
        failed = plain.server.jobs[remote_id]
        failed.state, failed.errors = "error", ["<b>No overlap</b> with the panel", "chr20"]
        job = self.run(plain.family().job(plain.connection, remote_id))
        (message,) = job.steps[0].messages
        assert (message.kind, message.text) == (MessageKind.ERROR, "No overlap with the panel\nchr20")

    def test_a_download_that_is_cut_goes_on(self, plain: RestTarget, tmp_path: Path) -> None:
        content = bytes(range(256)) * 20_000
        found = self.finished(plain, tmp_path, {"chr20.dose.vcf.gz": content})["chr20.dose.vcf.gz"]
        plain.server.cut_at = 3_000_000
        got, resume = self.run(self._cut(plain, found))
        assert content.startswith(got)
        assert resume is not None
        rest, _, offset, total = self.run(fetch(plain.family(), plain.connection, found, len(got), resume))
        assert (offset, total) == (len(got), len(content))
        assert got + rest == content

    def test_a_server_that_knows_no_range_is_not_asked_for_a_rest(
        self, plain: RestTarget, tmp_path: Path
    ) -> None:
        found = self.finished(plain, tmp_path, {"a.zip": b"x" * 5000})["a.zip"]
        plain.server.ranges = False
        _, resume, _, _ = self.run(fetch(plain.family(), plain.connection, found))
        assert resume is None

    async def _cut(self, target: RestTarget, found: RemoteFile) -> tuple[bytes, SecretStr | None]:
        got = bytearray()
        with refused(Kind.NO_NETWORK):
            async with target.family().download(target.connection, found, 0, None) as (download, resume):
                async for piece in download.chunks():
                    got += piece
        return bytes(got), resume

    def test_a_page_in_place_of_a_file(self, plain: RestTarget, tmp_path: Path) -> None:
        found = self.finished(plain, tmp_path, {"a.zip": b"x"})["a.zip"]
        plain.server.file_page = b"<html>Sign in</html>"
        with refused(Kind.BUSY):
            self.run(fetch(plain.family(), plain.connection, found))

    def test_maintenance_and_what_does_not_work(self, plain: RestTarget) -> None:
        plain.server.health = {"status": "ok", "maintenance": "New disks until Friday"}
        health = self.run(plain.family().health(plain.connection))
        assert (health.state, health.detail) == (HealthState.MAINTENANCE, "New disks until Friday")
        assert self.run(plain.family().describe(plain.connection)).maintenance_text == health.detail
        plain.server.health = {"status": "broken"}
        assert self.run(plain.family().health(plain.connection)).state is HealthState.DOWN

    def test_logs(self, plain: RestTarget, tmp_path: Path) -> None:
        remote_id = self.submit(plain, tmp_path)
        (log,) = self.run(plain.family().logs(plain.connection, remote_id))
        assert (log.name, log.text, log.cut) == ("Log", "first line\nlast line", False)

    def test_a_service_that_cannot_stop_a_job_says_so(self, plain: RestTarget, tmp_path: Path) -> None:
        remote_id = self.submit(plain, tmp_path)
        text = plain.file.read_text("utf-8").replace('cancel: {post: "/jobs/{id}/cancel"}', "")
        plain.file.write_text(text, "utf-8")
        with refused(Kind.REFUSED):
            self.run(plain.family().cancel(plain.connection, remote_id))

    def test_the_token_stays_at_its_origin(self, plain: RestTarget, tmp_path: Path) -> None:
        remote_id = self.submit(plain, tmp_path)
        plain.finish(remote_id, {"a.zip": b"x"})
        locator = SecretStr(f"{plain.server.store_url}/a.zip")
        other = self.run(plain.family().job(plain.connection, remote_id)).files[0]
        other = other.model_copy(update={"locator": locator})
        plain.server.uploads["a.zip"] = {}
        self.run(fetch(plain.family(), plain.connection, other))
        assert "authorization" not in plain.server.stored[-1].headers


async def _at_once(_: float) -> None:
    """No waiting between attempts."""
