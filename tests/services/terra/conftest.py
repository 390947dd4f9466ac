"""A real OpenID provider, a strict server of Terra, and a desk with quick work that knows them."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.clock import FixedClock
from app.domain.finding import CheckReport
from app.domain.service import Limits
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.keyring_vault import KeyringVault
from app.operations.sign_in import OpenSignIn, begin_sign_in, finish_sign_in
from app.operations.sync_panels import sync_panels
from app.services.registry import Registry
from app.services.teaspoons import Teaspoons
from app.store.secrets import MemorySecrets
from app.store.store import Store
from app.transport.client import Looker
from app.transport.code_listener import free_port
from app.transport.limits import Pace
from tests.helpers.desk_fixtures import QuickDesk, pass_check
from tests.helpers.imputed_files import dose_text, site_lines
from tests.helpers.oidc_server import OidcServer
from tests.helpers.teaspoons_server import TeaspoonsServer

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
