"""INFO of one ALT allele of a record that has several, by what the header says that values stand for.

As `bcftools norm -m -any`: of Number=A the value of the allele, of Number=R that of REF and its own, of
Number=G those of the three genotypes of REF and the allele. What has another number of values stays whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

_ATTRIBUTE = re.compile(r'[<,](\w+)=("(?:[^"\\]|\\.)*"|[^,>]*)')


def numbers_by_key(header: Sequence[str]) -> Mapping[bytes, str]:
    """Keys of INFO whose values are by allele or genotype, with the letter that says how."""
    return _numbers(tuple(line for line in header if line.startswith("##INFO=")))


@lru_cache(maxsize=8)
def _numbers(header: tuple[str, ...]) -> Mapping[bytes, str]:
    found: dict[bytes, str] = {}
    for line in header:
        told = dict(_ATTRIBUTE.findall(line))
        if told.get("Number") in ("A", "R", "G") and "ID" in told:
            found.setdefault(told["ID"].encode(), told["Number"])
    return found


def info_of_alt(info: bytes, alt: int, alts: int, numbers: Mapping[bytes, str]) -> bytes:
    """INFO of an ALT allele, from 0 on, of a record with `alts` of them."""
    if alts < 2 or not numbers:
        return info
    return b";".join(_part(part, alt, alts, numbers) for part in info.split(b";"))


def _part(part: bytes, alt: int, alts: int, numbers: Mapping[bytes, str]) -> bytes:
    key, equals, value = part.partition(b"=")
    number = numbers.get(key)
    if number is None or not equals:
        return part
    values, own = value.split(b","), alt + 1
    places = {
        "A": (alts, (alt,)),
        "R": (alts + 1, (0, own)),
        "G": ((alts + 1) * (alts + 2) // 2, (0, own * (own + 1) // 2, own * (own + 3) // 2)),
    }
    expected, taken = places[number]
    if len(values) != expected:
        return part
    return key + b"=" + b",".join(values[place] for place in taken)
