"""Samples: which are left out, what they are called, and in which batch they go."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.repair import RepairCode as R
from app.genotypes.cohort import MISSING
from app.genotypes.people.heterozygosity import outliers
from app.genotypes.people.kinship import MIN_WINDOWS, windows
from app.genotypes.people.structure import beyond_structure, components
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.genotype_rows import Tally, read_block, recount, tally
from app.genotypes.repair.study import MT, X, Y

DUPLICATE = 0.98
"""Share of equal genotypes that makes two samples one person; parent and child reach about 0.8."""
_SITES_TO_COMPARE = 2_400
_LEAST_SITES = 100
_ENOUGH_PEOPLE = 20
_BAND = 24  # sites
_WORST_SITE = 0.2
"""Share of missing calls beyond which a site says nothing about samples."""
_MOST_LOST = 0.2
_RISKY = re.compile(r"[^A-Za-z0-9._+-]")
_COLUMNS = frozenset({"#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "0"})


def people(draft: Draft) -> None:
    """Leave out samples that were named, were hardly called, stand twice or would cost a chunk."""
    names = np.array([name in draft.choices.drop_samples for name in draft.study.samples], bool)
    draft.offer_samples(R.DROP_SAMPLES, names, optional=False, why="You named them.")
    rows = np.flatnonzero(draft.alive & (draft.counts[:, MISSING] <= _WORST_SITE * len(draft.lost)))
    if len(rows):
        _by_calls(draft, rows)
    if not draft.kept.all():
        recount(draft)


def _by_calls(draft: Draft, rows: Rows) -> None:
    chunk = (
        draft.chromosome[rows].astype(np.int64) << 32 | (draft.position[rows] - 1) // draft.target.chunk_size
    )
    chunks, group = np.unique(chunk, return_inverse=True)
    counted = tally(draft, rows, group, len(chunks))
    missing = counted.missing.sum(axis=0)
    low = draft.kept & (1 - missing / len(rows) < draft.choices.sample_call_rate)
    why = f"Fewer than {draft.choices.sample_call_rate:.0%} of the sites were called."
    _offer_loss(draft, R.DROP_SAMPLES_CALL_RATE, low, why)
    twice = duplicate_samples(draft, missing)
    _offer_loss(draft, R.DROP_SAMPLES_DUPLICATE, twice, "The one with more calls stays.")
    _unusual(draft, counted, ~np.isin(chunks >> 32, (X, Y, MT)))
    if draft.target.for_service:
        lowest = draft.target.chunk_call_rate
        guilty = (counted.missing > (1 - lowest) * counted.rows[:, None]).any(axis=0)
        why = f"In at least one chunk fewer than {lowest:.0%} of their sites were called."
        _offer_loss(draft, R.DROP_SAMPLES_CHUNK, guilty & draft.kept, why)


def duplicate_samples(draft: Draft, missing: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Samples that are the same person as one with more calls; of common, well called autosomal sites."""
    result = np.zeros(len(draft.lost), bool)
    everyone = np.flatnonzero(draft.kept)
    rows = _informative(draft)
    spread = windows(draft.chromosome[rows], draft.position[rows])
    if len(rows) < _LEAST_SITES or spread < MIN_WINDOWS or len(everyone) < 2:
        return result
    codes = read_block(draft, rows, everyone).genotypes
    person = list(range(len(everyone)))  # the first column of each person
    for one, other in sorted(_alike(codes)):
        if _same_person(codes[:, one], codes[:, other]):
            first, second = person[one], person[other]
            person = [first if each == second else each for each in person]
    order = np.argsort(missing[everyone], kind="stable")
    _, best = np.unique(np.array(person)[order], return_index=True)
    result[everyone] = True
    result[everyone[order[best]]] = False
    return result


