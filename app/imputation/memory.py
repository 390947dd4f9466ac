"""How much memory an engine will take, and how to cut the work so that it stays below a limit.

Forecasts are on the high side. Measured (2 threads): Minimac4 4.1.2 with 500 people, 5,008 haplotypes and
211,614 sites in a chunk took 1.1 GB with a buffer of 500, 0.6 GB with one of 200; Beagle 5.4 took 2.0 to
3.6 GB for the same, the built-in engine 0.11 GB. On panels of real people the built-in engine took 30 to
45 MB (48 to 129 people, 3,000 to 85,000 sites), of which 20 are Python and its libraries: as much again
where no other program shares these, or where a job has a process of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.imputation.built_in import c_kernel
from app.imputation.built_in.choice import KernelChoice
from app.imputation.built_in.kernels import settled
from app.imputation.chunks import CHUNK_BP, MEGABASE, OVERLAP_BP, SMALLEST_BP
from app.imputation.contract import EngineName, PhasingName
from app.imputation.spool import IN_MEMORY

if TYPE_CHECKING:
    from app.imputation.panel_format.reader import Panel

MB = 1 << 20
_PROGRAM_MB = 150  # Python, NumPy and the readers
_JAVA_MB = 350
_JAVA_OUTSIDE_MB = 150
_LEAST_HEAP_MB = 256
OWN_MB = 55  # Python, NumPy and what is ours, in the process of a job; 31 in that of a command
_WRITING_MB = 8
_FIT_BYTES = 1500  # a haplotype, while the model is fitted
_UNLIKE = 2000  # haplotypes up to which a plan grows with each
CARD_MB = 1900  # PyTorch and the driver: a whole process took 1,564 on an H100, other drivers may take more
CARD_CALLS = 2  # one computes while the answers of another are packed
_CARD_CELL = 3 * CARD_CALLS  # bytes of an answer: thousandths, and their codes until they are put away
_CARD_TYPED = 40 * CARD_CALLS  # of a typed site and a haplotype: alleles and their chances
ANSWERS_MB = 1  # of the kernels of all threads, before they are packed
LEAST_WIDTH = 8  # haplotypes; fewer leave lanes of vector units empty
_SMALLEST_BUFFER = 10
_LENGTHS = (CHUNK_BP, 15 * MEGABASE, 10 * MEGABASE, 5 * MEGABASE, 2 * MEGABASE, SMALLEST_BP)


@dataclass(frozen=True)
class Load:
    """What is to be imputed: people, panel haplotypes, and the sites of panel and target in each megabase.

    `panel_bytes` are those of the panel's haplotypes in memory (`stretch_bytes`), the most they can be if
    empty.
    """

    engine: EngineName
    phasing: PhasingName
    samples: int
    panel_haplotypes: int
    panel_sites: tuple[int, ...]
    typed_sites: tuple[int, ...]
    haploid: bool = False
    panel_bytes: tuple[int, ...] = ()
    kernel: KernelChoice = KernelChoice.AUTOMATIC


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How the work is cut: `memory_mb` is the forecast, or for Beagle the heap that Java may have."""

    chunk_bp: int
    overlap_bp: int
    threads: int
    temp_buffer: int
    memory_mb: int


