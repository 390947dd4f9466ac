"""Genotypes written as a web page asks: names, one file or one a chromosome, version, kinds of sites.

For pages on which a person uploads by hand. Lines are read and written one by one, so memory is that of the
longest line. Only genotypes are kept of a record: nothing goes out that was not asked for. What is written is
read again by the check, and must be what was counted.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import BgzfWriter, ContainerError, read_lines
from app.genotypes.builds import length, naturally, plain_chromosome
from app.genotypes.order import Dropped, Made, MadeFile, Order
from app.genotypes.site_table import SiteTable

if TYPE_CHECKING:
    from app.genotypes.reference_sequence import ReferenceSequence

_LETTERS = frozenset((b"A", b"C", b"G", b"T"))
_FIXED = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"
_TELL_EVERY = 5_000
_LEAST_OTHERS, _MOST_OTHERS = 20, 0.1
_READY = "Use “Make it ready” on the page of the dataset, and send what it writes."


def made_to_order(paths: Sequence[str], order: Order, folder: str, report: Report = silent) -> Made:
    """Write the files of an order into an empty folder, and read them again. ProblemError.

    Files must be VCFs whose records are sorted and whose chromosomes stand together, with the same samples.
    """
    try:
        work = _Work(paths, order, Path(folder), report)
        work.write()
        made = work.made()
        _proved(made, Path(folder), work.samples)
    except ContainerError as error:
        raise _unfit(error.path or "", f"it is {error.fault}") from error
    except OSError as error:
        raise problem(
            Kind.DISK,
            "The files cannot be written",
            f"{folder}: {error.strerror or error}.",
            "Look at the room on the disk, or choose another folder.",
            subject=folder,
        ) from error
    return made


class _Out(Protocol):
    def write(self, data: bytes) -> object: ...


@dataclass
class _Open:
    """A file on its way; `close` ends it."""

    name: str
    out: _Out
    close: contextlib.ExitStack
    chromosomes: list[str] = field(default_factory=list)
    sites: int = 0


class _Work:
    """One run: reads files in the order of their chromosomes, writes one line at a time."""

    def __init__(self, paths: Sequence[str], order: Order, folder: Path, report: Report) -> None:
        self._order = order
        self._folder = folder
        self._report = report
        self._sources = _in_order(paths)
        self.samples = _samples(self._sources)
        self._done: list[_Open] = []
        self._open: _Open | None = None
        self._place: tuple[str, int] = ("", 0)
        self._seen: set[str] = set()
        self._sites_in = 0
        self._written: dict[str, int] = {}
        self._dropped: dict[Dropped, int] = {}
        self._panel = _Panel(order.sites)
        self._genome = _Genome(order.reference)

    def write(self) -> None:
        """All lines of all files; nothing half-written stays open."""
        try:
            for number, source in enumerate(self._sources):
                for line in _records(source.path):
                    self._take(line, source.path)
                    if self._sites_in % _TELL_EVERY == 0:
                        self._tell(number)
                self._tell(number + 1)
        except BaseException as error:
            if self._open is not None:
                self._open.close.__exit__(type(error), error, error.__traceback__)
            raise
        self._finish()
        self._genome.refuse_another(self._dropped.get(Dropped.OTHER_REFERENCE, 0))
        if not self._done:
            raise problem(
                Kind.INPUT,
                "Nothing is left to send",
                f"None of {self._sites_in:,} sites is of the kind that the page takes.",
                "Look at the build and the chromosomes of the dataset.",
            )

    def made(self) -> Made:
        """The books."""
        files = tuple(
            MadeFile(
                name=each.name,
                size=(self._folder / each.name).stat().st_size,
                sites=each.sites,
                chromosomes=tuple(each.chromosomes),
            )
            for each in self._done
        )
        return Made(
            files=files,
            samples=len(self.samples),
            sites_in=self._sites_in,
            sites_out=sum(each.sites for each in files),
            by_chromosome=dict(self._written),
            dropped=dict(self._dropped),
        )

    def _tell(self, done: int) -> None:
        total = len(self._sources)
        self._report(Progress(done=done, total=total, step=f"{self._sites_in:,} sites"))

    def _take(self, line: bytes, path: str) -> None:
        cells = line.split(b"\t", 9)
        if len(cells) < 10:
            raise _unfit(path, "a line has no genotypes")
        self._sites_in += 1
        plain = self._followed(cells, path)
        reason = self._reason(plain, cells)
        if reason is not None:
            self._dropped[reason] = self._dropped.get(reason, 0) + 1
            return
        name = f"chr{plain}" if self._order.prefixed else plain
        out = self._file_for(plain, name)
        head = (name.encode(), cells[1], cells[2], cells[3], cells[4], b".", b"PASS", b".", b"GT")
        calls = _calls(cells)
        if self._order.males_diploid and plain == "X":
            calls = _doubled(calls)
        out.out.write(b"\t".join((*head, calls)) + b"\n")
        out.sites += 1
        self._written[plain] = self._written.get(plain, 0) + 1

    def _followed(self, cells: list[bytes], path: str) -> str:
        """The plain name of the chromosome; refuses records that are out of order."""
        raw = cells[0].decode("utf-8", "replace")
        plain = plain_chromosome(raw) or raw
        try:
            position = int(cells[1])
        except ValueError:
            raise _unfit(path, f"“{cells[1][:20].decode('utf-8', 'replace')}” is no position") from None
        last, before = self._place
        if plain == last:
            if position < before:
                raise _unfit(path, f"its records are not sorted ({raw}:{position:,})")
        elif plain in self._seen:
            raise _unfit(path, f"the records of chromosome {plain} do not stand together")
        self._seen.add(plain)
        self._place = plain, position
        return plain

    def _reason(self, plain: str, cells: list[bytes]) -> Dropped | None:
        order, position = self._order, self._place[1]
        if order.chromosomes and plain not in order.chromosomes:
            return Dropped.CHROMOSOME
        if order.region is not None:
            name, first, last = order.region
            if plain != name or not first <= position <= last:
                return Dropped.CHROMOSOME
        ref, alt = cells[3].upper(), cells[4].upper()
        if (order.two_alleles or order.snvs_only) and b"," in alt:
            return Dropped.SEVERAL_ALLELES
        if order.snvs_only and not (ref in _LETTERS and alt in _LETTERS):
            return Dropped.NOT_SNV
        if order.drop_monomorphic and _alike(_calls(cells)):
            return Dropped.MONOMORPHIC
        if order.sites is not None and not self._panel.has(plain, position, ref, alt):
            return Dropped.NOT_IN_PANEL
        if not self._genome.has(plain, position, ref):
            return Dropped.OTHER_REFERENCE
        return None

    def _file_for(self, plain: str, name: str) -> _Open:
        now = self._open
        if now is not None and (self._order.one_file or now.chromosomes == [name]):
            if name not in now.chromosomes:
                now.chromosomes.append(name)
            return now
        self._finish()
        stem = self._order.stem if self._order.one_file else f"{self._order.stem}.chr{plain}"
        now = _opened(self._folder / (stem + self._order.suffix))
        now.chromosomes.append(name)
        now.out.write(_header(self._order, self.samples, None if self._order.one_file else plain))
        self._open = now
        return now

    def _finish(self) -> None:
        if self._open is not None:
            self._open.close.close()
            self._done.append(self._open)
            self._open = None


def _opened(path: Path) -> _Open:
    stack = contextlib.ExitStack()
    out: _Out = (
        stack.enter_context(BgzfWriter(path))
        if path.suffix == ".gz"
        else stack.enter_context(path.open("wb"))
    )
    return _Open(path.name, out, stack)


def _calls(cells: Sequence[bytes]) -> bytes:
    """Genotypes alone, as they stand: the first of each cell, which VCF wants to be GT."""
    if cells[8] == b"GT":
        return cells[9]
    names = cells[8].split(b":")
    at = names.index(b"GT") if b"GT" in names else -1
    if at < 0:
        return b"\t".join(b"./." for _ in cells[9].split(b"\t"))
    return b"\t".join(_at(cell.split(b":"), at) for cell in cells[9].split(b"\t"))


def _doubled(calls: bytes) -> bytes:
    """Haploid calls as homozygous ones, which some programs want of males on X."""
    cells = calls.split(b"\t")
    return b"\t".join(cell if b"/" in cell or b"|" in cell else cell + b"/" + cell for cell in cells)


def _at(parts: Sequence[bytes], number: int) -> bytes:
    return parts[number] if number < len(parts) else b"./."


def _alike(calls: bytes) -> bool:
    """Whether no more than one allele is met; missing ones do not count."""
    return sum(str(number).encode() in calls for number in range(10)) < 2


class _Panel:
    """The sites of a kept list, opened when first asked; the alleles may stand either way round."""

    def __init__(self, folder: str | None) -> None:
        self._folder = folder
        self._tables: dict[str, SiteTable | None] = {}

    def has(self, plain: str, position: int, ref: bytes, alt: bytes) -> bool:
        if plain not in self._tables:
            from app.genotypes.panels.store import open_panel

            assert self._folder is not None
            self._tables[plain] = open_panel(Path(self._folder)).table(plain)
        table = self._tables[plain]
        if table is None:
            return False
        mine = {ref.decode("ascii", "replace"), alt.decode("ascii", "replace")}
        return any({first.upper(), second.upper()} == mine for first, second in table.at(position))


class _Genome:
    """The reference genome whose bases have to stand as REF, opened when first asked."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._open: ReferenceSequence | None = None
        self._asked = 0

    def has(self, plain: str, position: int, ref: bytes) -> bool:
        if self._path is None:
            return True
        if self._open is None:
            from app.genotypes.reference_sequence import ReferenceSequence

            self._open = ReferenceSequence(Path(self._path))
        self._asked += 1
        return self._open.matches(plain, position, ref.decode("ascii", "replace"))

    def refuse_another(self, others: int) -> None:
        """Close it. ProblemError where it is the genome of other files: nearly all sites have to fit."""
        if self._open is not None:
            self._open.close()
        if others > _LEAST_OTHERS and others > _MOST_OTHERS * self._asked:
            raise problem(
                Kind.INPUT,
                "The reference genome is not the one of these files",
                f"At {others:,} of {self._asked:,} sites it has another base than REF.",
                "Look at the build of the dataset, and at the genome in the settings.",
            )


