"""The site list of a panel as a folder of columns: built once from its sources, then memory-mapped."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.builds import naturally
from app.genotypes.panels.site_rows import SiteRows
from app.genotypes.panels.sources import Source, look
from app.genotypes.panels.writing import COLUMNS, OTHERS, ChromosomeWriter, sha256
from app.genotypes.site_table import Alleles, SiteTable

VERSION = 1
ABOUT = "panel-sites.json"
_SCAN_ROWS = 1 << 20
_FILTER_BITS = 24


@dataclass(frozen=True)
class PeopleFile:
    """A source that also holds genotypes, as it was: bytes, nanoseconds since the epoch, plain names."""

    path: str
    size: int
    modified: int
    chromosomes: tuple[str, ...] = ()

    @property
    def unchanged(self) -> bool:
        """Whether the file is still there as it was."""
        try:
            found = os.stat(self.path)
        except OSError:
            return False
        return (found.st_size, found.st_mtime_ns) == (self.size, self.modified)


@dataclass(frozen=True)
class PanelAbout:
    """What a site list is. To build one, give `name`, `build` and, if wanted, `population`.

    `population` chooses among the frequencies of the sources; `frequency` is what the source calls the one
    taken. `skipped` rows lay on no chromosome of humans. `source` names the files; `people` are those of them
    that are VCFs with samples.
    """

    name: str
    build: str
    population: str = ""
    id: str = ""
    chromosomes: tuple[str, ...] = ()
    sites: int = 0
    skipped: int = 0
    has_frequency: bool = False
    has_rs: bool = False
    frequency: str = ""
    source: str = ""
    people: tuple[PeopleFile, ...] = ()


class OtherAlleles(Mapping[int, Alleles]):
    """Alleles that are not two different letters, by row; searched on disk."""

    def __init__(self, rows: NDArray[np.uint32], ends: NDArray[np.uint32], texts: NDArray[np.uint8]) -> None:
        self._rows, self._ends, self._texts = rows, ends, texts

    def __getitem__(self, row: int) -> Alleles:
        place = int(np.searchsorted(self._rows, np.uint32(row)))
        if place == len(self._rows) or self._rows[place] != row:
            raise KeyError(row)
        start = int(self._ends[place - 1]) if place else 0
        pair = self._texts[start : int(self._ends[place])].tobytes().decode("utf-8", "replace")
        ref, _, alt = pair.partition("\t")
        return ref, alt

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows.tolist())

    def __len__(self) -> int:
        return len(self._rows)


class PanelList:
    """An open site list; its arrays are mapped when a chromosome is asked for."""

    def __init__(self, folder: Path, about: PanelAbout, files: Mapping[str, Mapping[str, list[Any]]]) -> None:
        self.folder = folder
        self.about = about
        self._files = files
        self._tables: dict[str, SiteTable] = {}

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(size for columns in self._files.values() for size, _ in columns.values())

    def table(self, chromosome: str) -> SiteTable | None:
        """The sites of a chromosome by its plain name (`22`, `X`), None when the list has none."""
        if chromosome not in self._files:
            return None
        if chromosome not in self._tables:
            self._tables[chromosome] = self._mapped(chromosome)
        return self._tables[chromosome]

    def genotypes(self) -> dict[str, Path]:
        """VCFs with the panel's people by chromosome, as far as they are still there and unchanged."""
        kept = [each for each in self.about.people if each.unchanged]
        return {name: Path(each.path) for each in reversed(kept) for name in each.chromosomes}

    def _mapped(self, chromosome: str) -> SiteTable:
        found = {name: self._column(chromosome, name) for name in self._files[chromosome]}
        others = OtherAlleles(*(found[name] for name in OTHERS))
        return SiteTable(found["position"], found["code"], found.get("frequency"), found.get("rs"), others)

    def _column(self, chromosome: str, name: str) -> NDArray[Any]:
        kind = np.dtype(COLUMNS.get(name) or OTHERS[name])
        if not self._files[chromosome][name][0]:
            return np.empty(0, kind)
        return np.memmap(self.folder / chromosome / name, kind, "r")

    def by_rs(self, numbers: NDArray[np.uint32]) -> tuple[NDArray[np.int16], NDArray[np.int64]]:
        """Chromosome (index into `about.chromosomes`, -1 for none) and position of each rs number.

        A number that stands in several rows gives the first. Takes a pass over the rs column.
        """
        wanted, inverse = np.unique(np.asarray(numbers, np.uint32), return_inverse=True)
        chromosome = np.full(len(wanted), -1, np.int16)
        position = np.zeros(len(wanted), np.int64)
        for index, name in enumerate(self.about.chromosomes):
            table = self.table(name)
            if table is None or table.rs is None:
                continue
            for place, row in _rows_with(table.rs, wanted):
                fresh = chromosome[place] < 0
                chromosome[place[fresh]] = index
                position[place[fresh]] = table.position[row[fresh]]
        return chromosome[inverse], position[inverse]

    def verify(self) -> tuple[str, ...]:
        """Read everything and name the columns whose bytes are not those that were written."""
        return tuple(
            f"{chromosome}/{name}"
            for chromosome, columns in self._files.items()
            for name, (_, digest) in columns.items()
            if sha256(self.folder / chromosome / name) != digest
        )


