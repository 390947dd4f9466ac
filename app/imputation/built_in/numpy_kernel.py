"""The Li-Stephens model in NumPy: all haplotypes of the panel are states, many targets at once.

Each target haplotype is a mosaic of the panel's. Between sites the copied haplotype changes with a chance
that follows from the genetic distance; the target's allele equals the copied one, but for errors. Forward and
backward rows are made for the typed sites only; between two of them the model has no evidence, so the
posterior follows from their rows in closed form, and a matrix product with the panel gives the dosages.

Source of the model: Li and Stephens, Genetics 2003; of the emission (an error draws an allele by its
frequency in the panel) and of the leave-one-out dosages: Fuchsberger and others, Bioinformatics 2015.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.contract import MISSING_ALLELE, KernelAnswer, KernelTask
from app.imputation.built_in.plan import END, Layout, laid_out
from app.imputation.built_in.stretch import PanelStretch

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_WIDTH = 64
_CELLS_AT_ONCE = 1 << 22
_STATES_AT_ONCE = 128  # in one sum of floats
LEAST_DRAWN = 1e-3  # of the error, where an allele is not in the panel


class NumpyKernel:
    """The portable kernel; panel rows are made dense a few at a time."""

    width = _WIDTH

    def __init__(self, task: KernelTask) -> None:
        self._stretch = task.stretch
        self._wanted = task.last - task.first
        self._error = task.model.error
        self._layout = laid_out(task)

    def impute(self, targets: NDArray[np.int8]) -> KernelAnswer:
        """Impute some targets, `width` at a time."""
        imputed = np.empty((self._wanted, targets.shape[1]), dtype=np.float32)
        left_out = np.empty(targets.shape, dtype=np.float32)
        for start in range(0, targets.shape[1], _WIDTH):
            some = slice(start, start + _WIDTH)
            batch = _Batch(self._stretch, self._layout, targets[:, some], self._error)
            batch.fill(imputed[:, some], left_out[:, some])
        return KernelAnswer(imputed, left_out)

    def scratch_bytes(self) -> int:
        """Memory of one call beside what it is given and returns."""
        return forecast_bytes(self._stretch.size, len(self._layout.typed))


def forecast_bytes(haplotypes: int, typed: int) -> int:
    """Memory of one call: kept and remade forward rows, the panel's dense rows, and the emissions."""
    rows = 2 * (math.isqrt(typed) + 1) + 10
    return 4 * (haplotypes * rows * _WIDTH + 2 * _CELLS_AT_ONCE + 3 * typed * _WIDTH)


