"""Imputed files as BCF 2: typed arrays, so nothing has to be parsed.

Source: the VCF specification, section 6.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import ProblemError
from app.genotypes.readers.byte_stream import ByteStream
from app.genotypes.readers.contract import FormatError
from app.results.doses.cells import (
    ABSENT,
    COLUMNS,
    DOSAGE,
    GENOTYPES,
    HAPLOTYPES,
    LEFT_OUT,
    NO_CALL,
    PHASED,
    PROBABILITIES,
    SPARE,
    fields_of,
    of_all_alts,
)
from app.results.doses.collecting import CollectedRows
from app.results.doses.contract import DoseBatch, Field
from app.results.doses.info import RecordFigures, is_old_header, record_figures
from app.results.doses.kernel import record_kernel
from app.results.doses.text_doses import MOST_ALTS, refuse, refuse_many

_FIXED = struct.Struct("<iiifHHI")
_SIZES = {0: 0, 1: 1, 2: 2, 3: 4, 5: 4, 7: 1}
_DTYPES = {1: "<i1", 2: "<i2", 3: "<i4", 5: "<f4"}
_FLOAT_END = 0x7F800002
_MOST_BYTES = 1 << 29
_MOST_ROWS = 512
_MOST_CELL_BYTES = 32 << 20
_ROLES = {
    **{"R2": 1, "DR2": 2, "INFO": 3, "Rsq": 4, "ER2": 5, "AF": 6, "MAF": 7, "TYPED": 16, "IMPUTED": 17},
    **{"IMP": 18, "TYPED_ONLY": 19, "GENOTYPED_ONLY": 19, "GENOTYPED": 20},
}
_ID = re.compile(r"[<,]ID=([^,>]+)")
_MOST_WORDS = 1 << 16
_IDX = re.compile(r"[,<]IDX=(\d{1,9})")
Values = NDArray[np.float32]


@dataclass
class _Words:
    """Numbers that stand for chromosomes and for words of FILTER, INFO and FORMAT."""

    contigs: dict[int, str] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=lambda: {0: "PASS"})

    def add(self, line: str) -> None:
        """Take in a header line."""
        if not line.startswith(("##contig=<", "##FILTER=<", "##INFO=<", "##FORMAT=<")):
            return
        name, given = _ID.search(line), _IDX.search(line)
        if name is None:
            return
        table = self.contigs if line.startswith("##contig") else self.names
        if given is None and name[1] in table.values():
            return
        table[int(given[1]) if given else max(table, default=-1) + 1] = name[1]

    def roles(self) -> bytes:
        """What each word of INFO and FILTER says, as `_bcf_record.c` numbers it; empty for odd numbers."""
        most = max(self.names, default=0)
        if most > _MOST_WORDS:
            return b""
        return bytes(_ROLES.get(self.names.get(number, ""), 0) for number in range(most + 1))


@dataclass(frozen=True)
class _Held:
    """A record whose figures of samples are not yet decoded."""

    number: int
    site: tuple[int, bytes, bytes, list[bytes]]
    figures: list[RecordFigures]
    parts: dict[str, tuple[int, int, bytes]]

    def goes_with(self, other: _Held) -> bool:
        """Whether both can be decoded at once."""
        return (
            len(self.site[3]) == len(other.site[3]) == 1
            and self.parts.keys() == other.parts.keys()  # in any order, which may change with each record
            and all(mine[:2] == other.parts[name][:2] for name, mine in self.parts.items())
        )


class BcfDoses:
    """See `DoseReader`; a line is a record, counted with the lines of the header."""

    def __init__(self, path: Path, want: Field, *, kernel: bool | None = None) -> None:
        self._kernel = record_kernel(kernel)
        self._path = path
        self._want = want
        try:
            self._stream = ByteStream(path)
        except OSError as error:
            raise refuse(path, 1, str(error)) from error
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        path = self._path
        try:
            text = _header(self._stream)
        except (FormatError, OSError, ValueError) as error:
            raise refuse(path, 1, str(error)) from error
        self.header = tuple(text)
        columns = text[-1].split("\t") if text else []
        if columns[:1] != ["#CHROM"]:
            raise refuse(path, len(text) + 1, "there is no line #CHROM before it")
        self.samples = tuple(columns[9:])
        self._words = _Words()
        self._held: list[_Held] = []
        for line in text:
            self._words.add(line)
        self._old = is_old_header(text)
        self._roles = self._words.roles()
        try:
            self._pending = self._next()
            names = [name.encode() for name, _ in _parts(self._pending, self._words)]
        except (FormatError, ValueError, struct.error, IndexError, OSError) as error:
            raise refuse(self._path, len(self.header) + 1, str(error)) from error
        self.fields = self._want & fields_of(names)

    def _next(self) -> tuple[bytes, bytes] | None:
        """The shared and the genotype part of the next record."""
        if not self._stream.need(1):
            return None
        shared, own = struct.unpack("<II", self._stream.take(8))
        if not _FIXED.size <= shared <= _MOST_BYTES or own > _MOST_BYTES:
            raise ValueError("the length of a record is impossible")
        return self._stream.take(shared), self._stream.take(own)

    @property
    def packed_done(self) -> int:
        """See `DoseReader`."""
        return self._stream.done

    def batches(self) -> Iterator[DoseBatch]:
        """See `DoseReader`."""
        rows: CollectedRows | None = None
        number = len(self.header)
        most = max(1, min(_MOST_ROWS, _MOST_CELL_BYTES // (4 * COLUMNS * max(1, len(self.samples)))))
        try:
            while self._pending is not None:
                number += 1
                chromosome = self._chromosome(self._pending[0])
                count = 0 if rows is None else len(rows.positions) + len(self._held)
                if rows is None or rows.chromosome != chromosome or count >= most:
                    if rows is not None:
                        yield self._told(rows).batch()
                    rows = CollectedRows(self._want, chromosome, number)
                self._hold(rows, number, *self._pending)
                self._pending = self._next()
            if rows is not None:
                self._told(rows)
        except ProblemError:
            raise
        except (FormatError, ValueError, struct.error, IndexError, OSError) as error:
            raise refuse(self._path, number, str(error)) from error
        finally:
            self.close()
        if rows is not None:
            yield rows.batch()

    def _told(self, rows: CollectedRows) -> CollectedRows:
        """The rows with the records that were held: records of one ALT and one layout are decoded at once."""
        held, self._held = self._held, []
        if not held:
            return rows
        alts = len(held[0].site[3])
        parts = [each.parts for each in held]
        try:
            joined = {
                name: (kind, length, b"".join(each[name][2] for each in parts))
                for name, (kind, length, _) in parts[0].items()
            }
            cells, has = _figures(joined, len(held) * len(self.samples), alts, self._want)
        except ValueError as error:
            raise self._broken(held, error) from error
        for each, own in zip(held, np.split(cells, len(held), axis=1), strict=True):
            rows.add(each.site, each.figures, own, has)
        return rows

    def _broken(self, held: Sequence[_Held], error: ValueError) -> ProblemError:
        """The error of the record among them that cannot be read."""
        for each in held:
            try:
                _figures(each.parts, len(self.samples), len(each.site[3]), self._want)
            except ValueError as one:
                return refuse(self._path, each.number, str(one))
        return refuse(self._path, held[0].number, str(error))

    def close(self) -> None:
        """See `DoseReader`."""
        self._stream.__exit__(None, None, None)

    def _chromosome(self, shared: bytes) -> str:
        number = _FIXED.unpack_from(shared)[0]
        if number not in self._words.contigs:
            raise ValueError("its chromosome is not in the header")
        return self._words.contigs[number]

    def _hold(self, rows: CollectedRows, number: int, shared: bytes, own: bytes) -> None:
        """Read what stands before the samples; their figures wait for those of the next records."""
        one = self._quick(number, shared, own) or self._slow(number, shared, own)
        if self._held and not self._held[0].goes_with(one):
            self._told(rows)
        self._held.append(one)

    def _quick(self, number: int, shared: bytes, own: bytes) -> _Held | None:
        """By the extension in C where it is there; None for what it leaves over."""
        count = len(self.samples)
        if self._kernel is None or not self._roles or int.from_bytes(shared[20:23], "little") != count:
            return None
        made = self._kernel.record(shared, own, self._roles, count, self._old)
        if made is None:
            return None
        position, identifier, ref, alt, *figures, fields = made
        names = self._words.names
        parts = {names.get(key, ""): (kind, length, raw) for key, kind, length, raw in fields}
        site = (position + 1, identifier or b".", ref, [alt])
        return _Held(number, site, [RecordFigures(*figures)], parts)

    def _slow(self, number: int, shared: bytes, own: bytes) -> _Held:
        _, position, _, _, infos, alleles, counts = _FIXED.unpack_from(shared)
        if counts & 0xFFFFFF != len(self.samples) or not 1 <= alleles <= MOST_ALTS + 1:
            raise ValueError("its samples or alleles are too many or too few")
        data = _Typed(shared, _FIXED.size)
        identifier = data.text()
        words = [data.text() for _ in range(alleles)]
        alts = words[1:] or [b"."]
        refuse_many(len(alts), len(self.samples))
        told = data.numbers()
        numbers = told[np.isfinite(told)].tolist()  # one that is missing says nothing
        filters = b";".join(self._words.names.get(int(n), "").encode() for n in numbers)
        info = b";".join(_info(data, self._words) for _ in range(infos))
        figures = record_figures(info, filters, len(alts), old=self._old)
        parts = dict(_parts((shared, own), self._words))
        return _Held(number, (position + 1, identifier or b".", words[0], alts), figures, parts)


class _Typed:
    """Typed values one after the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at

    def head(self) -> tuple[int, int]:
        """Type and length of the next value."""
        kind, length = self.data[self.at] & 15, self.data[self.at] >> 4
        self.at += 1
        if length == 15:
            length = self.whole()
        if kind not in _SIZES or length < 0:
            raise ValueError("a value has an unknown type")
        return kind, length

    def raw(self, size: int) -> bytes:
        """The next bytes."""
        if size < 0 or self.at + size > len(self.data):
            raise ValueError("it ends too early")
        self.at += size
        return self.data[self.at - size : self.at]

    def text(self) -> bytes:
        """A text."""
        kind, length = self.head()
        if kind not in (0, 7):
            raise ValueError("a text is expected")
        return self.raw(length).rstrip(b"\0") if kind else b""

    def whole(self) -> int:
        """One whole number, as keys and lengths are."""
        kind, length = self.head()
        if length != 1 or kind not in (1, 2, 3):
            raise ValueError("a whole number is expected")
        return int.from_bytes(self.raw(_SIZES[kind]), "little", signed=True)

    def numbers(self) -> NDArray[np.float64]:
        """Figures; missing ones are NaN and the ends of shorter lists are left out."""
        return self._items(*self.head())

    def _items(self, kind: int, length: int) -> NDArray[np.float64]:
        values = self.raw(_SIZES[kind] * length)
        if kind in (0, 7):
            return np.zeros(0)
        figures, ended = _decoded(values, kind)
        return figures[~ended].astype(np.float64)


