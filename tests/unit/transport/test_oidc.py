"""What can be said of OpenID Connect without a provider: addresses, refusals, odd answers."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import cast
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from app.domain.problem import Kind, ProblemError
from app.transport.client import Looker, Question
from app.transport.limits import Pace
from app.transport.oidc import Attempt, Client, Grant, Provider, claims, discover, ends, page_url, renew
from app.transport.reply import Reply
from tests.unit.transport.scripted import Call, scripted

PLAIN = "http://p.example.org/"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
CLIENT = Client("https://p.example.org", "ours", ("openid",), {"prompt": "login", "state": "never"})


async def _at_once(_: float) -> None:
    """No waiting between attempts."""


def looker() -> Looker:
    return Looker(Pace(sleep=_at_once), sleep=_at_once)


def jwt(told: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()
    return f"e30.{body}.x"


def test_the_address_of_the_page() -> None:
    """What the provider has in its address stays, and nobody's parameter takes the place of ours."""
    provider = Provider("https://p", "https://p.example.org/a?p=policy&state=old", "https://p.example.org/t")
    attempt = Attempt("st", "no", SecretStr("verifier"))
    told = parse_qs(urlsplit(page_url(provider, CLIENT, "http://localhost:1", attempt)).query)
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).rstrip(b"=").decode()
    assert told == {
        "p": ["policy"],
        "prompt": ["login"],
        "response_type": ["code"],
        "client_id": ["ours"],
        "redirect_uri": ["http://localhost:1"],
        "scope": ["openid"],
        "state": ["st"],
        "nonce": ["no"],
        "code_challenge": [digest],
        "code_challenge_method": ["S256"],
    }


def test_attempts_are_never_alike() -> None:
    one, other = Attempt.new(), Attempt.new()
    assert len({one.state, one.nonce, other.state, other.nonce}) == 4
    assert len(one.verifier.get_secret_value()) >= 43, "RFC 7636, 4.1"
    assert one.verifier.get_secret_value() not in repr(one)


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (200, {"issuer": "x"}, Kind.INPUT),
        (200, [], Kind.INPUT),
        (404, {}, Kind.INPUT),
        (500, {}, Kind.BUSY),
        (200, {"issuer": "x", "authorization_endpoint": PLAIN, "token_endpoint": "https://p"}, Kind.REFUSED),
    ],
)
def test_discovery_that_does_not_do(status: int, answer: object, kind: Kind) -> None:
    with (
        scripted(lambda call: call.json(answer, status)) as server,
        pytest.raises(ProblemError) as caught,
    ):
        asyncio.run(discover(looker(), server.url))
    assert caught.value.problem.kind is kind


def test_discovery_without_encryption_is_refused() -> None:
    with pytest.raises(ProblemError) as caught:
        asyncio.run(discover(looker(), "http://p.example.org/.well-known/openid-configuration"))
    assert caught.value.problem.kind is Kind.REFUSED


def renewed(status: int, answer: object) -> Grant:
    def script(call: Call) -> None:
        assert parse_qs(call.body().decode())["client_id"] == ["ours"]
        call.json(answer, status)

    with scripted(script) as server:
        provider = Provider("https://p", server.url, server.url)
        return asyncio.run(renew(looker(), provider, CLIENT, SecretStr("old"), NOW))


def test_renewing() -> None:
    grant = renewed(200, {"access_token": "a", "expires_in": "3600"})
    assert grant.refresh == SecretStr("old")
    assert grant.expires == NOW + timedelta(hours=1)
    told = renewed(200, {"access_token": jwt({"exp": NOW.timestamp()}), "refresh_token": "new"})
    assert (told.refresh, told.expires) == (SecretStr("new"), NOW)
    assert renewed(200, {"access_token": "opaque"}).expires is None


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (400, {"error": "invalid_grant", "error_description": "Revoked\r\n<b>now</b>"}, Kind.SIGN_IN),
        (401, {"error": "invalid_client"}, Kind.SIGN_IN),
        (429, {"error": "slow_down"}, Kind.BUSY),
        (503, {"error": "server_error"}, Kind.BUSY),
        (400, {"message": "a page of a proxy"}, Kind.BUSY),
        (200, {"access_token": 5}, Kind.BUSY),
        (200, [], Kind.BUSY),
    ],
)
def test_renewing_that_fails(status: int, answer: object, kind: Kind) -> None:
    """Only OAuth's own refusal ends a sign-in; whatever may pass is tried again."""
    with pytest.raises(ProblemError) as caught:
        renewed(status, answer)
    assert caught.value.problem.kind is kind
    assert "\n" not in caught.value.problem.what_happened
    assert "<b>" not in caught.value.problem.what_happened


@pytest.mark.parametrize("token", ["", "a.b", "a.!.c", "a.W10.c", "é.é.é", "a.e30.c.d"])
def test_tokens_that_cannot_be_read(token: str) -> None:
    assert claims(token) == {}


@pytest.mark.parametrize("value", [None, True, "soon", 1e300, float("nan")])
def test_ends_that_make_no_sense(value: object) -> None:
    assert ends({"exp": value}) is None


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1:9/token", "https://localhost:9/token", "file://localhost/x", "calc://localhost"],
)
@pytest.mark.parametrize("which", ["authorization_endpoint", "token_endpoint"])
def test_a_far_provider_names_no_program_of_this_computer(which: str, endpoint: str) -> None:
    """Neither is the browser sent to one, nor do the code and the refresh token go to one."""

    class Told:
        async def ask(self, question: Question) -> Reply:
            told = {"issuer": "https://p.example.org"}
            told |= {name: "https://p.example.org/x" for name in ("authorization_endpoint", "token_endpoint")}
            body = json.dumps({**told, which: endpoint}).encode()
            return Reply(200, {"content-type": "application/json"}, body)

    with pytest.raises(ProblemError) as caught:
        asyncio.run(discover(cast(Looker, Told()), "https://p.example.org/.well-known/openid-configuration"))
    assert caught.value.problem.kind is Kind.REFUSED
