"""The haploid Li-Stephens model in NumPy: the built-in imputation engine.

Each target haplotype is a mosaic of the panel's haplotypes. Between sites the copied haplotype changes with
a probability that follows from the genetic distance; the target's allele equals the copied one, but for
errors. The forward-backward algorithm runs over the typed sites only, for many targets at once; at a site
that was not typed the posterior is exact: there the model has no evidence, so it follows from the two typed
neighbours in closed form, and a matrix product with the panel gives the dosages.

Source of the model: Li and Stephens, Genetics 2003; of the emission (an error draws an allele by its
frequency in the panel) and of the leave-one-out dosages: Fuchsberger and others, Bioinformatics 2015.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.model import LEAST_SWITCH, Model

Floats = NDArray[np.float32]
Alleles = NDArray[np.int8]

TARGETS_AT_ONCE = 128
_CELLS_AT_ONCE = 1 << 22


@dataclass(frozen=True, eq=False)
class Dosages:
    """The answer: probabilities of the ALT allele, float32, one column a target haplotype.

    `imputed` has a row for every panel site asked for (typed sites included: the posterior given all
    data); `left_out` has a row for each typed site: what is expected there without its own allele.
    """

    imputed: Floats
    left_out: Floats


@dataclass(frozen=True, eq=False)
class Task:
    """What to impute. The panel has K haplotypes of alleles 0 and 1.

    `panel` int8 or uint8 [sites, K]; `typed` the rows of `panel` that were typed, ascending; `targets` int8
    [typed, N] with -1 for a missing allele; `centimorgans` [sites], never falling.
    """

    panel: NDArray[np.int8] | NDArray[np.uint8]
    typed: NDArray[np.intp]
    targets: Alleles
    centimorgans: NDArray[np.float64]
    model: Model = Model()


def impute(task: Task, progress: Callable[[float], None] | None = None, *, threads: int = 1) -> Dosages:
    """Impute all targets, some at a time so that memory stays bounded; `progress` gets 0 to 1.

    Without typed sites every target gets the frequency of the panel.
    """
    sites, count = len(task.panel), task.targets.shape[1]
    imputed = np.empty((sites, count), dtype=np.float32)
    left_out = np.empty(task.targets.shape, dtype=np.float32)
    if not len(task.typed):
        imputed[:] = task.panel.mean(axis=1, dtype=np.float32)[:, None]
        return Dosages(imputed, left_out)
    at_once = max(1, min(TARGETS_AT_ONCE, -(-count // threads)))
    batches = [slice(start, min(start + at_once, count)) for start in range(0, count, at_once)]
    with ThreadPoolExecutor(threads) as pool:
        work = [pool.submit(_impute_batch, task, batch, imputed, left_out) for batch in batches]
        for done, each in enumerate(work, start=1):
            each.result()
            if progress is not None:
                progress(done / len(work))
    return Dosages(imputed, left_out)


def _impute_batch(task: Task, batch: slice, imputed: Floats, left_out: Floats) -> None:
    chain = Chain(task, np.ascontiguousarray(task.targets[:, batch]))
    typed, last = task.typed, len(task.typed) - 1
    right: Floats | None = None
    for at, forward, backward in chain.backwards():
        posterior = forward * backward
        imputed[typed[at], batch], left_out[at, batch] = chain.typed_dosage(at, posterior)
        if at == last:
            _fill_edge(task, slice(typed[at] + 1, len(task.panel)), typed[at], forward, imputed[:, batch])
        elif right is not None:
            _fill_gap(task, (typed[at], typed[at + 1]), forward, right, imputed[:, batch])
        right = chain.emitted(at, backward)
    if right is not None:
        _fill_edge(task, slice(0, typed[0]), typed[0], right, imputed[:, batch])


class Chain:
    """Forward and backward probabilities of a batch of targets over the typed sites.

    Forward rows are kept at every `stride`-th site only and made again on the way back, so memory grows
    with the square root of the number of sites. All columns are scaled to sum 1: nothing underflows.
    """

    def __init__(self, task: Task, targets: Alleles) -> None:
        self.panel = np.ascontiguousarray(task.panel[task.typed]).astype(np.float32)
        self.size = self.panel.shape[1]
        self.targets = targets
        self.switch = task.model.switches(task.centimorgans[task.typed], self.size)
        self.frequency = self.panel.mean(axis=1)
        self.error = task.model.error
        self.match, self.differ = self._chances(targets, self.frequency[:, None])
        self.stride = max(1, math.isqrt(len(self.panel)))

    def _chances(self, targets: Alleles, frequency: Floats) -> tuple[Floats, Floats]:
        """The chance of an allele when the copied haplotype has the same and when not; 1 if missing."""
        drawn = self.error * np.where(targets == 1, frequency, 1.0 - frequency)
        known = targets >= 0
        match = np.where(known, 1.0 - self.error + drawn, 1.0).astype(np.float32)
        differ = np.where(known, np.maximum(drawn, self.error * 1e-3), 1.0).astype(np.float32)
        return match, differ

    def set_alleles(self, at: int, alleles: Alleles) -> None:
        """Change the targets' alleles at a site; forward rows already made stay as they are."""
        self.targets[at] = alleles
        self.match[at], self.differ[at] = self._chances(alleles, self.frequency[at])

    def expected(self, at: int, posterior: Floats) -> Floats:
        """The chance of allele 1 under an unscaled posterior over the panel, [N]."""
        return np.asarray((self.panel[at] @ posterior) / posterior.sum(axis=0), dtype=np.float32)

    def emission(self, at: int) -> Floats:
        """The chance of each target's allele when it copies each panel haplotype, [K, N]."""
        one, zero = self._by_allele(at)
        chances: Floats = np.multiply(self.panel[at][:, None], one - zero)
        chances += zero
        return chances

    def _by_allele(self, at: int) -> tuple[Floats, Floats]:
        """The emission where the panel has allele 1 and where it has 0, [N] each."""
        is_one = self.targets[at] == 1
        one = np.where(is_one, self.match[at], self.differ[at])
        return one, np.where(is_one, self.differ[at], self.match[at])

    def emitted(self, at: int, state: Floats) -> Floats:
        """A backward row together with the evidence of its own site, scaled."""
        return scaled(state * self.emission(at))

    def start(self) -> Floats:
        """The forward row of the first typed site."""
        return scaled(self.emission(0))

    def step(self, at: int, before: Floats) -> Floats:
        """The forward row of site `at` from that of the site before; columns sum to 1."""
        row = moved(before, self.switch[at - 1])
        row *= self.emission(at)
        return scaled(row)

    def backwards(self) -> Iterator[tuple[int, Floats, Floats]]:
        """(site, forward, backward) from the last typed site to the first."""
        last = len(self.panel) - 1
        backward = self.end()
        for at, forward in self.forward_rows():
            if at < last:
                backward = moved(self.emitted(at + 1, backward), self.switch[at])
            yield at, forward, backward

    def end(self) -> Floats:
        """The backward row of the last typed site."""
        return np.full((self.size, self.targets.shape[1]), 1.0 / self.size, dtype=np.float32)

    def forward_rows(self) -> Iterator[tuple[int, Floats]]:
        """(site, forward row) from the last typed site to the first."""
        checkpoints = self._checkpoints()
        for number in range(len(checkpoints) - 1, -1, -1):
            first = number * self.stride
            rows = [checkpoints[number]]
            for at in range(first + 1, min(first + self.stride, len(self.panel))):
                rows.append(self.step(at, rows[-1]))
            for at in range(first + len(rows) - 1, first - 1, -1):
                yield at, rows[at - first]

    def _checkpoints(self) -> list[Floats]:
        row = self.start()
        kept = [row]
        for at in range(1, len(self.panel)):
            row = self.step(at, row)
            if at % self.stride == 0:
                kept.append(row)
        return kept

    def typed_dosage(self, at: int, posterior: Floats) -> tuple[Floats, Floats]:
        """Dosage at a typed site with and without its own allele, from the unscaled posterior."""
        ones = self.panel[at] @ posterior
        zeros = posterior.sum(axis=0) - ones
        one, zero = self._by_allele(at)
        return _share(ones, zeros), _share(ones / one, zeros / zero)


