"""How much room a result will take, told before anything is fetched and before a job is sent.

Bytes of a dose file per genotype depend on the fields, on how many people are imputed together and on how
rare the variants are. Measured with Minimac4 4.1.2 (GT:DS:GP:HDS, BGZF) on real data: 3.4 for 48 people at
common sites alone, see MEASURED. Results that are on this computer already tell it better than any table.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.domain.model import Model
from app.domain.panel import Panel
from app.domain.problem import Kind, Problem, ProblemError
from app.domain.result import Result
from app.operations.desk import Desk
from app.store import jobs, results
from app.store.store import Connection as StoreConnection

MEGABYTE = 1_000_000
PER_GENOTYPE = 1.0
LOW, HIGH = 0.4, 3.5
"""Bytes a genotype of a dose file: usual for whole panels, and the least and the most that was measured."""
PER_VARIANT = 20
"""Bytes a variant of an info file and the indexes."""
META_SHARE = 0.05
SPARE = 200 * MEGABYTE
_DOSES = ("dose", "genotypes")


class Forecast(Model):
    """Room for one result, in bytes: `likely` in the folder of results, `least` what it takes at any rate.

    `peak` is what is needed while an archive lies beside what is unpacked of it. `why` says what it is
    reckoned from; `measured` that results of the same panel on this computer tell it.
    """

    likely: int
    least: int
    peak: int
    why: str
    measured: bool = False


def forecast(
    samples: int,
    variants: int,
    *,
    chromosomes: int = 22,
    share: float = 1.0,
    meta: bool = False,
    measured: Sequence[float] = (),
    encrypted: bool = True,
) -> Forecast:
    """Room for `samples` people at a `share` of a panel of `variants`.

    `measured` are bytes a genotype of results of the same panel on this computer. The largest chromosome
    (an eighth of a genome) lies beside its archive for a while, where there is one.
    """
    cells = samples * variants * share
    sites = variants * share * PER_VARIANT
    low, usual = (min(measured), max(measured)) if measured else (LOW, PER_GENOTYPE)
    likely = int(cells * usual * (1 + META_SHARE * meta) + sites)
    largest = max(1 / 8, 1 / max(chromosomes, 1))
    source = "earlier results of this panel" if measured else "usual sizes"
    return Forecast(
        likely=likely,
        least=int(cells * low * 0.9 + sites / 2),
        peak=int(likely * (1 + largest)) if encrypted else likely,
        why=f"{samples:,} people at {variants * share:,.0f} variants, by {source}",
        measured=bool(measured),
    )


def bytes_per_genotype(result: Result) -> float | None:
    """What the dose files of a result take a genotype; None where that cannot be told."""
    quality = result.quality
    size = sum(each.size for each in result.files if each.kind in _DOSES or ".dose." in each.path)
    if quality is None or not size or not quality.samples or quality.variants < 10_000:
        return None
    return size / (quality.samples * quality.variants)


async def measured_ratios(desk: Desk, panel_name: str) -> tuple[float, ...]:
    """Bytes a genotype of the results of a panel on this computer."""

    def read(c: StoreConnection) -> tuple[float, ...]:
        found: list[float] = []
        for result in results.results(c):
            job = jobs.job(c, result.job_id) if result.job_id else None
            if job is not None and job.panel_name == panel_name:
                ratio = bytes_per_genotype(result)
                found += [ratio] if ratio is not None else []
        return tuple(found)

    return await desk.store.read(read)


async def job_forecast(
    desk: Desk, panel: Panel | None, samples: int, chromosomes: Iterable[str], meta: bool = False
) -> Forecast | None:
    """Room for the result of a job; None where the panel does not say how many variants it has."""
    if panel is None or not panel.variants or not samples:
        return None
    names = tuple(chromosomes)
    share = _share(names, panel.build)
    ratios = await measured_ratios(desk, panel.name)
    return forecast(
        samples,
        panel.variants,
        chromosomes=len(names) or 22,
        share=share,
        meta=meta,
        measured=ratios,
    )


def _share(chromosomes: tuple[str, ...], build: str | None) -> float:
    """The share of the genome that some chromosomes are, by their length."""
    from app.genotypes.builds import length
    from app.genotypes.matrix import compared_name

    every = (*map(str, range(1, 23)), "X")
    bases = {name: length(build or "GRCh38", name) or 0 for name in every}
    mine = sum(bases.get(compared_name(name), 0) for name in set(chromosomes))
    return mine / sum(bases.values()) if mine else 1.0


def free_room(folder: Path) -> int:
    """Free bytes of the disk on which a folder is or will be. OSError."""
    there = next((p for p in (folder, *folder.parents) if p.exists()), folder)
    return shutil.disk_usage(there).free


def refuse_too_little_room(folder: Path, needed: int) -> None:
    """ProblemError when so many bytes, and something to spare, are not free. OSError."""
    free = free_room(folder)
    if free < needed + SPARE:
        raise ProblemError(too_small(folder, needed, free, "Nothing was written."))


def too_small(folder: Path, needed: int, free: int, end: str) -> Problem:
    """What is told of a disk without room for a result."""
    return Problem(
        kind=Kind.DISK,
        title="The disk is too small for the result",
        what_happened=(
            f"About {needed / MEGABYTE:,.0f} MB are needed in {folder}, "
            f"and {free / MEGABYTE:,.0f} MB are free."
        ),
        what_you_can_do=f"Free some space, or choose another folder. {end}",
        subject=str(folder),
    )
