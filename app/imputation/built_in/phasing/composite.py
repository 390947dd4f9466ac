"""The states of a walk in NumPy: slots that hold one haplotype after another along the chromosome."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from app.imputation.built_in.phasing.kernels import Neighbours, Walks
from app.imputation.built_in.phasing.randomness import uniform
from app.imputation.built_in.phasing.words import WORD, Words

_FALLBACK = 7  # added to the seed for slots that nobody wants


def every_other(walks: Walks, person: int) -> Words:
    """All haplotypes but a person's own, again from the first until all slots are full; [width, states]."""
    others = np.delete(np.arange(walks.haplotypes), walks.panel + 2 * person + np.arange(2))
    return walks.words[:, np.resize(others, walks.states)]


def composed(walks: Walks, found: Neighbours, person: int, seed: int) -> Words:
    """Slots full of a person's neighbours; [width, states].

    A haplotype that is not in a slot takes that of the one which was last wanted longest ago, from half way
    between there and here.
    """
    words = np.empty((len(walks.words), walks.states), dtype=np.uint32)
    sites = found.steps.tolist()
    slots = [_Slot(walks, words, number) for number in range(walks.states)]
    queue: OrderedDict[int, _Slot] = OrderedDict((-1 - number, slot) for number, slot in enumerate(slots))
    for step in range(len(sites)):
        for haplotype in _wanted(found, step, person):
            if haplotype in queue:
                slot = queue.pop(haplotype)
            else:
                oldest = next(iter(queue))
                slot = queue[oldest]
                if slot.last == step:
                    continue
                del queue[oldest]
                slot.take(haplotype, step, sites)
            slot.last = step
            queue[haplotype] = slot
    for number, slot in enumerate(slots):
        if slot.held < 0:
            key = np.array([seed + _FALLBACK], dtype=np.uint64)
            slot.held = int(uniform(key, person * walks.states + number)[0] * walks.panel)
        slot.fill(walks.sites)
    return words


def _wanted(found: Neighbours, step: int, person: int) -> list[int]:
    own = slice(2 * person, 2 * person + 2)
    both = np.stack([found.before[step, own], found.after[step, own]])  # [way, haplotype, rank]
    return [each for each in both.transpose(2, 1, 0).ravel().tolist() if each >= 0]


class _Slot:
    def __init__(self, walks: Walks, words: Words, number: int) -> None:
        self.walks, self.words, self.number = walks, words, number
        self.held, self.last, self.begun = -1, -1, 0

    def take(self, haplotype: int, step: int, steps: list[int]) -> None:
        """Hold another haplotype from half way between the last use and this."""
        if self.held >= 0:
            border = (steps[self.last] + steps[step] + 1) // 2
            self.fill(border)
            self.begun = border
        self.held = haplotype

    def fill(self, stop: int) -> None:
        """Write the alleles of what is held, from where it begins to `stop`."""
        if self.begun >= stop:
            return
        first, last = self.begun // WORD, (stop - 1) // WORD
        source = self.walks.words[first : last + 1, self.held]
        mask = np.full(last + 1 - first, 0xFFFFFFFF, dtype=np.uint32)
        mask[0] &= np.uint32(0xFFFFFFFF << (self.begun % WORD) & 0xFFFFFFFF)
        if stop % WORD:
            mask[-1] &= np.uint32((1 << (stop % WORD)) - 1)
        cell = self.words[first : last + 1, self.number]
        cell[:] = (cell & ~mask) | (source & mask)