def _decoded(raw: bytes, kind: int) -> tuple[Values, NDArray[np.bool_]]:
    """Figures, NaN where missing or ended, and where a list ended."""
    values = np.frombuffer(raw, _DTYPES[kind])
    if kind == 5:
        bits = values.view("<u4")
        ended = bits == _FLOAT_END
        return np.where(np.isnan(values), np.float32(np.nan), values), ended
    least = np.iinfo(values.dtype).min
    ended = values == least + 1
    figures = values.astype(np.float32)
    figures[ended | (values == least)] = np.nan
    return figures, ended


def _header(stream: ByteStream) -> list[str]:
    magic = stream.take(5)
    if magic[:4] != b"BCF\x02" or magic[4] not in (1, 2):
        raise ValueError("the file is no BCF of version 2")
    (length,) = struct.unpack("<I", stream.take(4))
    if length > 1 << 28:
        raise ValueError("the length of the header is impossible")
    return stream.take(length).rstrip(b"\0\n").decode("utf-8", "replace").split("\n")


def _info(data: _Typed, words: _Words) -> bytes:
    """A key of INFO as a VCF writes it; figures with as few digits as give the same float32."""
    key = words.names.get(data.whole(), "").encode()
    at = data.at
    kind, length = data.head()
    if kind == 7 or length == 0:
        data.raw(length)
        return key
    if kind == 5 and length == 1:
        (value,) = np.frombuffer(data.raw(4), "<f4")
        if value == value:
            return key + b"=" + str(value).encode()
    data.at = at
    values = data.numbers().astype(np.float32)
    return key + b"=" + b",".join(b"." if np.isnan(v) else str(v).encode() for v in values)


