"""From the files of a result to files for another program, each proved by reading it back."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.export import (
    Cutoffs,
    ExportedSet,
    ExportFormat,
    ExportOutcome,
    ExportRequest,
)
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import ContainerError
from app.genotypes.builds import plain_chromosome
from app.genotypes.full_disk import told_when_full
from app.genotypes.readers.contract import FormatError
from app.genotypes.texts import Texts
from app.results.doses.contract import DoseBatch, DoseReader, Field, InfoColumns
from app.results.doses.reading import open_doses
from app.results.export.bcf_file import WANTED as BCF_FIELDS
from app.results.export.bcf_file import BcfWriter
from app.results.export.bed_file import BedWriter
from app.results.export.bgen_file import BgenWriter
from app.results.export.choosing import doses_of_rows, of_people, of_rows, people_of
from app.results.export.dosage_table import TableWriter
from app.results.export.figures import computed_figures
from app.results.export.filtering import Figures, Filter, told_figures
from app.results.export.info_text import columns_of_figures, columns_of_lines, with_new_figures
from app.results.export.kernel import Kernel, export_kernel
from app.results.export.pgen_file import PgenWriter
from app.results.export.presets import PRESETS, command_of
from app.results.export.result_files import dose_files, stem_of
from app.results.export.rounding import DosageRangeError, Doses, LostCalls, of_dosages, of_haplotypes, units
from app.results.export.rows import Fingerprint, Rows, Writer
from app.results.export.vcf_file import VcfWriter

STEP_WRITE, STEP_PROVE = "Writing", "Reading back"
_ANY = Field.DOSAGE | Field.HAPLOTYPES | Field.PROBABILITIES | Field.GENOTYPES
_NEEDS_IDS = (ExportFormat.BGEN, ExportFormat.PGEN, ExportFormat.BED, ExportFormat.TABLE)


def settled(request: ExportRequest) -> ExportRequest:
    """The request with what its preset asks for."""
    if request.preset is None:
        return request
    preset = PRESETS[request.preset]
    return request.model_copy(
        update={"format": preset.format, "plain_names": preset.plain_names or request.plain_names}
    )


def export(
    request: ExportRequest, folder: Path, report: Report = silent, *, kernel: Kernel | None = None
) -> ExportOutcome:
    """Write every file of a result into `folder`, which is empty; nothing else is written.

    `kernel` None: the extension in C where it is there. ProblemError where a file cannot be read or written,
    or is not what was written when it is read back.
    """
    begun = time.monotonic()
    chosen = settled(request)
    fast = kernel or export_kernel()
    sets = []
    notes: dict[str, None] = {}
    paths = dose_files(Path(chosen.source))
    for number, path in enumerate(paths):
        part = _Export(chosen, path, folder, fast, _told(report, number, len(paths)))
        sets.append(part.run())
        notes |= dict.fromkeys(part.notes)
    if chosen.preset is not None:
        notes[PRESETS[chosen.preset].why] = None
    return ExportOutcome(
        format=chosen.format,
        preset=chosen.preset,
        sets=tuple(sets),
        notes=tuple(notes),
        seconds=round(time.monotonic() - begun, 3),
    )


def _told(report: Report, number: int, files: int) -> Callable[[str, int], None]:
    """Files are the measure: how many variants a file has is known at its end."""

    def tell(step: str, variants: int) -> None:
        counts = {"variants": variants, "file": number + 1}
        report(Progress(done=number, total=files, unit="files", step=step, counts=counts))

    return tell


@dataclass(eq=False)
class _Export:
    """One file of a result."""

    request: ExportRequest
    path: Path
    folder: Path
    kernel: Kernel | None
    tell: Callable[[str, int], None]

    def __post_init__(self) -> None:
        self.notes: list[str] = []
        self._chromosomes: dict[str, None] = {}
        self._lost = LostCalls()
        self._cuts = self.request.cutoffs

    def run(self) -> ExportedSet:
        """Write and prove. ProblemError."""
        with contextlib.closing(open_doses(self.path, _ANY)) as probe:
            fields, header, samples = probe.fields, probe.header, probe.samples
        people = people_of(samples, self._cuts.samples)
        names = samples if people is None else tuple(samples[place] for place in people.tolist())
        self._refuse_names(names)
        chosen = Filter(self._cuts, len(names))
        stem = self.folder / stem_of(self.path)
        want, lines = self._wanted(fields, header, people is not None)
        try:
            with told_when_full():
                return self._write(stem, names, header, chosen, people, want, lines)
        except OSError as error:
            raise self._disk(error) from error

    def _write(
        self,
        stem: Path,
        names: Sequence[str],
        header: Sequence[str],
        chosen: Filter,
        people: NDArray[np.intp] | None,
        want: Field,
        lines: bool,
    ) -> ExportedSet:
        writer = self._writer(stem, names, header)
        try:
            with contextlib.closing(open_doses(self.path, want, lines=lines)) as reader:
                for rows in self._rows(reader, chosen, people):
                    writer.write(rows)
                    self.tell(STEP_WRITE, chosen.variants)
            self._refuse_nothing(chosen)
            files = writer.finish()
            found = self._prove(writer) if self.request.verify else None
        except BaseException:
            writer.abort()
            raise
        return self._told(stem, names, chosen, (*files, *self._sample_list(stem, names)), found)

    def _told(
        self,
        stem: Path,
        names: Sequence[str],
        chosen: Filter,
        files: Sequence[Path],
        found: Fingerprint | None,
    ) -> ExportedSet:
        chromosomes = tuple(self._chromosomes)
        preset = self.request.preset
        return ExportedSet(
            source=self.path.name,
            files=tuple(str(each) for each in files),
            chromosomes=chromosomes,
            variants=chosen.variants,
            kept=chosen.kept,
            dropped=chosen.dropped,
            samples=len(names),
            calls=self._lost.calls,
            missing=self._lost.missing,
            lost_calls={f"{each:g}": count for each, count in self._lost.by_threshold().items()}
            if self._lost.calls
            else {},
            verified=found is not None,
            sites_hash=found.sites if found is not None else "",
            values_hash=found.values_or_raw if found is not None else "",
            command="" if preset is None else command_of(preset, stem.name, chromosomes),
        )

    def _wanted(self, fields: Field, header: Sequence[str], fewer: bool) -> tuple[Field, bool]:
        """What must be read of each genotype, and whether lines are needed."""
        form = self.request.format
        if form is ExportFormat.BCF:
            return BCF_FIELDS & fields, True
        if form is ExportFormat.VCF and not fewer and not self._needs_frequencies(header):
            return (Field.NONE, True) if not self._is_bcf() else (_ANY & fields, False)
        want = Field.HAPLOTYPES & fields or (Field.DOSAGE | Field.GENOTYPES) & fields
        if form is ExportFormat.BGEN and not want & Field.HAPLOTYPES:
            want |= Field.PROBABILITIES & fields
        if form is ExportFormat.VCF and self._is_bcf():
            want = _ANY & fields
        if not want:
            raise problem(
                Kind.INPUT,
                "There are no dosages in the file",
                f"{self.path.name} has none of HDS, DS, GP and GT.",
                "Choose the files of a result, which end in .dose.vcf.gz at most servers.",
                subject=self.path.name,
            )
        return want, form is ExportFormat.VCF

    def _is_bcf(self) -> bool:
        return self.path.name.lower().endswith(".bcf")

    def _needs_frequencies(self, header: Sequence[str]) -> bool:
        """Whether cut-offs ask for frequencies that the file does not tell."""
        asks = self._cuts.min_maf or self._cuts.min_mac or self._cuts.r2_steps
        told = any(line.startswith(("##INFO=<ID=AF,", "##INFO=<ID=MAF,")) for line in header)
        return bool(asks) and not told

    def _rows(self, reader: DoseReader, chosen: Filter, people: NDArray[np.intp] | None) -> Iterator[Rows]:
        for batch in reader.batches():
            self._chromosomes.setdefault(self._name(batch.chromosome))
            rows = self._kept(batch, chosen, people)
            if rows is not None:
                if rows.doses.total.size:
                    self._lost.add(rows.doses.total, self.kernel)
                yield rows

    def _kept(self, batch: DoseBatch, chosen: Filter, people: NDArray[np.intp] | None) -> Rows | None:
        figures = told_figures(batch.info)
        doses = None
        if people is not None:
            batch = of_people(batch, people)
        if people is not None or (np.isnan(figures.maf).any() and self._has_values(batch)):
            doses = self._doses(batch)
            figures, batch = self._new_figures(batch, doses, figures, everybody=people is None)
        keep = chosen.keeps(batch.chromosome, batch.position, figures)
        if not keep.any():
            return None
        kept = of_rows(batch, keep)
        some = self._doses(kept) if doses is None else doses_of_rows(doses, keep)
        return self._as_rows(kept, some)

    @staticmethod
    def _has_values(batch: DoseBatch) -> bool:
        return batch.haplotypes is not None or batch.dosage is not None

    def _new_figures(
        self, batch: DoseBatch, doses: Doses, told: Figures, *, everybody: bool
    ) -> tuple[Figures, DoseBatch]:
        """Figures of the people who stay; of everybody, only what the file does not tell."""
        new, af = computed_figures(doses, batch.info.kind, batch.info.er2)
        if everybody:
            maf = np.where(np.isnan(told.maf), new.maf, told.maf)
            return Figures(told.r2, told.er2, maf, told.kind), batch
        info = InfoColumns(new.r2, batch.info.er2, af, new.maf, batch.info.kind)
        lines = None if batch.lines is None else with_new_figures(batch.lines, batch.record, info)
        return new, replace(batch, info=info, lines=lines)

    def _doses(self, batch: DoseBatch) -> Doses:
        try:
            if batch.haplotypes is not None:
                return of_haplotypes(batch.haplotypes, self.kernel)
            if batch.dosage is not None:
                return of_dosages(batch.dosage, _haploid(batch))
        except DosageRangeError as error:
            place = int(batch.position[error.row])
            raise problem(
                Kind.INPUT,
                "A dosage is impossible",
                f"{self.path.name} has a dosage outside of 0 to 2 at {batch.chromosome}:{place:,}.",
                "Fetch or make the result again.",
                subject=self.path.name,
            ) from error
        return Doses(np.zeros((len(batch), 0), np.uint16), None)

    def _as_rows(self, batch: DoseBatch, doses: Doses) -> Rows:
        name = self._name(batch.chromosome)
        form = self.request.format
        ids = _filled(name, batch) if form in _NEEDS_IDS else batch.ids
        columns: Sequence[tuple[bytes, bytes, bytes]] = ()
        if form is ExportFormat.BCF and batch.lines is not None:
            columns = columns_of_lines(batch.lines, batch.record)
        elif form in (ExportFormat.BCF, ExportFormat.PGEN) or batch.lines is None:
            columns = columns_of_figures(batch.info)
        return Rows(name, batch.position, ids, batch.refs, batch.alts, columns, doses, batch)

    def _name(self, chromosome: str) -> str:
        if not self.request.plain_names or self.request.format in (ExportFormat.VCF, ExportFormat.BCF):
            return chromosome
        return plain_chromosome(chromosome) or chromosome

    def _writer(self, stem: Path, names: Sequence[str], header: Sequence[str]) -> Writer:
        request, limit = self.request, units(self.request.hard_call)
        match request.format:
            case ExportFormat.VCF:
                return VcfWriter(stem, names, header, _said(self._cuts))
            case ExportFormat.BCF:
                return BcfWriter(stem, names, header, self.kernel)
            case ExportFormat.BGEN:
                return BgenWriter(stem, names, request.phased, self.kernel)
            case ExportFormat.PGEN:
                return PgenWriter(stem, names, header, limit, self.kernel)
            case ExportFormat.BED:
                return BedWriter(stem, names, limit, self.kernel)
            case ExportFormat.TABLE:
                return TableWriter(stem, names)

    def _sample_list(self, stem: Path, names: Sequence[str]) -> tuple[Path, ...]:
        if self.request.preset is None or not PRESETS[self.request.preset].sample_list:
            return ()
        path = stem.with_name(stem.name + ".samples.txt")
        path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        return (path,)

    def _prove(self, writer: Writer) -> Fingerprint:
        self.tell(STEP_PROVE, writer.wrote.variants)
        try:
            found = writer.read_back()
            differs = writer.wrote.differs_from(found)
        except (FormatError, ContainerError, ProblemError, ValueError) as error:
            differs = str(error)
            found = writer.wrote
        if differs:
            raise problem(
                Kind.DISK,
                "The file that was written is not what it should be",
                f"What was read back of {self.path.name} as {self.request.format.upper()} differs: "
                f"{differs}. The file was removed.",
                "Look at the disk, and write it again. If it happens again, send the report.",
                subject=self.path.name,
            )
        return found

    def _refuse_names(self, names: Sequence[str]) -> None:
        """Names with blanks would become two columns of the text files beside the genotypes."""
        if self.request.format in (ExportFormat.VCF, ExportFormat.BCF, ExportFormat.TABLE):
            return
        bad = sum(1 for name in names if not name or any(letter.isspace() for letter in name))
        if bad:
            raise problem(
                Kind.INPUT,
                "Names of samples have blanks",
                f"{bad:,} names would be two words in the list of samples of this format.",
                "Choose VCF or BCF, or rename the samples.",
                subject=self.path.name,
            )

    def _refuse_nothing(self, chosen: Filter) -> None:
        if chosen.kept:
            return
        reasons = ", ".join(f"{count:,} for {reason}" for reason, count in chosen.dropped.items())
        raise problem(
            Kind.INPUT,
            "No variant is left",
            f"{self.path.name} has {chosen.variants:,} variants, and none passes"
            + (f": {reasons}." if reasons else "."),
            "Choose lower cut-offs.",
            subject=self.path.name,
        )

    def _disk(self, error: OSError) -> ProblemError:
        return problem(
            Kind.DISK,
            "The file cannot be written",
            f"{self.path.name}: {error.strerror or error}.",
            "Look at the room on the disk and at the permissions of the folder.",
            subject=self.path.name,
        )


def _haploid(batch: DoseBatch) -> NDArray[np.bool_] | None:
    if batch.genotypes is None:
        return None
    alone = batch.genotypes[:, :, 1] == -2
    return alone if alone.any() else None


def _filled(chromosome: str, batch: DoseBatch) -> Texts:
    """Identifiers, `chromosome:position:REF:ALT` where there is none."""
    unknown = (batch.ids.lengths == 1) & (batch.ids.first_letters() == ord("."))
    if not unknown.any():
        return batch.ids
    sites = zip(batch.ids.raws(), batch.position.tolist(), batch.refs.raws(), batch.alts.raws(), strict=True)
    name = chromosome.encode()
    return Texts.of(
        b"%b:%d:%b:%b" % (name, place, ref, alt) if told == b"." else told for told, place, ref, alt in sites
    )


def _said(cuts: Cutoffs) -> str:
    """The cut-offs in one line, for the header; without names of samples."""
    words = [f"{name}={value}" for name, value in cuts if value and name not in ("samples", "r2_steps")]
    words += [f"r2_from_maf_{step.maf_from:g}={step.min_r2:g}" for step in cuts.r2_steps]
    return "; ".join(words)
