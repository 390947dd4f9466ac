"""How much room a result will take, told before anything is fetched and before a job is sent.

Bytes of a dose file per genotype depend on how rare its variants are. Measured with Minimac4 4.1.2
(GT:DS:GP:HDS, BGZF) for 129 people at the sites of chromosome 10 of `impute_pgx_kgp3`: 0.31 below MAF 0.1 %,
0.60 up to 1 %, 0.87 up to 5 %, 1.33 above; where sites are sparse and poorly imputed it was up to 8 at common
ones. Results that are on this computer already tell it better than any table.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from app.domain.dataset import Dataset
from app.domain.model import Model
from app.domain.panel import Panel
from app.domain.problem import Kind, Problem, ProblemError
from app.domain.result import Result
from app.domain.room import room_words
from app.operations.desk import Desk
from app.operations.draft_job import RESULT_PER_UPLOAD, Obstacle, check_disk
from app.store import jobs, results
from app.store.store import Connection as StoreConnection

MEGABYTE = 1_000_000
LADDER = ((6_500_000, 1.33), (4_000_000, 0.87), (10_000_000, 0.60), (None, 0.31))
"""Variants of a genome from common to rare (about so many of each kind) and bytes a genotype of theirs."""
FILTERED = 0.2
"""Share of the rarest that a filter of R2 usually leaves."""
SURELY = 0.4
"""Of what is likely, what a result takes at any rate."""
PER_VARIANT = 20
"""Bytes a variant of an info file and the indexes."""
META_SHARE = 0.05
SPARE = 200 * MEGABYTE
_DOSES = frozenset({"dose", "genotypes"})


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
    share: float = 1.0,
    chromosomes: int = 22,
    meta: bool = False,
    filtered: bool = False,
    measured: Sequence[float] = (),
) -> Forecast:
    """Room for `samples` people at a `share` of a panel of `variants`, with an R2 filter or without.

    `measured` are bytes a genotype of results of the same panel on this computer. The largest chromosome
    lies beside its archive for a while.
    """
    if measured:
        bytes_a_sample = variants * max(measured)
    else:
        bytes_a_sample = sum(count * ratio for count, ratio in _steps(variants, filtered))
    sites = variants * share * PER_VARIANT
    likely = int(samples * bytes_a_sample * share * (1 + META_SHARE * meta) + sites)
    least = likely * min(measured) / max(measured) * 0.9 if measured else likely * SURELY
    source = "earlier results of this panel" if measured else "usual sizes"
    return Forecast(
        likely=likely,
        least=int(least),
        peak=int(likely * (1 + max(1 / 8, 1 / max(chromosomes, 1)))),
        why=f"{samples:,} people at {variants * share:,.0f} variants, by {source}",
        measured=bool(measured),
    )


def _steps(variants: int, filtered: bool) -> Iterator[tuple[float, float]]:
    """Variants of a panel from common to rare, with bytes a genotype."""
    left = variants
    for most, ratio in LADDER:
        count = left if most is None else min(left, most)
        left -= count
        yield (count * FILTERED if most is None and filtered else count), ratio


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
    desk: Desk,
    panel: Panel | None,
    samples: int,
    chromosomes: Iterable[str],
    options: Mapping[str, str | bool] | None = None,
) -> Forecast | None:
    """Room for the result of a job; None where the panel does not say how many variants it has."""
    if panel is None or not panel.variants or not samples:
        return None
    names, chosen = tuple(chromosomes), options or {}
    return forecast(
        samples,
        panel.variants,
        share=_share(names, panel.build),
        chromosomes=len(names) or 22,
        meta=bool(chosen.get("meta")),
        filtered=str(chosen.get("r2Filter", "")) not in ("", "0", "0.0"),
        measured=await measured_ratios(desk, panel.name),
    )


async def look_at_disk(
    desk: Desk,
    panel: Panel | None,
    dataset: Dataset | None,
    size: int,
    options: Mapping[str, str | bool] | None = None,
) -> tuple[tuple[Obstacle, ...], tuple[Obstacle, ...]]:
    """Obstacles and cautions before a job is sent: what cannot fit at all, and what will probably not.

    Without a forecast the result is taken to be ten times as large as the upload of `size` bytes.
    """
    folder = desk.results_folder(await desk.settings())
    found = await _dataset_forecast(desk, panel, dataset, options)
    if found is None:
        return await asyncio.to_thread(check_disk, folder, size), ()
    return await asyncio.to_thread(_against, found, folder)


async def _dataset_forecast(
    desk: Desk, panel: Panel | None, dataset: Dataset | None, options: Mapping[str, str | bool] | None
) -> Forecast | None:
    report = dataset.report if dataset is not None else None
    if report is None:
        return None
    return await job_forecast(desk, panel, report.samples, report.chromosomes, options)


async def room_for(
    desk: Desk, panel: Panel | None, dataset: Dataset, options: Mapping[str, str | bool]
) -> Forecast:
    """Room for the result of a job by what is known; ten times the upload where nothing is."""
    found = await _dataset_forecast(desk, panel, dataset, options)
    if found is not None:
        return found
    ten = dataset.size * RESULT_PER_UPLOAD
    return Forecast(likely=ten, least=ten, peak=ten, why=f"{RESULT_PER_UPLOAD} times what is sent")


async def look_at_disk_together(
    desk: Desk, needed: Sequence[Forecast]
) -> tuple[tuple[Obstacle, ...], tuple[Obstacle, ...]]:
    """As `look_at_disk`, for results that all have to fit: archives are unpacked one after another."""
    likely = sum(each.likely for each in needed)
    total = Forecast(
        likely=likely,
        least=sum(each.least for each in needed),
        peak=likely + max((each.peak - each.likely for each in needed), default=0),
        why=f"{len(needed)} results",
    )
    folder = desk.results_folder(await desk.settings())
    return await asyncio.to_thread(_against, total, folder)


def _against(found: Forecast, folder: Path) -> tuple[tuple[Obstacle, ...], tuple[Obstacle, ...]]:
    try:
        free = free_room(folder)
    except OSError:
        return check_disk(folder, 0), ()
    if free < found.least:
        end = f"Reckoned from {found.why}. Nothing was sent."
        return (Obstacle(field="disk", problem=too_small(folder, found.least, free, end)),), ()
    if free < found.peak + SPARE:
        end = f"Reckoned from {found.why}; the job can be sent all the same."
        return (), (Obstacle(field="disk", problem=too_small(folder, found.peak, free, end)),)
    return (), ()


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
        raise ProblemError(too_small(folder, needed + SPARE, free, "Nothing was written."))


def too_small(folder: Path, needed: int, free: int, end: str) -> Problem:
    """What is told of a disk without room for a result."""
    wanted, there = room_words(needed, free)
    return Problem(
        kind=Kind.DISK,
        title="The disk is too small for the result",
        what_happened=f"About {wanted} are needed in {folder}, and {there} are free.",
        what_you_can_do=f"Free some space, or choose another folder. {end}",
        subject=str(folder),
    )
