"""PLINK 2: .pgen with its .pvar (or .bim) and .psam (or .fam).

Hard calls and their phase are read; dosages are left out, for their hard calls stand beside them. Source:
the PLINK 2 file format specification draft.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import HET, Batch, Bits, Codes, Origin, Reference, RowFlag, pack, stride
from app.genotypes.readers.calls import GAP, rows_within
from app.genotypes.readers.columns import allele_pair_flags
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.packing import from_bed, packed_counts
from app.genotypes.readers.people import read_fam, read_psam
from app.genotypes.readers.pgen_records import (
    MULTIALLELIC_BIT,
    PHASE_BIT,
    Alleles,
    BrokenRecord,
    Cursor,
    is_base,
    main_track,
    phase_track,
    plain,
    several_alleles,
)
from app.genotypes.readers.pvar import Pvar, PvarSites
from app.genotypes.rows import SiteFlag
from app.genotypes.texts import Texts

_MAGIC = b"\x6c\x1b"
_BED, _FIXED, _VARIABLE = 1, 2, 16
_BLOCK = 1 << 16
_SPOKEN_MODES = {3: "unphased dosages only", 4: "phased dosages only", 17: "its index in a file of its own"}
_AGAIN = "Write it again: plink2 --pfile NAME --make-pgen --out NEW"


@dataclass
class _Block:
    """What the header says about up to 65,536 variants; `starts` are bytes, one more than variants."""

    kinds: NDArray[np.uint8]
    starts: NDArray[np.int64]
    provisional: Bits


@dataclass
class _Row:
    """One variant: codes, and what it has beyond them."""

    codes: Codes
    alleles: Alleles | None = None
    phased: NDArray[np.intp] | None = None
    swapped: NDArray[np.intp] | None = None


class Plink2Reader:
    """See `GenotypeReader`. Memory: one batch of rows and the header of 65,536 variants.

    `header` is the VCF header that stands in the .pvar.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, pgen: Path, pvar: Path, psam: Path) -> None:
        """Proves magic, numbers of people and of variants; FormatError or OSError otherwise."""
        self._path = pgen
        self._size = pgen.stat().st_size
        self._done = 0
        people = read_fam(psam, "plink2") if _is_fam(psam) else read_psam(psam)
        self.samples: Sequence[str] = people.names()
        self.people = people.columns()
        self._pvar = Pvar(pvar)
        self.header = self._pvar.header
        with pgen.open("rb") as file:
            self._read_start(file)
        sure = Reference.PROVISIONAL if self._mode == _BED or self._control >> 6 == 2 else Reference.KNOWN
        self.origin = Origin("PLINK 2", (str(pgen), str(pvar), str(psam)), sure)

    def _read_start(self, file: BinaryIO) -> None:
        head = file.read(12)
        if head[:2] != _MAGIC or len(head) < 3:
            raise self._error("plink2.magic", "The file does not begin as a PLINK 2 .pgen does", "byte 0")
        self._mode, self._control = head[2], 0
        if self._mode not in (_BED, _FIXED, _VARIABLE):
            spoken = _SPOKEN_MODES.get(self._mode, f"storage mode {self._mode}")
            raise self._error("plink2.storage_mode", f"The file has {spoken}, which cannot be read", "byte 2")
        if self._mode == _BED:
            self._prove_size(3, "plink2.size")
            return
        if len(head) < 12:
            raise self._error("plink2.size", "The file is cut short", f"byte {len(head)}")
        variants, samples = struct.unpack_from("<II", head, 3)
        self._control = head[11]
        self._compare("variants", variants, self._pvar.count, self._pvar.path)
        self._compare("people", samples, len(self.samples), self._path)
        if self._mode == _FIXED:
            self._prove_size(12 + self._flag_bytes(variants), "plink2.size")

    def _compare(self, what: str, said: int, listed: int, path: Path) -> None:
        if said != listed or not said:
            raise self._error(
                f"plink2.{what}",
                f"The .pgen has {said:,} {what}, the list beside it {listed:,}",
                "byte 3" if what == "variants" else "byte 7",
                "Copy .pgen, .pvar and .psam again from one source.",
            )

    def _prove_size(self, start: int, code: str) -> None:
        expected = start + self._pvar.count * stride(len(self.samples))
        if expected != self._size or not self._pvar.count:
            raise self._error(
                code,
                f"{self._pvar.count:,} variants of {len(self.samples):,} people take {expected:,} bytes, but "
                f"the .pgen has {self._size:,}",
                f"byte {min(expected, self._size)}",
                "Copy .pgen, .pvar and .psam again from one source.",
            )

    def _flag_bytes(self, variants: int) -> int:
        return (variants + 7) // 8 if self._control >> 6 == 3 else 0

    def _error(self, code: str, title: str, place: str = "", advice: str = _AGAIN) -> FormatError:
        return FormatError(code, str(self._path), title, place, advice)

    def progress(self) -> tuple[int, int]:
        """Bytes of the .pgen."""
        return self._done, self._size

    def batches(self, rows: int = 2048) -> Iterator[Batch]:
        """Rows in file order; a record with several ALT alleles gives several rows."""
        rows = rows_within(rows, 4 * len(self.samples))
        first = 0
        with self._path.open("rb") as file:
            blocks = self._blocks(file)
            block, begin, base = next(blocks), 0, None
            for sites in self._pvar.sites(rows):
                at = 0
                while at < len(sites):
                    if first == begin + len(block.kinds):
                        block, begin, base = next(blocks), first, None
                    stop = min(len(sites), at + begin + len(block.kinds) - first)
                    part = _part(sites, at, stop)
                    decoded, base = self._rows(file, block, first - begin, part, base)
                    yield self._batch(part, decoded, block, first, first - begin)
                    first, at = first + stop - at, stop

    def _blocks(self, file: BinaryIO) -> Iterator[_Block]:
        variants = self._pvar.count
        if self._mode != _VARIABLE:
            yield from self._fixed_blocks(file)
            return
        count = -(-variants // _BLOCK)
        file.seek(12)
        offsets = np.frombuffer(self._exactly(file, 8 * count), "<u8").astype(np.int64)
        for number in range(count):
            size = min(_BLOCK, variants - number * _BLOCK)
            at = file.tell()
            block = self._block(file, size, int(offsets[number]))
            at = file.tell() if file.tell() > at else at
            yield block
            file.seek(at)

    def _fixed_blocks(self, file: BinaryIO) -> Iterator[_Block]:
        variants, width = self._pvar.count, stride(len(self.samples))
        file.seek(12)
        flags = self._exactly(file, self._flag_bytes(variants)) if self._mode == _FIXED else b""
        start = 3 if self._mode == _BED else 12 + len(flags)
        for first in range(0, variants, _BLOCK):
            size = min(_BLOCK, variants - first)
            starts = start + width * (first + np.arange(size + 1, dtype=np.int64))
            yield _Block(
                np.zeros(size, np.uint8),
                starts,
                self._flags(flags[first // 8 : (first + size + 7) // 8], size),
            )

    def _block(self, file: BinaryIO, size: int, offset: int) -> _Block:
        form = self._control & 15
        if form > 9:
            raise self._error("plink2.header", "The header is of a kind that is reserved", "byte 11")
        kinds, lengths = self._kinds_and_lengths(file, size, form)
        self._exactly(file, size * (self._control >> 4 & 3))  # numbers of alleles, which the .pvar has too
        flags = self._flags(self._exactly(file, self._flag_bytes(size)), size)
        starts = np.concatenate([[0], np.cumsum(lengths)]) + offset
        if offset < 0 or starts[-1] > self._size:
            raise self._error(
                "plink2.size",
                f"The records end at byte {int(starts[-1]):,}, but the file has {self._size:,} bytes",
                f"byte {self._size}",
                "Copy the file again; it is cut.",
            )
        return _Block(kinds, starts, flags)

    def _kinds_and_lengths(
        self, file: BinaryIO, size: int, form: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        if form >= 8:
            width = 2 << (form - 8)
            raw = np.frombuffer(self._exactly(file, (size * width + 7) // 8), np.uint8)
            bits = np.unpackbits(raw, count=size * width, bitorder="little").reshape(size, width)
            extra = bits @ (1 << np.arange(width))
            return np.where(extra > 0, 8, 0).astype(np.uint8), extra.astype(np.int64) + stride(
                len(self.samples)
            )
        if form < 4:
            raw = np.frombuffer(self._exactly(file, (size + 1) // 2), np.uint8)
            kinds = np.stack([raw & 15, raw >> 4], axis=1).reshape(-1)[:size]
        else:
            kinds = np.frombuffer(self._exactly(file, size), np.uint8)
        width = form % 4 + 1
        lengths = np.zeros((size, 4), np.uint8)
        lengths[:, :width] = np.frombuffer(self._exactly(file, size * width), np.uint8).reshape(size, width)
        return kinds, lengths.view("<u4")[:, 0].astype(np.int64)

    def _flags(self, raw: bytes, size: int) -> Bits:
        if self._control >> 6 == 3:
            return np.unpackbits(np.frombuffer(raw, np.uint8), count=size, bitorder="little").astype(bool)
        return np.full(size, self._mode == _BED or self._control >> 6 == 2)

    def _exactly(self, file: BinaryIO, count: int) -> bytes:
        if count > self._size or len(raw := file.read(count)) != count:
            raise self._error(
                "plink2.size", "The file is cut short", f"byte {self._size}", "Copy the file again."
            )
        return raw

    def _rows(
        self, file: BinaryIO, block: _Block, first: int, sites: PvarSites, base: Codes | None
    ) -> tuple[list[_Row], Codes | None]:
        starts = block.starts[first : first + len(sites) + 1]
        file.seek(int(starts[0]))
        raw = memoryview(self._exactly(file, int(starts[-1] - starts[0])))
        self._done = int(starts[-1])
        if self._mode != _VARIABLE:
            return self._fixed_rows(raw, len(sites)), None
        places = (starts - starts[0]).tolist()
        alts = np.array([each.count(b",") + 1 for each in sites.alts.raws()])
        rows = []
        for number in range(len(sites)):
            kind = int(block.kinds[first + number])
            try:
                row = self._row(raw[places[number] : places[number + 1]], kind, int(alts[number]), base)
            except BrokenRecord as error:
                raise self._error(
                    "plink2.record", str(error).capitalize(), f"byte {int(starts[number])}"
                ) from error
            base = row.codes if is_base(kind) else base
            rows.append(row)
        return rows, base

    def _fixed_rows(self, raw: memoryview, count: int) -> list[_Row]:
        packed = np.frombuffer(raw, np.uint8).reshape(count, stride(len(self.samples)))
        if self._mode == _BED:
            packed = from_bed(packed, len(self.samples))
        return [_Row(plain(each, len(self.samples))) for each in packed]

    def _row(self, record: memoryview, kind: int, alts: int, base: Codes | None) -> _Row:
        cursor = Cursor(record)
        row = _Row(main_track(cursor, kind, len(self.samples), base))
        if kind & MULTIALLELIC_BIT:
            row.alleles = several_alleles(cursor, row.codes, alts)
        if kind & PHASE_BIT:
            het = row.codes == HET
            if row.alleles is not None:
                het = row.alleles.first != row.alleles.second
            row.phased, row.swapped = phase_track(cursor, np.flatnonzero(het))
        return row

    def _batch(self, sites: PvarSites, rows: list[_Row], block: _Block, first: int, inside: int) -> Batch:
        alleles = [each.split(b",") for each in sites.alts.raws()]
        pairs = [(row, alt) for row, alts in enumerate(alleles) for alt in range(1, len(alts) + 1)]
        row = np.array([pair[0] for pair in pairs], np.intp)
        codes = np.stack([_codes(rows[each], alt) for each, alt in pairs])
        packed = pack(codes)
        refs = sites.refs[row]
        alts = Texts.of(alleles[each][alt - 1] or b"." for each, alt in pairs)
        flags = allele_pair_flags(refs, alts)
        provisional = sites.provisional | block.provisional[inside : inside + len(sites)]
        several = np.array([len(each) > 1 for each in alleles])
        for where, flag in (
            (provisional, RowFlag.NO_REFERENCE),
            (sites.filtered, SiteFlag.FILTERED),
            (several, RowFlag.SPLIT | SiteFlag.MULTIALLELIC),
        ):
            flags[where[row]] |= np.uint32(flag)
        phase_known = bool((block.kinds & PHASE_BIT).any())
        flags |= np.array([_phase_flags(each, phase_known) for each in rows], np.uint32)[row]
        return Batch(
            names=self._pvar.names.names,
            chromosome=sites.chromosome[row],
            position=sites.position[row],
            ids=sites.ids[row],
            refs=refs,
            alts=alts,
            flags=flags,
            record=row.astype(np.int64) + first,
            packed=packed,
            phase=np.stack([_phase(rows[each], alt) for each, alt in pairs]) if phase_known else None,
            counts=packed_counts(packed, len(self.samples)),
        )


def _part(sites: PvarSites, start: int, stop: int) -> PvarSites:
    if stop - start == len(sites):
        return sites
    return PvarSites(*(column[start:stop] for column in vars(sites).values()))


def _codes(row: _Row, alt: int) -> Codes:
    if row.alleles is None:
        return row.codes if alt == 1 else np.where(row.codes == 3, 3, 0).astype(np.uint8)
    first, second = row.alleles.first, row.alleles.second
    codes = (first == alt).astype(np.uint8) + (second == alt)
    codes[first == GAP] = 3
    result: Codes = codes
    return result


def _phase(row: _Row, alt: int) -> Bits:
    """Where a phased het has this ALT first."""
    phase = np.zeros(len(row.codes), bool)
    if row.phased is None or row.swapped is None:
        return phase
    if row.alleles is None:
        phase[row.swapped] = alt == 1
        return phase
    phase[row.phased] = row.alleles.first[row.phased] == alt
    phase[row.swapped] = row.alleles.second[row.swapped] == alt
    return phase


def _phase_flags(row: _Row, phase_known: bool) -> int:
    """Bars where phase is stored; a row without hets counts as phased in a file that has phase."""
    if not phase_known:
        return int(SiteFlag.HAS_SLASH)
    hets = row.codes == HET
    if row.alleles is not None:
        hets = row.alleles.first != row.alleles.second
    count = int(np.count_nonzero(hets))
    phased = 0 if row.phased is None else len(row.phased)
    if phased == count:
        return int(RowFlag.PHASED | SiteFlag.HAS_PIPE)
    return int(SiteFlag.HAS_SLASH | (SiteFlag.HAS_PIPE if phased else SiteFlag(0)))


def _is_fam(path: Path) -> bool:
    return path.name.lower().endswith(".fam")


def open_plink2(parts: Mapping[str, Path]) -> Plink2Reader:
    """A reader of `pgen`, `pvar` and `psam`. FormatError names those that are missing."""
    missing = [kind for kind in ("pgen", "pvar", "psam") if kind not in parts]
    if missing:
        there = next(iter(parts.values()))
        raise FormatError(
            "plink2.missing_file",
            str(there),
            f"There is no .{' and no .'.join(missing)} beside {there.name}",
            "",
            "Put .pgen, .pvar and .psam of one name into one folder and choose any of them.",
        )
    return Plink2Reader(parts["pgen"], parts["pvar"], parts["psam"])
