"""The Teaspoons family against a strict stand-in of its service and object store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.clock import Clock, FixedClock
from app.domain.dataset import DataFile
from app.domain.job import JobState, MessageKind
from app.domain.parameter import ParameterType
from app.domain.problem import Kind, problem
from app.domain.progress import Progress, silent
from app.domain.service import HealthState, Limits
from app.operations.keyring_vault import KeyringVault
from app.services.abilities import SignsIn, TellsQuota
from app.services.contract import Connection, Submission
from app.services.registry import Registry
from app.services.teaspoons import Teaspoons
from app.services.teaspoons.submitting import IN_ONE_PIECE
from app.store.secrets import MemorySecrets
from app.transport.client import Looker
from app.transport.limits import Pace
from tests.helpers.teaspoons_server import TeaspoonsServer
from tests.services.family_contract import FamilyContract, fetch, no_seal, refused


class TeaspoonsTarget:
    """A server whose runs wait until a test lets them succeed."""

    def __init__(self, server: TeaspoonsServer) -> None:
        self.server = server
        self.connection = Connection(
            service_id="terra",
            base_url=server.base_url,
            token=SecretStr(server.token()),
            generation="teaspoons",
            limits=Limits(min_poll_s=0.05),
        )

    def family(self, kept: MemorySecrets | None = None, clock: Clock | None = None) -> Teaspoons:
        vault = KeyringVault(kept) if kept is not None else None
        looker = Looker(Pace(), sleep=_at_once)
        return Teaspoons(looker=looker, clock=clock, sleep=_at_once, vault=vault)

    def jobs_at_server(self) -> list[str]:
        """A run that is only prepared is no job."""
        return [run.description for run in self.server.runs.values() if run.status != "PREPARING"]

    def finish(self, remote_id: str, files: dict[str, bytes]) -> None:
        outputs = {f"output{number}": pair for number, pair in enumerate(files.items())}
        self.server.finish(remote_id, outputs)

    def gets_of_files(self) -> int:
        return self.server.paths("GET", "/bucket/", "store")

    def list_requests(self) -> int:
        return self.server.paths("GET", "/api/pipelineruns/v2/pipelineruns")

    def cut_answer(self) -> None:
        self.server.faults.drop_start_answer = 1

    def go_down(self) -> None:
        self.server.stop()


@pytest.fixture
def target() -> Iterator[TeaspoonsTarget]:
    with TeaspoonsServer() as server:
        yield TeaspoonsTarget(server)


async def _at_once(_: float) -> None:
    """No waiting between attempts."""


def big_file(folder: Path, more: int = 3_000_000) -> tuple[DataFile, bytes]:
    """A file that goes in a session."""
    content = bytes(range(251)) * ((IN_ONE_PIECE + more) // 251)
    path = folder / "all.vcf.gz"
    path.write_bytes(content)
    seen = path.stat()
    return DataFile(path=str(path), name=path.name, size=seen.st_size, modified=seen.st_mtime_ns), content


class TestTeaspoons(FamilyContract):
    """The contract, and what only this family has."""

    app_id = "array_imputation"
    first_state = JobState.RUNNING
    first_place = None

    def order(self, file: DataFile, **options: str | bool) -> Submission:
        chosen: dict[str, str | bool] = {"panel": "array_imputation", "agreeToTerms": True}
        return Submission(
            app_id=self.app_id,
            remote_name="study.abc",
            files=(file,),
            files_parameter="multiSampleVcf",
            options=chosen | options,
        )

    def small(self, folder: Path) -> DataFile:
        path = folder / "all.vcf.gz"
        path.write_bytes(b"not really genotypes")
        return DataFile(path=str(path), name=path.name, size=20, modified=path.stat().st_mtime_ns)

    def test_it_is_detected(self, target: TeaspoonsTarget) -> None:
        found = self.run(Registry((target.family(),)).detect(target.connection.base_url))
        assert found.name == "teaspoons"
        assert isinstance(found, SignsIn)
        assert isinstance(found, TellsQuota)

    def test_something_else_at_the_address(self, target: TeaspoonsTarget) -> None:
        store = target.connection.model_copy(update={"base_url": target.server.store_url})
        with refused(Kind.NOT_FOUND):
            self.run(target.family().recognise(store))

    def test_the_form_follows_the_pipeline(self, target: TeaspoonsTarget) -> None:
        form = self.form(target)
        assert [(p.id, p.type) for p in form.parameters] == [
            ("panel", ParameterType.PANEL),
            ("multiSampleVcf", ParameterType.FILES),
            ("outputBasename", ParameterType.TEXT),
            ("minDr2ForInclusion", ParameterType.NUMBER),
            ("charges", ParameterType.INFO),
            ("agreeToTerms", ParameterType.TERMS),
        ]
        assert "At least 500 samples are charged" in form.of_type(ParameterType.INFO)[0].label
        quality = form.parameter("minDr2ForInclusion")
        assert quality is not None
        assert (quality.minimum, quality.maximum, quality.default) == (0.0, 1.0, "0.0")
        terms = form.of_type(ParameterType.TERMS)[0]
        assert "allowed to share" in terms.details
        (panel,) = target.family().panels(target.connection, form, target.server.now())
        assert (panel.samples, panel.build) == (515_579, "GRCh38")
        assert panel.chromosomes == tuple(str(n) for n in range(1, 23))

    def test_a_pipeline_without_vcf_has_no_panel(self, target: TeaspoonsTarget) -> None:
        form = self.run(target.family().form(target.connection, "low_pass_imputation@1"))
        assert target.family().panels(target.connection, form, target.server.now()) == ()

    @pytest.mark.parametrize(
        ("name", "value", "says"),
        [
            ("minDr2ForInclusion", "1.5", "from 0 to 1"),
            ("minDr2ForInclusion", "nan", "from 0 to 1"),
            ("minDr2ForInclusion", "much", "number"),
            ("outputBasename", "a b", "letters"),
        ],
    )
    def test_values_that_do_not_fit_are_told_before_anything_is_sent(
        self, target: TeaspoonsTarget, tmp_path: Path, name: str, value: str, says: str
    ) -> None:
        order = self.order(self.small(tmp_path), **{name: value})
        with refused(Kind.INPUT) as problem:
            self.run(target.family().submit(target.connection, order, silent, no_seal))
        assert says in problem().what_happened
        assert target.server.runs == {}

    def test_several_files_are_refused(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        order = self.order(self.small(tmp_path))
        order = order.model_copy(update={"files": order.files * 2})
        with refused(Kind.INPUT) as problem:
            self.run(target.family().submit(target.connection, order, silent, no_seal))
        assert "one file" in problem().title

    def test_terms_that_are_not_accepted(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        order = self.order(self.small(tmp_path), agreeToTerms=False)
        with refused(Kind.INPUT) as problem:
            self.run(target.family().submit(target.connection, order, silent, no_seal))
        assert "terms" in problem().title

    def test_what_is_sent(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        order = self.order(self.small(tmp_path), minDr2ForInclusion="0.3")
        run_id = self.run(target.family().submit(target.connection, order, silent, no_seal))
        run = target.server.runs[run_id]
        assert run.inputs == {
            "multiSampleVcf": "all.vcf.gz",
            "outputBasename": "study-abc",
            "minDr2ForInclusion": 0.3,
        }
        assert target.server.uploaded(run_id) == b"not really genotypes"

    def test_an_account_that_is_not_registered(self, target: TeaspoonsTarget) -> None:
        target.server.faults.unregistered = True
        assert self.run(target.family().verify_token(target.connection)).valid is False
        with refused(Kind.SIGN_IN) as problem:
            self.run(target.family().jobs(target.connection))
        assert "registered" in problem().title

    def test_a_service_whose_parts_do_not_work(self, target: TeaspoonsTarget) -> None:
        target.server.faults.broken = True
        assert self.run(target.family().health(target.connection)).state is HealthState.DOWN
        with refused(Kind.BUSY):
            self.run(target.family().describe(target.connection))

    def test_quota(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        quota = self.run(target.family().quota(target.connection, "array_imputation@2"))
        assert (quota.limit, quota.used, quota.left, quota.unit) == (2500, 0, 2500, "samples")
        assert (quota.charged_minimum, quota.largest_job) == (500, 10_000)
        target.server.used["array_imputation"] = 2100
        facts = self.run(target.family().describe(target.connection)).facts
        assert ("Quota of array_imputation", "2,100 of 2,500 samples used") in [
            (f.label, f.value) for f in facts
        ]
        order = self.order(self.small(tmp_path))
        with refused(Kind.REFUSED) as problem:
            self.run(target.family().submit(target.connection, order, silent, no_seal))
        assert "quota" in problem().title

    # The upload.

    def test_a_large_file_goes_in_a_session_that_goes_on_after_cuts(
        self, target: TeaspoonsTarget, tmp_path: Path
    ) -> None:
        file, content = big_file(tmp_path)
        target.server.faults.cut_uploads_at = [5_000_000, 1_000_000]
        seen: list[Progress] = []
        order = self.order(file)
        run_id = self.run(target.family().submit(target.connection, order, seen.append, no_seal))
        assert target.server.uploaded(run_id) == content
        assert seen[-1].fraction == 1.0
        assert target.server.paths("POST", "/bucket/", "store") == 1

    def test_a_lost_session_is_begun_anew(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        file, content = big_file(tmp_path)
        target.server.faults.lose_sessions = 1
        run_id = self.run(target.family().submit(target.connection, self.order(file), silent, no_seal))
        assert target.server.uploaded(run_id) == content
        assert target.server.paths("POST", "/bucket/", "store") == 2

    def test_an_upload_that_failed_goes_on_at_the_next_try(
        self, target: TeaspoonsTarget, tmp_path: Path
    ) -> None:
        """Also a long while later: what came is not sent again, and no second run is prepared."""
        file, content = big_file(tmp_path)
        family = target.family()
        target.server.faults.cut_uploads_at = [10_000_000, *[0] * 6]
        with refused(Kind.NO_NETWORK):
            self.run(family.submit(target.connection, self.order(file), silent, no_seal))
        run_id = self.run(family.submit(target.connection, self.order(file), silent, no_seal))
        assert target.server.uploaded(run_id) == content
        assert len(target.server.runs) == 1

    def test_an_upload_goes_on_after_an_end_of_the_program(
        self, target: TeaspoonsTarget, tmp_path: Path
    ) -> None:
        """Its session lies in the keyring as long as it is needed; nothing that came is sent again."""
        file, content = big_file(tmp_path)
        kept = MemorySecrets()
        target.server.faults.cut_uploads_at = [10_000_000, *[0] * 6]
        with refused(Kind.NO_NETWORK):
            self.run(target.family(kept).submit(target.connection, self.order(file), silent, no_seal))
        (name,) = list(kept._kept)
        assert name == "upload:terra:study.abc"
        run_id = self.run(target.family(kept).submit(target.connection, self.order(file), silent, no_seal))
        assert target.server.uploaded(run_id) == content
        assert target.server.paths("POST", "/bucket/", "store") == 1
        assert len(target.server.runs) == 1
        assert not kept._kept

    @pytest.mark.parametrize("why", ["other file", "over", "spoilt", "lost there", "given up"])
    def test_a_kept_upload_that_is_of_no_use(self, target: TeaspoonsTarget, tmp_path: Path, why: str) -> None:
        file, content = big_file(tmp_path)
        kept, clock = MemorySecrets(), FixedClock(target.server.now())
        target.server.faults.cut_uploads_at = [10_000_000, *[0] * 6]
        with refused(Kind.NO_NETWORK):
            self.run(target.family(kept, clock).submit(target.connection, self.order(file), silent, no_seal))
        if why == "other file":
            file, content = big_file(tmp_path, more=4_000_000)
        elif why == "over":
            clock.advance(7 * 24 * 3600)
        elif why == "spoilt":
            kept.set("upload:terra:study.abc", SecretStr("{}"))
        elif why == "lost there":
            target.server.sessions.clear()
        else:
            self.run(target.family(kept, clock).forget_upload(target.connection, "study.abc"))
            assert not kept._kept
        again = target.family(kept, clock)
        run_id = self.run(again.submit(target.connection, self.order(file), silent, no_seal))
        assert target.server.uploaded(run_id) == content
        assert target.server.paths("POST", "/bucket/", "store") == 2
        assert not kept._kept

    def test_a_session_that_is_used_up_is_not_kept(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        """What is remembered of a file that is there whole lets nobody write."""
        file, content = big_file(tmp_path)
        kept = MemorySecrets()
        seen: list[str] = []

        async def seal() -> None:
            seen.append(kept._kept["upload:terra:study.abc"].get_secret_value())
            raise problem(Kind.DISK, "No", "Not now")

        with refused(Kind.DISK):
            self.run(target.family(kept).submit(target.connection, self.order(file), silent, seal))
        assert not any(session in seen[0] for session in target.server.sessions)
        run_id = self.run(target.family(kept).submit(target.connection, self.order(file), silent, no_seal))
        assert target.server.uploaded(run_id) == content
        assert target.server.paths("POST", "/bucket/", "store") == 1

    def test_a_session_that_was_lost_is_not_kept(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        """Also when no other could be begun."""
        file, _ = big_file(tmp_path)
        kept = MemorySecrets()
        target.server.faults.lose_sessions = 100
        with refused(Kind.BUSY):
            self.run(target.family(kept).submit(target.connection, self.order(file), silent, no_seal))
        assert not kept._kept

    def test_a_file_that_is_too_large(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        file = self.small(tmp_path).model_copy(update={"size": 51 * 1024**3})
        with refused(Kind.REFUSED) as problem:
            self.run(target.family().submit(target.connection, self.order(file), silent, no_seal))
        assert "too large" in problem().title

    def test_a_file_that_changed(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        file = self.small(tmp_path)
        Path(file.path).write_bytes(b"other genotypes here")
        changed = file.model_copy(update={"modified": file.modified - 1})
        with refused(Kind.INPUT):
            self.run(target.family().submit(target.connection, self.order(changed), silent, no_seal))
        assert target.jobs_at_server() == []

    def test_a_run_whose_preparation_was_not_answered(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        """Its id is taken then; the job gets the next one, and is started once."""
        order = self.order(self.small(tmp_path))
        target.server.faults.drop_prepare_answer = 1
        family = target.family()
        with refused(Kind.NO_NETWORK):
            self.run(family.submit(target.connection, order, silent, no_seal))
        self.run(family.submit(target.connection, order, silent, no_seal))
        assert len(target.server.runs) == 2
        assert target.jobs_at_server() == ["study.abc"]

    def test_a_start_that_was_not_answered_is_never_made_twice(
        self, target: TeaspoonsTarget, tmp_path: Path
    ) -> None:
        """Neither by the same family nor by one that knows nothing of the first try."""
        order = self.order(self.small(tmp_path))
        target.cut_answer()
        family = target.family()
        with refused(Kind.NO_NETWORK):
            self.run(family.submit(target.connection, order, silent, no_seal))
        first = self.run(family.submit(target.connection, order, silent, no_seal))
        again = self.run(target.family().submit(target.connection, order, silent, no_seal))
        assert first == again
        assert target.jobs_at_server() == ["study.abc"]

    # Following.

    def test_the_list_goes_over_pages(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        target.server.faults.page_size = 2
        order = self.order(self.small(tmp_path))
        names = [f"study.{number}" for number in range(5)]
        for name in names:
            named = order.model_copy(update={"remote_name": name})
            self.run(target.family().submit(target.connection, named, silent, no_seal))
        found = self.run(target.family().jobs(target.connection))
        assert sorted(job.name for job in found) == names
        assert target.list_requests() == 3

    def test_it_is_not_asked_sooner_than_it_wants(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        time_now = 1000.0
        family = Teaspoons(looker=Looker(Pace(), sleep=_at_once), monotonic=lambda: time_now)
        order = self.order(self.small(tmp_path))
        run_id = self.run(family.submit(target.connection, order, silent, no_seal))
        target.server.faults.retry_after_s = 600
        for _ in range(3):
            assert self.run(family.job(target.connection, run_id)).state is JobState.RUNNING
        assert target.server.paths("GET", "/api/pipelineruns/v3/result/") == 1
        time_now += 601
        target.server.finish(run_id, {})
        assert self.run(family.job(target.connection, run_id)).state is JobState.SUCCESS

    def test_a_run_that_failed(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        run_id = self.submit(target, tmp_path)
        target.server.fail(run_id, "Input quality check failed", "chr1 has no header line")
        job = self.run(target.family().job(target.connection, run_id))
        assert job.state is JobState.FAILED
        errors = [m.text for step in job.steps for m in step.messages if m.kind is MessageKind.ERROR]
        assert errors == ["Input quality check failed chr1 has no header line"]

    def test_the_result_is_kept_for_14_days(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        run_id = self.submit(target, tmp_path)
        target.finish(run_id, {"a.vcf.gz": b"x"})
        job = self.run(target.family().job(target.connection, run_id))
        assert job.expires is not None
        assert job.ended is not None
        assert job.expires - job.ended == timedelta(days=14)
        run = target.server.runs[run_id]
        assert run.updated is not None
        run.updated -= timedelta(days=15)
        (line,) = self.run(target.family().jobs(target.connection))
        assert line.state is JobState.EXPIRED

    def test_it_cannot_cancel_and_says_why(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        run_id = self.submit(target, tmp_path)
        for ask in (target.family().cancel, target.family().restart):
            with refused(Kind.REFUSED) as problem:
                self.run(ask(target.connection, run_id))
            assert "cannot" in problem().what_happened

    # Downloads.

    def test_a_cut_download_goes_on_with_a_fresh_address(
        self, target: TeaspoonsTarget, tmp_path: Path
    ) -> None:
        content = bytes(range(256)) * 12_000
        found = self.finished(target, tmp_path, {"a.vcf.gz": content})["a.vcf.gz"]
        target.server.faults.cut_downloads_at = [2_000_000]
        family, got = target.family(), bytearray()

        async def cut() -> SecretStr | None:
            async with family.download(target.connection, found, 0, None) as (download, resume):
                with refused(Kind.NO_NETWORK):
                    async for piece in download.chunks():
                        got.extend(piece)
                return resume

        resume = self.run(cut())
        assert resume is not None
        target.server.lapse()
        rest, _, offset, total = self.run(fetch(family, target.connection, found, len(got), resume))
        assert (offset, total) == (len(got), len(content))
        assert bytes(got) + rest == content
        assert target.server.paths("GET", "/api/pipelineruns/v2/result/") == 2

    def test_the_store_tells_the_md5(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        found = self.finished(target, tmp_path, {"a.vcf.gz": b"abc"})["a.vcf.gz"]

        async def md5() -> str | None:
            async with target.family().download(target.connection, found, 0, None) as (download, _):
                return download.md5

        assert self.run(md5()) == "900150983cd24fb0d6963f7d28e17f72"

    def test_a_file_that_was_replaced_is_fetched_from_its_start(
        self, target: TeaspoonsTarget, tmp_path: Path
    ) -> None:
        found = self.finished(target, tmp_path, {"a.vcf.gz": b"x" * 5000})["a.vcf.gz"]
        family = target.family()
        _, resume, _, _ = self.run(fetch(family, target.connection, found))
        path = next(path for path in target.server.objects if path.endswith("output0"))
        target.server.objects[path] = b"y" * 5000
        data, _, offset, _ = self.run(fetch(family, target.connection, found, 1000, resume))
        assert (data, offset) == (b"y" * 5000, 0)

    def test_results_that_are_gone(self, target: TeaspoonsTarget, tmp_path: Path) -> None:
        found = self.finished(target, tmp_path, {"a.vcf.gz": b"x"})["a.vcf.gz"]
        run = next(iter(target.server.runs.values()))
        assert run.updated is not None
        run.updated -= timedelta(days=15)
        with refused(Kind.NOT_FOUND):
            self.run(fetch(target.family(), target.connection, found))
