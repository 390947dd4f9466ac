"""Measure a result in one pass over its files; memory does not grow with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.domain.processors import usable_processors
from app.domain.progress import Progress, Report, silent
from app.domain.quality import QualityFigures
from app.genotypes.matrix import bare_name
from app.results.doses.contract import DoseBatch, DoseReader, Field
from app.results.doses.reading import open_doses
from app.results.figures.frequencies import FrequencySums, Tables
from app.results.figures.info_tables import info_rows
from app.results.figures.left_out import LeftOutSums
from app.results.figures.noted_sites import GapSums, SuspectSums
from app.results.figures.people import COMMON_MAF, GOOD_R2, PeopleSums
from app.results.figures.recomputed import columns_of, r2_and_frequency, with_columns
from app.results.figures.result_files import ResultFiles, result_files
from app.results.figures.site_sums import CHUNK_BASES, Sites, SiteSums
from app.results.figures.summing_up import summed_up
from app.results.figures.tables import QualityTables

_WANTED = Field.DOSAGE | Field.HAPLOTYPES | Field.PROBABILITIES


@dataclass(frozen=True, eq=False)
class Measured:
    """Figures as a model, and the tables behind the plots."""

    figures: QualityFigures
    tables: QualityTables


class _Sums:
    """What is summed over some files."""

    def __init__(self, asked: _Asked) -> None:
        self.asked = asked
        self.sites = SiteSums(asked.chunk_bases)
        self.people = PeopleSums()
        self.left_out = LeftOutSums()
        self.frequencies = FrequencySums(asked.frequencies)
        self.suspects = SuspectSums()
        self.gaps = GapSums(asked.chunk_bases)
        self.samples: tuple[str, ...] = ()

    def merge(self, other: _Sums) -> None:
        """Take in the sums of files that come behind these."""
        self.samples = self.samples or other.samples
        self.sites.merge(other.sites)
        self.people.merge(other.people)
        self.left_out.merge(other.left_out)
        self.frequencies.merge(other.frequencies)
        self.suspects.merge(other.suspects)
        self.gaps.merge(other.gaps)


@dataclass(frozen=True, eq=False)
class _Asked:
    """What the caller of `measure` wants."""

    chunk_bases: int
    frequencies: Tables | None
    doses: bool
    subset: tuple[str, ...] | None


def measure(
    source: Path | Iterable[Path] | ResultFiles,
    report: Report = silent,
    *,
    frequencies: Tables | None = None,
    chunk_bases: int = CHUNK_BASES,
    doses: bool = True,
    samples: Sequence[str] | None = None,
    threads: int | None = None,
) -> Measured:
    """Measure a folder of a result, some files of one, or the files that `result_files` found.

    `frequencies` are sites of the panel or a population with their ALT frequency, such as
    `PanelList.table` or `panel_tables`. `doses` False: only what INFO says, much faster. `samples`: as if the
    result had these only, so that batches and services compare; R2 and frequencies are then computed from
    the dosages, ER2 stays as written. Where INFO has no R2, the computed one stands for it. Files are read
    side by side by `threads` (up to four, if not told), with the same answer for any number of them.
    ProblemError when there is nothing to measure, a file cannot be read or does not have all the samples.
    """
    files = source if isinstance(source, ResultFiles) else result_files(source)
    if not files.doses and (samples is not None or not files.infos):
        raise problem(
            Kind.NOT_FOUND,
            "There is nothing to judge",
            "No info or dose file was found.",
            "Choose the folder of a fetched result.",
        )
    asked = _Asked(chunk_bases, frequencies, doses, None if samples is None else tuple(samples))
    steps: list[_Step] = [(_measure_doses, path) for path in files.doses]
    steps += [(_measure_info, path) for path in files.infos if samples is None]
    steps += [(_measure_left_out, path) for path in files.left_out]
    told = _Told(report, {path: path.stat().st_size for _, path in steps})
    sums = _Sums(asked)
    for part in _side_by_side(steps, asked, told, threads or min(4, usable_processors())):
        sums.merge(part)
    tables = _tables(sums)
    return Measured(_figures(sums, tables, doses=doses and bool(files.doses)), tables)


def _side_by_side(steps: list[_Step], asked: _Asked, told: _Told, threads: int) -> Iterator[_Sums]:
    """The sums of each file, in the order of the files; no more than `threads` are read at once."""

    def one(step: _Step) -> _Sums:
        read, path = step
        part = _Sums(asked)
        read(path, part, told)
        return part

    if threads == 1 or len(steps) == 1:
        yield from map(one, steps)
        return
    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(one, step) for step in steps]
        try:
            for each in running:
                yield each.result()
        finally:
            told.stop()
            for each in running:
                each.cancel()


class _Told:
    """Tells how far the reading of all files is; ends the threads when one of them failed."""

    def __init__(self, report: Report, sizes: Mapping[Path, int]) -> None:
        self._report = report
        self._total = sum(sizes.values())
        self._done = dict.fromkeys(sizes, 0)
        self._lock = Lock()
        self._stopped = False

    def now(self, path: Path, packed: int, chromosome: str) -> None:
        """`packed` bytes of a file were read."""
        if self._stopped:
            raise CancelledError
        with self._lock:
            self._done[path] = packed
            done = min(sum(self._done.values()), self._total)
            step = f"Measuring chromosome {chromosome}"
            self._report(Progress(done=done, total=self._total, step=step))

    def stop(self) -> None:
        """Let the threads end at their next batch."""
        self._stopped = True


def _measure_doses(path: Path, sums: _Sums, told: _Told) -> None:
    subset = sums.asked.subset
    reader = open_doses(path, _WANTED if sums.asked.doses else Field.NONE)
    columns = None if subset is None else columns_of(path, reader.samples, subset)
    sums.samples = subset or reader.samples
    try:
        for batch in reader.batches():
            _add_doses(batch if columns is None else with_columns(batch, columns), sums)
            told.now(path, reader.packed_done, batch.chromosome)
    finally:
        reader.close()


def _add_doses(batch: DoseBatch, sums: _Sums) -> None:
    info = batch.info
    new_r2, frequency = r2_and_frequency(batch)
    is_part = sums.asked.subset is not None
    af = frequency if is_part else np.where(np.isnan(info.af), frequency, info.af)
    known_maf = np.isfinite(info.maf) & (not is_part)
    maf = np.where(known_maf, info.maf, np.minimum(af, 1 - af))
    written = np.isfinite(info.r2) & (not is_part)
    r2 = np.where(written, info.r2, new_r2).astype(np.float64)
    er2 = info.er2.astype(np.float64)
    name = bare_name(batch.chromosome)
    sites = Sites(name, batch.position, r2, er2, maf.astype(np.float64), info.kind, new_r2, written)
    sums.sites.add(sites)
    sums.gaps.add(sites)
    sums.suspects.add(sites, batch.refs, batch.alts)
    sums.frequencies.add(batch.chromosome, batch.position, batch.refs, batch.alts, af, ~sites.imputed)
    sums.people.add(batch, sites.imputed, _good(sites))


def _good(sites: Sites) -> NDArray[np.bool_]:
    """Rows at which the het rate of a sample counts: well imputed and common."""
    return np.asarray((sites.r2 >= GOOD_R2) & (sites.maf >= COMMON_MAF), bool)


def _measure_info(path: Path, sums: _Sums, told: _Told) -> None:
    for rows in info_rows(path):
        sites = rows.sites
        sums.sites.add(sites)
        sums.gaps.add(sites)
        sums.suspects.add(sites, rows.refs, rows.alts)
        sums.frequencies.add(sites.chromosome, sites.position, rows.refs, rows.alts, rows.af, ~sites.imputed)
        told.now(path, 0, sites.chromosome)


def _measure_left_out(path: Path, sums: _Sums, told: _Told) -> None:
    reader: DoseReader = open_doses(path, Field.LEFT_OUT | Field.GENOTYPES)
    subset = sums.asked.subset
    columns = None if subset is None else columns_of(path, reader.samples, subset)
    try:
        for batch in reader.batches():
            sums.left_out.add(batch if columns is None else with_columns(batch, columns))
            told.now(path, reader.packed_done, batch.chromosome)
    finally:
        reader.close()


_Step = tuple[Callable[[Path, _Sums, _Told], None], Path]


def _tables(sums: _Sums) -> QualityTables:
    sites = sums.sites
    people = sums.people.figures(sums.left_out.people)
    return QualityTables(
        chunk_bases=sites.chunk_bases,
        chromosomes=tuple(sites.chromosomes),
        first=np.array(sites.first, np.int64),
        last=np.array(sites.last, np.int64),
        chunks=np.array(sites.chunks, np.int64).reshape(-1, 2),
        by_chunk=sites.by_chunk,
        grid=sites.grid,
        grid_r2=sites.grid_r2,
        er2_grid=sites.er2_grid,
        windows=tuple(sites.windows),
        frequencies=sums.frequencies.grid,
        samples=sums.samples,
        people=people,
    )


def _figures(sums: _Sums, tables: QualityTables, *, doses: bool) -> QualityFigures:
    return summed_up(tables).model_copy(
        update={
            "doses": doses,
            "left_out": sums.left_out.figures() if sums.left_out.whole() else (),
            "left_out_whole": sums.left_out.whole(),
            "calibration": sums.left_out.calibrated(),
            "frequency": sums.frequencies.figures(),
            "gaps": tuple(sums.gaps.found),
            "suspects": sums.suspects.figures(),
        }
    )
