"""Genotypes of one file in packed form on disk: what is read once and used by every later check and repair.

A cohort is a folder with one file a column, memory-mapped when it is read, so that memory does not grow with
its size. Genotypes take two bits: 0 hom-ref, 1 het, 2 hom-alt, 3 missing (four samples a byte, the first in
the lowest bits). A record with several ALT alleles becomes one row an ALT, marked `SPLIT`; a genotype then
counts copies of that ALT (`1/2` is a het in both rows). Half calls are missing; a haploid call is 0, 2 or 3.
Phase and haploid calls lie in planes of one bit a genotype that exist only where they are needed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntFlag, StrEnum
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.genotypes.texts import Texts

VERSION = 1
HOM_REF, HET, HOM_ALT, MISSING = 0, 1, 2, 3
UNKNOWN, MALE, FEMALE = 0, 1, 2
CONTROL, CASE = 1, 2
ROWS_AT_ONCE = 2048
MOST_NAMES = 1 << 16
_COPIED_AT_ONCE = 1 << 20

Codes = NDArray[np.uint8]
Bits = NDArray[np.bool_]


class TooManyNamesError(ValueError):
    """A file names more chromosomes than have a number in a cohort."""


class RowFlag(IntFlag):
    """What is odd about a row, beside the `SiteFlag` numbers, which take the lower 16 bits."""

    SPLIT = 1 << 16  # one of several rows made of a record with several ALT alleles
    PHASED = 1 << 17  # every called genotype is written with a bar, or is haploid
    NO_REFERENCE = 1 << 18  # which allele is the reference is not known
    NO_ALLELES = 1 << 19  # at least one of the two alleles is not known (written as a dot)


class Reference(StrEnum):
    """How sure a format is of the reference allele."""

    KNOWN = "known"  # VCF and its kin: REF is REF
    PROVISIONAL = "provisional"  # PLINK 1: usually the major allele
    UNKNOWN = "unknown"  # letters only


@dataclass(frozen=True)
class Origin:
    """Where a cohort came from.

    `files` are all files of the set (bed, bim and fam). `build` and `strand` are what the format itself says,
    empty when it says nothing; strand is `forward`, `top` or `plus`. `stamps` are what `stamps_of` said of
    the files when they were read; a `CohortWriter` fills them in. `contigs` are names and lengths that the
    header states, for the build.
    """

    format: str
    files: tuple[str, ...]
    reference: Reference = Reference.KNOWN
    build: str = ""
    strand: str = ""
    stamps: tuple[tuple[int, int], ...] = ()
    contigs: tuple[tuple[str, int], ...] = ()

    @property
    def is_current(self) -> bool:
        """Whether the files are still those that were read, by their size and time of change."""
        return bool(self.stamps) and self.stamps == stamps_of(self.files)


def stamps_of(files: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Size in bytes and time of change in nanoseconds of each file; -1 of one that is not there."""
    found = []
    for each in files:
        try:
            stat = os.stat(each)
            found.append((stat.st_size, stat.st_mtime_ns))
        except OSError:
            found.append((-1, -1))
    return tuple(found)


@dataclass
class Batch:
    """Rows on their way into a cohort; all arrays have one entry a row, matrices are [rows, samples].

    `chromosome` holds indices into `names` (as written in the file). `record` numbers the records of the file
    from 0. `phase` is True where a het is `1|0`; `haploid` where a call has one allele. `counts` are
    [rows, 4] hom-ref, het, hom-alt, missing; None: counted when they are written. `phase_bits` and
    `haploid_bits` may stand for the two planes: eight samples a byte, the first in the lowest bit.
    """

    names: Sequence[str]
    chromosome: NDArray[np.uint16]
    position: NDArray[np.int64]
    ids: Texts
    refs: Texts
    alts: Texts
    flags: NDArray[np.uint32]
    record: NDArray[np.int64]
    genotypes: Codes | None = None
    packed: Codes | None = None
    phase: Bits | None = None
    haploid: Bits | None = None
    counts: NDArray[np.int32] | None = None
    phase_bits: Codes | None = None
    haploid_bits: Codes | None = None

    def __len__(self) -> int:
        return len(self.position)


def stride(samples: int) -> int:
    """Bytes of a packed row."""
    return (samples + 3) // 4


