"""How fast haplotypes change along a panel, estimated from the panel itself.

A fixed effective size fits one panel only: it is larger for many populations together, and where the genetic
map is far from that of the people. Some haplotypes of the panel are taken out and modelled as mosaics of the
others, at the sites that matter; expectation-maximisation gives the rate of switches that explains them best.
They are phased, unlike the target, whose phase is made with the rate and would confirm whatever it was. They
were also phased together and are more alike than they are to the target: the usual size is the least.

Measured on the typed sites of 24 people (switch errors with the usual size, with the fitted one): PAR1 of 14
populations 0.0870, 0.0825 (fitted 260,000); chromosome 22 of these 0.2436, 0.2312 (129,000); Europeans on
chromosome 22 and ten genes of 26 populations stay (42,000 and 44,000 were fitted, and were no better).
On PAR1 the mean r2 of Minimac4 above a MAF of 0.02 rose from 0.778 to 0.785 by the phase, to 0.797 by the
map that is scaled with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.model import Model
from app.imputation.built_in.stretch import PanelStretch

TAKEN_OUT = 16
_FEWEST_LEFT = 40  # haplotypes; a smaller panel tells next to nothing
_FEWEST_SITES = 100
_MOST_SITES = 1000
_ROUNDS = 4
_AT_ONCE = 8  # targets, as in the extension
_TIMES = 3  # that a forward row is made, of which few are kept
_SLOWEST = 0.9  # convergence up to which the limit of the rounds is believed
_MOST_SIZE = 1_000_000.0
_ROWS_AT_ONCE = 64  # of a dense matrix

Dense = NDArray[np.int8] | NDArray[np.uint8]


def fitted_model(panel: Dense | PanelStretch, centimorgans: NDArray[np.float64]) -> Model:
    """The model for a panel [sites, K] at typed sites; the usual one where it has too little to tell."""
    usual = Model()
    rows = telling_rows(len(panel))
    centimorgans = centimorgans[rows]
    size = panel.size if isinstance(panel, PanelStretch) else panel.shape[1]
    taken, rest = _taken_out(size)
    if len(centimorgans) < _FEWEST_SITES or len(rest) < _FEWEST_LEFT or centimorgans[-1] <= centimorgans[0]:
        return usual
    targets, left = _divided(panel, rows, taken, rest)
    sizes = [usual.effective_size]
    for _ in range(_ROUNDS):
        model = Model(sizes[-1], usual.error)
        sizes.append(_better_size(left, targets, centimorgans, model))
        if sizes[-1] <= usual.effective_size:  # each round goes on where the first one went
            return usual
    return Model(float(np.clip(_limit(sizes), usual.effective_size, _MOST_SIZE)), usual.error)


@dataclass(frozen=True, eq=False)
class _Bits:
    """Alleles of `size` haplotypes [sites, (size + 7) // 8]: haplotype k is bit k % 8 of byte k // 8."""

    bits: NDArray[np.uint8]
    size: int

    def dense(self) -> NDArray[np.uint8]:
        """All of them, [sites, size]."""
        return np.unpackbits(self.bits, axis=1, bitorder="little", count=self.size)


def _divided(
    panel: Dense | PanelStretch, rows: slice, taken: NDArray[np.intp], rest: NDArray[np.intp]
) -> tuple[NDArray[np.int8], _Bits]:
    """The haplotypes that are modelled [sites, taken], and those that they are made of."""
    numbers = np.arange(len(panel))[rows]
    targets, bits = [], []
    for at in range(0, len(numbers), _ROWS_AT_ONCE):
        some = numbers[at : at + _ROWS_AT_ONCE]
        dense = panel.alleles(some) if isinstance(panel, PanelStretch) else panel[some]
        targets.append(dense[:, taken].astype(np.int8))
        bits.append(np.packbits(dense[:, rest].view(np.uint8), axis=1, bitorder="little"))
    return np.concatenate(targets), _Bits(np.concatenate(bits), len(rest))


def telling_rows(sites: int) -> slice:
    """The sites that are looked at: so many in the middle."""
    middle = max(0, (sites - _MOST_SITES) // 2)
    return slice(middle, middle + _MOST_SITES)


def _taken_out(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The haplotypes that are modelled, and those that they are made of.

    Beside one stand those of the same person, and relatives, which would tell too little.
    """
    chosen = np.linspace(0, size - 1, TAKEN_OUT).astype(np.intp)
    is_taken, is_near = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    is_taken[chosen] = True
    is_near[chosen] = is_near[np.minimum(chosen ^ 1, size - 1)] = True
    return np.flatnonzero(is_taken), np.flatnonzero(~is_near)


def _better_size(
    panel: _Bits,
    targets: NDArray[np.int8],
    centimorgans: NDArray[np.float64],
    model: Model,
) -> float:
    """One round: the effective size under which the expected switches are the most likely ones.

    A switch may lead to the haplotype that was copied before, so its chance is taken from the model, not
    from a change of the copied haplotype; where one is certain there may have been several.
    """
    size = panel.size
    chance = model.switches(centimorgans, size)[:, None]
    stayed = _stayed(panel, targets, chance[:, 0], model.error)
    drawn = chance / size
    several = -np.log1p(-np.minimum(chance, 1.0 - 1e-9)) / chance
    switches = float((several * drawn / (stayed + drawn)).sum())
    morgans = (centimorgans[-1] - centimorgans[0]) / 100.0 * targets.shape[1]
    return float(switches / morgans * size / 4.0)


def stayed_chances(
    panel: Dense,
    targets: NDArray[np.int8],
    change: NDArray[np.float64],
    error: float,
) -> NDArray[np.float64]:
    """Weight of no switch, beside `change / K` of one to the same haplotype: [sites - 1, targets].

    `panel` [sites, K] and `targets` [sites, any number] of 0 and 1, `change` the chance of a switch between
    neighbours. At least two sites.
    """
    bits = np.packbits(panel.view(np.uint8), axis=1, bitorder="little")
    return _stayed(_Bits(bits, panel.shape[1]), targets, change, error)


def _stayed(
    panel: _Bits, targets: NDArray[np.int8], change: NDArray[np.float64], error: float
) -> NDArray[np.float64]:
    ones_of = np.bitwise_count(panel.bits).sum(axis=1, dtype=np.float32)
    frequency = (ones_of / np.float32(panel.size))[:, None]
    ones = targets == 1
    drawn = error * np.where(ones, frequency, 1.0 - frequency)
    match, differ = 1.0 - error + drawn, np.maximum(drawn, error * 1e-3)
    one = np.where(ones, match, differ).astype(np.float32)
    zero = np.where(ones, differ, match).astype(np.float32)
    columns = range(0, targets.shape[1], _AT_ONCE)
    some = [slice(at, at + _AT_ONCE) for at in columns]
    return np.hstack([_stayed_batch(panel, one[:, each], zero[:, each], change) for each in some])


def _stayed_batch(
    panel: _Bits,
    one: NDArray[np.float32],
    zero: NDArray[np.float32],
    change: NDArray[np.float64],
) -> NDArray[np.float64]:
    """`one` and `zero` [sites, targets]: the chance of the target's allele beside each of the panel's."""
    try:
        from app.imputation import _switches
    except ImportError:
        return _stayed_slowly(panel.dense(), one, zero, change)
    sites, many = one.shape
    wide = ((0, 0), (0, _AT_ONCE - many))
    beside_one, beside_zero = (
        np.ascontiguousarray(np.pad(e, wide, constant_values=1.0)) for e in (one, zero)
    )
    stayed = np.empty((sites - 1, _AT_ONCE))
    sizes = (sites, panel.size, _TIMES)
    _switches.stayed(
        np.ascontiguousarray(panel.bits),
        beside_one,
        beside_zero,
        np.ascontiguousarray(change),
        stayed,
        *sizes,
    )
    return stayed[:, :many]


def _stayed_slowly(
    panel: NDArray[np.uint8],
    one: NDArray[np.float32],
    zero: NDArray[np.float32],
    change: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The same where the extension was not built; all forward rows are in memory."""
    sites, size = panel.shape
    alleles = panel.astype(bool)[:, :, None]

    def scaled(row: NDArray[np.float32], at: int) -> NDArray[np.float32]:
        made = row * np.where(alleles[at], one[at], zero[at])
        return np.asarray(made / made.sum(axis=0), dtype=np.float32)

    def moved(row: NDArray[np.float32], chance: float) -> NDArray[np.float32]:
        return np.asarray(row * np.float32(1 - chance) + np.float32(chance / size), dtype=np.float32)

    uniform = np.full((size, one.shape[1]), 1.0 / size, dtype=np.float32)
    forward = [scaled(uniform, 0)]
    for at in range(1, sites):
        forward.append(scaled(moved(forward[-1], change[at - 1]), at))
    stayed = np.empty((sites - 1, one.shape[1]))
    right = scaled(uniform, sites - 1)
    for at in range(sites - 2, -1, -1):
        stayed[at] = (1.0 - change[at]) * np.einsum("kn,kn->n", forward[at], right)
        right = scaled(moved(right, change[at]), at)
    return stayed


def _limit(sizes: list[float]) -> float:
    """Where the rounds go to, by the ratio of the last two steps (Aitken)."""
    before, last = sizes[-2] - sizes[-3], sizes[-1] - sizes[-2]
    ratio = last / before if before else 0.0
    return sizes[-1] + last * ratio / (1 - ratio) if 0 < ratio < _SLOWEST else sizes[-1]
