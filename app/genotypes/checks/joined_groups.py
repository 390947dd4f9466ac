"""Figures and numbers of several groups of people as those of one dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.cohort_summary import AncestryShare, CohortSummary
from app.genotypes.builds import naturally
from app.genotypes.checks.site_lists import MOST
from app.genotypes.figures import Figures

Array = NDArray[Any]

_BY_SAMPLE = ("samples", "sample_call_rate", "sample_het", "het_f", "x_het", "sex_stated", "sex_found", "pcs")
_BY_SITE = ("site_code", "site_file", "site_chromosome", "site_position", "site_here", "site_reference")
_COMPARED = ("chromosome", "position", "here", "reference", "cell")
_NAMES = {"site_code": "site_codes", "site_file": "site_files", "site_chromosome": "site_chromosomes"}


def joined_figures(groups: Sequence[Figures]) -> Figures:
    """The people of all groups one after the other, and the sites of all.

    What is not known for one of the groups is left out where it is a value a sample. A chunk has the fewest
    sites and the least overlap of any group. Lists of sites are thinned to the length that one may have.
    """
    if len(groups) == 1:
        return groups[0]
    result = Figures()
    for name in (*_BY_SAMPLE, "ancestry"):
        setattr(result, name, _in_a_row([getattr(each, name) for each in groups]))
    with_map = next((each for each in groups if len(each.ancestry_labels)), None)
    if with_map is not None:
        for name in ("ancestry_labels", "reference_pcs", "reference_label"):
            setattr(result, name, getattr(with_map, name))
    for name in ("site_call_rate", "frequency", "frequency_plane"):
        known = [getattr(each, name) for each in groups if getattr(each, name).size]
        setattr(result, name, sum(known[1:], known[0]) if known else np.empty(0))
    sources = {str(each.frequency_source) for each in groups if each.frequency_plane.size}
    if sources:
        result.frequency_source = np.array(sources.pop() if len(sources) == 1 else "the references")
    _join_pairs(result, groups)
    _join_chunks(result, groups)
    _join_sites(result, groups)
    return result


def _in_a_row(parts: Sequence[Array]) -> Array:
    """One after the other; nothing where a group has none or another shape."""
    if not all(len(each) for each in parts) or len({each.shape[1:] for each in parts}) > 1:
        return np.empty(0)
    return np.concatenate(parts)


def _join_pairs(result: Figures, groups: Sequence[Figures]) -> None:
    before = np.cumsum([0, *(len(each.samples) for each in groups)])
    some = [(each, int(start)) for each, start in zip(groups, before, strict=False) if len(each.pairs)]
    if some:
        result.pairs = np.concatenate([each.pairs + start for each, start in some])
        result.kinship = np.concatenate([each.kinship for each, _ in some])


def _join_chunks(result: Figures, groups: Sequence[Figures]) -> None:
    ends: dict[tuple[str, int], int] = {}
    for each in groups:
        keys = zip(each.chunk_chromosome.tolist(), each.chunk_start.tolist(), strict=True)
        ends |= dict(zip(keys, each.chunk_end.tolist(), strict=True))
    order = {name: place for place, name in enumerate(naturally({name for name, _ in ends}))}
    keys_of_all = sorted(ends, key=lambda key: (order[key[0]], key[1]))
    if not keys_of_all:
        return
    places = {key: place for place, key in enumerate(keys_of_all)}
    sites = np.full(len(places), np.iinfo(np.int64).max)
    overlap = np.full(len(places), np.nan)
    rates = []
    for each in groups:
        mine = zip(each.chunk_chromosome.tolist(), each.chunk_start.tolist(), strict=True)
        at = np.array([places[key] for key in mine], np.intp)
        sites[at] = np.minimum(sites[at], each.chunk_sites)
        overlap[at] = np.fmin(overlap[at], each.chunk_overlap)
        rate = np.ones((len(places), len(each.samples)), np.float32)
        rate[at] = each.chunk_call_rate
        rates.append(rate)
    result.chunk_chromosome = np.array([name for name, _ in keys_of_all], np.str_)
    result.chunk_start = np.array([start for _, start in keys_of_all], np.int64)
    result.chunk_end = np.array([ends[key] for key in keys_of_all], np.int64)
    result.chunk_sites, result.chunk_overlap = sites, overlap
    result.chunk_call_rate = np.concatenate(rates, axis=1)


def _join_sites(result: Figures, groups: Sequence[Figures]) -> None:
    turned: dict[str, list[Array]] = {}
    for numbers, names in _NAMES.items():
        every = [getattr(each, names).tolist() for each in groups]
        together = list(dict.fromkeys(name for each in every for name in each))
        setattr(result, names, np.array(together, np.str_))
        turned[numbers] = [np.array([together.index(name) for name in each], np.uint16) for each in every]
    shown = _thinned(sum(len(each.site_code) for each in groups))
    for name in _BY_SITE:
        setattr(result, name, _renumbered(groups, name, turned.get(name))[shown])
    shown = _thinned(sum(len(each.compared_position) for each in groups))
    for short in _COMPARED:
        codes = turned["site_chromosome"] if short == "chromosome" else None
        setattr(result, f"compared_{short}", _renumbered(groups, f"compared_{short}", codes)[shown])


def _renumbered(groups: Sequence[Figures], name: str, codes: Sequence[Array] | None) -> Array:
    parts = [getattr(each, name) for each in groups]
    if codes is not None:
        parts = [code[part] for code, part in zip(codes, parts, strict=True)]
    return np.concatenate(parts)


def _thinned(length: int) -> NDArray[np.intp]:
    return np.linspace(0, length - 1, min(length, MOST)).astype(np.intp)


def joined_summary(groups: Sequence[CohortSummary], people: Sequence[int]) -> CohortSummary:
    """Counts of all groups; the call rate is the mean over people."""
    if len(groups) == 1:
        return groups[0]
    rates = [
        (each.call_rate, n) for each, n in zip(groups, people, strict=True) if each.call_rate is not None
    ]
    shares: Counter[str] = Counter()
    for each in groups:
        shares.update({share.label: share.people for share in each.ancestry})
    first = groups[0]
    alike = {name: {getattr(each, name) for each in groups} for name in ("reference", "strand")}
    why = {what: text for each in reversed(groups) for what, text in each.why.items()}
    return first.model_copy(
        update={
            **{name: getattr(first, name) if len(values) == 1 else "" for name, values in alike.items()},
            "formats": tuple(dict.fromkeys(name for each in groups for name in each.formats)),
            "call_rate": sum(rate * n for rate, n in rates) / sum(n for _, n in rates) if rates else None,
            "low_call_samples": sum(each.low_call_samples for each in groups),
            "het_outliers": sum(each.het_outliers for each in groups),
            "sex_conflicts": sum(each.sex_conflicts for each in groups),
            "sex": _summed([each.sex for each in groups]),
            "related": _summed([each.related for each in groups]),
            "ancestry": tuple(AncestryShare(label=name, people=n) for name, n in shares.items()),
            "ancestry_sites": min((each.ancestry_sites for each in groups if each.ancestry), default=0),
            "looks_imputed": any(each.looks_imputed for each in groups),
            "looks_sequenced": any(each.looks_sequenced for each in groups),
            "why": why,
        }
    )


def _summed(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    names = dict.fromkeys(name for each in counts for name in each)
    return {name: sum(each.get(name, 0) for each in counts) for name in names}
