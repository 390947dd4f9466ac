"""OpenID Connect for a program that can keep no secret of its own: authorization code with PKCE.

Sources: OpenID Connect Core 1.0 and Discovery 1.0, RFC 6749, RFC 7636, RFC 8252. The id token comes straight
from the token endpoint over TLS, so its signature need not be checked (Core 3.1.3.7, point 6); who made it,
for whom, until when and for which sign-in is checked. Servers check the access token themselves.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import SecretStr

from app.domain.problem import Kind, ProblemError, problem
from app.domain.redaction import redact
from app.transport.address import refuse_plain_http, refuse_redirect, shown
from app.transport.client import Looker, Question
from app.transport.limits import retry_after_s
from app.transport.reply import Reply

LEEWAY = timedelta(minutes=5)
"""How far the clock of this computer may be off when a time in a token is judged."""
_AGAIN = "Sign in again; if it stays, ask the support of the service"


@dataclass(frozen=True)
class Client:
    """How the program is known to a provider. `extra` goes into the address of the page as it is."""

    discovery: str
    client_id: str
    scopes: tuple[str, ...] = ("openid",)
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Provider:
    """What the discovery document tells."""

    issuer: str
    page: str
    token: str


@dataclass(frozen=True)
class Attempt:
    """The secrets of one sign-in: `state` and `nonce` come back, `verifier` redeems the code."""

    state: str
    nonce: str
    verifier: SecretStr

    @classmethod
    def new(cls) -> Attempt:
        """Fresh ones, of 256 bits each."""
        made = (secrets.token_urlsafe(32), secrets.token_urlsafe(32), SecretStr(secrets.token_urlsafe(48)))
        return cls(*made)


@dataclass(frozen=True)
class Grant:
    """What the token endpoint gave; `expires` is the end of the access token, None when not told."""

    access: SecretStr
    refresh: SecretStr | None
    expires: datetime | None


async def discover(looker: Looker, discovery: str) -> Provider:
    """Read the discovery document. Raises ProblemError, and what `Looker.ask` raises."""
    refuse_plain_http(discovery, allowed=False)
    reply = await looker.ask(Question(discovery))
    told = reply.json if reply.ok else None
    names = ("issuer", "authorization_endpoint", "token_endpoint")
    found = [told.get(name) if isinstance(told, dict) else None for name in names]
    if not all(isinstance(each, str) and each for each in found):
        raise _no_provider(reply, discovery)
    issuer, page, token = (str(each) for each in found)
    for url in (page, token):
        refuse_redirect(discovery, url, allowed=False)
    return Provider(issuer, page, token)


def page_url(provider: Provider, client: Client, redirect: str, attempt: Attempt) -> str:
    """The address of the page on which the person signs in."""
    digest = hashlib.sha256(attempt.verifier.get_secret_value().encode()).digest()
    asked = {
        **client.extra,
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect,
        "scope": " ".join(client.scopes),
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    parts = urlsplit(provider.page)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in asked]
    return parts._replace(query=urlencode([*kept, *asked.items()]), fragment="").geturl()


async def redeem(
    looker: Looker,
    provider: Provider,
    client: Client,
    redirect: str,
    attempt: Attempt,
    code: SecretStr,
    now: datetime,
) -> Grant:
    """Turn the code into tokens; the id token has to belong to this very sign-in."""
    form = {
        "grant_type": "authorization_code",
        "code": code.get_secret_value(),
        "redirect_uri": redirect,
        "code_verifier": attempt.verifier.get_secret_value(),
    }
    told = await _ask(looker, provider, client, form, now)
    id_token = told.get("id_token")
    if isinstance(id_token, str) and id_token:
        _check_id_token(claims(id_token), provider, client, attempt.nonce, now)
    elif "openid" in client.scopes:
        raise _not_ours("It gave no id token")
    return _grant(told, now, None)


async def renew(
    looker: Looker, provider: Provider, client: Client, refresh: SecretStr, now: datetime
) -> Grant:
    """A new access token; the refresh token stays as it was where no newer one is given."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh.get_secret_value()}
    if client.scopes:
        form["scope"] = " ".join(client.scopes)
    return _grant(await _ask(looker, provider, client, form, now), now, refresh)