def pack(codes: Codes) -> Codes:
    """[rows, samples] codes 0–3 → [rows, stride] bytes; the bits behind the last sample are 0."""
    rows, samples = codes.shape
    padded = np.zeros((rows, stride(samples) * 4), np.uint8)
    padded[:, :samples] = codes
    words = padded.view("<u4")
    words |= words >> np.uint32(6)
    words |= words >> np.uint32(12)
    return words.astype(np.uint8)


def unpack(packed: Codes, samples: int) -> Codes:
    """The inverse of `pack`."""
    rows = len(packed)
    codes = np.empty((rows, packed.shape[1], 4), np.uint8)
    for place in range(4):
        codes[:, :, place] = packed >> np.uint8(2 * place) & np.uint8(3)
    return codes.reshape(rows, packed.shape[1] * 4)[:, :samples]


def count(codes: Codes) -> NDArray[np.int32]:
    """[rows, 4] hom-ref, het, hom-alt, missing of each row."""
    if len(codes) * 16 < codes.shape[1]:  # counting along an axis costs much more than calls for a few rows
        each = [[np.count_nonzero(row == code) for code in range(4)] for row in codes]
        return np.array(each, np.int32).reshape(len(codes), 4)
    return np.stack([np.count_nonzero(codes == code, axis=1) for code in range(4)], axis=1).astype(np.int32)


_COLUMNS: dict[str, str] = {
    "chromosome": "<u2",
    "position": "<i8",
    "flags": "<u4",
    "record": "<i8",
    "id_ends": "<i8",
    "ref_ends": "<i8",
    "alt_ends": "<i8",
}
_BLOBS = ("ids", "refs", "alts")


@dataclass(frozen=True, eq=False)
class Cohort:
    """One file's samples, sites and genotypes. Arrays are memory-mapped; treat them as read only.

    `sex` has one of UNKNOWN, MALE, FEMALE a sample, `phenotype` one of UNKNOWN, CONTROL, CASE; `families`,
    `fathers`, `mothers` are names or "0"; all are empty when the format has none. `records` counts records of
    the file, also such as could not be kept.
    """

    folder: Path
    origin: Origin
    samples: tuple[str, ...]
    names: tuple[str, ...]
    chromosome: NDArray[np.uint16]
    position: NDArray[np.int64]
    flags: NDArray[np.uint32]
    record: NDArray[np.int64]
    ids: Texts
    refs: Texts
    alts: Texts
    counts: NDArray[np.int32]
    packed: Codes
    records: int
    sex: tuple[int, ...] = ()
    families: tuple[str, ...] = ()
    fathers: tuple[str, ...] = ()
    mothers: tuple[str, ...] = ()
    phenotype: tuple[int, ...] = ()
    _planes: dict[str, Codes] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.position)

    def genotypes(self, rows: slice | NDArray[np.intp]) -> Codes:
        """[rows, samples] codes 0–3 of some rows."""
        return unpack(np.asarray(self.packed[rows]), len(self.samples))

    def phase(self, rows: slice | NDArray[np.intp]) -> Bits:
        """[rows, samples]: True where a het of a phased row is `1|0`."""
        return self._plane("phase", rows)

    def haploid(self, rows: slice | NDArray[np.intp]) -> Bits:
        """[rows, samples]: True where a call has one allele."""
        return self._plane("haploid", rows)

    @property
    def has_haploid(self) -> bool:
        """Whether any call has one allele."""
        return "haploid" in self._planes

    def _plane(self, name: str, rows: slice | NDArray[np.intp]) -> Bits:
        count = len(self.position[rows])
        if name not in self._planes:
            return np.zeros((count, len(self.samples)), bool)
        bits = np.unpackbits(self._planes[name][rows], axis=1, count=len(self.samples), bitorder="little")
        return bits.astype(bool)

    def slices(self, rows: int = ROWS_AT_ONCE) -> Iterator[slice]:
        """Rows in pieces, so that a matrix of them stays small."""
        return (slice(at, min(at + rows, len(self))) for at in range(0, len(self), rows))


