# mypy: ignore-errors
"""The runs over typed sites as two programs for the card, written in Triton's Python.

Each target haplotype is one group of threads that keeps its row of states in registers from site to site.
Importing this needs PyTorch with Triton, which types cannot follow (hence no checks by mypy here).
"""

import triton
import triton.language as tl

_WORDS = ["start", "size", "targets"]


@triton.jit(do_not_specialize=_WORDS)
def _forward(
    alleles, chance, switch, state, stored, places, start, size, targets, haplotypes, stride,
    store: tl.constexpr, width: tl.constexpr,
):  # fmt: skip
    target = tl.program_id(0).to(tl.int64)
    k = tl.arange(0, width)
    inside, within = k < haplotypes, k < stride
    row = tl.load(state + target * stride + k, mask=within, other=0.0)
    for step in range(0, size):
        at = start + step
        change = tl.load(switch + at)
        zero = tl.load(chance + (2 * at) * targets + target)
        one = tl.load(chance + (2 * at + 1) * targets + target)
        is_one = tl.load(alleles + step * stride + k, mask=within, other=0.0) != 0.0
        row = (row * (1.0 - change) + change / haplotypes) * tl.where(is_one, one, zero)
        row = tl.where(inside, row, 0.0)
        row = row * (1.0 / tl.sum(row, 0))
        if store:
            place = tl.load(places + step).to(tl.int64) * 3
            tl.store(stored + (place * targets + target) * stride + k, row, mask=within)
    tl.store(state + target * stride + k, row, mask=within)


@triton.jit(do_not_specialize=_WORDS)
def _backward(
    alleles, chance, switch, state, stored, places, both, zeros, ones,
    start, size, targets, haplotypes, stride, width: tl.constexpr,
):  # fmt: skip
    target = tl.program_id(0).to(tl.int64)
    k = tl.arange(0, width)
    inside, within = k < haplotypes, k < stride
    row = tl.load(state + target * stride + k, mask=within, other=0.0)
    for back in range(0, size):
        step = size - 1 - back
        at = start + step
        place = tl.load(places + step).to(tl.int64) * 3
        front = tl.load(stored + (place * targets + target) * stride + k, mask=within, other=0.0)
        is_one = tl.load(alleles + step * stride + k, mask=within, other=0.0) != 0.0
        change = tl.load(switch + at + 1)
        zero = tl.load(chance + (2 * at) * targets + target)
        one = tl.load(chance + (2 * at + 1) * targets + target)
        product = front * row
        tl.store(stored + ((place + 1) * targets + target) * stride + k, row, mask=within)
        tl.store(stored + ((place + 2) * targets + target) * stride + k, product, mask=within)
        tl.store(both + at * targets + target, tl.sum(product, 0))
        row = tl.where(inside, row * (1.0 - change) + change / haplotypes, 0.0)
        posterior = front * row
        tl.store(ones + at * targets + target, tl.sum(tl.where(is_one, posterior, 0.0), 0))
        tl.store(zeros + at * targets + target, tl.sum(tl.where(is_one, 0.0, posterior), 0))
        row = row * tl.where(is_one, one, zero)
        row = row * (1.0 / tl.sum(row, 0))
    tl.store(state + target * stride + k, row, mask=within)


class FusedScan:
    """See `torch_scan.Scan`."""

    def __init__(self, torch, device="cuda"):
        """Compiles both programs and runs them on a small row, so that what is missing shows at once."""
        self.torch = torch
        self._try(device)

    def forward(self, batch, state, start, size, rows=None):
        """See Scan."""
        stored, places = self._stored(batch, rows, state)
        alleles = batch.panel.typed[start : start + size].to(self.torch.float32)
        _forward[(batch.count,)](
            alleles, batch.chance, batch.switch_on_card, state, stored, places,
            start, size, batch.count, batch.panel.size, batch.panel.stride,
            store=rows is not None, **_shape(batch.panel.stride),
        )  # fmt: skip

    def backward(self, batch, state, start, rows):
        """See Scan."""
        stored, places = self._stored(batch, rows, state)
        alleles = batch.panel.typed[start : start + len(rows.places)].to(self.torch.float32)
        _backward[(batch.count,)](
            alleles, batch.chance, batch.switch_on_card, state, stored, places,
            batch.both, batch.zeros, batch.ones,
            start, len(rows.places), batch.count, batch.panel.size, batch.panel.stride,
            **_shape(batch.panel.stride),
        )  # fmt: skip

    def _stored(self, batch, rows, state):
        if rows is None:
            return state, state
        return rows.tensor, batch.panel.tensor(rows.places.astype("int32"))

    def _try(self, device):
        torch = self.torch
        shapes = ((1, 16), (1, 2), (4,), (1, 16), (3, 16), (1,), (1,), (1,))
        alleles, chance, switch, state, stored, *sums = (torch.ones(each, device=device) for each in shapes)
        places = torch.zeros(1, dtype=torch.int32, device=device)
        known = (alleles, chance, switch, state, stored, places)
        _forward[(1,)](*known, 0, 1, 1, 16, 16, store=True, **_shape(16))
        _backward[(1,)](*known, *sums, 0, 1, 1, 16, 16, **_shape(16))
        if not abs(float(state.sum()) - 1.0) < 1e-3:
            raise RuntimeError("the card gives a wrong sum")


def _shape(stride):
    """How many states a group of threads holds, and how many warps it has: at most 32 states a thread."""
    width = max(256, triton.next_power_of_2(stride))
    return {"width": width, "num_warps": min(max(width // 1024, 1), 32)}