def fit(load: Load, limit_mb: int, threads: int) -> Cut:
    """The largest pieces and most threads that stay below a limit; ProblemError when none do."""
    for chunk_bp in _LENGTHS:
        overlap = min(OVERLAP_BP, max(chunk_bp // 2, SMALLEST_BP // 2))
        for few in dict.fromkeys((threads, max(1, threads // 2), 1)):
            for buffer in _buffers(load):
                need = forecast_mb(load, chunk_bp, overlap, few, buffer)
                if need <= limit_mb:
                    return Cut(
                        chunk_bp=chunk_bp,
                        overlap_bp=overlap,
                        threads=few,
                        temp_buffer=buffer,
                        memory_mb=_heap_mb(limit_mb) if _is_java(load) else need,
                    )
    least = forecast_mb(load, SMALLEST_BP, SMALLEST_BP // 2, 1, _buffers(load)[-1])
    raise too_little_memory(load.engine, load.samples, load.panel_haplotypes, least, limit_mb)


def too_little_memory(
    engine: str, samples: int, panel_haplotypes: int, least_mb: int, limit_mb: int
) -> ProblemError:
    """What to say of a job that does not fit in the smallest pieces."""
    return problem(
        Kind.REFUSED,
        "There is not enough memory for this job",
        f"{engine} would need about {least_mb:,} MB for {samples:,} people and a panel of "
        f"{panel_haplotypes:,} haplotypes, even in the smallest pieces; {limit_mb:,} MB are allowed.",
        "Allow more memory in Settings, choose another engine, or send fewer people in one job.",
    )


def _is_java(load: Load) -> bool:
    return EngineName.BEAGLE in (load.engine, str(load.phasing))


def _heap_mb(limit_mb: int) -> int:
    """Java takes its heap for what it may have, and more outside of it; our own process waits beside it."""
    return max(_LEAST_HEAP_MB, limit_mb - _PROGRAM_MB - _JAVA_OUTSIDE_MB)


def _buffers(load: Load) -> tuple[int, ...]:
    """People that Minimac4 holds at once; all of them where some are haploid (4.1.2 mixes them up else)."""
    if load.engine is not EngineName.MINIMAC4 or load.haploid:
        return (max(load.samples, 1),)
    usual = min(200, max(load.samples, 1))
    return tuple(dict.fromkeys((usual, max(usual // 4, 1), min(usual, _SMALLEST_BUFFER))))


def forecast_mb(load: Load, chunk_bp: int, overlap_bp: int, threads: int, buffer: int) -> int:
    """Megabytes at the height of one chunk: our own process and the engine's together."""
    sites = most_within(load.panel_sites, chunk_bp)
    around = most_within(load.panel_sites, chunk_bp + 2 * overlap_bp)
    typed = most_within(load.typed_sites, chunk_bp + 2 * overlap_bp)
    study = typed * (load.panel_haplotypes + 8 * load.samples) + 300 * typed
    phasing = study + _phasing(load, typed, around, threads)
    if load.engine is EngineName.BUILTIN:
        packed = most_within(load.panel_bytes, chunk_bp) if load.panel_bytes else None
        job = BuiltInJob(
            sites, packed, typed, load.samples, load.panel_haplotypes, threads, settled(load.kernel)
        )
        own = job.own_mb if not _is_java(load) else _PROGRAM_MB + _JAVA_MB
        phased = phasing if load.phasing is not PhasingName.NONE else 0.0
        return int(own + max(phased, job.forecast_bytes()) / MB)
    engine = study + _ENGINES[load.engine](load, sites, typed, threads, buffer)
    java = _JAVA_MB if _is_java(load) else 0
    return int(_PROGRAM_MB + java + max(phasing, engine) / MB)


@dataclass(frozen=True)
class BuiltInJob:
    """A piece for the built-in engine; `stretch` bytes of haplotypes, None for the most they can be."""

    sites: int
    stretch: int | None
    typed: int
    samples: int
    panel_haplotypes: int
    threads: int
    kernel: KernelChoice

    @property
    def own_mb(self) -> int:
        """Megabytes of the program itself."""
        return OWN_MB + (CARD_MB if self._on_card else 0)

    @property
    def _on_card(self) -> bool:
        return self.kernel is KernelChoice.CARD

    def forecast_bytes(self) -> float:
        """Bytes at the height, beside the program itself: while it is computed, or while it is written."""
        writing = self._target + _WRITING_MB * MB + self.sites * (self._waiting + 120)
        return max(self._computing() if self._forgets else self._at_most(), writing)

    @property
    def _forgets(self) -> bool:
        """Whether the kernel lets go of the haplotypes as soon as it has a plan."""
        return self.kernel is KernelChoice.C

    def _at_most(self) -> float:
        return self.fixed_bytes() + self.sites * self.bytes_a_site()

    def _computing(self) -> float:
        """Haplotypes are joined, then planned, then forgotten."""
        held = self._target + self.typed * self.panel_haplotypes / 8 + 40 * self.sites
        stretch = self.sites * self._stretch_a_site
        plan, call = self._kernel(self.sites)
        calls = self.threads * call + self.sites * self._answers_a_site
        waiting = self.sites * self._waiting
        return held + max(
            _FIT_BYTES * self.panel_haplotypes, 2 * stretch, stretch + plan, plan + calls + waiting
        )

    def fixed_bytes(self) -> float:
        """Bytes that do not depend on the sites of the piece, but for typed ones."""
        plan, call = self._kernel(0)
        calls = CARD_CALLS if self._on_card else self.threads
        computing = self.typed * self.panel_haplotypes / 8 + plan + calls * call
        return self._target + max(_FIT_BYTES * self.panel_haplotypes, computing)

    def bytes_a_site(self) -> float:
        """Haplotypes (twice while they are joined), the plan, answers, and what waits."""
        plan = (self._kernel(1000)[0] - self._kernel(0)[0]) / 1000
        return 2 * self._stretch_a_site + plan + self._answers_a_site + self._waiting

    @property
    def _stretch_a_site(self) -> float:
        most = self.panel_haplotypes / 8
        return most if self.stretch is None else self.stretch / max(self.sites, 1)

    @property
    def _answers_a_site(self) -> float:
        """Of all calls, with their codes."""
        if self._on_card:
            return float(_CARD_CELL * self._least_on_card)
        return 6.0 * self.threads * haplotypes_at_once(c_kernel.WIDTH, self.sites, self.threads)

    @property
    def _least_on_card(self) -> int:
        from app.imputation.built_in.torch_kernel import TorchKernel

        return min(TorchKernel.least, 2 * max(self.samples, 1))

    def haplotypes_on_card(self, liked: int, limit_mb: int) -> int:
        """How many haplotypes a card gets at once: what it likes where memory allows, the last as many."""
        spare = (limit_mb - self.own_mb) * MB - self.forecast_bytes()
        more = int(spare // max(1, _CARD_CELL * self.sites + _CARD_TYPED * self.typed))
        most = max(1, min(liked, self._least_on_card + max(0, more)))
        many = 2 * max(self.samples, 1)
        return -(-many // -(-many // most))

    @property
    def _target(self) -> float:
        return float(self.typed * (6 * self.samples + 600))

    @property
    def _waiting(self) -> float:
        return min(4.0 * self.samples, IN_MEMORY / max(self.sites, 1))

    def _kernel(self, sites: int) -> tuple[float, float]:
        """The plan, and one call, as they were measured: haplotypes of large panels are much alike."""
        if self._on_card:
            return 100.0 * sites, float(_CARD_TYPED / CARD_CALLS * self.typed * self._least_on_card)
        if self.kernel is KernelChoice.NUMPY:
            from app.imputation.built_in import numpy_kernel

            return 0.0, float(numpy_kernel.forecast_bytes(self.panel_haplotypes, self.typed))
        different = min(self.panel_haplotypes, round(math.sqrt(_UNLIKE * self.panel_haplotypes)))
        plan, _ = c_kernel.forecast_bytes(different, self.typed, sites)
        _, call = c_kernel.forecast_bytes(self.panel_haplotypes, self.typed, sites)
        return plan, 0.75 * call


def bytes_of_sites(alt_counts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """What each site takes in memory, by how many of the panel's haplotypes have ALT."""
    fewer = np.minimum(alt_counts, size - alt_counts)
    return np.where(fewer <= size // 32, 4 * fewer, (size + 7) // 8) + 33


def stretch_bytes(panel: Panel) -> tuple[int, ...]:
    """What the haplotypes of each megabase of a panel take in memory."""
    places = panel.positions() // MEGABASE
    weights = bytes_of_sites(panel.alt_counts(), panel.size).astype(np.float64)
    return tuple(np.bincount(places, weights).astype(np.int64).tolist())


def spool_bytes(alt_counts: NDArray[np.int64], size: int, samples: int) -> int:
    """What waits on the disk until all people are done: more of common sites, whose dosages are uncertain."""
    fewer = np.minimum(alt_counts, size - alt_counts)
    common = int((fewer > size // 32).sum())
    return int(2 * samples * (1.6 * common + 0.1 * len(alt_counts)))


def most_within(per_mb: tuple[int, ...], length: int) -> int:
    """The most sites in any stretch of a length, from the counts of each megabase."""
    width = -(-length // MEGABASE) + 1
    sums = list(accumulate(per_mb, initial=0))
    return max(1, *(sums[min(at + width, len(per_mb))] - sums[at] for at in range(max(1, len(per_mb)))))


def _phasing(load: Load, typed: int, sites: int, threads: int) -> float:
    if load.phasing is PhasingName.BUILTIN:
        from app.imputation.phasing import forecast_bytes as phasing_bytes

        return phasing_bytes(typed, load.samples, load.panel_haplotypes, threads)
    return _beagle(load, sites, typed, 1, 0) if load.phasing is PhasingName.BEAGLE else 0.0


def _minimac4(load: Load, sites: float, typed: float, threads: int, buffer: int) -> float:
    dosages = 9.0 * sites * min(buffer, load.samples) + 8.0 * typed * buffer
    panel = sites * load.panel_haplotypes / 8 + 200 * sites
    return dosages + panel + threads * 4.0 * typed * load.panel_haplotypes


def _beagle(load: Load, sites: float, typed: float, threads: int, buffer: int) -> float:
    panel = sites * load.panel_haplotypes / 4 + 200 * sites
    people = typed * load.samples * 40 + sites * min(load.samples, 1000) * 8
    return 1.5 * (panel + people) + threads * 8.0 * typed * load.panel_haplotypes


_ENGINES = {
    EngineName.MINIMAC4: _minimac4,
    EngineName.BEAGLE: _beagle,
}


def haplotypes_at_once(liked: int, sites: int, threads: int) -> int:
    """How many haplotypes a kernel gets at once: what it likes, fewer where the answers would be large."""
    room = ANSWERS_MB * MB // (4 * max(sites, 1) * threads)
    return max(min(liked, LEAST_WIDTH), min(liked, room // LEAST_WIDTH * LEAST_WIDTH))