def _rows_with(
    rs: NDArray[np.uint32], wanted: NDArray[np.uint32]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Places in `wanted` (sorted, unique) and the first rows in pieces of `rs`; a table of bits sieves."""
    sieve = np.zeros(1 << _FILTER_BITS, bool)
    mask = np.uint32((1 << _FILTER_BITS) - 1)
    known = wanted[wanted > 0]
    sieve[known & mask] = True
    for at in range(0, len(rs), _SCAN_ROWS):
        piece = rs[at : at + _SCAN_ROWS]
        maybe = np.flatnonzero(sieve[piece & mask])
        place = np.searchsorted(wanted, piece[maybe])
        hit = (place < len(wanted)) & (wanted[np.minimum(place, len(wanted) - 1)] == piece[maybe])
        hit &= piece[maybe] > 0
        unique, first = np.unique(place[hit], return_index=True)
        yield unique, at + maybe[hit][first]


def build_panel(
    sources: Sequence[Path], folder: Path, about: PanelAbout, report: Report = silent
) -> PanelList:
    """Read the sources, in the order given, into one list in `folder`, which must not exist yet.

    Everything is written to `<folder>.part`, which gets its name when it is whole and is removed otherwise.
    Raises ProblemError for a source that cannot be read, and OSError when nothing can be written.
    """
    found = [look(path, about.population) for path in sources]
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    builder = _Builder(part, report, sum(path.stat().st_size for path in sources))
    try:
        part.mkdir(parents=True)
        for source in found:
            builder.take(source)
        written = builder.finish(replace(about, id=folder.name, source=_names(sources)), found)
        (part / ABOUT).write_text(json.dumps(written), encoding="utf-8")
        os.replace(part, folder)
    except BaseException:
        builder.close()
        shutil.rmtree(part, ignore_errors=True)
        raise
    return open_panel(folder)


def _names(sources: Sequence[Path]) -> str:
    names = [path.name for path in sources]
    return ", ".join(names) if len(names) < 4 else f"{names[0]} and {len(names) - 1} more"


class _Builder:
    """Distributes rows over the chromosomes."""

    def __init__(self, folder: Path, report: Report, total: int) -> None:
        self._folder, self._report, self._total = folder, report, total
        self._writers: dict[str, ChromosomeWriter] = {}
        self._done = self._sites = self._skipped = 0
        self._people: list[PeopleFile] = []

    def take(self, source: Source) -> None:
        """All rows of a source."""
        found, names = source.path.stat(), set[str]()
        for rows in source.rows(self._read):
            self._spread(rows)
            names.update(rows.names[index] or "" for index in np.unique(rows.chromosome).tolist())
        self._done += found.st_size
        if source.has_people:
            path = os.path.abspath(source.path)
            on = tuple(naturally(names - {""}))
            self._people.append(PeopleFile(path, found.st_size, found.st_mtime_ns, on))

    def _read(self, packed: int) -> None:
        progress = Progress(done=self._done + packed, total=self._total, step="Reading the sites")
        self._report(replace(progress, counts={"sites": self._sites}))

    def _spread(self, rows: SiteRows) -> None:
        present = np.unique(rows.chromosome)
        for index in present.tolist():
            chosen = None if len(present) == 1 else np.flatnonzero(rows.chromosome == index)
            count = len(rows) if chosen is None else len(chosen)
            name = rows.names[index]
            if name is None:
                self._skipped += count
                continue
            self._writer(name).append(rows, chosen)
            self._sites += count

    def _writer(self, name: str) -> ChromosomeWriter:
        if name not in self._writers:
            self._writers[name] = ChromosomeWriter(self._folder / name)
        return self._writers[name]

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()

    def finish(self, about: PanelAbout, sources: Sequence[Source]) -> dict[str, Any]:
        """Sort, drop empty columns, and say what was written."""
        if not self._sites:
            raise _nothing(about.source)
        for number, writer in enumerate(self._writers.values(), 1):
            self._report(Progress(done=number, total=len(self._writers), unit="chromosomes", step="Sorting"))
            writer.finish()
        frequency = any(writer.has_frequency for writer in self._writers.values())
        rs = any(writer.has_rs for writer in self._writers.values())
        chromosomes = tuple(naturally(self._writers))
        about = replace(
            about,
            chromosomes=chromosomes,
            sites=self._sites,
            skipped=self._skipped,
            has_frequency=frequency,
            has_rs=rs,
            people=tuple(self._people),
            frequency=", ".join(dict.fromkeys(s.frequency_name for s in sources if s.frequency_name))
            if frequency
            else "",
        )
        files = {name: self._writers[name].keep(frequency, rs) for name in chromosomes}
        return {"version": VERSION, "about": asdict(about), "files": files}


def _nothing(source: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "There are no sites in the list",
        f"{source} holds no site on a human chromosome.",
        "Choose another file.",
        subject=source,
    )


def _about(written: Mapping[str, Any], folder: Path) -> PanelAbout:
    people = tuple(
        PeopleFile(**each | {"chromosomes": tuple(each["chromosomes"])}) for each in written.get("people", ())
    )
    told = {"chromosomes": tuple(written["chromosomes"]), "people": people, "id": folder.name}
    return PanelAbout(**dict(written) | told)


def open_panel(folder: Path) -> PanelList:
    """A list that was built before; ProblemError when it is not whole (sizes are compared, not bytes)."""
    try:
        written = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if written["version"] != VERSION:
            raise ValueError("another version")
        about = _about(written["about"], folder)
        for chromosome, columns in written["files"].items():
            for name, (size, _) in columns.items():
                if (folder / chromosome / name).stat().st_size != size:
                    raise ValueError(f"{chromosome}/{name} has another size")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise problem(
            Kind.STORE,
            "A site list is not whole",
            f"The list in {folder.name} cannot be used.",
            "Remove it and add its sources again.",
            subject=folder.name,
            details=f"{type(error).__name__}: {error}",
        ) from error
    return PanelList(folder, about, written["files"])
