"""From the files of a result to files for another program, each proved by reading it back."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.export import Cutoffs, ExportedSet, ExportFormat, ExportOutcome, ExportRequest
from app.domain.path_names import shown
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import ContainerError
from app.genotypes.full_disk import told_when_full
from app.genotypes.readers.contract import FormatError
from app.results.export.accepting import Order, refuse_names
from app.results.export.filtering import Filter
from app.results.export.in_place import refuse_existing
from app.results.export.kernel import Kernel, export_kernel
from app.results.export.presets import PRESETS, command_of
from app.results.export.result_files import dose_files, stems_of
from app.results.export.rounding import LostCalls
from app.results.export.row_source import RowSource
from app.results.export.rows import Fingerprint, Rows, Writer
from app.results.export.writers import writer_of

if TYPE_CHECKING:
    from app.genotypes.cohort import Cohort

STEP_WRITE, STEP_PROVE = "Writing", "Reading back"


def settled(request: ExportRequest) -> ExportRequest:
    """The request with what its preset asks for."""
    if request.preset is None:
        return request
    preset = PRESETS[request.preset]
    return replace(request, format=preset.format, plain_names=preset.plain_names or request.plain_names)


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
    sets, notes = [], [] if chosen.preset is None else [PRESETS[chosen.preset].why]
    if chosen.with_plink2 and (why := _no_plink2(chosen)):
        notes.append(f"Written without plink2: {why}.")
        chosen = replace(chosen, with_plink2=False)
    paths = dose_files(Path(chosen.source))
    stems = stems_of(paths)
    if not chosen.replace:
        refuse_existing(chosen.format, Path(chosen.out), stems)
    for number, (path, name) in enumerate(zip(paths, stems, strict=True)):
        one = _Export(chosen, path, folder / name, fast, _told(report, paths, number))
        sets.append(one.run())
        if one.hint and one.hint not in notes:
            notes.append(one.hint)
    return ExportOutcome(
        format=chosen.format,
        preset=chosen.preset,
        sets=tuple(sets),
        notes=tuple(notes),
        by_plink2=chosen.with_plink2,
        seconds=round(time.monotonic() - begun, 3),
    )


def _no_plink2(request: ExportRequest) -> str:
    from app.results.export.with_plink2 import refused_reason

    return refused_reason(request)


def export_one(
    request: ExportRequest,
    path: Path,
    stem: Path,
    kernel: Kernel | None,
    report: Report = silent,
    cohort: Cohort | None = None,
) -> ExportedSet:
    """Write one file as `stem` with the endings of its format; `cohort` are its hard calls if that is all.

    ProblemError as of `export`.
    """
    return _Export(request, path, stem, kernel, _told(report, [path], 0), cohort).run()


def _told(report: Report, paths: Sequence[Path], number: int) -> Callable[[str, int, int], None]:
    """Bytes of the sources are the measure: how many variants a file has is known at its end."""
    sizes = [size_of(path) for path in paths]
    before, total = sum(sizes[:number]), sum(sizes)

    def tell(step: str, done: int, variants: int) -> None:
        counts = {"variants": variants, "file": number + 1}
        report(Progress(done=before + min(done, sizes[number]), total=total, step=step, counts=counts))

    return tell


def size_of(path: Path) -> int:
    """Bytes of a file, 0 where it is gone: whoever opens it says so."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