class CohortWriter:
    """Writes a cohort batch by batch; use in a `with`.

    The folder is readable only when the block ends well (`cohort.json` is written last); it is removed when
    the block raises. OSError comes through unchanged; TooManyNamesError for more names than have a number.
    """

    def __init__(self, folder: Path, origin: Origin, samples: Sequence[str], **people: Sequence[Any]) -> None:
        """`people` may be sex, families, fathers, mothers and phenotype as in `Cohort`."""
        self.folder = folder
        known = {"files": list(origin.files), "stamps": origin.stamps or stamps_of(origin.files)}
        self._about = {"origin": vars(origin) | known, "samples": list(samples)}
        self._about |= {name: list(values) for name, values in people.items()}
        self._samples = len(samples)
        self._names: dict[str, int] = {}
        self._numbered: tuple[Sequence[str], NDArray[np.uint16]] = ((), np.zeros(0, np.uint16))
        self._open: dict[str, BinaryIO] = {}
        self._sizes = dict.fromkeys(_BLOBS, 0)
        self.rows = 0
        self.records = 0

    def __enter__(self) -> CohortWriter:
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        for name in (*_COLUMNS, *_BLOBS, "counts", "packed"):
            self._file(name)
        return self

    def _file(self, name: str) -> BinaryIO:
        if name not in self._open:
            self._open[name] = (self.folder / name).open("wb")
        return self._open[name]

    def append(self, batch: Batch) -> None:
        """Add rows in file order. `genotypes` or `packed` must be given."""
        packed = batch.packed if batch.packed is not None else pack(_codes(batch))
        counts = batch.counts if batch.counts is not None else count(_codes(batch, self._samples))
        columns = {
            "chromosome": self._renumbered(batch),
            "position": batch.position,
            "flags": batch.flags,
            "record": batch.record,
        }
        for name, values in columns.items():
            self._file(name).write(np.ascontiguousarray(values, _COLUMNS[name]).tobytes())
        self._append_texts(batch)
        self._file("counts").write(np.ascontiguousarray(counts, "<i4").tobytes())
        self._file("packed").write(np.ascontiguousarray(packed).data)
        for name, plane, bits in (
            ("phase", batch.phase, batch.phase_bits),
            ("haploid", batch.haploid, batch.haploid_bits),
        ):
            packed_plane = bits if plane is None else np.packbits(plane, axis=1, bitorder="little")
            self._append_plane(name, packed_plane, len(batch))
        self.rows += len(batch)
        if len(batch):
            self.records = max(self.records, int(batch.record[-1]) + 1)

    def _renumbered(self, batch: Batch) -> NDArray[np.uint16]:
        return self._numbers_of(batch.names)[batch.chromosome]

    def _numbers_of(self, names: Sequence[str]) -> NDArray[np.uint16]:
        """Our number for each name, new ones added."""
        last, numbers = self._numbered
        if names is last and len(names) == len(numbers):
            return numbers
        places = self._names
        found = [places.setdefault(name, len(places)) for name in names]
        if len(places) > MOST_NAMES:
            raise TooManyNamesError(f"more than {MOST_NAMES:,} names of chromosomes")
        numbers = np.array(found or [0], np.uint16)
        self._numbered = (names, numbers)
        return numbers

    def _append_texts(self, batch: Batch) -> None:
        for name, texts in (("ids", batch.ids), ("refs", batch.refs), ("alts", batch.alts)):
            ends = texts.ends + self._sizes[name]
            self._file(name.removesuffix("s") + "_ends").write(ends.astype("<i8").tobytes())
            self._file(name).write(np.ascontiguousarray(texts.blob).data)
            self._sizes[name] += len(texts.blob)

    def _append_plane(self, name: str, plane: Codes | None, rows: int) -> None:
        width = (self._samples + 7) // 8
        if plane is None or not plane.any():
            if name in self._open:
                self._file(name).write(bytes(rows * width))
            return
        if name not in self._open:
            self._file(name).truncate(self.rows * width)
            self._file(name).seek(self.rows * width)
        self._file(name).write(np.ascontiguousarray(plane).data)

    def append_folder(self, folder: Path, records_before: int) -> None:
        """Add another cohort of the same samples behind this one, copied without mapping it.

        `records_before` is what its record numbers grow by. OSError or ValueError when it is not whole.
        """
        about = json.loads((folder / "cohort.json").read_text(encoding="utf-8"))
        numbers = self._numbers_of(about["names"])
        grow = {f"{name.removesuffix('s')}_ends": self._sizes[name] for name in _BLOBS}
        grow["record"] = records_before
        for name, kind in _COLUMNS.items():
            for values in _in_pieces(folder / name, kind):
                moved = numbers[values] if name == "chromosome" else values + grow.get(name, 0)
                self._file(name).write(np.ascontiguousarray(moved, kind).data)
        for name in (*_BLOBS, "counts", "packed"):
            with (folder / name).open("rb") as file:
                shutil.copyfileobj(file, self._file(name), _COPIED_AT_ONCE)
        for name in _BLOBS:
            self._sizes[name] += (folder / name).stat().st_size
        for name in ("phase", "haploid"):
            self._append_plane_of(folder / name, name, about["rows"])
        self.rows += about["rows"]
        self.records = max(self.records, records_before + about["records"])

    def _append_plane_of(self, path: Path, name: str, rows: int) -> None:
        width = (self._samples + 7) // 8
        if not path.exists():
            for at in range(0, rows, ROWS_AT_ONCE):
                self._append_plane(name, None, min(ROWS_AT_ONCE, rows - at))
            return
        if name not in self._open:
            self._file(name).truncate(self.rows * width)
            self._file(name).seek(self.rows * width)
        with path.open("rb") as file:
            shutil.copyfileobj(file, self._file(name), _COPIED_AT_ONCE)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            with contextlib.ExitStack() as all_of_them:
                for file in self._open.values():
                    all_of_them.callback(file.close)  # writes what is left
        except OSError:
            shutil.rmtree(self.folder, ignore_errors=True)
            if kind is None:
                raise
        if kind is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        about = self._about | {
            "version": VERSION,
            "names": list(self._names),
            "rows": self.rows,
            "records": self.records,
        }
        (self.folder / "cohort.json").write_text(json.dumps(about), encoding="utf-8")


