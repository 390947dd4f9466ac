"""Forward and backward runs over typed sites on a device of PyTorch: by plain operations, or fused by Triton.

A run of plain operations starts five or more programs on the card for every typed site; the fused one starts
one for a whole block of sites, and its rows never leave the registers of the card but to be stored.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.torch_panel import padded

if TYPE_CHECKING:
    from app.imputation.built_in.torch_kernel import Batch

MOST_FUSED_STATES = 1 << 16  # that fit into the registers of one group of threads


@dataclass(frozen=True, eq=False)
class Rows:
    """Stored rows, [place, 3, targets, stride]: forward rows of sites, backward rows with all evidence behind
    them, and the products of both; `places` [sites of the block] says where those of each site lie."""

    tensor: Any
    places: NDArray[np.intp]


class Scan(Protocol):
    """Steps through typed sites for all targets."""

    def forward(self, batch: Batch, state: Any, start: int, size: int, rows: Rows | None = None) -> None:
        """Take `state` [targets, stride] in place over sites; store the row of each if `rows` are given."""
        ...

    def backward(self, batch: Batch, state: Any, start: int, rows: Rows) -> None:
        """Take the backward `state`, with the evidence behind the block, in place to before its first site.

        Stores the backward rows and products beside the forward rows, and the sums of the batch.
        """
        ...


def best_scan(torch: Any, device: str, size: int) -> Scan:
    """The fused one where Triton works with this card, otherwise the plain one."""
    if device != "cuda" or padded(size) > MOST_FUSED_STATES:
        return PlainScan(torch)
    try:
        fused = importlib.import_module("app.imputation.built_in.torch_fused")
        scan: Scan = fused.FusedScan(torch)
    except Exception:  # noqa: BLE001 - no Triton, or no compiler for it: whatever it is, the plain one works
        return PlainScan(torch)
    return scan


class PlainScan:
    """By operations that every device has."""

    def __init__(self, torch: Any) -> None:
        self.torch = torch

    def forward(self, batch: Batch, state: Any, start: int, size: int, rows: Rows | None = None) -> None:
        """See Scan."""
        alleles = batch.panel.typed[start : start + size].to(self.torch.float32)
        for step in range(size):
            self._move(batch, state, start + step)
            self._see(batch, state, start + step, alleles[step])
            if rows is not None:
                rows.tensor[int(rows.places[step]), 0].copy_(state)

    def backward(self, batch: Batch, state: Any, start: int, rows: Rows) -> None:
        """See Scan."""
        size = len(rows.places)
        alleles = batch.panel.typed[start : start + size].to(self.torch.float32)
        for step in reversed(range(size)):
            at = start + step
            front, behind, product = rows.tensor[int(rows.places[step])]
            behind.copy_(state)
            self.torch.mul(front, state, out=product)
            self.torch.sum(product, 1, out=batch.both[at])
            self._move(batch, state, at + 1)
            posterior = front * state
            self.torch.sum(posterior * alleles[step], 1, out=batch.ones[at])
            self.torch.sum(posterior * (1.0 - alleles[step]), 1, out=batch.zeros[at])
            self._see(batch, state, at, alleles[step])

    def _move(self, batch: Batch, state: Any, at: int) -> None:
        switch = float(batch.switch[at])
        state.mul_(1.0 - switch).add_(batch.panel.inside, alpha=switch / batch.panel.size)

    def _see(self, batch: Batch, state: Any, at: int, alleles: Any) -> None:
        zero, one = batch.chance[at]
        state.mul_(self.torch.lerp(zero.unsqueeze(1), one.unsqueeze(1), alleles.unsqueeze(0)))
        state.div_(state.sum(1, keepdim=True))
