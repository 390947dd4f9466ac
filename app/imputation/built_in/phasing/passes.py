"""Phases people against a panel and one another: many passes, whose votes decide.

The start takes for each person the panel haplotypes that no homozygous genotype contradicts. Each pass then
finds for both haplotypes of a person the nearest of the panel and of all other people, walks along the
chromosome with two Li-Stephens chains over them, and draws at each heterozygous genotype which way round it
is and which way the left side is joined. The first passes only forget the start. Of the others each tells
how likely neighbouring heterozygous genotypes are to be the same way round; the sum decides in the end.
The votes are worth more than any single phase: on chromosome 22 of 48 Europeans 5.2 % of the joins were
wrong, 7 % in each single pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.model import Model
from app.imputation.built_in.phasing.consensus import filled, voted
from app.imputation.built_in.phasing.kernels import (
    DRAW,
    EVERY,
    LANES,
    UNKNOWN_HETS,
    VOTE,
    Neighbours,
    PhasingKernel,
    Walks,
    compiled,
)
from app.imputation.built_in.phasing.numpy_walks import NumpyKernel
from app.imputation.built_in.phasing.words import packed, unpacked, width

Progress = Callable[[float], None]
_MOST_RELATIVES = 1024  # panel haplotypes that are tried for the start
_A_PICK = 2 * 2 * 4  # bytes a neighbour of both haplotypes on both sides
_MOST_PICKED = 256 << 20  # bytes
_START_GAP = 4  # the start looks for neighbours so many times more seldom
_PEOPLE_AT_ONCE = 16


@dataclass(frozen=True)
class Settings:
    """How hard to try. Defaults measured on real data of three kinds (tests/benchmarks/bench_phasing.py).

    `states` conditioning haplotypes at a site (all there are, where there are fewer); `gap` typed sites
    between two looks for neighbours, of which `nearest` are taken on each side of each haplotype; `error` is
    that of one allele. Switches are `haste` times as frequent as the model has them: it was fitted to
    haplotypes of a panel, which are more alike.
    """

    burn_in: int = 3
    passes: int = 12
    states: int = 288
    gap: int = 8
    nearest: int = 4
    relatives: int = 4
    error: float = 3e-4
    haste: float = 1.5


@dataclass(frozen=True, eq=False)
class PhasingTask:
    """`panel` [sites, K] of 0 and 1; `counts` int8 [sites, people] of ALT alleles, -1 missing; K at least 1.

    `centimorgans` float64 [sites], never falling. The answer depends on `seed`, never on `threads`.
    """

    panel: NDArray[np.int8] | NDArray[np.uint8]
    counts: NDArray[np.int8]
    centimorgans: NDArray[np.float64]
    model: Model = Model()
    settings: Settings = Settings()
    seed: int = 1
    threads: int = 1


def phased(
    task: PhasingTask, progress: Progress | None = None, kernel: PhasingKernel | None = None
) -> NDArray[np.int8]:
    """Haplotypes int8 [sites, 2 * people], without missing alleles, the two of a person side by side.

    Their order means nothing. `progress` gets 0 to 1 between pieces of work; raising in it stops everything.
    """
    if not ((task.counts == 1) | (task.counts < 0)).any():
        return np.repeat(task.counts // 2, 2, axis=1).astype(np.int8)
    with ThreadPoolExecutor(max(1, task.threads)) as pool:
        run = _Run(task, kernel or compiled() or NumpyKernel(), pool, progress or (lambda share: None))
        try:
            return run.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


class _Run:
    def __init__(
        self, task: PhasingTask, kernel: PhasingKernel, pool: ThreadPoolExecutor, progress: Progress
    ) -> None:
        self.task, self.kernel, self.pool, self.progress = task, kernel, pool, progress
        self.sites, self.people = task.counts.shape
        self.walks = _walks(task)
        self.gap = _gap(task.settings, self.sites, self.people)
        self.every = self.walks.haplotypes - 2 <= task.settings.states
        self.draw = np.random.default_rng(task.seed)
        self.done = 0.0

    def result(self) -> NDArray[np.int8]:
        settings = self.task.settings
        self._start()
        for number in range(settings.burn_in + settings.passes):
            self._pass(DRAW if number < settings.burn_in else DRAW | VOTE)
        own = unpacked(self.walks.words[:, self.walks.panel :], self.sites)
        return voted(own, self.task.counts, self.walks.places, self.walks.votes)

    def _start(self) -> None:
        settings, panel = self.task.settings, self.walks.panel
        steps = self._steps(_START_GAP * self.gap, self.gap)
        found = Neighbours.empty(steps, 2 * self.people, settings.relatives)
        if not self.every:
            stride = -(-panel // _MOST_RELATIVES)
            self._spread(partial(self.kernel.relatives, self.walks, found, stride))
        self._walk(found, UNKNOWN_HETS)

    def _pass(self, flags: int) -> None:
        settings = self.task.settings
        steps = self._steps(self.gap, int(self.draw.integers(self.gap)))
        found = Neighbours.empty(steps, 2 * self.people, settings.nearest)
        if not self.every:
            look = partial(self.kernel.nearest, self.walks, found)
            for each in [self.pool.submit(look, backward=way) for way in (False, True)]:
                each.result()
        self._walk(found, flags)

    def _steps(self, gap: int, first: int) -> NDArray[np.int64]:
        return np.arange(min(first, self.sites - 1), self.sites, gap, dtype=np.int64)

    def _walk(self, found: Neighbours, flags: int) -> None:
        seed = int(self.draw.integers(1 << 62))
        flags |= EVERY if self.every else 0
        walk = partial(self.kernel.walk, self.walks, found)
        self._spread(lambda people: walk(people, seed, flags), counts=True)
        self.walks.words[:, self.walks.panel :] = self.walks.out

    def _spread(self, work: Callable[[tuple[int, int]], None], *, counts: bool = False) -> None:
        """Do something for all people, some at once in each thread; what `counts` tells the progress."""
        passes = 1 + self.task.settings.burn_in + self.task.settings.passes
        parts = list(_parts(self.people))
        waiting: list[Future[None]] = [self.pool.submit(work, part) for part in parts]
        for each in as_completed(waiting):
            each.result()
            if counts:
                self.done += 1 / (len(parts) * passes)
                self.progress(min(self.done, 1.0))


def _parts(people: int) -> Iterator[tuple[int, int]]:
    for start in range(0, people, _PEOPLE_AT_ONCE):
        yield start, min(start + _PEOPLE_AT_ONCE, people)


def _walks(task: PhasingTask) -> Walks:
    sites, people = task.counts.shape
    panel = task.panel.shape[1]
    start = np.repeat(filled(task.counts, task.panel), 2, axis=1)
    haplotypes = panel + 2 * people
    others = haplotypes - 2
    change = np.zeros(sites, dtype=np.float32)
    change[1:] = task.model.switches(task.centimorgans * task.settings.haste, max(1, others))
    places = np.concatenate([[0], np.cumsum((task.counts == 1).sum(axis=0))]).astype(np.int64)
    states = min(task.settings.states, others)
    return Walks(
        words=np.concatenate([packed(task.panel), packed(start)], axis=1),
        sites=sites,
        panel=panel,
        change=change,
        het=np.ascontiguousarray(packed(task.counts == 1).T),
        missing=np.ascontiguousarray(packed(task.counts < 0).T),
        out=np.zeros((width(sites), 2 * people), dtype=np.uint32),
        places=places,
        votes=np.zeros((2, places[-1]), dtype=np.float32),
        states=-(-states // LANES) * LANES,
        error=task.settings.error,
    )


def forecast_bytes(
    sites: int, people: int, panel: int, threads: int, settings: Settings = Settings(), het: float = 0.4
) -> int:
    """Bytes at the height, beside panel and genotypes; `het` is the share of genotypes not settled."""
    haplotypes = panel + 2 * people
    gap = _gap(settings, sites, people)
    words = 4 * width(sites) * (haplotypes + 4 * people)
    picks = _A_PICK * people * max(settings.nearest, settings.relatives) * -(-sites // gap)
    tried = 4 * min(panel, _MOST_RELATIVES) * -(-sites // (_START_GAP * gap))
    a_thread = max(4 * settings.states * int(width(sites) + 2 * het * sites), tried) + 4 * haplotypes
    answer = 3 * 2 * people * sites
    votes = int(8 * het * people * sites)
    return words + picks + votes + threads * a_thread + answer + 2 * 24 * haplotypes


def _gap(settings: Settings, sites: int, people: int) -> int:
    """The gap that is asked for, wider where so many neighbours would take too much memory."""
    wanted = _A_PICK * people * settings.nearest * sites
    return max(settings.gap, -(-wanted // _MOST_PICKED))
