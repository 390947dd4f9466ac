"""Learns from the empirical dose files which panel serves which haplotype where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.domain.progress import Report, silent
from app.results.doses.contract import DoseBatch, Field
from app.results.merging.files import OpenedResult, chromosome_batches
from app.results.merging.people import Columns, is_in_order
from app.results.merging.sites import Aligned, aligned
from app.results.meta.phase_check import PhaseCheck
from app.results.meta.spool import Spool
from app.results.meta.told import told_sites
from app.results.meta.weights import (
    FITTED_SITES,
    Doubles,
    Start,
    observed_chances,
    smooth,
    start_weights,
    switch_rates,
)

_TILE = 4096  # haplotypes whose start weights are fitted at once


@dataclass(frozen=True, eq=False)
class Training:
    """Weights float32 [sites, K, haplotypes] at the typed sites that all K results have.

    `keys` are those sites as position, REF and ALT. `exchanged` [K, people] says whose haplotypes have each
    other's place in a result. `typed` counts the typed sites of each result.
    """

    positions: NDArray[np.int64]
    keys: frozenset[tuple[int, bytes, bytes]]
    weights: NDArray[np.float32]
    exchanged: NDArray[np.bool_]
    typed: tuple[int, ...]


def train(
    results: Sequence[OpenedResult],
    columns: Sequence[Columns],
    chromosome: str,
    spool: Spool,
    *,
    start: Start = Start.FITTED,
    report: Report = silent,
) -> Training:
    """Read the empirical dose files of a chromosome and weigh the panels, `spool` holding the weights.

    `columns` put the people of each result in one order. ProblemError when the typed haplotypes differ or
    when there is no typed site in common.
    """
    collected = _Collected(results, columns, spool)
    want = Field.GENOTYPES | Field.LEFT_OUT
    streams = [chromosome_batches(each.empirical[chromosome], chromosome, want) for each in results]
    for piece in aligned(streams, [each.name for each in results]):
        collected.add(chromosome, piece)
        told_sites(report, "Reading typed sites", 0, len(collected.keys))
    if not collected.keys:
        raise _nothing_in_common(results, chromosome, collected.typed)
    exchanged = collected.check.exchanged()
    chances = spool.array()
    _turn(chances, exchanged)
    positions = np.concatenate(collected.positions)
    begin = _fitted(chances) if start is Start.FITTED else np.full(chances.shape[1:], 1 / len(results))
    smooth(chances, switch_rates(positions), begin, report)
    return Training(positions, frozenset(collected.keys), chances, exchanged, tuple(collected.typed))


class _Collected:
    """What was read of the typed sites so far."""

    def __init__(self, results: Sequence[OpenedResult], columns: Sequence[Columns], spool: Spool) -> None:
        self._names = [each.name for each in results]
        self._columns = columns
        self._spool = spool
        self.check = PhaseCheck(self._names, results[0].samples)
        self.positions: list[NDArray[np.int64]] = []
        self.keys: set[tuple[int, bytes, bytes]] = set()
        self.typed = [0] * len(results)

    def add(self, chromosome: str, piece: Aligned) -> None:
        everywhere = np.flatnonzero(piece.present.all(axis=0))
        for k, row in enumerate(piece.rows):
            self.typed[k] += int((row >= 0).sum())
        if not len(everywhere):
            return
        alleles, chances = [], []
        for k, (part, row) in enumerate(zip(piece.parts, piece.rows, strict=True)):
            called, left_out = self._arrays(part, row[everywhere], k)
            alleles.append(called)
            chances.append(observed_chances(left_out, called).reshape(len(called), -1))
        positions = piece.position[everywhere]
        self.check.add(chromosome, positions, alleles)
        self._spool.add(np.stack(chances, axis=1))
        self.positions.append(positions)
        refs, alts = piece.refs[everywhere].raws(), piece.alts[everywhere].raws()
        self.keys.update(zip(positions.tolist(), refs, alts, strict=True))

    def _arrays(
        self, part: DoseBatch, rows: NDArray[np.intp], k: int
    ) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        if part.genotypes is None or part.left_out is None:
            raise _no_left_out(self._names[k])
        called, left_out = part.genotypes[rows], part.left_out[rows]
        if is_in_order(self._columns[k], called.shape[1]):
            return called, left_out
        return called[:, self._columns[k]], left_out[:, self._columns[k]]


def _turn(chances: NDArray[np.float32], exchanged: NDArray[np.bool_]) -> None:
    """Give exchanged haplotypes their places back."""
    for k, people in enumerate(exchanged):
        if people.any():
            first = 2 * np.flatnonzero(people)
            both = np.concatenate([first, first + 1])
            crossed = np.concatenate([first + 1, first])
            for site in chances:
                site[k, both] = site[k, crossed]


def _fitted(chances: NDArray[np.float32]) -> Doubles:
    """Start weights, [K, haplotypes], from the first typed sites."""
    _, panels, haplotypes = chances.shape
    result = np.empty((panels, haplotypes))
    for first in range(0, haplotypes, _TILE):
        errors = 1.0 - chances[:FITTED_SITES, :, first : first + _TILE].astype(np.float64)
        errors[np.broadcast_to(np.isnan(errors).any(axis=1, keepdims=True), errors.shape)] = 0.0
        squares = np.einsum("tih,tjh->hij", errors, errors)
        result[:, first : first + _TILE] = start_weights(squares)
    return result


def _no_left_out(name: str) -> Exception:
    return problem(
        Kind.INPUT,
        "There are no leave-one-out dosages",
        f"An empirical dose file of {name} has no fields GT and LDS.",
        "Impute again with the meta-imputation file switched on, or take the better result of each variant "
        "(consensus).",
        subject=name,
    )


def _nothing_in_common(results: Sequence[OpenedResult], chromosome: str, typed: Sequence[int]) -> Exception:
    counts = ", ".join(f"{each.name} {many:,}" for each, many in zip(results, typed, strict=True))
    return problem(
        Kind.INPUT,
        "The results have no typed site in common",
        f"On chromosome {chromosome} no typed site is in all of them ({counts}).",
        "Combine results of the same array and build.",
        subject=chromosome,
    )


def spool_for(folder: Path, results: int, people: int) -> Spool:
    """Where the weights of so many results and people are kept meanwhile."""
    return Spool(folder, (results, 2 * people))
