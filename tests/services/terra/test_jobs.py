"""A job at Terra from the draft to the verified result, and what is told before one is sent."""

from __future__ import annotations

import asyncio
import gzip
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.clock import FixedClock
from app.domain.finding import BuildGuess, Finding, Severity
from app.domain.job import JobState
from app.domain.problem import Kind
from app.operations.add_dataset import add_dataset
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job
from app.operations.fetch_results import fetch_results
from app.operations.preflight import preflight, preview
from app.operations.sign_in import sign_out
from app.operations.submit_job import submit_job
from app.operations.visit_jobs import visit_jobs
from app.store import datasets, results
from app.transport.code_listener import free_port
from tests.helpers.desk_fixtures import only_job, pass_check
from tests.helpers.oidc_server import OidcServer
from tests.helpers.teaspoons_server import TeaspoonsServer
from tests.services.family_contract import refused
from tests.services.terra.conftest import HOUR, SERVICE, report, vcf


def test_from_the_draft_to_the_verified_result(
    desk: Desk, clock: FixedClock, server: TeaspoonsServer, signed_in: str, draft: JobDraft
) -> None:
    """The download is cut and its address lapses on the way; the token is renewed meanwhile."""
    asyncio.run(submit_job(desk, draft))
    job = asyncio.run(only_job(desk))
    assert job.state is JobState.SUBMITTED
    assert job.remote_id is not None
    assert server.uploaded(job.remote_id) == b"not looked at"
    clock.advance(2 * HOUR.total_seconds())
    asyncio.run(visit_jobs(desk, signed_in))
    assert asyncio.run(only_job(desk)).state is JobState.RUNNING
    files = {"vcf": ("out.vcf.gz", vcf()), "chunks": ("out.chunks.tsv", b"chunk\tok\n" * 300_000)}
    server.finish(job.remote_id, files)
    clock.advance(60)
    asyncio.run(visit_jobs(desk, signed_in))
    job = asyncio.run(only_job(desk))
    assert job.state is JobState.SUCCESS
    assert job.expires is not None
    assert job.ended is not None
    assert job.expires - job.ended == timedelta(days=14)
    server.faults.cut_downloads_at = [1_500_000]
    changes = asyncio.run(fetch_results(desk, job.id))
    result = asyncio.run(desk.store.read(lambda c: results.result(c, changes.ids(Noun.RESULT)[0])))
    assert result is not None
    assert {Path(f.path).name for f in result.files} == {"out.vcf.gz", "out.chunks.tsv"}
    assert {f.verified_by for f in result.files} == {"MD5"}
    with gzip.open(Path(result.folder) / "out.vcf.gz") as came:  # it is packed anew where it was not BGZF
        assert came.read() == gzip.decompress(vcf())
    assert server.paths("GET", "/bucket/", "store") == 3
    assert result.quality is not None
    assert (result.quality.samples, result.quality.variants) == (12, 50)


def test_a_result_with_another_checksum_is_refused(
    desk: Desk, clock: FixedClock, server: TeaspoonsServer, signed_in: str, draft: JobDraft
) -> None:
    asyncio.run(submit_job(desk, draft))
    job = asyncio.run(only_job(desk))
    server.finish(job.remote_id or "", {"vcf": ("out.vcf.gz", vcf())})
    clock.advance(60)
    asyncio.run(visit_jobs(desk, signed_in))
    server.faults.wrong_md5 = True
    with refused(Kind.INPUT, Kind.NO_NETWORK, Kind.BUSY, Kind.REFUSED):
        asyncio.run(fetch_results(desk, job.id))
    assert not asyncio.run(only_job(desk)).is_fetched


@pytest.mark.parametrize(
    ("samples", "used", "stops", "says"),
    [
        (600, 0, False, ""),
        (600, 2000, True, "500 samples are left"),
        (120, 0, False, "at least 500"),
        (120, 2300, True, "200 samples are left"),
        (10_001, 0, True, "10,000"),
    ],
)
def test_the_quota_is_looked_at_before_anything_is_sent(
    desk: Desk, server: TeaspoonsServer, draft: JobDraft, samples: int, used: int, stops: bool, says: str
) -> None:
    server.used["array_imputation"] = used
    server.limits["array_imputation"] = (20_000 if samples > 10_000 else 2500, 500, 10_000)
    asyncio.run(pass_check(desk, draft.dataset_id, report(samples)))
    found = asyncio.run(preflight(desk, draft))
    told = " ".join(o.problem.sentence() for o in (*found.obstacles, *found.cautions))
    assert says in told
    assert bool(found.obstacles) == stops
    assert found.quota is not None
    assert found.quota.used == used


def test_files_of_another_build_are_not_sent(desk: Desk, draft: JobDraft) -> None:
    """They would be read at wrong places, and charged all the same; the service does not lift over."""
    for build, stops in (("GRCh37", True), ("GRCh38", False), (None, False)):
        seen = report(600).model_copy(update={"build": BuildGuess(value=build, confidence=1.0)})
        asyncio.run(pass_check(desk, draft.dataset_id, seen))
        for look in (preflight, preview):
            found = [each.problem.title for each in asyncio.run(look(desk, draft)).obstacles]
            assert ("The build does not fit" in found) == stops, (build, look)