def claims(token: str) -> dict[str, Any]:
    """The payload of a JWT, unverified; empty when it cannot be read."""
    parts = token.strip().split(".")
    if len(parts) != 3:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def ends(told: Mapping[str, Any]) -> datetime | None:
    """When the token of these claims ends; None when they do not say, or say the impossible."""
    value = told.get("exp")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        return None


async def _ask(
    looker: Looker, provider: Provider, client: Client, form: dict[str, str], now: datetime
) -> dict[str, Any]:
    question = Question(provider.token, form={**form, "client_id": client.client_id}, attempts=1, read_s=30.0)
    reply = await looker.ask(question)
    told = reply.json
    if reply.ok and isinstance(told, dict) and isinstance(told.get("access_token"), str):
        return told
    raise _refused(reply, provider, now)


def _refused(reply: Reply, provider: Provider, now: datetime) -> ProblemError:
    """A refusal in OAuth's own words means a new sign-in; anything else may pass."""
    told = reply.json if isinstance(reply.json, dict) else {}
    word = told.get("error")
    if 400 <= reply.status < 500 and reply.status != 429 and isinstance(word, str):
        said = told.get("error_description")
        text = one_line(said if isinstance(said, str) and said else word)
        return problem(
            Kind.SIGN_IN,
            "The sign-in was not accepted",
            f"The page for signing in said: {text}",
            _AGAIN,
            subject=shown(provider.token),
            details=f"status {reply.status}, {one_line(word)[:60]}",
        )
    return problem(
        Kind.BUSY,
        "The sign-in of the service does not work now",
        f"It answered with status {reply.status} and gave no token",
        "Try again later",
        subject=shown(provider.token),
        details=f"status {reply.status}",
        retry_after_s=retry_after_s(reply.headers, now),
    )


def _grant(told: dict[str, Any], now: datetime, before: SecretStr | None) -> Grant:
    access = str(told["access_token"])
    refresh = told.get("refresh_token")
    lasts = _seconds(told.get("expires_in"))
    return Grant(
        access=SecretStr(access),
        refresh=SecretStr(refresh) if isinstance(refresh, str) and refresh else before,
        expires=now + lasts if lasts is not None else ends(claims(access)),
    )


def _seconds(value: object) -> timedelta | None:
    """Some providers write the number as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return timedelta(seconds=min(max(float(value), 0.0), 366 * 86_400.0))
    except (ValueError, OverflowError):
        return None


def _check_id_token(
    told: Mapping[str, Any], provider: Provider, client: Client, nonce: str, now: datetime
) -> None:
    audience = told.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    until = ends(told)
    if told.get("iss") != provider.issuer:
        raise _not_ours("The id token was made by somebody else")
    if client.client_id not in audiences or told.get("azp", client.client_id) != client.client_id:
        raise _not_ours("The id token is meant for another program")
    if until is None or until + LEEWAY < now:
        raise _not_ours("The id token has ended already; is the clock of this computer right?")
    if not same(str(told.get("nonce", "")), nonce):
        raise _not_ours("The id token belongs to another sign-in")


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, without telling by the time it takes where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def one_line(text: str, longest: int = 300) -> str:
    """What a provider says, plain and without secrets."""
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f\s]+", " ", re.sub(r"<[^<>]*>", " ", text[:4000]))
    return redact(plain).strip()[:longest]


def _not_ours(what: str) -> ProblemError:
    title = "The answer of the sign-in page does not fit"
    return problem(Kind.SIGN_IN, title, what + ". No token was kept", _AGAIN)


def _no_provider(reply: Reply, discovery: str) -> ProblemError:
    busy = reply.status >= 500 or reply.status == 429
    return problem(
        Kind.BUSY if busy else Kind.INPUT,
        "The page for signing in was not found",
        f"{shown(discovery)} answers with status {reply.status} and does not tell how to sign in",
        "Try again later" if busy else "Look at the address for signing in among the settings of the service",
        subject=shown(discovery),
        details=f"status {reply.status}",
    )