def scaled(state: Floats) -> Floats:
    """Columns scaled to sum 1, in place."""
    state /= state.sum(axis=0, keepdims=True)
    return state


def moved(state: Floats, switch: float | np.float64) -> Floats:
    """Columns that sum to 1 after a step in which the copied haplotype may have changed; a new array."""
    after: Floats = np.multiply(state, np.float32(1.0 - float(switch)))
    after += np.float32(float(switch) / len(state))
    return after


def _share(ones: Floats, zeros: Floats) -> Floats:
    return np.asarray(np.clip(ones / (ones + zeros), 0.0, 1.0), dtype=np.float32)


def _fill_gap(
    task: Task, ends: tuple[np.intp, np.intp], left: Floats, right: Floats, imputed: Floats
) -> None:
    """Sites between two typed ones: `left` is the forward row, `right` the backward row with evidence.

    At distance fractions with switch chances r and q to the two ends the posterior of haplotype k is
    ((1-r) left_k + r/K) ((1-q) right_k + q/K): four terms whose sums over the panel are matrix products.
    """
    first, stop = int(ends[0]) + 1, int(ends[1])
    if first >= stop:
        return
    size = len(left)
    both = np.concatenate([left * right, left, right], axis=1)
    ones_of_both = both[:, : left.shape[1]].sum(axis=0)
    rows_at_once = max(1, _CELLS_AT_ONCE // size)
    for start in range(first, stop, rows_at_once):
        rows = slice(start, min(start + rows_at_once, stop))
        panel = task.panel[rows].astype(np.float32)
        by_both, by_left, by_right = np.split(panel @ both, 3, axis=1)
        r, q = _chances(task, rows, ends, size)
        base = panel.sum(axis=1, keepdims=True) * (r * q / size**2)
        stay_left, stay_right = (1 - r) * q / size, r * (1 - q) / size
        ones = (1 - r) * (1 - q) * by_both + stay_left * by_left + stay_right * by_right + base
        total = (1 - r) * (1 - q) * ones_of_both + stay_left + stay_right + r * q / size
        imputed[rows] = np.clip(ones / total, 0.0, 1.0)


def _chances(task: Task, rows: slice, ends: tuple[np.intp, np.intp], size: int) -> tuple[Floats, Floats]:
    """Switch chances from the left end to each row and from each row to the right end, [rows, 1]."""
    here, left, right = (
        task.centimorgans[rows],
        task.centimorgans[ends[0]],
        task.centimorgans[ends[1]],
    )
    scale = -4.0 * task.model.effective_size / size / 100.0
    floor = LEAST_SWITCH / 2
    r = np.clip(-np.expm1(scale * (here - left)), floor, 1.0)
    q = np.clip(-np.expm1(scale * (right - here)), floor, 1.0)
    return r[:, None].astype(np.float32), q[:, None].astype(np.float32)


def _fill_edge(task: Task, rows: slice, end: np.intp, state: Floats, imputed: Floats) -> None:
    """Sites before the first or behind the last typed one, from the row of that end."""
    size = len(state)
    rows_at_once = max(1, _CELLS_AT_ONCE // size)
    scale = -4.0 * task.model.effective_size / size / 100.0
    for start in range(rows.start, rows.stop, rows_at_once):
        part = slice(start, min(start + rows_at_once, rows.stop))
        panel = task.panel[part].astype(np.float32)
        distance = np.abs(task.centimorgans[part] - task.centimorgans[end])
        r = np.clip(-np.expm1(scale * distance), 0.0, 1.0)[:, None].astype(np.float32)
        imputed[part] = np.clip((1 - r) * (panel @ state) + r * panel.mean(axis=1, keepdims=True), 0, 1)
