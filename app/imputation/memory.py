"""How much memory an engine will take, and how to cut the work so that it stays below a limit.

Forecasts are on the high side. Measured (2 threads): Minimac4 4.1.2 with 500 people, 5,008 haplotypes and
211,614 sites in a chunk took 1.1 GB with a buffer of 500; Beagle 5.4 took 2.0 to 3.6 GB for the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate

from app.domain.model import Model
from app.domain.problem import Kind, problem
from app.imputation.chunks import CHUNK_BP, MEGABASE, OVERLAP_BP, SMALLEST_BP
from app.imputation.contract import EngineName, PhasingName
from app.imputation.li_stephens import TARGETS_AT_ONCE
from app.imputation.phasing import PEOPLE_AT_ONCE

MB = 1 << 20
_PROGRAM_MB = 150  # Python, NumPy and the readers
_JAVA_MB = 350
_JAVA_OUTSIDE_MB = 150
_LEAST_HEAP_MB = 256
_WINDOW_MB = 192
ANSWERS_MB = 8  # of the kernels of all threads, before they are packed
LEAST_WIDTH = 8  # haplotypes; fewer leave lanes of vector units empty
_SMALLEST_BUFFER = 10
_LENGTHS = (CHUNK_BP, 15 * MEGABASE, 10 * MEGABASE, 5 * MEGABASE, 2 * MEGABASE, SMALLEST_BP)


@dataclass(frozen=True)
class Load:
    """What is to be imputed: people, panel haplotypes, and the sites of panel and target in each megabase."""

    engine: EngineName
    phasing: PhasingName
    samples: int
    panel_haplotypes: int
    panel_sites: tuple[int, ...]
    typed_sites: tuple[int, ...]
    haploid: bool = False


class Cut(Model):
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
    raise problem(
        Kind.REFUSED,
        "There is not enough memory for this job",
        f"{load.engine} would need about {least:,} MB for {load.samples:,} people and a panel of "
        f"{load.panel_haplotypes:,} haplotypes, even in the smallest pieces; {limit_mb:,} MB are allowed.",
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
    phasing = study + _phasing(load, typed, around)
    engine = study + _ENGINES[load.engine](load, sites, typed, threads, buffer)
    java = _JAVA_MB if _is_java(load) else 0
    return int(_PROGRAM_MB + java + max(phasing, engine) / MB)


def most_within(per_mb: tuple[int, ...], length: int) -> int:
    """The most sites in any stretch of a length, from the counts of each megabase."""
    width = -(-length // MEGABASE) + 1
    sums = list(accumulate(per_mb, initial=0))
    return max(1, *(sums[min(at + width, len(per_mb))] - sums[at] for at in range(max(1, len(per_mb)))))


def _phasing(load: Load, typed: float, sites: float) -> float:
    if load.phasing is PhasingName.BUILTIN:
        return _chains(load, typed, min(2 * PEOPLE_AT_ONCE, 2 * load.samples))
    return _beagle(load, sites, typed, 1, 0) if load.phasing is PhasingName.BEAGLE else 0.0


def _chains(load: Load, typed: float, targets: int) -> float:
    """Forward rows at every root of the typed sites, and as many between two of them."""
    return 4.0 * load.panel_haplotypes * (targets * (2 * math.sqrt(typed) + 8) + typed)


def _builtin(load: Load, sites: float, typed: float, threads: int, buffer: int) -> float:
    targets = 2 * load.samples
    at_once = max(1, min(TARGETS_AT_ONCE, -(-targets // threads)))
    window = min(_WINDOW_MB * MB, sites * (load.panel_haplotypes + 16 * targets)) * 2.5
    return window + threads * _chains(load, typed, at_once)


def _minimac4(load: Load, sites: float, typed: float, threads: int, buffer: int) -> float:
    dosages = 9.0 * sites * min(buffer, load.samples) + 8.0 * typed * buffer
    panel = sites * load.panel_haplotypes / 8 + 200 * sites
    return dosages + panel + threads * 4.0 * typed * load.panel_haplotypes


def _beagle(load: Load, sites: float, typed: float, threads: int, buffer: int) -> float:
    panel = sites * load.panel_haplotypes / 4 + 200 * sites
    people = typed * load.samples * 40 + sites * min(load.samples, 1000) * 8
    return 1.5 * (panel + people) + threads * 8.0 * typed * load.panel_haplotypes


_ENGINES = {
    EngineName.BUILTIN: _builtin,
    EngineName.MINIMAC4: _minimac4,
    EngineName.BEAGLE: _beagle,
}


def sites_at_once(memory_mb: int, samples: int, panel_haplotypes: int, threads: int) -> int:
    """How many sites the built-in engine may hold at once below a limit, when nobody has cut the work."""
    bytes_a_site = panel_haplotypes / 8 + threads * 2 * 64 * 6 + 200
    return max(1000, int(memory_mb * MB / 2 / bytes_a_site))


def haplotypes_at_once(liked: int, sites: int, threads: int) -> int:
    """How many haplotypes a kernel gets at once: what it likes, fewer where the answers would be large."""
    room = ANSWERS_MB * MB // (4 * max(sites, 1) * threads)
    return max(min(liked, LEAST_WIDTH), min(liked, room // LEAST_WIDTH * LEAST_WIDTH))