@dataclass(eq=False)
class _Export:
    """One file of a result."""

    request: ExportRequest
    path: Path
    stem: Path
    kernel: Kernel | None
    tell: Callable[[str, int, int], None]
    cohort: Cohort | None = None

    def __post_init__(self) -> None:
        self._chromosomes: dict[str, None] = {}
        self._lost = LostCalls()
        self.hint = ""
        self._order = Order(self.request.format, self.path.name)

    def run(self) -> ExportedSet:
        """Write and prove. ProblemError."""
        source = RowSource(self.request, self.path, self.kernel, self.cohort)
        refuse_names(self.request.format, source.samples, self.path.name)
        try:
            with told_when_full():
                return self._write_by_plink2(source) if self.request.with_plink2 else self._write(source)
        except OSError as error:
            raise self._disk(error) from error

    def _write(self, source: RowSource) -> ExportedSet:
        stem = self.stem
        writer = writer_of(self.request, stem, source, self.kernel)
        try:
            for rows in self._counted(source).rows():
                writer.write(rows)
                self.tell(STEP_WRITE, source.packed_done, source.filter.variants)
            self._refuse_nothing(source.filter)
            files = writer.finish()
            found = self._prove(writer) if self.request.verify else None
            files = (*files, *self._sample_list(stem, source.samples))
        except BaseException:
            writer.abort()
            raise
        return self._told(stem, source, files, found)

    def _write_by_plink2(self, source: RowSource) -> ExportedSet:
        """The rows that stay as a VCF beside, then plink2, then a look at every row."""
        from app.results.export.with_plink2 import Plink2Run, proved, write_sexes

        stem = self.stem
        beside = stem.with_name("rows-that-stay")
        vcf = self._rows_that_stay(beside)
        run = Plink2Run(vcf, stem, self.request, source.has_haplotypes, source.is_prefixed)
        try:
            files = run.write()
        finally:
            for ending in (".vcf.gz", ".vcf.gz.tbi"):
                beside.with_name(beside.name + ending).unlink(missing_ok=True)
        self.tell(STEP_PROVE, 0, 0)
        try:
            found = proved(files, self._counted(source), self.request, self.kernel)
        except (FormatError, ContainerError, ValueError) as error:
            for each in files:
                each.unlink(missing_ok=True)
            raise self._not_the_same(str(error)) from error
        write_sexes(files[2], source.samples, source.sexes)
        return self._told(stem, source, files, found)

    def _rows_that_stay(self, beside: Path) -> Path:
        """The source itself where all rows and people stay."""
        plain = self.request.cutoffs == Cutoffs() and not self.path.name.lower().endswith(".bcf")
        if plain:
            return self.path
        request = replace(self.request, format=ExportFormat.VCF)
        source = RowSource(request, self.path, self.kernel)
        writer = writer_of(request, beside, source, self.kernel)
        try:
            for rows in source.rows():
                writer.write(rows)
                self.tell(STEP_WRITE, source.packed_done, source.filter.variants)
            self._refuse_nothing(source.filter)
            return writer.finish()[0]
        except BaseException:
            writer.abort()
            raise

    def _counted(self, source: RowSource) -> RowSource:
        source.on_rows = self._count
        return source

    def _count(self, rows: Rows) -> None:
        self._chromosomes.setdefault(rows.chromosome)
        self._order.check(rows.chromosome, rows.position)
        if rows.doses.total.size:
            self._lost.add(rows.doses.total, self.kernel)

    def _told(
        self, stem: Path, source: RowSource, files: Sequence[Path], found: Fingerprint | None
    ) -> ExportedSet:
        chromosomes, lost = tuple(self._chromosomes), self._lost
        self.hint = source.sexes.hint(self.request.preset)
        preset = self.request.preset
        by_threshold = {f"{each:g}": count for each, count in lost.by_threshold().items()}
        return ExportedSet(
            source=shown(self.path.name),
            files=tuple(str(each) for each in files),
            chromosomes=chromosomes,
            variants=source.filter.variants,
            kept=source.filter.kept,
            dropped=source.filter.dropped,
            samples=len(source.samples),
            calls=lost.calls,
            missing=lost.missing,
            lost_calls=by_threshold if lost.calls else {},
            verified=found is not None,
            sites_hash=found.sites if found is not None else "",
            values_hash=found.values_or_raw if found is not None else "",
            command="" if preset is None else command_of(preset, stem.name, chromosomes),
        )

    def _sample_list(self, stem: Path, names: Sequence[str]) -> tuple[Path, ...]:
        if self.request.preset is None or not PRESETS[self.request.preset].sample_list:
            return ()
        path = stem.with_name(stem.name + ".samples.txt")
        path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        return (path,)

    def _prove(self, writer: Writer) -> Fingerprint:
        self.tell(STEP_PROVE, size_of(self.path), writer.wrote.variants)
        try:
            found = writer.read_back()
            differs = writer.wrote.differs_from(found)
        except (FormatError, ContainerError, ProblemError, ValueError) as error:
            differs = str(error)
            found = writer.wrote
        if differs:
            raise self._not_the_same(differs)
        return found

    def _not_the_same(self, differs: str) -> ProblemError:
        return problem(
            Kind.DISK,
            "The file that was written is not what it should be",
            f"What was read back of {self.path.name} as {self.request.format.upper()} differs: "
            f"{differs}. The file was removed.",
            "Look at the disk, and write it again. If it happens again, send the report.",
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
