"""Whether two services offer the same panel, by name, build and size: a hint for a person, never a proof."""

from __future__ import annotations

import re

from app.domain.panel import Panel

_ALIASES = (
    (r"haplotype reference consortium", "hrc"),
    (r"(1000|1k) ?genomes?( project)?|1000g|1kgp?", "1000g"),
    (r"phase ?(3|iii)|\bp3\b", "p3"),
    (r"phase ?(1|i)\b|\bp1\b", "p1"),
    (r"hap ?map ?(phase )?(2|ii)\b", "hapmap2"),
    (r"release |version |\br(?=\d)|\bv(?=\d)", ""),
)
_NOISE = re.compile(
    r"\b(reference|panel|the|of|and|in|hg19|hg38|grch37|grch38|b37|b38|build|project|low|deep|coverage|msav|apps)\b"
)


_YEAR = re.compile(r"20\d\d")


def panel_words(name: str) -> frozenset[str]:
    """What tells a panel: known names in one spelling, numbers of versions, other words as they are."""
    text = re.sub(r"[^a-z0-9.]+", " ", name.casefold())
    for pattern, word in _ALIASES:
        text = re.sub(pattern, f" {word} ".replace("  ", " ") if word else "", text)
    return frozenset(w.strip(".") for w in _NOISE.sub(" ", text).split() if w.strip("."))


def same_panel(one: Panel, other: Panel) -> bool:
    """Whether they seem to be the same: the same words, the same build, sizes that do not contradict.

    A year that only one of them names is left out: `HRC r1.1 2016` is `HRC r1.1`.
    """
    words, others = panel_words(one.name), panel_words(other.name)
    odd = words ^ others
    years = odd and (odd <= words or odd <= others) and all(map(_YEAR.fullmatch, odd))
    if one.key == other.key or not words & others or (odd and not years):
        return False
    builds = one.build is not None and one.build == other.build
    sizes = one.samples is None or other.samples is None or one.samples == other.samples
    return builds and sizes
