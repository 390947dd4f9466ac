"""The nearest haplotypes of targets in NumPy: positional Burrows-Wheeler transform (Durbin 2014)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.phasing.kernels import Neighbours, Walks
from app.imputation.built_in.phasing.words import WORD, unpacked

_NOWHERE = np.iinfo(np.int32).max
Numbers = NDArray[np.int32]


def nearest(walks: Walks, found: Neighbours, *, backward: bool) -> None:
    """Fill `before`, or `after` on the way back, longest matches first."""
    picks = found.after if backward else found.before
    order = np.arange(walks.haplotypes, dtype=np.int32)
    start = np.zeros(walks.haplotypes, dtype=np.int32)
    wanted = {int(site): step for step, site in enumerate(found.steps)}
    for number in range(walks.sites):
        site = walks.sites - 1 - number if backward else number
        bits = walks.words[site // WORD][order] >> np.uint32(site % WORD) & np.uint32(1)
        order, start = _partition(order, start, bits.astype(bool), number + 1)
        if site in wanted:
            picks[wanted[site]] = _picked(walks.panel, order, start, picks.shape[2])


def _partition(order: Numbers, start: Numbers, bits: NDArray[np.bool_], here: int) -> tuple[Numbers, Numbers]:
    """Haplotypes with 0 before those with 1; where the match of each with the one before it starts."""
    orders, starts = [], []
    for allele in (False, True):
        places = np.flatnonzero(bits == allele)
        if len(places):
            begin = np.concatenate([[0], places[:-1] + 1])
            match = np.maximum.reduceat(start[: places[-1] + 1], begin).astype(np.int32)
            match[0] = max(int(match[0]), here)
            orders.append(order[places])
            starts.append(match)
    return np.concatenate(orders), np.concatenate(starts)


def _picked(panel: int, order: Numbers, start: Numbers, most: int) -> Numbers:
    """For each target haplotype the nearest that are not the same person's, by the longer match."""
    size = len(order)
    places = np.flatnonzero(order >= panel)
    own = order[places] - panel
    found = np.full((size - panel, most), -1, dtype=np.int32)
    count = np.zeros(len(places), dtype=np.intp)
    bounds = np.append(start, _NOWHERE)
    bounds[0] = _NOWHERE
    up, down = places.copy(), places + 1
    above, below = bounds[up], bounds[down]
    for _ in range(most + 1):
        go_up = above <= below
        there = np.minimum(above, below) != _NOWHERE
        at = np.where(go_up, up - 1, down)
        next_one = order[np.clip(at, 0, size - 1)]
        good = there & ((next_one < panel) | ((next_one - panel) // 2 != own // 2)) & (count < most)
        found[own[good], count[good]] = next_one[good]
        count += good
        up = np.where(there & go_up, up - 1, up)
        down = np.where(there & ~go_up, down + 1, down)
        above = np.where(there & go_up, np.maximum(above, bounds[np.maximum(up, 0)]), above)
        below = np.where(there & ~go_up, np.maximum(below, bounds[np.minimum(down, size)]), below)
    return found


def relatives(walks: Walks, found: Neighbours, stride: int, people: tuple[int, int]) -> None:
    """Fill both picks of some people with panel haplotypes that clash with no genotype the farthest."""
    tried = np.arange(0, walks.panel, stride)
    panel = unpacked(walks.words[:, tried], walks.sites)
    most = found.before.shape[2]
    for person in range(*people):
        genotype = unpacked(walks.words[:, [walks.panel + 2 * person]], walks.sites)
        skipped = unpacked(walks.het[[person]].T | walks.missing[[person]].T, walks.sites)
        reach = _reach((panel != genotype) & (skipped == 0), found.steps)
        best = np.argsort(-reach, axis=1, kind="stable")[:, : 4 * most]
        picks = np.full((len(found.steps), 4 * most), -1, dtype=np.int32)
        picks[:, : best.shape[1]] = tried[best]
        found.before[:, 2 * person : 2 * person + 2] = picks[:, 0::2].reshape(-1, 2, most)
        found.after[:, 2 * person : 2 * person + 2] = picks[:, 1::2].reshape(-1, 2, most)


def _reach(clash: NDArray[np.bool_], steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sites between the clash before (or at) and the one after each step, [steps, haplotypes]."""
    sites = np.arange(len(clash))[:, None]
    last = np.maximum.accumulate(np.where(clash, sites, 0), axis=0)
    after = np.minimum.accumulate(np.where(clash, sites, len(clash))[::-1], axis=0)[::-1]
    beyond = np.vstack([after[1:], np.full((1, clash.shape[1]), len(clash))])
    return np.asarray(beyond[steps] - last[steps], dtype=np.int64)
