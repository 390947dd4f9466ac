"""Tokens are read, never verified."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.domain.problem import Kind, ProblemError
from app.services.cloudgene.token import HEADER, claims, expiry, token_headers, username


def jwt(payload: Any) -> str:
    """An unsigned token."""

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'HS256'})}.{part(payload)}.c2lnbmF0dXJl"


def test_both_generations() -> None:
    at = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
    assert expiry(jwt({"exp": int(at.timestamp()), "expire": 1})) == at
    assert expiry(jwt({"expire": int(at.timestamp() * 1000)})) == at
    assert username(jwt({"username": "jd", "sub": "x"})) == "jd"
    assert username(jwt({"sub": "jd"})) == "jd"


@pytest.mark.parametrize(
    "payload", [{}, [], None, "x", {"exp": "soon"}, {"exp": True}, {"exp": 1e300}, {"sub": 3}]
)
def test_odd_payloads(payload: Any) -> None:
    assert expiry(jwt(payload)) is None
    assert username(jwt(payload)) is None


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_expiry_in_seconds_and_milliseconds_agree(seconds: int) -> None:
    wanted = datetime.fromtimestamp(seconds, UTC)
    assert expiry(jwt({"exp": seconds})) == wanted == expiry(jwt({"expire": seconds * 1000}))


@given(
    st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_=-]*\.[A-Za-z0-9_-]*", fullmatch=True))
)
def test_any_text_is_survived(text: str) -> None:
    assert isinstance(claims(text), dict)
    expiry(text)
    username(text)


def test_header() -> None:
    assert token_headers(SecretStr("  abc.def.ghi\n")) == {HEADER: "abc.def.ghi"}


@pytest.mark.parametrize("text", [None, "", "  ", "Bearer abc", "schlüssel", "a\x00b"])
def test_what_is_no_token(text: str | None) -> None:
    with pytest.raises(ProblemError) as caught:
        token_headers(None if text is None else SecretStr(text))
    assert caught.value.problem.kind is Kind.SIGN_IN
    assert not text or not text.strip() or text not in caught.value.problem.sentence()
