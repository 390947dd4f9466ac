"""JSON Web Tokens as Cloudgene makes them: HS256 with a secret of the server.

Source: `cloudgene.md` 1.1. Generation 3 tells the expiry as `exp` in seconds, generation 2 as `expire`
in milliseconds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import string
from typing import Any

from app.practice.settings import Mode, ServerText

DAY_MS = 86_400_000
_LETTERS = string.ascii_letters + string.digits


def new_hash() -> str:
    """The 30 letters by which a server knows the one active token of a user."""
    return "".join(secrets.choice(_LETTERS) for _ in range(30))


def make_token(
    secret: bytes, mode: Mode, text: ServerText, api_hash: str, now_ms: int, expires_ms: int
) -> str:
    """A signed API token of the mode's generation."""
    claims: dict[str, Any] = {
        "username": text.username,
        "name": text.full_name,
        "mail": text.mail,
        "api_hash": api_hash,
        "api": True,
    }
    if mode is Mode.CG2:
        return _sign({"cty": "text/plain", "alg": "HS256"}, {**claims, "expire": expires_ms}, secret)
    now = now_ms // 1000
    standard = {"sub": text.username, "nbf": now, "iat": now, "exp": expires_ms // 1000, "iss": "cloudgene"}
    return _sign({"alg": "HS256"}, {**standard, "token_type": "API_TOKEN", **claims}, secret)


def read_token(token: str, secret: bytes) -> dict[str, Any] | None:
    """The claims of a token with a good signature, else None. The expiry is not looked at."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    expected = _mac(f"{parts[0]}.{parts[1]}", secret)
    if not hmac.compare_digest(expected.encode(), parts[2].encode("utf-8", "replace")):
        return None
    try:
        claims = json.loads(_unbase64(parts[1]))
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None


def expiry_ms(claims: dict[str, Any]) -> int:
    """When a token ends, in milliseconds since the epoch; 0 when it does not say."""
    if "exp" in claims:
        return int(claims["exp"]) * 1000
    return int(claims.get("expire", 0))


def _sign(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    body = f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(claims).encode())}"
    return f"{body}.{_mac(body, secret)}"


def _mac(text: str, secret: bytes) -> str:
    return _base64(hmac.new(secret, text.encode("utf-8", "replace"), hashlib.sha256).digest())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