@dataclass(frozen=True)
class _Source:
    path: str
    samples: tuple[bytes, ...]
    first: str


def _in_order(paths: Sequence[str]) -> list[_Source]:
    """The files by their first chromosome; ones without records come last."""
    found = [_looked_at(path) for path in paths]
    places = {name: number for number, name in enumerate(naturally({each.first for each in found}))}
    return sorted(found, key=lambda each: (not each.first, places.get(each.first, 0)))


def _looked_at(path: str) -> _Source:
    samples: tuple[bytes, ...] | None = None
    for line in read_lines(path):
        if line.startswith(_FIXED):
            samples = tuple(line.split(b"\t")[9:])
        elif not line.startswith(b"#"):
            raw = line.split(b"\t", 1)[0].decode("utf-8", "replace")
            return _Source(path, _known(samples, path), plain_chromosome(raw) or raw)
    return _Source(path, _known(samples, path), "")


def _known(samples: tuple[bytes, ...] | None, path: str) -> tuple[bytes, ...]:
    if not samples:
        raise _unfit(path, "it is no VCF with genotypes")
    return samples


def _samples(sources: Iterable[_Source]) -> tuple[bytes, ...]:
    first: _Source | None = None
    for each in sources:
        first = first or each
        if each.samples != first.samples:
            raise _unfit(each.path, f"its samples are others than those of {Path(first.path).name}")
    if first is None:
        raise problem(Kind.INPUT, "There is nothing to send", "No file was chosen.", "Choose a dataset.")
    return first.samples


