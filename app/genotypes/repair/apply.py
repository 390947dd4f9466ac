"""Writing what was drafted: one file a chromosome and batch, with the books beside them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.domain.progress import Progress, Report, silent
from app.domain.repair import RepairedFile, RepairOutcome
from app.genotypes.cohort import Cohort
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.genotype_rows import pieces, read_block
from app.genotypes.repair.ledger import ledger_of
from app.genotypes.repair.plan import draft_repairs
from app.genotypes.repair.regions import REGIONS, region_of
from app.genotypes.repair.site_log import write_sample_map, write_site_log
from app.genotypes.repair.staging import is_there
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.site_table import OTHER
from app.genotypes.texts import Texts
from app.genotypes.writers.vcf import VcfRows, VcfWriter, written_name

SITE_LOG = "site-log.tsv.gz"
SAMPLE_MAP = "sample-map.tsv"
_LETTERS = np.frombuffer(b"ACGT", np.uint8)
_BYTES_A_SITE = 60
_FREE = 200 << 20


def repair(
    cohorts: Sequence[Cohort],
    target: RepairTarget,
    choices: RepairChoices,
    out: Path,
    report: Report = silent,
    home: Path | None = None,
) -> RepairOutcome:
    """Make the chosen repairs and write the files into a folder. ProblemError or OSError.

    Inputs stay as they are. When it fails, files of this call are removed. `home` is where the files will be
    moved, if anywhere: nothing may be there by their names.
    """
    return write_draft(draft_repairs(cohorts, target, choices, report), out, report, home)


def write_draft(draft: Draft, out: Path, report: Report = silent, home: Path | None = None) -> RepairOutcome:
    """Write the files of a draft; see `repair`."""
    if not draft.alive.any() or not draft.people:
        raise problem(
            Kind.INPUT,
            "Nothing is left",
            "After the chosen repairs there is no site or no sample left.",
            "Look at the plan and choose fewer repairs.",
        )
    for folder in filter(None, (out, home)):
        _refuse_files(draft, folder)
    out.mkdir(parents=True, exist_ok=True)
    _look_at_disk(draft, out)
    written: list[Path] = []
    try:
        files = tuple(_write_all(draft, out, written, report))
        write_site_log(draft, out / SITE_LOG)
        write_sample_map(draft, out / SAMPLE_MAP)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
            index_of(path).unlink(missing_ok=True)
        (out / SITE_LOG).unlink(missing_ok=True)
        raise
    return RepairOutcome(
        applied=tuple(step for step in draft.steps if step.chosen),
        unresolved=tuple(draft.unresolved),
        files=files,
        ledger=ledger_of(draft),
        site_log=str(out / SITE_LOG),
        sample_map=str(out / SAMPLE_MAP),
        refused=draft.refused,
    )


def _refuse_files(draft: Draft, out: Path) -> None:
    """Nothing that lies in the folder is overwritten: it may be the input. ProblemError."""
    files = [each.path for each in _pieces(draft, out)]
    planned = [*files, *(index_of(path) for path in files), out / SITE_LOG, out / SAMPLE_MAP]
    there = next((path for path in planned if os.path.lexists(path)), None)
    if there is not None:
        raise is_there(there)


def index_of(path: Path) -> Path:
    """The index that lies beside a file."""
    return path.with_name(path.name + ".tbi")


def remove_files(outcome: RepairOutcome) -> None:
    """Remove what a repair wrote."""
    for path in (Path(each.path) for each in outcome.files):
        path.unlink(missing_ok=True)
        index_of(path).unlink(missing_ok=True)
    Path(outcome.site_log).unlink(missing_ok=True)
    Path(outcome.sample_map).unlink(missing_ok=True)


def forecast(draft: Draft) -> int:
    """Bytes of the output: two bits a genotype, more than real cohorts take, and the site columns."""
    sites = int(draft.alive.sum())
    return sites * (draft.people // 4 + 1 + _BYTES_A_SITE) + len(draft.study) * _BYTES_A_SITE // 3


def _look_at_disk(draft: Draft, out: Path) -> None:
    needed, free = forecast(draft), shutil.disk_usage(out).free
    if needed + _FREE > free:
        raise problem(
            Kind.DISK,
            "Not enough room on the disk",
            f"The files will take about {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free in {out}.",
            "Make room, or choose a folder on another disk.",
            subject=str(out),
        )


@dataclass(frozen=True)
class _Piece:
    """Sites and samples of one output file."""

    path: Path
    plain: str
    rows: Rows
    samples: Rows
    batch: int


def _write_all(draft: Draft, out: Path, written: list[Path], report: Report) -> Iterator[RepairedFile]:
    planned = list(_pieces(draft, out))
    total, done = sum(len(each.rows) for each in planned), 0
    for piece in planned:
        piece.path.parent.mkdir(exist_ok=True)
        written.append(piece.path)
        yield _write(draft, piece, partial(_tell, report, done, total))
        done += len(piece.rows)


def _tell(report: Report, before: int, total: int, more: int) -> None:
    report(Progress(done=before + more, total=total, unit="records", step="Writing repaired files"))


def _pieces(draft: Draft, out: Path) -> Iterator[_Piece]:
    batches = np.unique(draft.batch[draft.kept]).tolist()
    for batch in batches:
        samples = np.flatnonzero(draft.kept & (draft.batch == batch))
        folder = out / f"batch{batch}" if len(batches) > 1 else out
        for plain in draft.present():
            rows = in_order(draft, draft.on(plain))
            for ending, mine in _regions(draft, plain, rows):
                yield _Piece(folder / f"chr{plain}{ending}.vcf.gz", plain, mine, samples, batch)


def in_order(draft: Draft, rows: Rows) -> Rows:
    """Rows of one chromosome by position, then by file and place in it."""
    result: Rows = rows[np.lexsort((rows, draft.position[rows]))]
    return result


def _regions(draft: Draft, plain: str, rows: Rows) -> Iterator[tuple[str, Rows]]:
    if plain != "X" or not draft.choices.split_x:
        yield "", rows
        return
    region = region_of(draft.position[rows], output_build(draft))
    for number in np.unique(region).tolist():
        yield f".{REGIONS[number]}", rows[region == number]


def output_build(draft: Draft) -> str | None:
    """The build of the positions that are written, None where it is not known well enough to say so."""
    return draft.build_now if draft.certain else None


def _write(draft: Draft, piece: _Piece, tell: Callable[[int], None]) -> RepairedFile:
    build = output_build(draft)
    name = written_name(piece.plain, draft.build_now)
    names = [draft.names[at] for at in piece.samples.tolist()]
    done = 0
    with VcfWriter(piece.path, names, name, build, version=draft.choices.version) as writer:
        for rows in pieces(draft, piece.rows, len(piece.samples)):
            writer.append(rows_of(draft, rows, piece.samples))
            done += len(rows)
            tell(done)
    return RepairedFile(
        path=str(piece.path),
        chromosome=piece.plain,
        samples=len(piece.samples),
        sites=writer.sites,
        size=writer.size,
        batch=piece.batch,
    )


def rows_of(draft: Draft, rows: Rows, samples: Rows) -> VcfRows:
    """Rows as they are written."""
    block = read_block(draft, rows, samples)
    refs, alts = alleles_of(draft, rows)
    return VcfRows(
        position=draft.position[rows],
        ids=draft.texts("ids", rows),
        refs=refs,
        alts=alts,
        genotypes=block.genotypes,
        phased=block.phased,
        phase=block.phase,
        haploid=block.haploid,
    )


def alleles_of(draft: Draft, rows: Rows) -> tuple[Texts, Texts]:
    """REF and ALT of rows as columns."""
    code = draft.code[rows]
    if not (code == OTHER).any():
        ends = np.arange(1, len(rows) + 1, dtype=np.int64)
        return Texts(_letter(code >> 2), ends), Texts(_letter(code & 3), ends)
    pairs = [draft.alleles(row) for row in rows.tolist()]
    return Texts.of(pair[0] for pair in pairs), Texts.of(pair[1] for pair in pairs)


def _letter(number: NDArray[Any]) -> NDArray[np.uint8]:
    letters: NDArray[np.uint8] = _LETTERS[number]
    return letters
