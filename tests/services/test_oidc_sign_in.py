"""Signing in at a real OpenID provider (Authlib), its pages followed as a browser does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from app.domain.clock import FixedClock
from app.domain.problem import Kind
from app.services.abilities import SignInPage, Tokens
from app.services.contract import Connection
from app.services.oidc_sign_in import OpenIdSignIn
from app.transport.client import Looker
from app.transport.code_listener import free_port, listening
from app.transport.limits import Pace
from tests.helpers.oidc_server import PASTE_PAGE, OidcServer
from tests.services.family_contract import refused


class Family(OpenIdSignIn):
    """Nothing but the ability."""

    def __init__(self, now: datetime | None = None) -> None:
        self._looker = Looker(Pace())
        self._clock = FixedClock(now or datetime.now(UTC))


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcServer]:
    with OidcServer() as server:
        yield server


def connection(provider: OidcServer, **more: str) -> Connection:
    return Connection(service_id="terra", base_url="https://terra.example.org", setup=provider.setup(**more))


async def begin(provider: OidcServer, redirect: str = PASTE_PAGE) -> SignInPage:
    return await Family().sign_in_page(connection(provider), redirect)


def code_in(address: str) -> SecretStr:
    return SecretStr(parse_qs(urlsplit(address).query)["code"][0])


async def signed_in(provider: OidcServer) -> Tokens:
    page = await begin(provider)
    return await Family().redeem(connection(provider), page, code_in(provider.visit(page.url)))


def test_a_code_becomes_tokens(provider: OidcServer) -> None:
    """The provider demands PKCE, and the extra parameters of the settings."""
    tokens = asyncio.run(signed_in(provider))
    assert provider.user_of(tokens.access.get_secret_value()) == "ann@example.org"
    assert tokens.refresh is not None
    assert tokens.expires is not None
    assert tokens.expires > datetime.now(UTC) + timedelta(minutes=50)
    assert tokens.access.get_secret_value() not in repr(tokens)


def test_the_verifier_must_fit(provider: OidcServer) -> None:
    async def attempt() -> None:
        page = await begin(provider)
        code = code_in(provider.visit(page.url))
        other = page.model_copy(update={"verifier": SecretStr("x" * 64)})
        with refused(Kind.SIGN_IN):
            await Family().redeem(connection(provider), other, code)

    asyncio.run(attempt())


@pytest.mark.parametrize(
    ("claim", "value", "says"),
    [
        ("nonce", "stolen", "another sign-in"),
        ("iss", "evil", "somebody else"),
        ("aud", "other", "another program"),
    ],
)
def test_an_id_token_that_does_not_fit(provider: OidcServer, claim: str, value: str, says: str) -> None:
    provider.tell(f"fault-{claim}-{value}")
    try:
        with refused(Kind.SIGN_IN) as problem:
            asyncio.run(signed_in(provider))
    finally:
        provider.tell("mend")
    assert says in problem().what_happened


def test_an_id_token_that_has_ended(provider: OidcServer) -> None:
    async def late() -> None:
        page = await begin(provider)
        code = code_in(provider.visit(page.url))
        later = Family(datetime.now(UTC) + timedelta(hours=3))
        with refused(Kind.SIGN_IN) as problem:
            await later.redeem(connection(provider), page, code)
        assert "clock" in problem().what_happened

    asyncio.run(late())


def test_renewing_turns_the_refresh_token_over(provider: OidcServer) -> None:
    """The old one is refused then, as providers do that look for stolen ones."""

    async def renew() -> None:
        first = await signed_in(provider)
        assert first.refresh is not None
        second = await Family().renew(connection(provider), first.refresh)
        assert second.refresh != first.refresh
        assert provider.user_of(second.access.get_secret_value()) == "ann@example.org"
        with refused(Kind.SIGN_IN):
            await Family().renew(connection(provider), first.refresh)

    asyncio.run(renew())


def test_the_browser_brings_the_code(provider: OidcServer) -> None:
    async def whole_way() -> SecretStr:
        redirect = f"http://localhost:{free_port()}"
        page = await begin(provider, redirect)
        async with listening(redirect, page.state) as listener:
            address = await asyncio.to_thread(provider.visit, page.url)
            assert address.startswith(redirect)
            answer = await asyncio.to_thread(provider.look, address)
            assert (answer.status_code, "Signed in" in answer.text) == (200, True)
            code = await listener.code()
        return (await Family().redeem(connection(provider), page, code)).access

    assert provider.user_of(asyncio.run(whole_way()).get_secret_value()) == "ann@example.org"


def test_the_person_says_no(provider: OidcServer) -> None:
    async def no() -> None:
        redirect = f"http://localhost:{free_port()}"
        page = await begin(provider, redirect)
        async with listening(redirect, page.state) as listener:
            address = await asyncio.to_thread(provider.visit, page.url, "ann", "deny")
            await asyncio.to_thread(provider.look, address)
            with refused(Kind.SIGN_IN):
                await listener.code()

    asyncio.run(no())


def test_only_the_right_visit_counts(provider: OidcServer) -> None:
    async def visits() -> None:
        redirect = f"http://localhost:{free_port()}"
        async with listening(redirect, "right") as listener:
            for address, host, status in (
                (redirect + "/favicon.ico", "", 404),
                (redirect + "/?code=stolen&state=wrong", "", 400),
                (redirect + "/?code=stolen", "", 400),
                (redirect + "/?code=stolen&state=right", "evil.example.org", 404),
                (redirect + "/?code=good&state=right", "", 200),
                (redirect + "/?code=late&state=right", "", 200),
            ):
                assert (await asyncio.to_thread(provider.look, address, host)).status_code == status
            assert (await listener.code()).get_secret_value() == "good"

    asyncio.run(visits())


def test_a_port_that_is_taken() -> None:
    async def taken() -> None:
        redirect = f"http://localhost:{free_port()}"
        async with listening(redirect, "one"):
            with refused(Kind.REFUSED):
                async with listening(redirect, "two"):
                    pass

    asyncio.run(taken())


def test_redirects(provider: OidcServer) -> None:
    any_port = Family().redirects(connection(provider))
    assert any_port[0] == "http://localhost:10444"
    assert any_port[1].startswith("http://localhost:")
    assert any_port[2] == PASTE_PAGE
    one_port = Family().redirects(connection(provider, oidc_any_port=""))
    assert one_port == ("http://localhost:10444", PASTE_PAGE)


def test_what_is_not_set_up(provider: OidcServer) -> None:
    with refused(Kind.INPUT) as problem:
        asyncio.run(Family().sign_in_page(connection(provider, oidc_client_id=""), PASTE_PAGE))
    assert "oidc_client_id" in problem().what_happened
    with refused(Kind.INPUT):
        wrong = connection(provider, oidc_discovery=provider.base_url + "/nothing")
        asyncio.run(Family().sign_in_page(wrong, PASTE_PAGE))