def test_files_of_a_chromosome_each_are_joined(
    desk: Desk, clock: FixedClock, server: TeaspoonsServer, draft: JobDraft, tmp_path: Path
) -> None:
    """It is told beforehand; the joined file is a dataset, and is taken again for the next job."""
    paths = tuple(tmp_path / f"study.chr{n}.vcf.gz" for n in (20, 3))
    for path in paths:
        path.write_bytes(gzip.compress(gzip.decompress(vcf()).replace(b"chr20", path.name[6:-7].encode())))
    dataset_id = asyncio.run(add_dataset(desk, paths)).ids(Noun.DATASET)[0]
    asyncio.run(pass_check(desk, dataset_id, report(600)))
    several = draft.model_copy(update={"dataset_id": dataset_id})
    found = asyncio.run(preflight(desk, several))
    assert (found.obstacles, [o.problem.title for o in found.cautions]) == ((), ["The files are joined"])
    clock.advance(600)
    asyncio.run(submit_job(desk, several))
    job = asyncio.run(only_job(desk))
    assert job.state is JobState.SUBMITTED
    lines = gzip.decompress(server.uploaded(job.remote_id or "")).splitlines()
    assert [line.split(b"\t")[0] for line in lines if line[:1] != b"#"] == [b"chr3"] * 50 + [b"chr20"] * 50
    before = asyncio.run(desk.store.read(datasets.datasets))
    assert job.dataset_id in {each.id for each in before if each.made_from == dataset_id}
    asyncio.run(submit_job(desk, several))
    assert len(asyncio.run(desk.store.read(datasets.datasets))) == len(before)


def test_a_run_cannot_be_cancelled(desk: Desk, signed_in: str, draft: JobDraft) -> None:
    """The reason is told, and nothing is written down as if it had been."""
    asyncio.run(submit_job(desk, draft))
    job_id = asyncio.run(only_job(desk)).id
    with refused(Kind.REFUSED) as problem:
        asyncio.run(cancel_job(desk, job_id))
    assert "cannot stop" in problem().what_happened
    assert not asyncio.run(only_job(desk)).cancel_wanted


def test_who_is_not_signed_in_is_told_where_to(desk: Desk, draft: JobDraft, signed_in: str) -> None:
    asyncio.run(sign_out(desk, signed_in))
    found = asyncio.run(preflight(desk, draft))
    assert any("Sign in" in o.problem.what_you_can_do for o in found.obstacles)
    assert {o.field for o in found.obstacles} == {"token"}


def test_a_provider_that_is_away_ends_no_sign_in(
    desk: Desk, clock: FixedClock, provider: OidcServer, signed_in: str
) -> None:
    """A token is used as long as it is good; then all waits for the network, and nobody signs in anew."""
    nowhere = provider.setup(oidc_discovery=f"http://127.0.0.1:{free_port()}/nothing")
    asyncio.run(desk.update_service(signed_in, setup=nowhere))
    service = asyncio.run(desk.service(signed_in))
    clock.advance((HOUR - timedelta(seconds=30)).total_seconds())
    assert asyncio.run(desk.connection(service)).token is not None
    clock.advance(60)
    with refused(Kind.NO_NETWORK) as problem:
        asyncio.run(desk.connection(service))
    assert problem().retry
    assert asyncio.run(desk.connection(service, renew=False)).token is not None
    assert asyncio.run(desk.service(signed_in)).token.valid
    asyncio.run(desk.update_service(signed_in, setup=provider.setup()))
    back = asyncio.run(desk.connection(asyncio.run(desk.service(signed_in))))
    assert provider.user_of(back.token.get_secret_value() if back.token else "") == "ann@example.org"


def test_no_secret_is_in_the_store_or_the_log(
    desk: Desk, clock: FixedClock, server: TeaspoonsServer, draft: JobDraft, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither tokens nor signed addresses nor the address of an upload session."""
    caplog.set_level("DEBUG")
    asyncio.run(submit_job(desk, draft))
    job = asyncio.run(only_job(desk))
    server.finish(job.remote_id or "", {"tsv": ("out.chunks.tsv", b"chunk\tok\n")})
    clock.advance(60)
    asyncio.run(visit_jobs(desk, SERVICE))
    asyncio.run(fetch_results(desk, job.id))
    token = asyncio.run(desk.connection(asyncio.run(desk.service(SERVICE)))).token
    record = asyncio.run(desk.sign_ins.record(SERVICE))
    assert token is not None
    assert record is not None
    assert record.refresh is not None
    secrets = [token.get_secret_value(), record.refresh.get_secret_value(), *server.grants, *server.sessions]
    database = b"".join(path.read_bytes() for path in desk.home.glob("haplodesk.db*"))
    for secret in secrets:
        assert secret not in caplog.text
        assert secret.encode() not in database


def test_several_chromosomes_in_a_file_are_what_it_wants(desk: Desk, draft: JobDraft) -> None:
    finding = Finding(
        code="chromosome.several", severity=Severity.SEVERE, title="Several chromosomes in a file", detail=""
    )
    seen = report(600).model_copy(update={"accepted": False, "findings": (finding,)})
    asyncio.run(pass_check(desk, draft.dataset_id, seen))
    assert asyncio.run(preflight(desk, draft)).obstacles == ()
    other = finding.model_copy(update={"code": "order.unsorted"})
    asyncio.run(pass_check(desk, draft.dataset_id, seen.model_copy(update={"findings": (other,)})))
    assert [o.field for o in asyncio.run(preflight(desk, draft)).obstacles] == ["dataset"]
