"""Chromosome X: what its rewriting refuses, three regions, ploidy and half calls (7.7, 7.12 D).

The server reads X with another library, writes the good records anew into three files and judges those. Its
texts for faults are repeated here as far as they were met.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.genotypes.server.letters import Bits, cell_edges, subfields
from app.genotypes.server.stops import ServerStop
from app.genotypes.server.upload_rows import Batch

NON_PAR = {"hg19": (2_699_520, 154_931_044), "hg38": (2_781_479, 155_701_383)}
REGIONS = ("X.PAR1", "X.nonPAR", "X.PAR2")
TASK = "Task 'Calculating QC Statistics "
_PLAIN = np.zeros(256, bool)
_PLAIN[list(b"01.")] = True
_SEPARATOR = np.zeros(256, bool)
_SEPARATOR[list(b"/|")] = True
_DOT = ord(".")
_NUMBER = re.compile(r"[+-]?\d+\Z")


def regions_of(position: NDArray[np.int64], build: str) -> NDArray[np.int64]:
    """Indices into REGIONS; both borders belong to the region between the PARs."""
    low, high = NON_PAR.get(build, NON_PAR["hg19"])
    return (position >= low).astype(np.int64) + (position > high)


def renamed(name: str) -> str:
    """The name that the rewriting gives to 23."""
    return {"23": "X", "chr23": "chrX"}.get(name, name)


@dataclass(frozen=True)
class Calls:
    """The alleles of one row: who has one allele, and who has a half call; packed bits."""

    single: NDArray[np.uint8]
    mixed: NDArray[np.uint8]


@dataclass
class XFindings:
    """What the walk over the regions between the PARs brings up, over all files.

    `ambiguous` are (sample, place) where a sample was haploid before and is diploid now.
    """

    ambiguous: list[tuple[str, str]] = field(default_factory=list)
    haploid: set[str] = field(default_factory=set)
    too_mixed: bool = False


class PloidyWalk:
    """The walk over the region between the PARs of one file."""

    def __init__(self, names: Sequence[str], findings: XFindings) -> None:
        self._names = names
        self._findings = findings
        self._haploid = np.array([name in findings.haploid for name in names], bool)
        self._mixed = np.zeros(len(names), np.int64)
        self._records = 0

    def take(self, chromosome: str, position: int, calls: Calls | None) -> None:
        """One record; `calls` None: every genotype has two alleles and is whole."""
        self._records += 1
        single = np.zeros(len(self._names), bool)
        if calls is not None:
            single = _unpacked(calls.single, len(self._names))
            self._mixed += _unpacked(calls.mixed, len(self._names))
        for sample in np.flatnonzero(self._haploid & ~single).tolist():
            self._findings.ambiguous.append((self._names[sample], f"{chromosome}:{position}"))
        self._haploid |= single

    def finish(self, most_mixed: float) -> None:
        """The end of the file."""
        self._findings.haploid |= {self._names[k] for k in np.flatnonzero(self._haploid).tolist()}
        if self._records and len(self._names):
            self._findings.too_mixed |= bool((self._mixed / self._records > most_mixed).any())


def _unpacked(bits: NDArray[np.uint8], samples: int) -> Bits:
    return np.unpackbits(bits, count=samples).astype(bool)


class RecordFault(Exception):
    """What the rewriting library says of a record; `counted` texts name the number of the record."""

    def __init__(self, what: str, counted: bool = True) -> None:
        super().__init__(what)
        self.what = what
        self.counted = counted


def stop_of(fault: RecordFault, record: int) -> ServerStop:
    """The complaint about the so-manieth record that the rewriting reads."""
    if not fault.counted:
        return ServerStop(TASK + fault.what)
    return ServerStop(
        f"{TASK}The provided VCF file is malformed at approximately line number {record}: {fault.what}"
    )


def fault_of_fields(batch: Batch, row: int) -> RecordFault | None:
    """What is wrong with the fixed columns of a row whose alleles are letters."""
    if not batch.rows.field(row, 2):
        return RecordFault("The VCF specification requires a valid ID field")
    quality = batch.rows.field(row, 5).decode("utf-8", "replace")
    if quality != "." and not _is_double(quality):
        return RecordFault(_not_a_number(quality), counted=False)
    filters = batch.rows.field(row, 6)
    if filters == b"0":
        return RecordFault("0 is an invalid filter name in vcf4")
    if not filters:
        return RecordFault("The VCF specification requires a valid filter status: filter was ")
    info = batch.rows.field(row, 7)
    if not info:
        return RecordFault("The VCF specification requires a valid (non-zero length) info field")
    if b" " in info:
        text = info.decode("utf-8", "replace")
        return RecordFault(
            "The VCF specification does not allow for whitespace in the INFO field. "
            f"Offending field value was &quot;{text}&quot;"
        )
    ref, alt = batch.rows.field(row, 3).upper(), batch.rows.field(row, 4).upper()
    if ref == alt:
        return RecordFault(f"Duplicate allele added to VariantContext: {alt.decode()}")
    return None


def _is_double(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _not_a_number(text: str) -> str:
    return f"For input string: &quot;{text}&quot;" if text.strip() else "empty String"


def read_calls(batch: Batch, row: int, names: Sequence[str]) -> tuple[Calls | None, RecordFault | None]:
    """The alleles of a row as the rewriting library reads them, and its complaint if it has one."""
    text = batch.rows.text[batch.rows.tabs[row, 8] + 1 : batch.rows.end[row]]
    keys = batch.rows.field(row, 8).split(b":")
    start, end = _all_edges(text)
    if len(start) < len(names):
        where = f"{batch.names[int(batch.chromosome[row])]}:{int(batch.position[row])}"
        return None, RecordFault(
            f"there are {len(start)} genotypes while the header requires that {len(names)} "
            f"genotypes be present for all records at {where}"
        )
    start, end = start[: len(names)], end[: len(names)]
    place = keys.index(b"GT") if b"GT" in keys else -1
    if place > 0:
        return None, RecordFault(
            f"Saw GT field at position {place}, "
            "but it must be at the first position for genotypes when present"
        )
    if place < 0:
        none = np.zeros((len(names) + 7) // 8, np.uint8)
        return Calls(none, none), None
    low, high = subfields(text, start, end, 0)
    return _alleles_of(text, low, high)


def _all_edges(text: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    start, end = cell_edges(text)
    if not len(text) or text[-1] == ord("\t"):
        return np.append(start, len(text)), np.append(end, len(text))
    return start, end


def _alleles_of(
    text: NDArray[np.uint8], low: NDArray[np.int64], high: NDArray[np.int64]
) -> tuple[Calls | None, RecordFault | None]:
    length = high - low
    padded = np.concatenate([text, np.zeros(3, np.uint8)])
    first, middle, last = padded[low], padded[low + 1], padded[low + 2]
    single = (length == 1) & _PLAIN[first]
    double = (length == 3) & _PLAIN[first] & _SEPARATOR[middle] & _PLAIN[last]
    mixed = double & ((first == _DOT) != (last == _DOT))
    empty = np.zeros(len(low), bool)
    for cell in np.flatnonzero(~single & ~double).tolist():
        words = re.split(r"[/|]+", text[low[cell] : high[cell]].tobytes().decode("utf-8", "replace"))
        alleles = [word for word in words if word]
        for word in alleles:
            if word != "." and not _NUMBER.match(word):
                return None, RecordFault(
                    f"The following invalid GT allele index was encountered in the file: {word}",
                    counted=False,
                )
            if word != "." and int(word) > 1:
                return None, RecordFault(
                    f"The allele with index {word} is not defined in the REF/ALT columns in the record",
                    counted=False,
                )
        empty[cell] = not alleles
        single[cell] = len(alleles) == 1
        mixed[cell] = 0 < alleles.count(".") < len(alleles)
    if empty.any():
        return None, RecordFault(
            "GTs cannot be missing for some samples if they are available for others in the record",
            counted=False,
        )
    return Calls(np.packbits(single), np.packbits(mixed)), None
