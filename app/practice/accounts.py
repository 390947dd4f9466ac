"""Who is calling: the one user of the practice server and its one active token (`cloudgene.md` 1)."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from app.practice.context import Context
from app.practice.settings import Mode
from app.practice.tokens import DAY_MS, expiry_ms, make_token, new_hash, read_token


class Caller(StrEnum):
    """What a token makes of its bearer."""

    ANONYMOUS = "anonymous"
    EXPIRED = "expired"
    REVOKED = "revoked"
    USER = "user"


def current_token(context: Context) -> str:
    """The active token; made on first use."""
    kept = context.records.fact(_token_name(context))
    return kept or new_token(context)


def new_token(context: Context, days: float | None = None) -> str:
    """Make a token that lives so many days (negative: it ended already). The old one is dead at once."""
    now = context.clock.now_ms()
    life = context.limits.token_days if days is None else days
    api_hash = new_hash()
    token = make_token(
        context.records.secret(), context.mode, context.text, api_hash, now, now + int(life * DAY_MS)
    )
    context.records.set_fact("api_hash", api_hash)
    context.records.set_fact(_token_name(context), token)
    return token


def revoke_token(context: Context) -> None:
    """Take the active token away."""
    context.records.set_fact("api_hash", "")
    context.records.set_fact(_token_name(context), "")


def caller(context: Context, token: str | None) -> Caller:
    """Look at a token as the server does: signature and expiry first, then the hash."""
    claims = read_token(token or "", context.records.secret())
    if claims is None:
        return Caller.ANONYMOUS
    if context.faults.token == "expired" or expiry_ms(claims) <= context.clock.now_ms():
        return Caller.EXPIRED
    if context.faults.token == "revoked" or claims.get("api_hash") != context.records.fact("api_hash"):
        return Caller.REVOKED
    return Caller.USER


def verification(context: Context, token: str) -> dict[str, Any]:
    """The answer of `POST /api/v2/tokens/verify`, which is always given with status 200."""
    who = caller(context, token)
    claims = read_token(token, context.records.secret()) or {}
    if context.mode is Mode.CG2:
        return _verification_2(context, who, token, claims)
    if who is not Caller.USER:
        blank = dict.fromkeys(("username", "name", "mail"))
        return {
            "valid": False,
            "message": "Invalid API Token.",
            **blank,
            "expire": _iso(context.clock.now_ms()),
        }
    return {
        "valid": True,
        "message": "API Token was created by %s and is valid.",
        **_person(context),
        "expire": _iso(expiry_ms(claims)),
    }


def _verification_2(context: Context, who: Caller, token: str, claims: dict[str, Any]) -> dict[str, Any]:
    expires = expiry_ms(claims)
    if who is Caller.USER:
        said = f"API Token was created by {context.text.username} and is valid until {_day(expires)}."
        return {"valid": True, "message": said, **_person(context), "expire": expires}
    if not token:
        return {"valid": False, "message": "No API Token provided."}
    said = {
        Caller.EXPIRED: f"API Token expired on {_day(expires)}.",
        Caller.REVOKED: "API Token was revoked by user.",
    }.get(who, "API Token is not valid.")
    return {"valid": False, "message": said}


def _person(context: Context) -> dict[str, str]:
    text = context.text
    return {"username": text.username, "name": text.full_name, "mail": text.mail}


def _token_name(context: Context) -> str:
    return "token-2" if context.mode is Mode.CG2 else "token-3"


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
