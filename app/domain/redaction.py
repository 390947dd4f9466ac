"""Takes secrets out of text before it reaches a log, a report or a message.

Hidden are: JSON web tokens, authentication headers and cookies, passwords and tokens named as such, the
secret hashes of Cloudgene's download addresses, presigned query strings, passwords within addresses,
names of home folders, and every secret that was registered. `redact` never raises and takes time
proportional to the text.
"""

import html
import json
import os
import re
import threading
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

HIDDEN = "[hidden]"
_SHORTEST = 5
_MOST = 200

_SLASH = r"(?:/|%2[Ff])"
_NAME = r"""(?:(?!%2[Ff])[^/\s"'<>?#,;)\]}])"""
_VALUE = r"""(?:(?!%26|&amp;)[^&\s"'<>,;)\]}])+"""
_QUOTED = r"""\\++"[^"\\\n]*\\++"|"(?:[^"\\\n]|\\++.)*"|'(?:[^'\\\n]|\\++.)*'"""
_BYTES = r"""(?:b(?=["']))?"""
_SEPARATORS = r"""[:=]|%3D|(?<=["']),"""
_LINE = r"""[^"'\r\n]+"""


class _Rule(NamedTuple):
    """A pattern, what replaces it, and words (in small letters) without one of which it cannot match."""

    words: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str = rf"\1{HIDDEN}"


def _named(words: str, separators: str, value: str, key: str = "") -> re.Pattern[str]:
    """`word: value`, `"word": "value"`, `word=value`, `(b'word', b'value')`; group 1 is kept."""
    quote = key or r"""["']?"""
    return re.compile(
        rf"""((?<![A-Za-z0-9])(?:{words})\\{{0,9}}{quote}\s{{0,4}}(?:{separators})\s{{0,4}}{_BYTES})"""
        rf"""(?:{_QUOTED}|b?\[hidden\]|{value})""",
        re.IGNORECASE,
    )


_TOKEN = r"(?:access_|refresh_|auth_|api_|id_)?token"
_SIGNED = (
    r"X-Amz-[A-Za-z-]{1,40}|X-Goog-[A-Za-z-]{1,40}|AWSAccessKeyId|Signature|Expires|Key-Pair-Id|Policy|sig"
)
_HOMES = r"/home/|/Users/|[A-Za-z]:\\{1,9}Users\\{1,9}|[A-Za-z]:/Users/"

_RULES: tuple[_Rule, ...] = (
    _Rule(
        ("eyj",),
        re.compile(
            r"(?:(?<![A-Za-z0-9_-])|(?<=%[0-9A-Fa-f]{2}))eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]+){1,4}\.?"
        ),
        HIDDEN,
    ),
    _Rule(
        ("x-auth-token", "authorization", "cookie"),
        _named("x-auth-token|proxy-authorization|authorization|set-cookie|cookie", _SEPARATORS, _LINE),
    ),
    _Rule(
        ("bearer ", "basic "),
        re.compile(r"\b(Bearer |Basic )\s{0,4}[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE),
    ),
    _Rule(
        ("passw", "passphrase", "pwd", "secret", "key"),
        _named("password|passwd|passphrase|pwd|client_secret|secret_key|api[_-]?key", _SEPARATORS, _VALUE),
    ),
    _Rule(("token",), _named(_TOKEN, "=|%3D", _VALUE)),
    _Rule(("token",), _named(_TOKEN, "[:,]", "(?!)", key="[\"']")),
    _Rule(("x-amz", "x-goog", "sig", "expires", "key", "policy"), _named(_SIGNED, "=|%3D", _VALUE)),
    _Rule(
        ("share",),
        re.compile(rf"({_SLASH}share{_SLASH}results{_SLASH})(?:\[hidden\]|{_NAME}+)", re.IGNORECASE),
    ),
    _Rule(("share",), re.compile(rf"({_SLASH}share{_SLASH}{_NAME}{{1,200}}?{_SLASH})[0-9a-fA-F]{{16,}}")),
    _Rule(
        ("downloads",),
        re.compile(
            rf"({_SLASH}downloads{_SLASH}{_NAME}{{1,200}}?{_SLASH})(?=[A-Za-z_-]{{0,63}}\d)[A-Za-z0-9_-]{{16,}}"
        ),
    ),
    _Rule(("://",), re.compile(r"""(://)[^/\s:@"']{0,200}:[^/\s@"']{1,500}(?=@)""")),
    _Rule(("home", "users"), re.compile(rf"""(?<![A-Za-z0-9])(?:{_HOMES})[^/\\\s"':;,]+"""), "~"),
)


class _Known:
    """The registered secrets, in every spelling, the longest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spellings: dict[str, tuple[str, ...]] = {}
        self.words: tuple[str, ...] = ()

    def add(self, secret: str) -> None:
        with self._lock:
            if secret in self._spellings:
                return
            self._spellings[secret] = _spellings(secret)
            while len(self._spellings) > _MOST:
                del self._spellings[next(iter(self._spellings))]
            words = {word for spelled in self._spellings.values() for word in spelled}
            self.words = tuple(sorted(words, key=len, reverse=True))

    def clear(self) -> None:
        with self._lock:
            self._spellings.clear()
            self.words = ()


_known = _Known()


def _spellings(secret: str) -> tuple[str, ...]:
    plain = secret.encode("utf-8", "replace").decode("utf-8")
    return tuple(
        {
            secret,
            quote(plain, safe=""),
            quote(plain),
            quote_plus(plain),
            html.escape(secret),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            repr(secret)[1:-1],
        }
    )


def register(secret: str | SecretStr) -> None:
    """Hide this very text from now on, in every usual spelling; texts under five characters are ignored."""
    text = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    if len(text) >= _SHORTEST:
        _known.add(text)


def forget_all() -> None:
    """Forget the registered secrets; for tests and after the last window closed."""
    _known.clear()


def redact(text: str) -> str:
    """The text without secrets."""
    for word in _known.words:
        if word in text:
            text = text.replace(word, HIDDEN)
    small = text.lower()
    for rule in _RULES:
        if any(word in small for word in rule.words):
            text = rule.pattern.sub(rule.replacement, text)
    return _without_home(text)


def _without_home(text: str) -> str:
    home = os.path.expanduser("~").rstrip("/\\")
    if len(home) < 3 or home not in text:
        return text
    return re.sub(re.escape(home) + r"(?![A-Za-z0-9_-])", "~", text)