class _Batch:
    """Some targets. Columns of all rows are scaled to sum 1: nothing underflows."""

    def __init__(
        self, stretch: PanelStretch, layout: Layout, targets: NDArray[np.int8], error: float
    ) -> None:
        self._stretch = stretch
        self._layout = layout
        self._zero, self._one = _chances(stretch, layout, targets, error)
        self._stride = max(1, math.isqrt(len(layout.typed)))

    def fill(self, imputed: Floats, left_out: Floats) -> None:
        """Go from the last typed site to the first and write all sites on the way."""
        layout, right = self._layout, None
        edges = np.searchsorted(layout.after, np.arange(len(layout.typed) + 1))
        for at, forward in self._forward_rows():
            size = forward.shape[0]
            if right is None:
                backward = np.full_like(forward, 1.0 / size)
            else:
                backward = _moved(right, layout.switches[at + 1])
                for rows in _pieces(int(edges[at]), int(edges[at + 1]), size):
                    imputed[layout.site_row[rows]] = self._between(rows, forward, right)
            if layout.target_row[at] != END:
                self._write_typed(at, forward * backward, imputed, left_out)
            right = _scaled(backward * self._emission(at))

    def _write_typed(self, at: int, posterior: Floats, imputed: Floats, left_out: Floats) -> None:
        """The dosage at a typed site, and without its own allele, from the unscaled posterior."""
        panel = self._panel(at)
        ones, zeros = _products(panel, posterior), _products(1 - panel, posterior)
        if self._layout.typed_row[at] >= 0:
            imputed[self._layout.typed_row[at]] = _share(ones, zeros)
        row = self._layout.target_row[at]
        left_out[row] = _share(ones / self._one[at], zeros / self._zero[at])

    def _between(self, rows: slice, forward: Floats, right: Floats) -> Floats:
        """Dosages of sites between two typed ones, by the forward row of one and the other's backward row.

        At switch chances r and q to the two ends the posterior of haplotype k is ((1-r) left_k + r/K)
        ((1-q) right_k + q/K): four terms whose sums over the panel are matrix products.
        """
        panel: Floats = self._stretch.alleles(self._layout.untyped[rows].astype(np.intp)).astype(np.float32)
        both = forward * right
        by_both, by_left, by_right = (_products(panel, each) for each in (both, forward, right))
        size = len(forward)
        r, q = self._layout.left[rows, None], self._layout.right[rows, None]
        stay_left, stay_right = (1 - r) * q / size, r * (1 - q) / size
        ones = (1 - r) * (1 - q) * by_both + stay_left * by_left + stay_right * by_right
        ones += panel.sum(axis=1, keepdims=True) * (r * q / size**2)
        total = (1 - r) * (1 - q) * _sums(both) + stay_left + stay_right + r * q / size
        return np.asarray(np.clip(ones / total, 0.0, 1.0), dtype=np.float32)

    def _panel(self, at: int) -> Floats:
        """The panel's alleles at a typed site, [K]; 0 at an end."""
        row = self._layout.typed[at]
        if row == END:
            return np.zeros(self._stretch.size, dtype=np.float32)
        return np.asarray(self._stretch.alleles(slice(row, row + 1))[0], dtype=np.float32)

    def _emission(self, at: int) -> Floats:
        """The chance of each target's allele when it copies each panel haplotype, [K, N]."""
        chances: Floats = np.where(self._panel(at)[:, None] > 0, self._one[at], self._zero[at])
        return chances

    def _step(self, at: int, before: Floats) -> Floats:
        """The forward row of site `at` from that of the site before."""
        row = _moved(before, self._layout.switches[at])
        row *= self._emission(at)
        return _scaled(row)

    def _forward_rows(self) -> Iterator[tuple[int, Floats]]:
        """(site, forward row) from the last typed site to the first; some are kept, the others remade."""
        kept, typed = self._kept_rows(), len(self._layout.typed)
        for number in range(len(kept) - 1, -1, -1):
            first = number * self._stride
            rows = [kept.pop()]
            for at in range(first + 1, min(first + self._stride, typed)):
                rows.append(self._step(at, rows[-1]))
            while rows:
                yield first + len(rows) - 1, rows.pop()

    def _kept_rows(self) -> list[Floats]:
        """Every `stride`-th forward row."""
        row = _scaled(self._emission(0))
        kept = [row]
        for at in range(1, len(self._layout.typed)):
            row = self._step(at, row)
            if at % self._stride == 0:
                kept.append(row)
        return kept


def _chances(
    stretch: PanelStretch, layout: Layout, targets: NDArray[np.int8], error: float
) -> tuple[Floats, Floats]:
    """The chance of each allele when the copied haplotype has REF and when ALT, [typed, N]; 1 if missing."""
    alleles = np.where(layout.target_row[:, None] == END, MISSING_ALLELE, targets[layout.target_row])
    frequency = (stretch.alt_counts[layout.typed] / stretch.size)[:, None]
    drawn = error * np.where(alleles == 1, frequency, 1.0 - frequency)
    match, differ = 1.0 - error + drawn, np.maximum(drawn, error * LEAST_DRAWN)
    zero = np.where(alleles == 0, match, np.where(alleles == 1, differ, 1.0))
    one = np.where(alleles == 1, match, np.where(alleles == 0, differ, 1.0))
    return zero.astype(np.float32), one.astype(np.float32)


def _pieces(first: int, stop: int, size: int) -> Iterator[slice]:
    """Rows of untyped sites so few at a time that their dense panel stays small."""
    at_once = max(1, _CELLS_AT_ONCE // size)
    for start in range(first, stop, at_once):
        yield slice(start, min(start + at_once, stop))


def _scaled(state: Floats) -> Floats:
    """Columns scaled to sum 1, in place."""
    state /= _sums(state).astype(np.float32)
    return state


def _sums(state: Floats) -> Doubles:
    """The sum of each column."""
    return _products(np.ones(len(state), dtype=np.float32), state)


def _products(panel: Floats, state: Floats) -> Doubles:
    """Sums over the panel in parts: thousands of floats that are added one by one lose three digits."""
    total: Doubles = np.zeros((*panel.shape[:-1], state.shape[1]))
    for start in range(0, len(state), _STATES_AT_ONCE):
        part = slice(start, start + _STATES_AT_ONCE)
        total += panel[..., part] @ state[part]
    return total


def _moved(state: Floats, switch: np.float32) -> Floats:
    """Columns that sum to 1 after a step in which the copied haplotype may have changed; a new array."""
    after: Floats = np.multiply(state, np.float32(1) - switch)
    after += switch / np.float32(len(state))
    return after


def _share(ones: Doubles, zeros: Doubles) -> Floats:
    return np.asarray(np.clip(ones / (ones + zeros), 0.0, 1.0), dtype=np.float32)
