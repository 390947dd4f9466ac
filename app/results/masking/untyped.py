"""What a result tells by itself of the sites that were not typed: how sure it is, and which of them it has.

Typed sites are no fair sample of those that are wanted: arrays take sites that are common in many populations
and that tell much of their neighbours. A result has figures of its own at all sites, though, so what is known
of its hidden ones can be carried over to the others (Särndal's difference estimator of a sample survey).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from app.genotypes.site_table import OTHER, complemented, letters_code, swapped
from app.results.doses.contract import DoseBatch, SiteKind
from app.results.figures.bins import MAF_COUNT, bin_numbers
from app.results.masking.thinning import distances, weights_of
from app.results.truth.sums import Floats

LISTED_FROM = bin_numbers(np.array([0.01]))[0]
"""The first range of frequency that is listed: what is common by one result may be rarer by another."""
MOST_LISTED = 1 << 19
_MIX = np.uint32(2_654_435_761)  # Knuth's multiplier: spreads positions evenly

_NONE = np.zeros(0, np.uint64)

Key = tuple[str, int]
Rows = NDArray[np.intp]


class Own(IntEnum):
    """Columns: genotypes, dosages x, x², the y² to be expected of them, and sites."""

    N = 0
    X = 1
    XX = 2
    YY = 3
    SITES = 4


class Part(IntEnum):
    """The hidden sites, the untyped ones of which no truth is known, and those as if nothing were hidden."""

    HIDDEN = 0
    UNTYPED = 1
    WHOLE = 2


@dataclass(frozen=True, eq=False)
class Listed:
    """Sites of a chromosome: position, alleles (a number that stands for both) and range of frequency.

    `own` are their sums, [sites, Own], as long as a result is read.
    """

    position: NDArray[np.int64]
    alleles: NDArray[np.uint32]
    place: NDArray[np.uint8]
    own: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.position)

    def sample(self, halvings: int) -> Listed:
        """One of 2^halvings sites, by position alone, so that every result keeps the same ones."""
        if halvings == 0:
            return self
        kept = (self.position.astype(np.uint32) * _MIX) >> np.uint32(32 - halvings) == 0
        own = None if self.own is None else self.own[kept]
        return Listed(self.position[kept], self.alleles[kept], self.place[kept], own)


@dataclass(eq=False)
class Untyped:
    """Sums of a result by stretch, [Part, ranges, Own], and the untyped sites it has by chromosome.

    Frequencies are those of its dosages. Lists longer than MOST_LISTED are halved as often as needed.
    `weigh`, at the end, makes the sums of Part.WHOLE.
    """

    window: int
    tables: dict[Key, Floats] = field(default_factory=dict)
    sites: dict[str, list[Listed]] = field(default_factory=dict)
    typed: dict[str, list[NDArray[np.int64]]] = field(default_factory=dict)
    hidden: dict[str, list[NDArray[np.int64]]] = field(default_factory=dict)
    halvings: int = 0
    _listed: int = 0

    def see(self, chromosome: str, batch: DoseBatch, people: Rows, compared: Rows) -> None:
        """Take some records; `compared` are the rows of hidden sites."""
        assert batch.dosage is not None
        dosage = batch.dosage[:, people].astype(np.float64)
        sums, maf = own_sums(dosage)
        hidden = np.zeros(len(batch), bool)
        hidden[compared] = True
        typed = ~hidden & (batch.info.kind & np.uint8(SiteKind.TYPED) > 0)
        untyped = ~hidden & ~typed
        self.typed.setdefault(chromosome, []).append(batch.position[typed])
        self.hidden.setdefault(chromosome, []).append(batch.position[hidden])
        place = np.where(maf > 0, bin_numbers(maf), -1)
        for part, rows in ((Part.HIDDEN, hidden), (Part.UNTYPED, untyped)):
            rows = np.flatnonzero(rows & (place >= 0))
            self._add(chromosome, part, batch.position[rows] // self.window, place[rows], sums[rows])
        self._list(chromosome, batch, np.flatnonzero(untyped & (place >= LISTED_FROM)), place, sums)

    def _add(self, name: str, part: Part, stretch: NDArray[np.int64], place: Rows, sums: Floats) -> None:
        numbers, at = np.unique(stretch, return_inverse=True)
        tables = np.zeros((len(numbers), MAF_COUNT, len(Own)))
        np.add.at(tables, (at, place), sums)
        for number, table in zip(numbers.tolist(), tables, strict=True):
            whole = self.tables.setdefault((name, number), np.zeros((len(Part), MAF_COUNT, len(Own))))
            whole[part] += table

    def weigh(self) -> None:
        """Fill in the sums of Part.WHOLE, once all is seen."""
        lists = whole_lists(self).lists
        known = {name: each for name, each in lists.items() if each.own is not None and len(each)}
        far = {name: self._distances(name, each.position) for name, each in known.items()}
        if not known:
            return
        place = np.concatenate([each.place for each in known.values()])
        left, whole = (np.concatenate([each[k] for each in far.values()]) for k in (0, 1))
        weights = np.ones(len(place))
        for number in range(MAF_COUNT):
            mine = place == number
            weights[mine] = weights_of(left[mine], whole[mine])
        at = 0
        for name, each in known.items():
            assert each.own is not None
            mine_here = weights[at : at + len(each), None]
            at += len(each)
            stretch = each.position // self.window
            self._add(name, Part.WHOLE, stretch, each.place.astype(np.intp), each.own * mine_here)

    def _distances(self, name: str, sites: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """To the typed sites that were left, and to those with the hidden ones."""
        left = np.sort(np.concatenate(self.typed.get(name) or [np.zeros(0, np.int64)]))
        hidden = np.concatenate(self.hidden.get(name) or [np.zeros(0, np.int64)])
        return distances(sites, left), distances(sites, np.sort(np.concatenate([left, hidden])))

    def _list(self, name: str, batch: DoseBatch, rows: Rows, place: Rows, sums: Floats) -> None:
        own = sums[rows].astype(np.float32)
        found = Listed(batch.position[rows], _alleles(batch, rows), place[rows].astype(np.uint8), own)
        self.sites.setdefault(name, []).append(found.sample(self.halvings))
        self._listed += len(self.sites[name][-1])
        while self._listed > MOST_LISTED and self.halvings < 31:
            self.halvings += 1
            for lists in self.sites.values():
                lists[:] = [each.sample(self.halvings) for each in lists]
            self._listed = sum(len(each) for lists in self.sites.values() for each in lists)


def own_sums(dosage: Floats) -> tuple[Floats, Floats]:
    """The sums of each site, [sites, Own], and its frequency of the rarer allele (NaN without genotypes).

    y² is that of genotypes with the same frequency in Hardy-Weinberg equilibrium.
    """
    known = np.isfinite(dosage)
    x = np.where(known, dosage, 0.0)
    many, total = known.sum(axis=1).astype(np.float64), x.sum(axis=1)
    frequency = np.divide(total, 2 * many, out=np.full(len(x), np.nan), where=many > 0)
    squares = many * (2 * frequency * (1 - frequency) + 4 * frequency**2)
    sums = np.stack([many, total, (x * x).sum(axis=1), np.nan_to_num(squares), np.ones(len(x))], axis=1)
    return sums, np.minimum(frequency, 1 - frequency)


def expected_r2(sums: Floats) -> Floats:
    """The r2 to be expected of sums [..., Own] if dosages are what they claim; NaN where nothing varies."""
    n, x, xx, yy = np.moveaxis(sums[..., : Own.SITES], -1, 0)
    spread = n * yy - x * x
    good = spread > 0
    return np.asarray(np.where(good, (n * xx - x * x) / np.where(good, spread, 1.0), np.nan), np.float64)


def _alleles(batch: DoseBatch, rows: Rows) -> NDArray[np.uint32]:
    """The same number whichever of both is REF, and, of single letters, on whichever strand they are: builds
    differ in that."""
    refs, alts = batch.refs[rows], batch.alts[rows]
    plain = letters_code(refs, alts)
    forms = (plain, swapped(plain), complemented(plain), swapped(complemented(plain)))
    code: NDArray[np.uint32] = np.minimum.reduce(forms).astype(np.uint32)
    for at in np.flatnonzero(code == OTHER).tolist():
        code[at] = crc32(b"/".join(sorted((refs.raw(at), alts.raw(at))))) | 0x100
    return code


@dataclass(frozen=True, eq=False)
class Sites:
    """The listed untyped sites of a result by chromosome, after some halvings."""

    lists: dict[str, Listed]
    halvings: int = 0


def whole_lists(untyped: Untyped) -> Sites:
    """The lists of all batches together."""
    whole = {
        name: Listed(
            np.concatenate([each.position for each in lists]),
            np.concatenate([each.alleles for each in lists]),
            np.concatenate([each.place for each in lists]),
            np.concatenate([each.own for each in lists if each.own is not None]),
        )
        for name, lists in untyped.sites.items()
    }
    return Sites(whole, untyped.halvings)


class Cover(IntEnum):
    """Columns: of the sites that trusted results have, how many this one has, and all."""

    THERE = 0
    ALL = 1


def coverage(results: Sequence[Sites], trusted: Sequence[int], window: int) -> list[dict[Key, Floats]]:
    """For each result, by stretch, [ranges, Cover]: which of the sites that trusted results have it has.

    `trusted` are places in `results`, best first; the frequency of a site is that of the first that has it.
    Others are not asked what there is: a panel of other people gives its own variants to everybody.
    """
    halvings = max((each.halvings for each in results), default=0)
    found: list[dict[Key, Floats]] = [{} for _ in results]
    for name in sorted({name for each in results for name in each.lists}):
        lists = [each.lists[name].sample(halvings) if name in each.lists else None for each in results]
        _cover(name, lists, trusted, window, found)
    return found


def _cover(
    name: str,
    lists: Sequence[Listed | None],
    trusted: Sequence[int],
    window: int,
    found: Sequence[dict[Key, Floats]],
) -> None:
    keys = {k: _numbers(each) for k, each in enumerate(lists) if each is not None}
    union = np.unique(np.concatenate([_NONE, *(keys[k] for k in trusted if k in keys)]))
    place = np.zeros(len(union), np.intp)
    for k in reversed(trusted):
        each = lists[k]
        if each is not None:
            place[np.searchsorted(union, keys[k])] = each.place
    numbers, at = np.unique((union >> np.uint64(32)).astype(np.int64) // window, return_inverse=True)
    for k, table in enumerate(found):
        there = np.isin(union, keys[k]) if k in keys else np.zeros(len(union), bool)
        tables = np.zeros((len(numbers), MAF_COUNT, len(Cover)))
        np.add.at(tables[..., Cover.ALL], (at, place), 1.0)
        np.add.at(tables[..., Cover.THERE], (at[there], place[there]), 1.0)
        table.update({(name, number): one for number, one in zip(numbers.tolist(), tables, strict=True)})


def _numbers(listed: Listed) -> NDArray[np.uint64]:
    """Position and alleles in one number."""
    position = listed.position.astype(np.uint64) << np.uint64(32)
    return np.asarray(position | listed.alleles.astype(np.uint64), np.uint64)
