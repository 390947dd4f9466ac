"""Damages of lines of a .bim that leave the set readable; several of them in one file."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.damage.plan import Damaged, Expected
from tests.helpers.small_study import Study, bed

_Change = Callable[[list[str], list[str]], Expected]
"""Changes the words of a line; gets those of the line before too."""


def _place(words: list[str]) -> str:
    return f"{words[0]}:{int(words[3]):,}"


def _zero_position(words: list[str], before: list[str]) -> Expected:
    words[3] = "0"
    return Expected(("position.zero",), _place(words))


def _same_alleles(words: list[str], before: list[str]) -> Expected:
    words[4] = words[5]
    return Expected(("allele.same",), _place(words))


def _lower_case(words: list[str], before: list[str]) -> Expected:
    words[4], words[5] = words[4].lower(), words[5].lower()
    return Expected(("allele.lower_case",), _place(words))


def _insertion(words: list[str], before: list[str]) -> Expected:
    words[4], words[5] = "I", "D"
    return Expected(("allele.invalid",), _place(words))


def _strange_letter(words: list[str], before: list[str]) -> Expected:
    words[4] = "N"
    return Expected(("allele.invalid",), _place(words))


def _same_site(words: list[str], before: list[str]) -> Expected:
    words[3:] = before[3:]
    return Expected(("site.duplicate",), _place(words))


def _exchanged(words: list[str], before: list[str]) -> Expected:
    words[3:] = [before[3], before[5], before[4]]
    return Expected(("site.same_position",), _place(words))


def _far_away(words: list[str], before: list[str]) -> Expected:
    words[3] = "260000000"
    return Expected(("position.beyond_end",), _place(words))


def _foreign_chromosome(words: list[str], before: list[str]) -> Expected:
    words[0] = "77"
    return Expected(("chromosome.unknown",), "77")


CHANGES: dict[str, _Change] = {
    "position zero": _zero_position,
    "same alleles": _same_alleles,
    "lower case": _lower_case,
    "I and D": _insertion,
    "N": _strange_letter,
    "same site": _same_site,
    "alleles exchanged": _exchanged,
    "beyond the end": _far_away,
    "foreign chromosome": _foreign_chromosome,
}


def spoiled_bim(study: Study, names: list[str], draw: Random) -> Damaged:
    """A PLINK 1 set in which some lines of the list of variants are changed."""
    files = bed(study)
    lines = [line.split() for line in files["study.bim"].decode().splitlines()]
    chosen = draw.sample(range(2, len(lines) - 1, 4), len(names))
    expected = tuple(CHANGES[name](lines[at], lines[at - 1]) for name, at in zip(names, chosen, strict=True))
    files["study.bim"] = ("\n".join("\t".join(words) for words in lines) + "\n").encode()
    return Damaged("several in a bim: " + ", ".join(names), files, expected, ("study.bed",))
