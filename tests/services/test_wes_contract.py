"""The WES family against a server on loopback that speaks as Sapporo does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.problem import Kind
from app.domain.service import Limits
from app.services.abilities import ChecksDelivery, FindsRuns, KeepsLogs
from app.services.contract import Connection, Submission
from app.services.registry import Registry
from app.services.wes import Wes
from app.transport.client import Looker
from app.transport.limits import Pace
from tests.helpers.wes_stub import SAPPORO, WesStub, jwt
from tests.services.family_contract import FamilyContract, Target, refused


async def at_once(_: float) -> None:
    """No waiting between looks."""


class StubTarget:
    """A stub whose runs wait until a test lets them succeed."""

    def __init__(self, stub: WesStub) -> None:
        self.stub = stub
        self.connection = Connection(
            service_id="wes",
            base_url=stub.url,
            token=SecretStr(stub.token),
            generation="sapporo",
            limits=Limits(min_poll_s=0.05),
        )

    def family(self) -> Wes:
        return Wes(looker=Looker(Pace(), sleep=at_once), sleep=at_once)

    def jobs_at_server(self) -> list[str]:
        return [run.tags["haplodesk"] for run in self.stub.runs.values()]

    def finish(self, remote_id: str, files: dict[str, bytes]) -> None:
        self.stub.finish(remote_id, files)

    def gets_of_files(self) -> int:
        return sum("/outputs/" in each for each in self.stub.requests)

    def list_requests(self) -> int:
        return sum(each.startswith("GET") and "/runs?" in each for each in self.stub.requests)

    def cut_answer(self) -> None:
        self.stub.cut_answers = 1

    def go_down(self) -> None:
        self.stub.stop()


@pytest.fixture
def target() -> Iterator[StubTarget]:
    with WesStub(SAPPORO, token=jwt()) as stub:
        yield StubTarget(stub)


class TestWes(FamilyContract):
    """The contract, and what only this family has."""

    app_id = "minimac4"
    first_place = None

    def submission(
        self, target: Target, folder: Path, name: str = "study.abc", **options: str | bool
    ) -> Submission:
        panel = folder / "panel.vcf.gz"
        panel.write_bytes(b"a panel")
        return super().submission(target, folder, name, panel_file=str(panel), **options)

    def test_it_is_detected_wherever_it_answers(self) -> None:
        for prefix, pasted in (("", "/service-info"), ("/ga4gh/wes/v1", ""), ("/api/ga4gh/wes/v1", "")):
            with WesStub(SAPPORO, prefix=prefix) as stub:
                assert self.run(Registry().detect(stub.url + pasted)).name == "wes"

    def test_its_abilities(self, target: StubTarget) -> None:
        family = target.family()
        assert isinstance(family, KeepsLogs)
        assert isinstance(family, ChecksDelivery)
        assert isinstance(family, FindsRuns)

    def test_a_service_without_tokens_is_as_if_one_were_there(self) -> None:
        with WesStub(SAPPORO) as stub:
            bare = StubTarget(stub).connection.model_copy(update={"token": None})
            info = self.run(StubTarget(stub).family().verify_token(bare))
        assert (info.present, info.valid, info.username) == (True, True, None)

    def test_a_token_goes_nowhere_else(self, target: StubTarget, tmp_path: Path) -> None:
        found = self.finished(target, tmp_path, {"study.dose.vcf.gz": b"x" * 100})
        assert target.stub.heads[-1]["authorization"].startswith("Bearer ")
        file = found["study.dose.vcf.gz"]
        with WesStub(SAPPORO) as other:
            other.extra["/far"] = (200, {}, b"x" * 100)
            locator = SecretStr(f'{{"address": "{other.url}/far", "checksum": "", "run": ""}}')
            far = file.model_copy(update={"locator": locator})

            async def read() -> bytes:
                async with target.family().download(target.connection, far, 0, None) as (download, _):
                    return b"".join([piece async for piece in download.chunks()])

            assert self.run(read()) == b"x" * 100
            assert "authorization" not in other.heads[-1]

    def test_what_the_server_refuses_is_told_in_its_words(self, target: StubTarget, tmp_path: Path) -> None:
        target.stub.info = SAPPORO | {
            "workflow_engine_versions": {"cwltool": {}},
            "workflow_type_versions": {"CWL": {"workflow_type_version": ["v9"]}},
        }
        with refused(Kind.REFUSED) as problem:
            self.submit(target, tmp_path)
        assert "v9" in problem().what_happened
