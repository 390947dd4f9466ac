"""The kernel in C: the exact model, with haplotypes that are alike folded into groups, in vector code.

The stretch is cut into model blocks once; how, is told in _li_stephens_plan.h and _li_stephens_lanes.h.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.contract import KernelAnswer, KernelTask
from app.imputation.built_in.plan import Layout, laid_out

if TYPE_CHECKING:
    from app.imputation.built_in import _li_stephens

_BORDER_COST = 2.0  # of one haplotype at a border of blocks, to one of a group at a typed site; measured
WIDTH = 32  # few, as answers hold all sites; many lanes side by side
_FLOAT = 4
_SITES_A_BLOCK = 8  # at least, usually 10 to 30
_CELLS_A_THREAD = 150_000_000  # groups and haplotypes that are looked at: half a second and more


def vector_units() -> list[tuple[str, int]]:
    """Names and lanes of the vector units that can be used here, the best first; none without C."""
    try:
        from app.imputation.built_in import _li_stephens
    except ImportError:
        return []
    return _li_stephens.machines()


class CKernel:
    """The fast kernel. Calls run beside one another: the interpreter is free meanwhile."""

    def __init__(self, task: KernelTask, unit: str = "") -> None:
        """Plan the stretch. `unit` forces a vector unit; ImportError without the extension."""
        from app.imputation.built_in import _li_stephens

        self._c = _li_stephens
        self._unit, self._lanes = _chosen(unit)
        layout = laid_out(task)
        self._plan = _planned(task, layout)  # all that is kept of the stretch
        self._sites = task.last - task.first
        self._given = (
            float(task.model.error),
            layout.switches,
            layout.left,
            layout.right,
            layout.target_row,
            layout.typed_row,
            layout.site_row,
        )
        self.facts = PlanFacts(*_li_stephens.facts(self._plan))
        self._size = task.stretch.size
        self._stride = max(1, math.isqrt(self.facts.blocks))
        self.width = max(WIDTH, self._lanes)

    def impute(self, targets: NDArray[np.int8]) -> KernelAnswer:
        """Impute some targets, as many as there are lanes side by side."""
        many = targets.shape[1]
        imputed = np.empty((self._sites, many), dtype=np.float32)
        left_out = np.empty(targets.shape, dtype=np.float32)
        if many:
            alleles = np.ascontiguousarray(targets, dtype=np.int8)
            self._c.impute(
                self._plan, self._unit, *self._given, alleles, many, imputed, left_out, self._stride
            )
        return KernelAnswer(imputed, left_out)

    def threads_for(self, targets: int, most: int) -> int:
        """How many threads so many targets are worth: each takes megabytes, and small jobs end at once."""
        cells = targets * (self.facts.group_rows + self._size * self.facts.blocks)
        return min(most, 1 + cells // _CELLS_A_THREAD)

    def scratch_bytes(self) -> int:
        """Memory of one call beside what it is given and returns."""
        return int(self._c.scratch(self._plan, self._unit, self._stride))


@dataclass(frozen=True)
class PlanFacts:
    """Sizes of a plan: `groups` of all blocks, `group_rows` one a group and typed site, `runs` of haplotypes
    that stay together from block to block, `exceptions` haplotypes unlike most of their group in a piece."""

    blocks: int
    most_groups: int
    groups: int
    group_rows: int
    runs: int
    pieces: int
    exceptions: int
    words: int
    nbytes: int


def _chosen(unit: str) -> tuple[str, int]:
    for name, lanes in vector_units():
        if unit in ("", name):
            return name, lanes
    raise ValueError(f"this machine has no vector unit {unit}")


def _planned(task: KernelTask, layout: Layout) -> _li_stephens.Plan:
    from app.imputation.built_in import _li_stephens

    stretch = task.stretch
    return _li_stephens.plan(
        stretch.size,
        np.ascontiguousarray(stretch.form, dtype=np.uint8),
        np.ascontiguousarray(stretch.start, dtype=np.int64),
        np.ascontiguousarray(stretch.count, dtype=np.int64),
        np.ascontiguousarray(stretch.carriers, dtype=np.uint32),
        np.ascontiguousarray(stretch.bits, dtype=np.uint8),
        layout.typed,
        layout.untyped,
        layout.after,
        _BORDER_COST,
    )


def forecast_bytes(haplotypes: int, typed: int, sites: int) -> tuple[int, int]:
    """Memory of a plan, and of one call beside what it is given and returns, before anything is planned.

    More than was measured on six panels of 620 to 5,008 haplotypes (2 to 27 MB, 1 to 7 MB); a panel whose
    haplotypes have nothing in common takes more: `scratch_bytes` tells it exactly.
    """
    lanes = max((lanes for _, lanes in vector_units()), default=1)
    plan = 1.8 * haplotypes * typed + 120 * sites
    slots = 2 * math.isqrt(typed // _SITES_A_BLOCK) + 4
    rows = 1.3 * slots * haplotypes + 2 * (4 * haplotypes + 8192) + 4 * haplotypes + 2 * typed
    return int(plan), int(rows * lanes * _FLOAT)