def _parts(record: tuple[bytes, bytes] | None, words: _Words) -> Iterator[tuple[str, tuple[int, int, bytes]]]:
    """The fields of the samples: name, and type, length and bytes."""
    if record is None:
        return
    counts = _FIXED.unpack_from(record[0])[6]
    data = _Typed(record[1], 0)
    for _ in range(counts >> 24):
        name = words.names.get(data.whole(), "")
        kind, length = data.head()
        yield name, (kind, length, data.raw(_SIZES[kind] * length * (counts & 0xFFFFFF)))


def _figures(
    parts: dict[str, tuple[int, int, bytes]], samples: int, alts: int, want: Field
) -> tuple[Values, Field]:
    """As `figures_of_row`."""
    out = np.full((alts, samples, COLUMNS), np.nan, np.float32)
    has = fields_of([name.encode() for name in parts])
    for name, at in (("HDS", HAPLOTYPES), ("LDS", LEFT_OUT)):
        if name in parts and alts == 1:
            values, _ = _matrix(parts[name], samples, name, 1.0, (1, 2))
            out[0, :, at : at + values.shape[1]] = values
    if "GP" in parts:
        _probabilities(parts["GP"], samples, out)
    if "GT" in parts:
        _genotypes(parts["GT"], samples, out)
    _dosages(parts, samples, out)
    return out, has & want