def _same_person(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    both = (one != MISSING) & (other != MISSING)
    return int((both & (one == other)).sum()) >= DUPLICATE * max(int(both.sum()), _LEAST_SITES)


def _alike(codes: NDArray[np.uint8]) -> set[tuple[int, int]]:
    """Pairs of columns that are equal in at least one band of sites: all true duplicates are among them.

    Comparing all pairs would take memory and time by the square of the number of people. Of one person twice,
    with two calls in a hundred that differ or are missing, a band of 24 is equal in two of five; of two
    people practically never.
    """
    pairs: set[tuple[int, int]] = set()
    weights = np.uint64(4) ** np.arange(_BAND, dtype=np.uint64)
    for at in range(0, len(codes) - _BAND + 1, _BAND):
        keys = weights @ codes[at : at + _BAND].astype(np.uint64)
        order = np.argsort(keys, kind="stable")
        same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
        ends = order[same + 1].tolist()
        pairs.update((min(a, b), max(a, b)) for a, b in zip(order[same].tolist(), ends, strict=True))
    return pairs


def _informative(draft: Draft) -> Rows:
    rows = np.flatnonzero(draft.alive & ~np.isin(draft.chromosome, (X, Y, MT)))
    frequency = draft.alt_frequency(rows)
    called = draft.counts[rows, MISSING] <= 0.1 * len(draft.study.samples)
    rows = rows[called & (np.minimum(frequency, 1 - frequency) > 0.1)]
    chosen: Rows = rows[:: max(1, len(rows) // _SITES_TO_COMPARE)][:_SITES_TO_COMPARE]
    return chosen


def _unusual(draft: Draft, counted: Tally, autosomal: NDArray[np.bool_]) -> None:
    """Too many or too few heterozygous calls for people of like ancestry, as the check tells it."""
    sites = int(counted.rows[autosomal].sum())
    if sites < _LEAST_SITES or draft.people < _ENOUGH_PEOPLE:
        return
    called = sites - counted.missing[autosomal].sum(axis=0)
    rate = counted.het[autosomal].sum(axis=0) / np.maximum(called, 1)
    f = np.where(draft.kept, 1 - rate / max(float(rate[draft.kept].mean()), 1e-9), np.nan)
    ordered = all(each is None for each in draft.study.columns)
    apart = beyond_structure(f, components(draft.study.cohorts) if ordered else None)
    far = outliers(f if apart is None else apart, None, draft.choices.het_deviations) != 0
    caution = "" if apart is not None else "People of several ancestries in one cohort look like this too."
    draft.offer_samples(R.DROP_SAMPLES_HET, far & draft.kept, proposed=False, caution=caution)


def _offer_loss(draft: Draft, code: R, which: NDArray[np.bool_], why: str) -> None:
    """People are a loss that is proposed only where few go and the service still takes the rest."""
    lost = int((which & draft.kept).sum())
    left = draft.people - lost
    caution = ""
    if left < max(draft.target.least_samples, 1) <= draft.people:
        caution = (
            f"Only {left:,} samples would be left, and the service takes {draft.target.least_samples:,}."
        )
    elif lost > _MOST_LOST * draft.people:
        caution = "So many of the samples would go that the sites are likelier at fault."
    draft.offer_samples(code, which & draft.kept, proposed=not caution, why=why, caution=caution)


def rename(draft: Draft) -> None:
    """Plain names for those that break headers or other programs; a map names results back."""
    new = plain_names(draft.study.samples)
    changed = np.array([one != other for one, other in zip(new, draft.study.samples, strict=True)], bool)
    why = "Blanks, slashes and the like break other programs; two samples of one name are refused."
    if draft.offer_samples(R.RENAME_SAMPLES, changed & draft.kept, loses=False, why=why):
        draft.names = new


def plain_names(names: Sequence[str]) -> list[str]:
    """Names of letters, digits and `._+-`, each once; those that become alike are numbered."""
    taken: set[str] = set()
    last: dict[str, int] = {}
    new: list[str] = []
    for name in names:
        plain = _RISKY.sub("_", name).lstrip("-") or "sample"
        plain = f"{plain}_" if plain in _COLUMNS else plain
        unique, number = plain, last.get(plain, 1)
        while unique in taken:
            number += 1
            unique = f"{plain}_{number}"
        last[plain] = number
        taken.add(unique)
        new.append(unique)
    return new


def batches(draft: Draft) -> None:
    """Batches of equal size below the limit of a service, men and women spread evenly."""
    limit = draft.target.most_samples
    if draft.target.least_samples > draft.people:
        draft.leave(
            "too_few_samples",
            f"The service takes {draft.target.least_samples} samples or more",
            _NOBODY,
            draft.people,
        )
    if not limit or draft.people <= limit:
        return
    count = -(-draft.people // limit)
    why = f"The service takes {limit:,} at a time: {count} batches."
    caution = "Quality figures are per batch; combine them afterwards."
    if draft.offer_samples(R.BATCHES, draft.kept, loses=False, why=why, caution=caution):
        kept = np.flatnonzero(draft.kept)
        dealt = kept[np.argsort(draft.study.sex[kept], kind="stable")]
        draft.batch[dealt] = np.arange(len(dealt)) % count + 1


_NOBODY = np.empty(0, np.intp)


def settle(draft: Draft) -> None:
    """Samples that only some files have are no part of the study; say so."""
    if draft.study.left_out:
        draft.leave(
            "samples_not_in_all_files",
            "Samples that only some of the files have",
            _NOBODY,
            len(draft.study.left_out),
        )
