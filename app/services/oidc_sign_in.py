"""Signing in by OpenID Connect, for any family whose services want it; a family's class inherits it.

What a provider wants to know stands in `Connection.setup`, as the preset or the institution gave it; there is
no secret among it: oidc_discovery, oidc_client_id, oidc_scopes ({client_id} is filled in), oidc_extra (as the
query of an address), oidc_redirect (on loopback), oidc_any_port (“yes” where the provider takes each port),
oidc_paste_page (a page that shows the code).
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from pydantic import SecretStr

from app.domain.clock import Clock
from app.domain.problem import Kind, problem
from app.services.abilities import SignInPage, Tokens
from app.services.border import border, last_border
from app.services.contract import Connection
from app.transport.address import is_loopback, origin
from app.transport.client import Looker
from app.transport.code_listener import free_port
from app.transport.oidc import Attempt, Client, Grant, Provider, discover, page_url, redeem, renew

T = TypeVar("T")
DISCOVERY, CLIENT_ID = "oidc_discovery", "oidc_client_id"
SCOPES, EXTRA = "oidc_scopes", "oidc_extra"
REDIRECT, ANY_PORT, PASTE_PAGE = "oidc_redirect", "oidc_any_port", "oidc_paste_page"
USUAL_SCOPES = "openid offline_access email profile"
USUAL_REDIRECT = "http://localhost:10444"


class OpenIdSignIn:
    """The ability `SignsIn`."""

    _looker: Looker
    _clock: Clock

    def redirects(self, connection: Connection) -> tuple[str, ...]:
        """See `abilities.SignsIn`."""
        setup = connection.setup
        first = setup.get(REDIRECT) or USUAL_REDIRECT
        found = [first]
        if setup.get(ANY_PORT, "").lower() in {"yes", "true", "1"}:
            parts = urlsplit(first)
            found.append(parts._replace(netloc=f"{parts.hostname}:{free_port()}").geturl())
        local = [url for url in found if is_loopback(url)]
        page = setup.get(PASTE_PAGE, "")
        return (*local, page) if page else tuple(local)

    async def sign_in_page(self, connection: Connection, redirect: str) -> SignInPage:
        """See `abilities.SignsIn`."""
        client = client_of(connection)
        provider = await self._provider(client)
        attempt = Attempt.new()
        return SignInPage(
            url=page_url(provider, client, redirect, attempt),
            state=attempt.state,
            redirect=redirect,
            verifier=attempt.verifier,
            nonce=attempt.nonce,
        )

    async def redeem(self, connection: Connection, page: SignInPage, code: SecretStr) -> Tokens:
        """See `abilities.SignsIn`."""
        client = client_of(connection)
        provider = await self._provider(client)
        attempt = Attempt(page.state, page.nonce, page.verifier)
        now = self._clock.now()
        asked = redeem(self._looker, provider, client, page.redirect, attempt, code, now)
        return _tokens(await _bordered(asked, client))

    async def renew(self, connection: Connection, refresh: SecretStr) -> Tokens:
        """See `abilities.SignsIn`."""
        client = client_of(connection)
        provider = await self._provider(client)
        asked = renew(self._looker, provider, client, refresh, self._clock.now())
        return _tokens(await _bordered(asked, client))

    async def _provider(self, client: Client) -> Provider:
        return await _bordered(discover(self._looker, client.discovery), client)


async def _bordered(asked: Awaitable[T], client: Client) -> T:
    with last_border(), border(origin(client.discovery)):
        return await asked


def client_of(connection: Connection) -> Client:
    """How the program is known to the provider; ProblemError (input) when nobody said it."""
    setup = connection.setup
    missing = [name for name in (DISCOVERY, CLIENT_ID) if not setup.get(name)]
    if missing:
        raise problem(
            Kind.INPUT,
            "Signing in is not set up for this service",
            f"Nobody told {' and '.join(missing)}: by it the service knows this program",
            "Ask your institution or the operator of the service for the client id, and enter it",
            subject=connection.service_id,
        )
    client_id = setup[CLIENT_ID]
    scopes = (setup.get(SCOPES) or USUAL_SCOPES).replace("{client_id}", client_id).split()
    extra = dict(parse_qsl(setup.get(EXTRA, "")))
    return Client(setup[DISCOVERY], client_id, tuple(scopes), extra)


def _tokens(grant: Grant) -> Tokens:
    return Tokens(access=grant.access, refresh=grant.refresh, expires=grant.expires)