def _matrix(
    part: tuple[int, int, bytes], samples: int, name: str, highest: float, lengths: Sequence[int]
) -> tuple[Values, NDArray[np.bool_]]:
    kind, length, raw = part
    if kind not in _DTYPES or length not in lengths:
        raise ValueError(f"{name} has {length} values")
    values, ended = _decoded(raw, kind)
    if (values < -SPARE).any() or (values > highest + SPARE).any():
        raise ValueError(f"{name} is not between 0 and {highest:g}")
    return np.clip(values, 0, highest).reshape(samples, length), ended.reshape(samples, length)


def _probabilities(part: tuple[int, int, bytes], samples: int, out: Values) -> None:
    alts = len(out)
    whole = (alts + 1) * (alts + 2) // 2
    values, ended = _matrix(part, samples, "GP", 1.0, (1, alts + 1, whole))
    if values.shape[1] == 1:
        return
    haploid = ended[:, alts + 1] if values.shape[1] == whole else np.ones(samples, bool)
    single = out[:, :, PROBABILITIES : PROBABILITIES + 3]
    if values.shape[1] == whole:
        single[:] = values if alts == 1 else of_all_alts(values.astype(np.float64), alts)
    one = values[haploid, 1 : alts + 1].T
    single[:, haploid, 1] = one
    single[:, haploid, 0] = values[haploid, 0] if alts == 1 else 1 - one
    single[:, haploid, 2] = np.nan


def _genotypes(part: tuple[int, int, bytes], samples: int, out: Values) -> None:
    kind, length, raw = part
    if kind not in (1, 2, 3) or length > 2:
        raise ValueError(f"GT has {length} alleles")
    values = np.frombuffer(raw, _DTYPES[kind]).reshape(samples, length).astype(np.int64)
    least = np.iinfo(_DTYPES[kind]).min
    out[:, :, GENOTYPES + 1] = ABSENT
    out[:, :, PHASED] = 1
    for at in range(length):
        column = values[:, at]
        allele = (column >> 1) - 1
        ended, missing = column == least + 1, (allele == -1) | (column == least)
        if ((allele > len(out)) | ((allele < 0) & ~ended & ~missing)).any():
            raise ValueError("GT has an allele that is not in the record")
        mine = allele == np.arange(1, len(out) + 1)[:, None]
        out[:, :, GENOTYPES + at] = np.where(ended, ABSENT, np.where(missing, NO_CALL, mine))
        if at:
            out[:, :, PHASED] = ended | (column & 1 == 1)


def _dosages(parts: dict[str, tuple[int, int, bytes]], samples: int, out: Values) -> None:
    alts = len(out)
    if "DS" in parts:
        lengths = [alts] if alts == 1 else [1, alts]
        values, _ = _matrix(parts["DS"], samples, "DS", 2.0, lengths)
        if values.shape[1] == alts:
            out[:, :, DOSAGE] = values.T
        elif not np.isnan(values).all():
            raise ValueError(f"DS has {values.shape[1]} values for {alts} ALT alleles")
    elif "HDS" in parts and alts == 1:
        values, ended = _matrix(parts["HDS"], samples, "HDS", 1.0, (1, 2))
        wide = values.astype(np.float64)
        wide[ended] = 0.0
        out[0, :, DOSAGE] = wide.sum(axis=1)
    elif "GP" in parts:
        het, hom = out[:, :, PROBABILITIES + 1], out[:, :, PROBABILITIES + 2].astype(np.float64)
        out[:, :, DOSAGE] = np.where(np.isnan(hom), het, het + 2 * hom)
    elif "GT" in parts:
        calls = out[:, :, GENOTYPES : GENOTYPES + 2]
        count = (calls == 1).sum(axis=2).astype(np.float32)
        out[:, :, DOSAGE] = np.where((calls == NO_CALL).any(axis=2), np.nan, count)
