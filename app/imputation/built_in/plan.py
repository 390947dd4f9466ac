"""What the kernels need of a task beside the alleles: which sites stand where, and the chances of a switch.

Sites before the first and behind the last typed one stand between a typed one and the end of the stretch. So
that kernels know nothing but sites between two typed ones, an end where such sites are wanted counts as typed
too, with the alleles of all targets missing: the model's answer is the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.contract import KernelTask
from app.imputation.built_in.model import LEAST_SWITCH

Rows = NDArray[np.int64]
END = -1  # a typed site that is none: the end of the stretch


@dataclass(frozen=True, eq=False)
class Layout:
    """Typed sites (M, ends included) and the wanted sites between them (S); chances are float32.

    `typed` are rows of the stretch, END at an end; `target_row` the rows of the targets, END there;
    `typed_row` the rows of the answer, -1 where not wanted; `switches[m]` the chance of a switch on the way
    to m. `untyped` are rows of the stretch, `after` the typed site before each, `left` and `right` the
    chances of a switch between it and the two; `first` is the row of the stretch that the answer begins with.
    """

    typed: Rows
    target_row: Rows
    typed_row: Rows
    switches: NDArray[np.float32]
    untyped: Rows
    after: Rows
    left: NDArray[np.float32]
    right: NDArray[np.float32]
    first: int

    @property
    def site_row(self) -> Rows:
        """Rows of the answer of the untyped sites."""
        return self.untyped - self.first


def laid_out(task: KernelTask) -> Layout:
    """The layout of a task; ValueError when its rows are not in order."""
    typed = np.asarray(task.typed, dtype=np.int64)
    _must_be_in_order(task, typed)
    is_untyped = np.ones(len(task.stretch), dtype=bool)
    is_untyped[typed] = False
    untyped = task.first + np.flatnonzero(is_untyped[task.first : task.last])
    before = bool((untyped < typed[0]).any())
    behind = bool((untyped > typed[-1]).any())
    rows = np.concatenate([[END] * before, typed, [END] * behind]).astype(np.int64)
    target_row = np.concatenate([[END] * before, np.arange(len(typed)), [END] * behind]).astype(np.int64)
    is_wanted = (rows >= task.first) & (rows < task.last)
    places = np.asarray(task.centimorgans, dtype=np.float64)
    at_typed = places[rows]
    if before:
        at_typed[0] = places[untyped[0]]
    if behind:
        at_typed[-1] = places[untyped[-1]]
    after = np.searchsorted(typed, untyped, side="right") - 1 + int(before)
    chances = task.model.switches(at_typed, task.stretch.size)
    here = places[untyped]
    return Layout(
        typed=rows,
        target_row=target_row,
        typed_row=np.where(is_wanted, rows - task.first, -1),
        switches=np.concatenate([[1.0], chances]).astype(np.float32),
        untyped=untyped,
        after=after.astype(np.int64),
        left=_chance(task, here - at_typed[after]),
        right=_chance(task, at_typed[np.minimum(after + 1, len(rows) - 1)] - here),
        first=task.first,
    )


def _chance(task: KernelTask, distance: NDArray[np.float64]) -> NDArray[np.float32]:
    """The chance of a switch in a part of the way between two typed sites, at least half the least."""
    chance = -np.expm1(-task.model.meioses * distance / 100.0 / task.stretch.size)
    return np.clip(chance, LEAST_SWITCH / 2, 1.0).astype(np.float32)


def _must_be_in_order(task: KernelTask, typed: Rows) -> None:
    sites = len(task.stretch)
    if not len(typed) or typed[0] < 0 or typed[-1] >= sites or (np.diff(typed) <= 0).any():
        raise ValueError("the typed rows are not rows of the stretch in order")
    if not 0 <= task.first <= task.last <= sites or len(task.centimorgans) != sites:
        raise ValueError("the wanted rows or the map do not fit the stretch")
    if not np.isfinite(task.centimorgans).all():
        raise ValueError("a place on the map is no number")