def _in_pieces(path: Path, kind: str) -> Iterator[NDArray[Any]]:
    """The values of a column, some at a time, read and not mapped."""
    with path.open("rb") as file:
        while piece := file.read(_COPIED_AT_ONCE):
            yield np.frombuffer(piece, kind)


def _codes(batch: Batch, samples: int | None = None) -> Codes:
    if batch.genotypes is not None:
        return batch.genotypes
    if batch.packed is None or samples is None:
        raise ValueError("a batch needs genotypes")
    return unpack(batch.packed, samples)


def open_cohort(folder: Path) -> Cohort:
    """A cohort that was written before. OSError or ValueError when it is not whole."""
    about = json.loads((folder / "cohort.json").read_text(encoding="utf-8"))
    if about.pop("version", None) != VERSION:
        raise ValueError("the packed genotypes are of another version")
    rows, samples = about["rows"], tuple(about["samples"])
    column = {name: _mapped(folder / name, kind, (rows,)) for name, kind in _COLUMNS.items()}

    def texts(name: str) -> Texts:
        return Texts(_mapped(folder / name, "u1", (-1,)), column[name.removesuffix("s") + "_ends"])

    def people(name: str) -> tuple[Any, ...]:
        return tuple(about.get(name, ()))

    return Cohort(
        folder=folder,
        origin=_origin(about["origin"]),
        samples=samples,
        names=tuple(about["names"]),
        chromosome=column["chromosome"],
        position=column["position"],
        flags=column["flags"],
        record=column["record"],
        counts=_mapped(folder / "counts", "<i4", (rows, 4)),
        packed=_mapped(folder / "packed", "u1", (rows, stride(len(samples)))),
        records=about["records"],
        ids=texts("ids"),
        refs=texts("refs"),
        alts=texts("alts"),
        sex=people("sex"),
        families=people("families"),
        fathers=people("fathers"),
        mothers=people("mothers"),
        phenotype=people("phenotype"),
        _planes={
            name: _mapped(folder / name, "u1", (rows, (len(samples) + 7) // 8))
            for name in ("phase", "haploid")
            if (folder / name).exists()
        },
    )


def _origin(kept: dict[str, Any]) -> Origin:
    stamps = tuple((size, changed) for size, changed in kept.get("stamps", ()))
    contigs = tuple((name, bases) for name, bases in kept.get("contigs", ()))
    typed = {"files": tuple(kept["files"]), "reference": Reference(kept["reference"])}
    return Origin(**kept | typed | {"stamps": stamps, "contigs": contigs})


def _mapped(path: Path, kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    size = path.stat().st_size
    if not size:
        return np.empty(tuple(0 if each < 0 else each for each in shape), kind)
    mapped = np.memmap(path, np.dtype(kind), "r")
    return mapped.reshape(shape)
