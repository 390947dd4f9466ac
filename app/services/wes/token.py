"""What is known of a token, or of a service that needs none."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from app.domain.service import TokenInfo
from app.services.contract import Connection
from app.services.wes.problems import message_of, refuse_failure, status_of
from app.services.wes.setup import auth_headers
from app.transport.reply import Reply

NONE_NEEDED = "This service asks for no token."


def token_info(connection: Connection, reply: Reply, at: datetime) -> TokenInfo:
    """What the answer to a request for the list of runs says of the token."""
    signed = bool(auth_headers(connection))
    if status_of(reply) in {401, 403}:
        if not signed:
            return TokenInfo(detail="This service wants a token.", checked=at)
        return TokenInfo(present=True, valid=False, detail=message_of(reply), checked=at)
    refuse_failure(reply)
    if not signed:
        return TokenInfo(present=True, valid=True, detail=NONE_NEEDED, checked=at)
    assert connection.token is not None
    secret = connection.token.get_secret_value().strip()
    return TokenInfo(present=True, valid=True, expires=expiry(secret), username=username(secret), checked=at)


def claims(token: str) -> dict[str, Any]:
    """The payload of a JWT, empty when it is none. It is read, never verified."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        raw = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        found = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def expiry(token: str) -> datetime | None:
    """When a token ends, where it says so."""
    value = claims(token).get("exp")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def username(token: str) -> str | None:
    """Who it belongs to: of a JWT, or of a name with a password."""
    found = claims(token)
    for name in ("preferred_username", "username", "email", "sub"):
        value = found.get(name)
        if isinstance(value, str) and value:
            return value
    return token.partition(":")[0] or None if ":" in token else None
