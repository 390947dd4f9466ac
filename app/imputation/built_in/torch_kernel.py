"""The Li-Stephens model on a graphics card, by PyTorch: a thousand target haplotypes and all states at once.

PyTorch is not required by anything: it is looked for when this kernel is made. Forward and backward rows
[targets, K] run over the typed sites in blocks; rows at the starts of blocks are kept, the others are made
again on the way back. Within a block all rows stay on the card, and the sites between typed ones are matrix
products of the panel's alleles with forward rows, backward rows and their products (the closed form of the
NumPy kernel). A site without evidence stands before the first and behind the last typed one, so the ends
need no rule of their own. All in float32, without the short mantissa (TF32) of matrix units.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.contract import GraphicsCardError, KernelAnswer, KernelTask, RoundedAnswer
from app.imputation.built_in.torch_panel import CardPanel, Gaps, card_bytes, padded
from app.imputation.built_in.torch_scan import Rows, best_scan

MOST_TARGETS, LEAST_TARGETS = 1024, 8
_SHARE_OF_MEMORY = 0.8
_OTHER_MEMORY = 1 << 31  # of a device that does not tell how much is free
_BLOCKS = (64, 32, 16, 8, 4)
_AT_ONCE = 16  # intervals in one matrix product
_STATES_AT_ONCE = 512  # in one sum
_CELLS = 1 << 28  # bytes of alleles of these, as far as possible


def absent_card() -> str:
    """Why no card can be used, in a sentence; empty where one can."""
    try:
        importlib.import_module("torch")
    except ImportError:
        return "PyTorch is not installed."
    return "" if torch_device() else "PyTorch finds no graphics card."


def card_versions() -> dict[str, str]:
    """The version of PyTorch, and the card as it names itself."""
    torch: Any = importlib.import_module("torch")
    device = torch_device() or ""
    name = torch.cuda.get_device_name() if device == "cuda" else device
    return {"pytorch": str(torch.__version__), "graphics card": str(name)}


def torch_device() -> str | None:
    """The name of a device that makes this kernel worth while: `cuda` or `mps`; None without PyTorch."""
    try:
        torch: Any = importlib.import_module("torch")
    except ImportError:
        return None
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if getattr(torch.backends, "mps", None) and torch.backends.mps.is_available() else None


Arrays = tuple[NDArray[Any], NDArray[Any]]


class TorchKernel:
    """Imputes on a device of PyTorch. Raises GraphicsCardError where that cannot be done."""

    least = MOST_TARGETS // 4

    def __init__(self, task: KernelTask, device: str | None = None, width: int | None = None) -> None:
        """`device`: as torch names it, by default the best card; `width` as much as memory allows."""
        chosen = device or torch_device()
        if chosen is None:
            raise GraphicsCardError(
                f"{absent_card()} Choose the processor, or install PyTorch for your card."
            )
        self.torch: Any = importlib.import_module("torch")
        self.torch.set_float32_matmul_precision("highest")
        self.device = chosen
        self.task = task
        self.scan = best_scan(self.torch, chosen, task.stretch.size)
        self.gaps = Gaps.of(task)
        self.block, self.width = self._room(width)
        self.panel: CardPanel | None = None
        self._one_at_a_time = threading.Lock()

    def impute(self, targets: NDArray[np.int8]) -> KernelAnswer:
        """Impute some targets; of more than fit the rest follow. One thread at a time uses the card."""
        answer = KernelAnswer(*self._empty(targets, np.float32))
        self._fill(targets, (answer.imputed, answer.left_out), lambda part: part)
        return answer

    def impute_thousandths(self, targets: NDArray[np.int8]) -> RoundedAnswer:
        """See CardKernel."""
        answer = RoundedAnswer(*self._empty(targets, np.int16))
        self._fill(targets, (answer.imputed, answer.left_out), self._rounded)
        return answer

    def _empty(self, targets: NDArray[np.int8], kind: type[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        wanted = self.task.last - self.task.first
        return np.empty((wanted, targets.shape[1]), dtype=kind), np.empty(targets.shape, dtype=kind)

    def _rounded(self, part: Any) -> Any:
        """Thousandths of probabilities, which are changed. ValueError where one is none."""
        if part.numel():
            low, high = (float(each) for each in self.torch.aminmax(part))
            if not (low > -0.01 and high < 1.01):
                raise ValueError("a dosage is no probability")
        return part.clamp_(0.0, 1.0).mul_(1000.0).round_().to(self.torch.int16)

    def _fill(self, targets: NDArray[np.int8], out: Arrays, finish: Callable[[Any], Any]) -> None:
        with self._one_at_a_time:
            start, count = 0, targets.shape[1]
            while start < count:
                columns = slice(start, min(start + self.width, count))
                if self._fill_columns(np.ascontiguousarray(targets[:, columns]), columns, out, finish):
                    start = columns.stop

    def _fill_columns(
        self, targets: NDArray[np.int8], columns: slice, out: Arrays, finish: Callable[[Any], Any]
    ) -> bool:
        """Whether these targets are done; if memory was too short, the next try takes half of them."""
        try:
            for array, part in zip(out, self.on_card(targets), strict=True):
                self.torch.from_numpy(array[:, columns]).copy_(finish(part))
        except RuntimeError as error:
            if "out of memory" not in str(error).lower():
                raise
        else:
            return True
        if self.device == "cuda":
            self.torch.cuda.empty_cache()
        if self.width <= LEAST_TARGETS:
            raise _too_little(self.task.stretch.size)
        self.width = max(LEAST_TARGETS, min(self.width, targets.shape[1]) // 2)
        return False

    def on_card(self, targets: NDArray[np.int8]) -> tuple[Any, Any]:
        """(imputed, left out) as tensors on the device; at most `width` targets."""
        if self.panel is None:
            self.panel = CardPanel(self.torch, self.device, self.task, self.gaps)
        return Batch(self, self.panel, targets).run()

    def _room(self, width: int | None) -> tuple[int, int]:
        """How many typed sites make a block and how many targets fit, by the memory that is free."""
        free = _OTHER_MEMORY
        if self.device == "cuda":
            free = int(self.torch.cuda.mem_get_info()[0] * _SHARE_OF_MEMORY)
        task, stride = self.task, padded(self.task.stretch.size)
        free -= card_bytes(task) + 4 * _CELLS
        wanted = width or MOST_TARGETS
        for block in _BLOCKS:
            rows = 3 * (block + 1) + len(task.typed) // block + 8
            each = 4 * (rows * stride + 2 * (task.last - task.first) + 8 * len(task.typed))
            fitting = min(wanted, free // each)
            if fitting >= min(wanted, MOST_TARGETS // 4) or (block == _BLOCKS[-1] and fitting >= 1):
                return block, int(fitting)
        raise _too_little(task.stretch.size)


def _too_little(size: int) -> GraphicsCardError:
    return GraphicsCardError(
        f"The graphics card has too little free memory for a panel of {size:,} haplotypes. "
        "Close other programs that use it, or choose the processor."
    )


class Batch:
    """One run over all typed sites for the targets that are on the card together.

    `switch` [sites + 1] lies on the host and the card; `chance` [sites, 2, targets] is that of the target's
    allele where the panel has 0 and 1. The backward run leaves in `both`, `zeros` and `ones` [sites, targets]
    the sums of forward times backward rows: over all, before the step to the site from behind; and by the
    allele at the site, behind that step.
    """

    def __init__(self, kernel: TorchKernel, panel: CardPanel, targets: NDArray[np.int8]) -> None:
        self.torch, self.scan, self.gaps = kernel.torch, kernel.scan, kernel.gaps
        self.task, self.panel, self.block, self.count = kernel.task, panel, kernel.block, targets.shape[1]
        self.sites = len(kernel.task.typed) + 2
        self.switch, self.switch_on_card = kernel.gaps.switch, panel.tensor(kernel.gaps.switch)
        self.chance = panel.tensor(self._chances(targets))
        self.both, self.zeros, self.ones = (panel.empty((self.sites, self.count)) for _ in range(3))
        self.imputed = panel.empty((kernel.task.last - kernel.task.first, self.count))

    def _chances(self, targets: NDArray[np.int8]) -> NDArray[np.float32]:
        error = self.task.model.error
        frequency = (self.task.stretch.alt_counts[self.task.typed] / self.task.stretch.size)[:, None]
        chances = np.ones((self.sites, 2, self.count), dtype=np.float32)
        inside = chances[1:-1]
        for allele in (0, 1):
            drawn = error * (frequency if allele else 1.0 - frequency)
            here = targets == allele
            inside[:, allele] = np.where(here, 1.0 - error + drawn, inside[:, allele])
            inside[:, 1 - allele] = np.where(here, np.maximum(drawn, error * 1e-3), inside[:, 1 - allele])
        return chances

    def run(self) -> tuple[Any, Any]:
        """(imputed, left out): forward, keeping the starts of blocks, then block by block back."""
        starts = list(range(0, self.sites, self.block))
        state, kept = self.panel.uniform(self.count), []
        for start in starts:
            kept.append(state.clone())
            if start != starts[-1]:
                self.scan.forward(self, state, start, self.block)
        rows = self.panel.empty((min(self.block, self.sites), 3, self.count, self.panel.stride))
        state = self.panel.uniform(self.count)
        for start in reversed(starts):
            gaps = self.gaps.by_length(start, min(self.block, self.sites - start))
            stored = Rows(rows, np.argsort(gaps))
            self.scan.forward(self, kept.pop(), start, len(gaps), stored)
            self.scan.backward(self, state, start, stored)
            self._fill(rows, gaps)
        return self.imputed, self._typed()

    def _fill(self, rows: Any, gaps: NDArray[np.intp]) -> None:
        """The sites of the gaps of a block, whose rows lie in the order of the gaps."""
        lengths = self.gaps.lengths[gaps]
        first, end = int(np.searchsorted(lengths, 1)), len(gaps)
        while end > first:
            longest = int(lengths[end - 1])
            room = max(1, _CELLS // (4 * self.panel.stride * longest))
            begin = max(first, end - min(_AT_ONCE, room))
            self._fill_gaps(rows[begin:end], gaps[begin:end], longest)
            end = begin

    def _fill_gaps(self, rows: Any, gaps: NDArray[np.intp], longest: int) -> None:
        """Gaps by one matrix product; shorter ones are filled up with copies of their last site."""
        offsets = np.minimum(np.arange(longest), self.gaps.lengths[gaps][:, None] - 1)
        sites = self.panel.tensor(self.gaps.first[gaps][:, None] + offsets)
        alleles = self.panel.dense(sites.ravel()).reshape(len(gaps), longest, -1)
        rows = rows.reshape(len(gaps), 3 * self.count, -1).transpose(1, 2)
        by_left, by_right, by_both = self._products(alleles, rows).split(self.count, dim=2)
        r, q = self.panel.left[sites].unsqueeze(2), self.panel.right[sites].unsqueeze(2)
        size = float(self.panel.size)
        stay, stay_left, stay_right = (1 - r) * (1 - q), (1 - r) * q / size, r * (1 - q) / size
        both = self.both[self.panel.tensor(gaps)].unsqueeze(1)
        ones = self.panel.alt_counts[sites].unsqueeze(2) * (r * q / size**2)
        ones = ones + stay * by_both + stay_left * by_left + stay_right * by_right
        ones /= stay * both + (stay_left + stay_right + r * q / size)
        self.imputed[sites.ravel() - self.task.first] = ones.clamp_(0.0, 1.0).reshape(-1, self.count)

    def _products(self, alleles: Any, rows: Any) -> Any:
        """Sums over the panel in parts: thousands of small numbers added one by one lose four digits."""
        sums = None
        for start in range(0, self.panel.stride, _STATES_AT_ONCE):
            part = slice(start, start + _STATES_AT_ONCE)
            more = self.torch.bmm(alleles[:, :, part], rows[:, part])
            sums = more if sums is None else sums.add_(more)
        return sums

    def _typed(self) -> Any:
        """Fills in the typed sites that are wanted; gives what is expected at each without its own allele."""
        ones, zeros, chance = self.ones[1:-1], self.zeros[1:-1], self.chance[1:-1]
        wanted = np.flatnonzero((self.task.typed >= self.task.first) & (self.task.typed < self.task.last))
        rows = self.panel.tensor(self.task.typed[wanted].astype(np.int64) - self.task.first)
        here = self.panel.tensor(wanted)
        self.imputed[rows] = (ones / (ones + zeros))[here]
        ones, zeros = ones / chance[:, 1], zeros / chance[:, 0]
        return ones / (ones + zeros)
