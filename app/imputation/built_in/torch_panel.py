"""A stretch of a panel and its gaps between typed sites as a device of PyTorch holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.contract import KernelTask
from app.imputation.built_in.model import LEAST_SWITCH
from app.imputation.built_in.stretch import BITS, REF_CARRIERS

_ROWS_AT_ONCE = 4096
_LANES = 16


def padded(size: int) -> int:
    """Columns of a row of states: a multiple of what a card reads at once; those behind `size` are 0."""
    return -(-size // _LANES) * _LANES


def card_bytes(task: KernelTask) -> int:
    """Bytes that the panel takes on the device, with those that are needed while it is brought there."""
    stride, stretch = padded(task.stretch.size), task.stretch
    building = _ROWS_AT_ONCE * stride * 4 + stretch.carriers.nbytes * 4 + stretch.bits.nbytes
    return len(stretch) * (stride // 8 + 24) + len(task.typed) * stride + building


@dataclass(frozen=True, eq=False)
class Gaps:
    """The sites between typed ones; gap m lies before typed site m, the last one behind all.

    `first` and `stop` [typed + 1] are rows of the stretch, cut to those that are wanted. `left`, `right`
    float32 [sites] are the chances of a switch from the ends of its gap to a site; `switch` float32
    [typed + 3] those to each typed site from the one before, with a site without evidence at both ends.
    """

    first: NDArray[np.int64]
    stop: NDArray[np.int64]
    left: NDArray[np.float32]
    right: NDArray[np.float32]
    switch: NDArray[np.float32]

    @classmethod
    def of(cls, task: KernelTask) -> Gaps:
        """Those of a task."""
        typed, places = np.asarray(task.typed, dtype=np.int64), task.centimorgans
        sites = len(places)
        first, stop = np.append(0, typed + 1), np.append(typed, sites)
        gap = np.searchsorted(typed, np.arange(sites), side="right")
        ends = np.concatenate([[-np.inf], places[typed], [np.inf]])
        scale = -task.model.meioses / task.stretch.size / 100.0
        left = -np.expm1(scale * (places - ends[gap]))
        right = -np.expm1(scale * (ends[gap + 1] - places))
        switch = task.model.switches(places[typed], task.stretch.size)
        return cls(
            np.clip(first, task.first, task.last),
            np.clip(stop, task.first, task.last),
            np.clip(left, LEAST_SWITCH / 2, 1.0).astype(np.float32),
            np.clip(right, LEAST_SWITCH / 2, 1.0).astype(np.float32),
            np.concatenate([[1.0, 1.0], switch, [1.0, 1.0]]).astype(np.float32),
        )

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many wanted sites each gap has."""
        return self.stop - self.first

    def by_length(self, start: int, size: int) -> NDArray[np.intp]:
        """The gaps behind some sites, the shortest first, so that neighbours make one matrix product."""
        return start + np.argsort(self.lengths[start : start + size], kind="stable")


class CardPanel:
    """The alleles of a stretch as bits on the device, those of typed sites also as bytes.

    `stride` is `padded(size)`. `typed` uint8 [typed + 2, stride], `alt_counts`, `left`, `right` float32
    [sites]; `inside` float32 [stride] is 1 for haplotypes and 0 behind them.
    """

    def __init__(self, torch: Any, device: str, task: KernelTask, gaps: Gaps) -> None:
        self.torch, self.device, self.size = torch, device, task.stretch.size
        self.stride = padded(self.size)
        self.weights = self.tensor(2 ** np.arange(8, dtype=np.uint8))
        self.inside = self.tensor((np.arange(self.stride) < self.size).astype(np.float32))
        self.alt_counts = self.tensor(task.stretch.alt_counts.astype(np.float32))
        self.left, self.right = self.tensor(gaps.left), self.tensor(gaps.right)
        self.bits = self._packed(task)
        self.typed = self.empty((len(task.typed) + 2, self.stride), torch.uint8).zero_()
        self.typed[1:-1] = self._bytes(self.tensor(np.asarray(task.typed, dtype=np.int64)))

    def tensor(self, array: NDArray[Any]) -> Any:
        """An array of the host on the device."""
        return self.torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def empty(self, shape: tuple[int, ...], kind: Any = None) -> Any:
        """A tensor with anything in it, float32 by default."""
        return self.torch.empty(shape, dtype=kind or self.torch.float32, device=self.device)

    def uniform(self, count: int) -> Any:
        """Rows [count, stride] of equal chances for all haplotypes."""
        return (self.inside / self.size).repeat(count, 1)

    def dense(self, sites: Any) -> Any:
        """Alleles of some sites, float32 [sites, stride]."""
        return self._bytes(sites).to(self.torch.float32)

    def _bytes(self, sites: Any) -> Any:
        bits = self.torch.bitwise_and(self.bits[sites].unsqueeze(2), self.weights)
        return bits.ne(0).to(self.torch.uint8).reshape(len(sites), self.stride)

    def _packed(self, task: KernelTask) -> Any:
        """Bits of all sites, uint8 [sites, stride // 8]; haplotype k is bit k % 8 of byte k // 8."""
        stretch, width = task.stretch, self.stride // 8
        held = self.empty((len(stretch), width), self.torch.uint8)
        rows = np.flatnonzero(stretch.form == BITS)
        whole = np.zeros((len(rows), width), dtype=np.uint8)
        whole[:, : stretch.bits.shape[1]] = stretch.bits[stretch.start[rows]]
        held[self.tensor(rows)] = self.tensor(whole)
        rows = np.flatnonzero(stretch.form != BITS)
        for begin in range(0, len(rows), _ROWS_AT_ONCE):
            part = rows[begin : begin + _ROWS_AT_ONCE]
            held[self.tensor(part)] = self._from_carriers(task, part)
        return held

    def _from_carriers(self, task: KernelTask, rows: NDArray[np.intp]) -> Any:
        stretch = task.stretch
        counts = stretch.count[rows]
        starts = np.repeat(stretch.start[rows] - np.cumsum(counts) + counts, counts)
        columns = stretch.carriers[starts + np.arange(len(starts))].astype(np.int64)
        cells = np.repeat(np.arange(len(rows)), counts) * self.stride + columns
        dense = self.empty((len(rows) * self.stride,), self.torch.uint8).zero_()
        dense[self.tensor(cells)] = 1
        dense = dense.reshape(len(rows), self.stride)
        others = self.tensor(stretch.form[rows] == REF_CARRIERS).to(self.torch.uint8)
        dense = dense.bitwise_xor(others.unsqueeze(1) * self.inside.to(self.torch.uint8))
        weighted = dense.reshape(len(rows), self.stride // 8, 8) * self.weights
        return weighted.sum(2, dtype=self.torch.int32).to(self.torch.uint8)
