"""The rows of an imputed file that pass the cut-offs, as whole numbers, of the people who are wanted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.domain.export import Cutoffs, ExportFormat, ExportRequest
from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.builds import plain_chromosome
from app.genotypes.sniff import look
from app.results.doses.cells import ABSENT, DOSAGE, GENOTYPES, figures_of_row
from app.results.doses.contract import DoseBatch, Field, InfoColumns
from app.results.export.choosing import doses_of_rows, of_people, of_rows, people_of
from app.results.export.filtering import Figures, Filter, told_figures
from app.results.export.info_text import columns_of_figures, columns_of_lines, with_new_figures
from app.results.export.kernel import Kernel
from app.results.export.line_doses import doses_of_lines
from app.results.export.opening import open_source
from app.results.export.rounding import MISSING, DosageRangeError, Doses, of_dosages, of_haplotypes
from app.results.export.rows import Rows
from app.results.export.sexes import Sexes, sexes_of
from app.results.export.sites import filled_ids, pvar_of_lines

if TYPE_CHECKING:
    from app.genotypes.cohort import Cohort

_ANY = Field.DOSAGE | Field.HAPLOTYPES | Field.PROBABILITIES | Field.GENOTYPES
_BCF_FIELDS = Field.DOSAGE | Field.HAPLOTYPES | Field.PROBABILITIES | Field.GENOTYPES
_TEXTS = (ExportFormat.VCF, ExportFormat.BCF)
"""Formats that keep names and identifiers as they are."""


class RowSource:
    """`samples` are the people who stay, `header` the lines of the file, `filter` has the counts.

    `packed_done` bytes of the file were read. `on_rows` is called with all rows that are given, and `sexes`
    are what they tell.
    """

    def __init__(
        self, request: ExportRequest, path: Path, kernel: Kernel | None, cohort: Cohort | None = None
    ) -> None:
        """`cohort`: the hard calls of a file that has nothing else. ProblemError where the file cannot be
        opened, has no dosages, or not all the wanted people."""
        self._request, self._path, self._kernel, self._cohort = request, path, kernel, cohort
        self._cuts = request.cutoffs
        self.packed_done = 0
        self.on_rows: Callable[[Rows], None] = _ignore
        with contextlib.closing(open_source(path, _ANY, kernel=kernel, cohort=cohort)) as probe:
            self._fields, self.header, everybody = probe.fields, probe.header, probe.samples
        self._people = people_of(everybody, self._cuts.samples)
        self._everybody = len(everybody)
        chosen = range(len(everybody)) if self._people is None else self._people.tolist()
        self.samples = tuple(everybody[place] for place in chosen)
        known = sexes_of(self.samples, request.cohorts) if request.cohorts else None
        self.sexes = Sexes(len(self.samples), known)
        self.filter = Filter(self._cuts, len(self.samples))
        self._has_lines = cohort is None and look(path).vcf
        self._pair = Field.HAPLOTYPES in self._fields
        self._want, self._lines = self._wanted()
        self._quick = self._lines and self._want is Field.NONE and request.format is not ExportFormat.VCF

    def _wanted(self) -> tuple[Field, bool]:
        """What must be read of each genotype, and whether lines are needed."""
        form, fields = self._request.format, self._fields
        if not fields & (Field.HAPLOTYPES | Field.DOSAGE):
            raise self._no_dosages()
        if form is ExportFormat.BCF:
            return _BCF_FIELDS & fields, self._has_lines
        if form is ExportFormat.VCF and not self._has_lines:
            return _ANY & fields, False
        if form is ExportFormat.VCF and self._people is None and not self._needs_frequencies():
            return Field.NONE, True
        if form is not ExportFormat.VCF and self._can_be_quick():
            return Field.NONE, True
        want = (Field.DOSAGE | Field.GENOTYPES | (Field.HAPLOTYPES if self._pair else Field.NONE)) & fields
        if form is ExportFormat.BGEN and not self._pair:
            want |= Field.PROBABILITIES & fields
        return want, form in (ExportFormat.VCF, ExportFormat.PGEN) and self._has_lines

    def _can_be_quick(self) -> bool:
        """HDS or DS from the text of lines; not where probabilities or one copy must be known too."""
        return self._kernel is not None and self._has_lines and self._pair

    def _no_dosages(self) -> ProblemError:
        return problem(
            Kind.INPUT,
            "There are no dosages in the file",
            f"{self._path.name} has no variants with HDS, DS, GP or GT.",
            "Choose the files of a result, which end in .dose.vcf.gz at most servers.",
            subject=self._path.name,
        )

    def _asks(self) -> bool:
        """Whether cut-offs ask for frequencies."""
        return bool(self._cuts.min_maf or self._cuts.min_mac or self._cuts.r2_steps)

    def _needs_frequencies(self) -> bool:
        """Whether cut-offs ask for frequencies that the file does not tell."""
        told = any(line.startswith(("##INFO=<ID=AF,", "##INFO=<ID=MAF,")) for line in self.header)
        return self._asks() and not told

    def _needs_figures(self) -> bool:
        """Whether a row is judged, or written, by what its INFO says; lines are copied as they are."""
        told = self._request.format is ExportFormat.TABLE
        return told or self._cuts != Cutoffs() or not self._quick

    def rows(self) -> Iterator[Rows]:
        """What stays of each batch. ProblemError where the file cannot be read."""
        want = self._want if self._needs_figures() else self._want | Field.NO_INFO
        reader = open_source(self._path, want, lines=self._lines, kernel=self._kernel, cohort=self._cohort)
        with contextlib.closing(reader):
            for batch in reader.batches():
                rows = self._kept(batch)
                self.packed_done = reader.packed_done
                if rows is not None:
                    self.sexes.add(rows.chromosome, rows.position, rows.doses)
                    self.on_rows(rows)
                    yield rows

    @property
    def has_haplotypes(self) -> bool:
        """Whether the file has HDS."""
        return self._pair

    @property
    def is_prefixed(self) -> bool:
        """Whether the header calls chromosomes `chr20`."""
        return any(line.startswith("##contig=<ID=chr") for line in self.header)

    def _kept(self, batch: DoseBatch) -> Rows | None:
        figures = told_figures(batch.info)
        doses = None
        if self._people is not None or (
            self._asks() and self._has_values(batch) and np.isnan(figures.maf).any()
        ):
            doses = self._doses(batch, np.arange(len(batch)))
            if self._people is not None:
                batch = of_people(batch, self._people)
            figures, batch = self._new_figures(batch, doses, figures)
        keep = self.filter.keeps(batch.chromosome, batch.position, figures)
        if not keep.any():
            return None
        some = self._doses(batch, np.flatnonzero(keep)) if doses is None else doses_of_rows(doses, keep)
        pvar = self._pvar(batch, keep)
        columns = () if pvar else self._columns(batch, keep)
        if self._request.format not in _TEXTS:
            batch = replace(batch, lines=None)
        return self._as_rows(of_rows(batch, keep), some, columns, pvar)

    def _has_values(self, batch: DoseBatch) -> bool:
        return self._quick or batch.haplotypes is not None or batch.dosage is not None

    def _new_figures(self, batch: DoseBatch, doses: Doses, told: Figures) -> tuple[Figures, DoseBatch]:
        """Figures of the people who stay; of everybody, only what the file does not tell."""
        from app.results.export.figures import computed_figures

        new, af = computed_figures(doses, batch.info.kind, batch.info.er2)
        if self._people is None:
            maf = np.where(np.isnan(told.maf), new.maf, told.maf)
            return Figures(told.r2, told.er2, maf, told.kind), batch
        info = InfoColumns(new.r2, batch.info.er2, af, new.maf, batch.info.kind)
        lines = None if batch.lines is None else with_new_figures(batch.lines, batch.record, info)
        return new, replace(batch, info=info, lines=lines)

    def _doses(self, batch: DoseBatch, rows: NDArray[np.intp]) -> Doses:
        """Doses of rows, of the people who stay."""
        try:
            made = self._doses_of_everybody(batch, rows)
        except DosageRangeError as error:
            raise self._impossible(batch, int(rows[error.row]), "a dosage is outside of 0 to 2") from error
        if self._people is None or made.total.shape[1] == len(self.samples):
            return made
        return _columns_of(made, self._people)

    def _doses_of_everybody(self, batch: DoseBatch, rows: NDArray[np.intp]) -> Doses:
        if self._quick:
            return self._of_lines(batch, rows)
        every = len(rows) == len(batch)
        if batch.haplotypes is not None:
            made = of_haplotypes(batch.haplotypes if every else batch.haplotypes[rows], self._kernel)
            return (
                made if batch.dosage is None else _with_dosages(made, batch.dosage[rows], _alone(batch, rows))
            )
        if batch.dosage is not None:
            return of_dosages(batch.dosage[rows], _alone(batch, rows))
        return Doses(np.zeros((len(rows), 0), np.uint16), None)

    def _of_lines(self, batch: DoseBatch, rows: NDArray[np.intp]) -> Doses:
        assert self._kernel is not None
        assert batch.lines is not None
        if batch.record is None:
            return self._of_plain_lines(batch, rows, rows)
        record = batch.record - batch.record[0]
        several = np.bincount(record)[record[rows]] > 1
        made = Doses(
            np.empty((len(rows), self._everybody), np.uint16),
            np.zeros((len(rows), self._everybody), np.int16),
            np.zeros((len(rows), self._everybody), bool),
        )
        _put(made, ~several, self._of_plain_lines(batch, rows[~several], record[rows[~several]]))
        for at in np.flatnonzero(several).tolist():
            _put(made, slice(at, at + 1), self._of_one_alt(batch, int(rows[at]), record))
        return made

    def _of_plain_lines(
        self, batch: DoseBatch, rows: NDArray[np.intp], places: NDArray[np.intp] | NDArray[np.int64]
    ) -> Doses:
        assert self._kernel is not None
        assert batch.lines is not None

        def refuse(row: int, why: str) -> Exception:
            return self._impossible(batch, int(rows[row]), why)

        return doses_of_lines(
            batch.lines, places.astype(np.intp), self._everybody, self._pair, self._kernel, refuse
        )

    def _of_one_alt(self, batch: DoseBatch, row: int, record: NDArray[np.int64]) -> Doses:
        """One ALT allele of a record with several, which only the slow reader knows."""
        assert batch.lines is not None
        words = batch.lines.raw(int(record[row])).split(b"\t")
        alt = row - int(np.searchsorted(record, record[row]))
        want = Field.DOSAGE | Field.GENOTYPES
        try:
            table, _ = figures_of_row(tuple(words[8].split(b":")), words[9:], words[4].count(b",") + 1, want)
        except ValueError as error:
            raise self._impossible(batch, row, str(error)) from error
        return of_dosages(table[alt : alt + 1, :, DOSAGE], table[alt : alt + 1, :, GENOTYPES + 1] == ABSENT)

    def _impossible(self, batch: DoseBatch, row: int, why: str) -> ProblemError:
        return problem(
            Kind.INPUT,
            "A dose file cannot be read",
            f"{self._path.name}, {batch.chromosome}:{int(batch.position[row]):,}: {why}.",
            "Fetch or make the result again.",
            subject=self._path.name,
        )

    def _pvar(self, batch: DoseBatch, keep: NDArray[np.bool_]) -> bytes:
        """Lines of a .pvar where they can be made at once from those that stay; else empty."""
        lines = batch.lines
        if self._request.format is not ExportFormat.PGEN or lines is None or batch.record is not None:
            return b""
        if self._kernel is None:
            return b""
        stays = lines if keep.all() else lines[keep]
        return pvar_of_lines(stays, self.name_of(batch.chromosome), self._kernel) or b""

    def _columns(self, batch: DoseBatch, keep: NDArray[np.bool_]) -> Sequence[tuple[bytes, bytes, bytes]]:
        form = self._request.format
        if form is not ExportFormat.PGEN and batch.lines is not None:
            return ()
        if form not in (ExportFormat.BCF, ExportFormat.PGEN, ExportFormat.VCF):
            return ()
        if batch.lines is None:
            made = columns_of_figures(batch.info)
        else:
            made = columns_of_lines(batch.lines, batch.record, batch.alts, self.header)
        return [each for each, stays in zip(made, keep.tolist(), strict=True) if stays]

    def _as_rows(
        self, batch: DoseBatch, doses: Doses, columns: Sequence[tuple[bytes, bytes, bytes]], pvar: bytes
    ) -> Rows:
        name = self.name_of(batch.chromosome)
        ids = (
            batch.ids
            if self._request.format in _TEXTS
            else filled_ids(name, batch.position, batch.ids, batch.refs, batch.alts)
        )
        return Rows(name, batch.position, ids, batch.refs, batch.alts, columns, doses, batch, pvar)

    def name_of(self, chromosome: str) -> str:
        """How a chromosome is called in what is written."""
        if not self._request.plain_names or self._request.format in _TEXTS:
            return chromosome
        return plain_chromosome(chromosome) or chromosome


def _with_dosages(doses: Doses, dosage: NDArray[np.float32], alone: NDArray[np.bool_] | None) -> Doses:
    """Where there are no haplotypes but a dosage (FORMAT may change from row to row), that dosage."""
    lost = (doses.total == MISSING) & ~np.isnan(dosage)
    if not lost.any():
        return doses
    doses.total[lost] = of_dosages(np.where(lost, dosage, np.float32(0)), alone).total[lost]
    if alone is None or not (alone & lost).any():
        return doses
    before = False if doses.haploid is None else doses.haploid
    return Doses(doses.total, doses.delta, before | (alone & lost))


def _ignore(_rows: Rows) -> None:
    """Where nobody counts."""


def _put(whole: Doses, rows: slice | NDArray[np.bool_], part: Doses) -> None:
    whole.total[rows] = part.total
    if whole.delta is not None and part.delta is not None:
        whole.delta[rows] = part.delta
    if whole.haploid is not None and part.haploid is not None:
        whole.haploid[rows] = part.haploid


def _columns_of(doses: Doses, people: NDArray[np.intp]) -> Doses:
    return Doses(
        np.ascontiguousarray(doses.total[:, people]),
        None if doses.delta is None else np.ascontiguousarray(doses.delta[:, people]),
        None if doses.haploid is None else np.ascontiguousarray(doses.haploid[:, people]),
    )


def _alone(batch: DoseBatch, rows: NDArray[np.intp]) -> NDArray[np.bool_] | None:
    """Which calls of some rows have one copy, None where none has."""
    if batch.genotypes is None:
        return None
    alone = batch.genotypes[rows, :, 1] == -2
    return alone if alone.any() else None
