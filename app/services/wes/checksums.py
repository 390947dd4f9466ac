"""Checksums as CWL and DRS write them, compared while the bytes come. Source: ga4gh.md 5."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

_NAMES = {"sha1": "sha1", "sha-1": "sha1", "md5": "md5", "sha256": "sha256", "sha-256": "sha256"}
_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64}
_STRONGEST = ("sha256", "sha1", "md5")


def told_checksum(text: str) -> tuple[str, str] | None:
    """Kind and hexadecimal value of `sha1$…`; None for what cannot be compared."""
    kind, _, value = text.partition("$")
    return _checked(kind, value)


def of_drs(listed: Any) -> tuple[str, str] | None:
    """The strongest of a list of `{type, checksum}`."""
    pairs = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    found = dict(
        each
        for pair in pairs
        if (each := _checked(str(pair.get("type")), str(pair.get("checksum")))) is not None
    )
    return next(((kind, found[kind]) for kind in _STRONGEST if kind in found), None)


def _checked(kind: str, value: str) -> tuple[str, str] | None:
    name = _NAMES.get(kind.strip().lower())
    low = value.strip().lower()
    if name is None or len(low) != _LENGTHS[name] or any(letter not in "0123456789abcdef" for letter in low):
        return None
    return name, low


class Tally:
    """Counts and hashes what came; `wrong` says in a phrase what does not fit, once all is there."""

    def __init__(self, size: int | None, checksum: tuple[str, str] | None) -> None:
        self._size = size
        self._checksum = checksum
        self._count = 0
        self._hash = hashlib.new(checksum[0], usedforsecurity=False) if checksum else None

    def add(self, piece: bytes) -> None:
        """More bytes."""
        self._count += len(piece)
        if self._hash is not None:
            self._hash.update(piece)

    def wrong(self) -> str | None:
        """What does not fit; None when all does."""
        if self._size is not None and self._count != self._size:
            return f"{self._count:,} bytes came, and the service counts {self._size:,}"
        if self._hash is None or self._checksum is None or self._hash.hexdigest() == self._checksum[1]:
            return None
        return f"its {self._checksum[0].upper()} is not the one that the service tells"