def _records(path: str) -> Iterator[bytes]:
    return (line for line in read_lines(path) if line and not line.startswith(b"#"))


def _header(order: Order, samples: Sequence[bytes], plain: str | None) -> bytes:
    names = [plain] if plain is not None else list(order.chromosomes or _ALL)
    lines = [f"##fileformat=VCFv{order.version}", '##FILTER=<ID=PASS,Description="All filters passed">']
    for name in names:
        bases = length(order.build, name) if order.build else None
        shown = f"chr{name}" if order.prefixed else name
        lines.append(f"##contig=<ID={shown},length={bases}>" if bases else f"##contig=<ID={shown}>")
    lines.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
    return "\n".join(lines).encode() + b"\n" + b"\t".join((_FIXED, *samples)) + b"\n"


_ALL = (*map(str, range(1, 23)), "X")


def _proved(made: Made, folder: Path, samples: Sequence[bytes]) -> None:
    """Read what was written as the check of a dataset reads it; it must be what was counted."""
    from app.genotypes.check import check_files

    with tempfile.TemporaryDirectory(prefix=".proof-", dir=folder) as work:
        paths = [folder / each.name for each in made.files]
        told = check_files(paths, folder=Path(work))
    facts = {os.path.basename(each.path): each for each in told.files}
    for each in made.files:
        found = facts.get(each.name)
        counted = (each.sites, len(samples))
        if found is None or (found.variants, found.samples) != counted or not found.sorted:
            raise problem(
                Kind.DISK,
                "What was written is not what was counted",
                f"{each.name} should have {each.sites:,} sites of {len(samples):,} people.",
                "Look at the disk, and try again.",
                subject=each.name,
                details=f"read again: {found.variants if found else 'nothing'}",
            )


def _unfit(path: str, why: str) -> ProblemError:
    name = os.path.basename(path)
    return problem(
        Kind.INPUT, "The file cannot be sent as it is", f"{name}: {why}.", _READY, subject=name or None
    )
