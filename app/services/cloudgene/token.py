"""What a token says of itself. It is signed with a secret of the server: read, never verified, here."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from app.domain.problem import Kind, problem

HEADER = "X-Auth-Token"


def claims(token: str) -> dict[str, Any]:
    """The payload of a JWT, empty when it cannot be read."""
    parts = token.strip().split(".")
    if len(parts) != 3:
        return {}
    body = parts[1]
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        found = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def expiry(token: str) -> datetime | None:
    """When a token ends: `exp` in seconds (generation 3), else `expire` in milliseconds (generation 2).

    None when it does not say, or says a time beyond the calendar (made "for ever").
    """
    found = claims(token)
    for name, scale in (("exp", 1.0), ("expire", 1000.0)):
        value = found.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                return datetime.fromtimestamp(value / scale, UTC)
            except (OverflowError, OSError, ValueError):
                return None
    return None


def username(token: str) -> str | None:
    """The user's name in the token."""
    found = claims(token)
    for name in ("username", "sub"):
        value = found.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def token_headers(token: SecretStr | None) -> dict[str, str]:
    """The header that carries the token; raises ProblemError (sign-in) for none or a broken one."""
    text = token.get_secret_value().strip() if token else ""
    if not text:
        raise problem(
            Kind.SIGN_IN,
            "No token",
            "This service needs a token to know who asks",
            "Make one on the profile page of the service and paste it here",
        )
    if not text.isascii() or not text.isprintable() or " " in text:
        raise problem(
            Kind.SIGN_IN,
            "This is not a token",
            "The text holds blanks or characters that no token has",
            "Copy the token again from the profile page of the service",
        )
    return {HEADER: text}
