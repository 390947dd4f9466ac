"""What Java does otherwise than Python."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from app.genotypes.server.stops import ServerStop

_JAVA_INT = re.compile(r"[+-]?\d+\Z")


def java_int(text: str) -> int:
    """A whole number of 32 bits as `Integer.parseInt` reads it, or its complaint."""
    if not _JAVA_INT.match(text) or not -(2**31) <= int(text) < 2**31:
        raise ServerStop(html.escape(f'For input string: "{text}"'))
    return int(text)


def java_double(value: float) -> str:
    """A number between 0 and 1 as `Double.toString` writes it."""
    if value == 0 or value >= 1e-3:
        return repr(value)
    digits, _, exponent = f"{value!r}".partition("e")
    if exponent:
        return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"
    decimals = digits.split(".")[1]
    shift = len(decimals) - len(decimals.lstrip("0")) + 1
    rest = decimals.lstrip("0")
    return f"{rest[0]}.{rest[1:] or '0'}E-{shift}"


def hash_order(texts: Iterable[str]) -> list[str]:
    """A small set of texts in the order in which a `HashSet` of 16 buckets walks through it."""

    def bucket(text: str) -> int:
        code = 0
        for unit in text:
            code = (31 * code + ord(unit)) & 0xFFFFFFFF
        return (code ^ code >> 16) & 15

    return sorted(texts, key=bucket)
