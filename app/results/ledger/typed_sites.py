"""Where each typed site of one chromosome went: matched one by one, so that the sums are exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.ledger import Loss, Stage
from app.results.ledger.statistics_files import ExcludedChunk, ListedSite

UNEXPLAINED = "No list of the server says why"
TWICE = "The same variant was sent more than once and came back once"
EXAMPLES = 5
_RANK = np.uint64(56)  # above the position: equal sites are told apart by their place among equals
_MOST_EQUAL = 255
Keys = NDArray[np.uint64]
Flags = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TypedFate:
    """What became of the sites that were sent, row by row.

    `stage` is 0 for those lost in quality control, 1 for those lost later, 2 for those kept. `reason` indexes
    `reasons` (words, source, explained) and is -1 for what is kept. `not_sent` are typed sites of the result
    that nobody sent, `listed_not_sent` rows of the server's list that fit no site.
    """

    positions: Places
    stage: NDArray[np.int8]
    reason: NDArray[np.int32]
    reasons: tuple[tuple[str, str, bool], ...]
    not_sent: int
    listed_not_sent: int

    def within(self, start: int | None, end: int | None) -> Flags:
        """The rows of a stretch."""
        if start is None or end is None:
            return np.ones(len(self.positions), bool)
        return (self.positions >= start) & (self.positions <= end)

    def losses(self, rows: Flags, name: str) -> list[Loss]:
        """The losses among some rows, largest first."""
        found = []
        for number, stage in ((0, Stage.ACCEPTED), (1, Stage.TYPED)):
            here = np.flatnonzero(rows & (self.stage == number))
            counts = np.bincount(self.reason[here], minlength=len(self.reasons)).tolist()
            for at in sorted((n for n, count in enumerate(counts) if count), key=lambda n: -counts[n]):
                reason, source, explained = self.reasons[at]
                examples = self.positions[here[self.reason[here] == at]][:EXAMPLES].tolist()
                found.append(
                    Loss(
                        stage=stage,
                        reason=reason,
                        count=counts[at],
                        explained=explained,
                        source=source,
                        examples=tuple(f"{name}:{position}" for position in examples),
                    )
                )
        return found


class _Reasons:
    def __init__(self) -> None:
        self.known: dict[tuple[str, str, bool], int] = {}

    def number(self, reason: str, source: str, explained: bool = True) -> int:
        return self.known.setdefault((reason, source, explained), len(self.known))


def ranked(keys: Keys) -> Keys:
    """Keys that are all different: equal ones get their number among equals."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(keys) else np.empty(0, bool)
    begin = np.maximum.accumulate(np.where(first, np.arange(len(keys)), 0)) if len(keys) else first
    rank = np.minimum(np.arange(len(keys)) - begin, _MOST_EQUAL).astype(np.uint64)
    result = np.empty_like(keys)
    result[order] = ordered | rank << _RANK
    return result


def matched(rows: Keys, wanted: Keys) -> NDArray[np.int64]:
    """For each wanted key the row that has it, -1 where none has; each row is given once."""
    if not len(rows) or not len(wanted):
        return np.full(len(wanted), -1, np.int64)
    mine, theirs = ranked(rows), ranked(wanted)
    order = np.argsort(mine, kind="stable")
    at = np.minimum(np.searchsorted(mine[order], theirs), len(mine) - 1)
    found: NDArray[np.int64] = np.where(mine[order][at] == theirs, order[at], -1)
    return found


def follow(
    sent: Keys,
    excluded: Sequence[ListedSite],
    chunks: Iterable[ExcludedChunk],
    typed_only: Sequence[ListedSite],
    found: Keys,
    *,
    sources: dict[str, str],
    later: str = "",
) -> TypedFate:
    """Follow the sites of a chromosome (their keys) through the lists into the result.

    `found` are the keys of the typed sites of the result. `later` says why sites of the panel may be missing
    after imputation (a filter of the job).
    """
    reasons = _Reasons()
    stage, reason = np.full(len(sent), 2, np.int8), np.full(len(sent), -1, np.int32)
    positions = (sent >> np.uint64(24)).astype(np.int64)
    listed = _excluded(sent, excluded, stage, reason, reasons, sources.get("excluded", ""))
    for chunk in chunks:
        inside = (stage == 2) & (positions >= chunk.start) & (positions <= chunk.end)
        stage[inside] = 0
        reason[inside] = reasons.number(chunk.reason, sources.get("chunks", ""))
    left = np.flatnonzero(stage == 2)
    there, surplus = _found(sent[left], found)
    missing = left[~there]
    stage[missing] = 1
    reason[missing] = _later(sent[missing], typed_only, reasons, sources.get("typed_only", ""), later)
    twice = missing[np.isin(sent[missing], sent[left[there]])]
    reason[twice] = reasons.number(TWICE, "the files that were sent") if len(twice) else -1
    return TypedFate(positions, stage, reason, tuple(reasons.known), surplus, listed)


def _excluded(
    sent: Keys,
    excluded: Sequence[ListedSite],
    stage: NDArray[np.int8],
    reason: NDArray[np.int32],
    reasons: _Reasons,
    source: str,
) -> int:
    """Take out the sites of the list; how many of it were never sent."""
    wanted = np.array([each.key for each in excluded], np.uint64)
    rows = matched(sent, wanted)
    numbers = np.array([reasons.number(each.reason, source) for each in excluded], np.int32)
    hit = rows >= 0
    stage[rows[hit]] = 0
    reason[rows[hit]] = numbers[hit]
    return int((~hit).sum())


def _found(left: Keys, found: Keys) -> tuple[Flags, int]:
    """Which sites are in the result, with their alleles or (A/T, C/G that turned) at their place alone."""
    there = np.zeros(len(left), bool)
    rows = matched(left, found)
    there[rows[rows >= 0]] = True
    rest, open_rows = found[rows < 0], np.flatnonzero(~there)
    shift = np.uint64(24)
    again = matched(left[open_rows] >> shift << shift, rest >> shift << shift)
    there[open_rows[again[again >= 0]]] = True
    return there, int((again < 0).sum())


def _later(
    missing: Keys, typed_only: Sequence[ListedSite], reasons: _Reasons, source: str, later: str
) -> NDArray[np.int32]:
    unknown = reasons.number(later, "options of the job") if later else reasons.number(UNEXPLAINED, "", False)
    result = np.full(len(missing), unknown, np.int32)
    rows = matched(missing, np.array([each.key for each in typed_only], np.uint64))
    words = "Not in the panel: left out by phasing"
    if (rows >= 0).any():
        result[rows[rows >= 0]] = reasons.number(words, source)
    return result


def counted_losses(listed: Iterable[ListedSite], source: str) -> list[Loss]:
    """The losses of a list by reason, where what was sent is not known site by site."""
    examples: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    for each in listed:
        counts[each.reason] += 1
        if len(kept := examples.setdefault(each.reason, [])) < EXAMPLES:
            kept.append(each.place)
    return [
        Loss(
            stage=Stage.ACCEPTED, reason=reason, count=count, source=source, examples=tuple(examples[reason])
        )
        for reason, count in counts.most_common()
    ]
