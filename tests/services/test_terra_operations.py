"""A job at Terra from the sign-in to the verified result, with a real OpenID provider and a strict server."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.changes import Noun
from app.domain.clock import FixedClock
from app.domain.finding import BuildGuess, CheckReport, Finding, Severity
from app.domain.job import JobState
from app.domain.problem import Kind, ProblemError
from app.domain.service import Limits
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.change_service import remove_service
from app.operations.check_services import check_services
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job
from app.operations.fetch_results import fetch_results
from app.operations.kept_uploads import tidy_uploads
from app.operations.keyring_vault import KeyringVault
from app.operations.preflight import preflight, preview
from app.operations.send_job import send_job
from app.operations.sign_in import OpenSignIn, begin_sign_in, finish_sign_in, sign_in, sign_out
from app.operations.submit_job import submit_job
from app.operations.sync_panels import sync_panels
from app.operations.visit_jobs import visit_jobs
from app.services.registry import Registry
from app.services.teaspoons import Teaspoons, submitting
from app.store import datasets, notices, results
from app.store.secrets import MemorySecrets
from app.store.store import Store
from app.transport.client import Looker
from app.transport.code_listener import free_port
from app.transport.limits import Pace
from tests.helpers.desk_fixtures import QuickDesk, only_job, pass_check
from tests.helpers.imputed_files import dose_text, site_lines
from tests.helpers.oidc_server import OidcServer
from tests.helpers.teaspoons_server import TeaspoonsServer
from tests.services.family_contract import refused

HOUR = timedelta(hours=1)
SERVICE = "terra"


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcServer]:
    with OidcServer() as server:
        yield server


@pytest.fixture
def server(provider: OidcServer) -> Iterator[TeaspoonsServer]:
    with TeaspoonsServer(provider.user_of) as running:
        yield running


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime.now(UTC))


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    secrets = MemorySecrets()
    looker, vault = Looker(Pace(), sleep=_at_once), KeyringVault(secrets)
    family = Teaspoons(looker=looker, clock=clock, sleep=_at_once, vault=vault)
    with Store.open(tmp_path / "haplodesk.db") as store:
        yield QuickDesk(tmp_path, store, secrets, Registry((family,)), clock=clock)


async def _at_once(_: float) -> None:
    """No waiting between attempts."""


@pytest.fixture
def terra(desk: Desk, provider: OidcServer, server: TeaspoonsServer) -> str:
    """The service, added and not signed in to."""
    setup = provider.setup(oidc_redirect=f"http://localhost:{free_port()}")
    asyncio.run(add_service(desk, "Terra", server.base_url, "teaspoons", setup=setup))
    asyncio.run(desk.update_service(SERVICE, limits=Limits(min_poll_s=0.02, retention_days=14)))
    return SERVICE


async def go_through(desk: Desk, provider: OidcServer, button: str = "allow") -> OpenSignIn:
    """Begin a sign-in and let the browser do its part."""
    opened = await begin_sign_in(desk, SERVICE)
    address = await asyncio.to_thread(provider.visit, opened.url, "ann@example.org", button)
    await asyncio.to_thread(provider.look, address)
    return opened


@pytest.fixture
def signed_in(desk: Desk, provider: OidcServer, terra: str) -> str:
    """The service, signed in to."""

    async def whole() -> None:
        await finish_sign_in(desk, await go_through(desk, provider))
        await sync_panels(desk, (terra,))

    asyncio.run(whole())
    return terra


def test_the_browser_signs_in(desk: Desk, signed_in: str) -> None:
    service = asyncio.run(desk.service(signed_in))
    assert (service.token.present, service.token.valid) == (True, True)
    assert service.token.username == "ann@example.org"
    assert service.token.expires is None, "it is renewed by itself, so no end is to be warned of"
    assert {app.id for app in service.apps} >= {"array_imputation@1", "array_imputation@2"}
    assert any("2,500 samples" in fact.value for fact in service.facts)


def test_a_pasted_code(desk: Desk, provider: OidcServer, terra: str) -> None:
    """The code alone, or the whole address; one of another sign-in is refused."""

    async def paste(shape: Callable[[str], str]) -> None:
        opened = await begin_sign_in(desk, terra, paste=True)
        assert opened.by_pasting
        address = await asyncio.to_thread(provider.visit, opened.url)
        await finish_sign_in(desk, opened, SecretStr(shape(address)))

    asyncio.run(paste(lambda address: address))
    asyncio.run(paste(lambda address: f"  {address.partition('code=')[2].partition('&')[0]}\n"))
    with refused(Kind.SIGN_IN):
        asyncio.run(paste(lambda _: "https://x.example.org/?code=abc&state=other"))
    assert asyncio.run(desk.service(terra)).token.valid


def test_a_refusal_changes_nothing(desk: Desk, provider: OidcServer, signed_in: str) -> None:
    before = asyncio.run(desk.connection(asyncio.run(desk.service(signed_in)))).token

    async def no() -> None:
        opened = await go_through(desk, provider, "deny")
        await finish_sign_in(desk, opened)

    with refused(Kind.SIGN_IN):
        asyncio.run(no())
    service = asyncio.run(desk.service(signed_in))
    assert service.token.valid
    assert asyncio.run(desk.connection(service)).token == before


def test_an_account_that_the_service_does_not_know(
    desk: Desk, provider: OidcServer, server: TeaspoonsServer, terra: str
) -> None:
    server.faults.unregistered = True

    async def attempt() -> None:
        await finish_sign_in(desk, await go_through(desk, provider))

    with refused(Kind.SIGN_IN) as problem:
        asyncio.run(attempt())
    assert "Register" in problem().what_you_can_do
    assert asyncio.run(desk.connection(asyncio.run(desk.service(terra)))).token is None


def test_the_whole_way_in_one_call(desk: Desk, provider: OidcServer, terra: str) -> None:
    visits: list[asyncio.Task[None]] = []

    async def whole() -> None:
        loop = asyncio.get_running_loop()

        def show(url: str) -> None:
            visits.append(loop.create_task(asyncio.to_thread(_look_through, provider, url)))

        await sign_in(desk, terra, show)
        await asyncio.gather(*visits)

    asyncio.run(whole())
    assert asyncio.run(desk.service(terra)).token.valid


def _look_through(provider: OidcServer, url: str) -> None:
    provider.look(provider.visit(url))


def test_tokens_are_renewed_once_for_all_who_need_them(
    desk: Desk, clock: FixedClock, provider: OidcServer, signed_in: str
) -> None:
    service = asyncio.run(desk.service(signed_in))
    before = asyncio.run(desk.connection(service)).token
    clock.advance((HOUR - timedelta(seconds=30)).total_seconds())
    counted = provider.tell("counts")["refreshes"]

    async def many() -> set[str]:
        found = await asyncio.gather(*(desk.connection(service) for _ in range(5)))
        return {each.token.get_secret_value() for each in found if each.token is not None}

    tokens = asyncio.run(many())
    assert len(tokens) == 1
    assert before is not None
    assert before.get_secret_value() not in tokens
    assert provider.tell("counts")["refreshes"] == counted + 1


def test_a_refused_renewal_is_told_and_jobs_wait(
    desk: Desk,
    clock: FixedClock,
    provider: OidcServer,
    server: TeaspoonsServer,
    signed_in: str,
    draft: JobDraft,
) -> None:
    server.faults.store_busy = 1
    asyncio.run(submit_job(desk, draft))
    assert asyncio.run(only_job(desk)).state is JobState.WAITING
    provider.tell("revoke")
    clock.advance(2 * HOUR.total_seconds())
    job_id = asyncio.run(only_job(desk)).id
    with refused(Kind.SIGN_IN):
        asyncio.run(send_job(desk, job_id))
    assert asyncio.run(only_job(desk)).state is JobState.WAITING
    service = asyncio.run(desk.service(signed_in))
    assert service.token.valid is False
    asyncio.run(check_services(desk, (signed_in,)))
    told = asyncio.run(desk.store.read(notices.recent))
    assert [n.title for n in told].count("Sign in to Terra again") == 1
    clock.advance(-2 * HOUR.total_seconds())  # the provider's clock has not gone on

    async def again() -> None:
        await finish_sign_in(desk, await go_through(desk, provider))
        await send_job(desk, job_id)

    asyncio.run(again())
    assert asyncio.run(only_job(desk)).state is JobState.SUBMITTED


@pytest.mark.parametrize("where", ["visit", "send"])
def test_a_token_that_is_refused_before_its_end_is_renewed(
    desk: Desk, clock: FixedClock, server: TeaspoonsServer, draft: JobDraft, where: str
) -> None:
    """A provider may change its keys: nobody has to sign in for that."""
    if where == "visit":
        asyncio.run(submit_job(desk, draft))
    else:
        server.faults.store_busy = 1
        asyncio.run(submit_job(desk, draft))
        assert asyncio.run(only_job(desk)).state is JobState.WAITING
    first = asyncio.run(desk.secret("token:terra"))
    assert first is not None
    accepts = server.accepts
    server.accepts = lambda token: None if token == first.get_secret_value() else accepts(token)
    clock.advance(60)
    for _ in range(2):  # the first is refused
        with contextlib.suppress(ProblemError):
            if where == "visit":
                asyncio.run(visit_jobs(desk, SERVICE))
            else:
                asyncio.run(send_job(desk, asyncio.run(only_job(desk)).id))
        clock.advance(60)
    job = asyncio.run(only_job(desk))
    assert job.state is (JobState.RUNNING if where == "visit" else JobState.SUBMITTED)
    assert asyncio.run(desk.secret("token:terra")) != first
    assert asyncio.run(desk.service(SERVICE)).token.valid


def test_signing_out(desk: Desk, signed_in: str) -> None:
    asyncio.run(sign_out(desk, signed_in))
    service = asyncio.run(desk.service(signed_in))
    assert not service.token.present
    assert asyncio.run(desk.connection(service)).token is None


@pytest.fixture
def draft(desk: Desk, signed_in: str, tmp_path: Path) -> JobDraft:
    """A job that can be sent."""
    path = tmp_path / "cohort.vcf.gz"
    path.write_bytes(b"not looked at")
    dataset_id = asyncio.run(add_dataset(desk, (path,))).ids(Noun.DATASET)[0]
    asyncio.run(pass_check(desk, dataset_id, report(600)))
    form = asyncio.run(desk.family(asyncio.run(desk.service(signed_in))).form(
        asyncio.run(desk.connection(asyncio.run(desk.service(signed_in)))), "array_imputation@2"
    ))  # fmt: skip
    terms = form.parameter("agreeToTerms")
    assert terms is not None
    return JobDraft(
        name="My cohort",
        dataset_id=dataset_id,
        service_id=signed_in,
        app_id="array_imputation@2",
        panel_id="array_imputation",
        options={"minDr2ForInclusion": "0.3"},
        terms={"agreeToTerms": terms.label},
    )


def report(samples: int) -> CheckReport:
    return CheckReport(accepted=True, stage="ok", samples=samples, snps=1000)


def vcf() -> bytes:
    """As the service gives it: imputed, and not called so by its name."""
    return gzip.compress(dose_text(site_lines("chr20", 50)))


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


def kept_in(desk: Desk) -> list[str]:
    """The names of what lies in the keyring."""
    assert isinstance(desk.secrets, MemorySecrets)
    return sorted(desk.secrets._kept)


@pytest.fixture
def half_sent(desk: Desk, server: TeaspoonsServer, draft: JobDraft, monkeypatch: pytest.MonkeyPatch) -> str:
    """A job whose upload broke off; its session lies in the keyring."""
    monkeypatch.setattr(submitting, "IN_ONE_PIECE", 4)
    server.faults.cut_uploads_at = [6, *[0] * 6]
    asyncio.run(submit_job(desk, draft))
    job = asyncio.run(only_job(desk))
    assert job.state is JobState.WAITING
    assert f"upload:{SERVICE}:{job.remote_name}" in kept_in(desk)
    return job.id


@pytest.mark.parametrize("why", ["lapsed", "cancelled", "signed out", "service removed", "sent"])
def test_no_address_of_an_upload_stays_longer_than_it_is_of_use(
    desk: Desk, clock: FixedClock, half_sent: str, why: str
) -> None:
    asyncio.run(tidy_uploads(desk))
    assert any(name.startswith("upload:") for name in kept_in(desk))  # it can still go on
    if why == "lapsed":
        clock.advance(6 * 24 * HOUR.total_seconds())
        asyncio.run(tidy_uploads(desk))
        assert asyncio.run(only_job(desk)).state is JobState.WAITING
    elif why == "signed out":
        asyncio.run(sign_out(desk, SERVICE))
        assert kept_in(desk) == []
    elif why == "sent":
        clock.advance(60)
        asyncio.run(send_job(desk, half_sent))
        assert asyncio.run(only_job(desk)).state is JobState.SUBMITTED
    else:
        asyncio.run(cancel_job(desk, half_sent))
        if why == "service removed":
            asyncio.run(remove_service(desk, SERVICE))
            assert kept_in(desk) == []
    assert not any(name.startswith("upload:") for name in kept_in(desk))


def test_a_run_whose_start_was_not_answered_keeps_no_upload(
    desk: Desk, clock: FixedClock, server: TeaspoonsServer, half_sent: str
) -> None:
    """It is found in the list of the service and never sent again: nothing else would forget its upload."""
    server.faults.drop_start_answer = 1
    clock.advance(60)
    asyncio.run(send_job(desk, half_sent))
    clock.advance(60)
    asyncio.run(send_job(desk, half_sent))
    assert asyncio.run(only_job(desk)).state is JobState.SUBMITTED
    assert len(server.runs) == 1
    assert not any(name.startswith("upload:") for name in kept_in(desk))
