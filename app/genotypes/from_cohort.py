"""What a scan of a VCF text gives, made from a packed cohort, so that every check works for every format."""

from __future__ import annotations

import os
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import Compression, detect_compression
from app.genotypes.cohort import HET, HOM_ALT, MISSING, Codes, Cohort, RowFlag, unpack
from app.genotypes.header import FIXED_COLUMNS, Header
from app.genotypes.kernel import SampleCounts
from app.genotypes.rows import SiteFlag
from app.genotypes.scan import Scan, Sites
from app.genotypes.texts import Texts

_SITE_FLAGS = np.uint32(0xFFFF)
_GENOTYPES_AT_ONCE = 1 << 24


def scan_of_cohort(cohort: Cohort, header: Header | None = None) -> Scan:
    """A `Scan` of the cohort's file: one entry a record, counts of genotypes, counts of each sample.

    `size` is that of all files of the set, `path` the first of them. `header` is what a reader found (a
    BCF and a .pvar have one): its contigs and reference are taken over. Several rows of one record become
    one entry again.
    """
    path = cohort.origin.files[0] if cohort.origin.files else str(cohort.folder)
    first = _first_rows(cohort)
    return Scan(
        path=path,
        size=sum(_size(each) for each in cohort.origin.files),
        compression=_compression(path),
        eof_marker=None,
        header=_header(cohort, header),
        chromosomes=list(cohort.names),
        sites=_sites(cohort, first),
        samples=len(cohort.samples),
        per_sample=_per_sample(cohort, first),
        faults={},
        formats=Counter({"GT": len(first)}),
    )


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def _compression(path: str) -> Compression:
    """That of the file, for checks of containers; a file that is gone counts as plain."""
    try:
        with Path(path).open("rb") as file:
            return detect_compression(file.read(18))
    except OSError:
        return Compression.PLAIN


def _header(cohort: Cohort, found: Header | None) -> Header:
    header = Header(file_format="VCFv4.2", version=(4, 2), file_format_first=True, lines=2)
    header.file_format_as_written = b"##fileformat=VCFv4.2"
    header.columns = [*FIXED_COLUMNS, *(name.encode() for name in cohort.samples)]
    header.formats = {"GT"}
    header.reference = cohort.origin.build
    if found is not None:
        header.contigs = found.contigs
        header.reference = found.reference or header.reference
    return header


def _first_rows(cohort: Cohort) -> NDArray[np.intp]:
    """The first row of each record."""
    record = np.asarray(cohort.record)
    fresh = np.ones(len(record), bool)
    fresh[1:] = record[1:] != record[:-1]
    return np.flatnonzero(fresh)


def _sites(cohort: Cohort, first: NDArray[np.intp]) -> Sites:
    counts = np.asarray(cohort.counts)[first].T.copy()
    several = np.flatnonzero(np.diff(first, append=len(cohort)) > 1)
    for record in several:
        codes = _joined(cohort, int(first[record]), _end(cohort, first, int(record)))
        counts[:, record] = np.bincount(codes, minlength=4)
    flags = np.asarray(cohort.flags)
    together = np.bitwise_or.reduceat(flags, first) if len(first) else flags
    site_flags = (together & _SITE_FLAGS).astype(np.uint16)
    site_flags[several] |= np.uint16(SiteFlag.MULTIALLELIC)
    alleles = _allele_codes(cohort, first, several)
    position = np.asarray(cohort.position)[first].astype(np.int64)
    position[position < 0] = 0  # a position that no VCF can hold; checks of positions tell it
    chromosome = np.asarray(cohort.chromosome)[first]
    return Sites(chromosome, position, alleles, _with_separators(flags[first], site_flags), *counts)


def _with_separators(flags: NDArray[np.uint32], site_flags: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Which separator a VCF of these rows would have, where the format has none of its own."""
    told = site_flags & np.uint16(SiteFlag.HAS_PIPE | SiteFlag.HAS_SLASH) > 0
    phased = flags & np.uint32(RowFlag.PHASED) > 0
    extra = np.where(phased, SiteFlag.HAS_PIPE, SiteFlag.HAS_SLASH).astype(np.uint16)
    result: NDArray[np.uint16] = site_flags | np.where(told, np.uint16(0), extra)
    return result


def _end(cohort: Cohort, first: NDArray[np.intp], record: int) -> int:
    return int(first[record + 1]) if record + 1 < len(first) else len(cohort)


def _joined(cohort: Cohort, start: int, stop: int) -> Codes:
    """One code a sample from the rows of one record: two equal ALT alleles, one, or none."""
    codes = cohort.genotypes(slice(start, stop))
    result = np.where((codes == HET).any(axis=0), HET, 0).astype(np.uint8)
    result[(codes == HOM_ALT).any(axis=0)] = HOM_ALT
    result[(codes == MISSING).any(axis=0)] = MISSING
    return result


def _allele_codes(cohort: Cohort, first: NDArray[np.intp], several: NDArray[np.intp]) -> NDArray[np.uint32]:
    """As `rows.alleles`: two letters in 16 bits, all else as a checksum of 23 bits with the top one set."""
    refs, alts = _at(cohort.refs, first), _at(cohort.alts, first)
    ref, alt = refs.first_letters().astype(np.uint32), alts.first_letters().astype(np.uint32)
    code: NDArray[np.uint32] = ref << np.uint32(8) | alt
    odd = (ref == 0) | (alt == 0)
    odd[several] = True
    for record in np.flatnonzero(odd):
        stop = _end(cohort, first, int(record))
        every = b",".join(cohort.alts.raw(row) for row in range(int(first[record]), stop))
        code[record] = zlib.crc32(refs.raw(int(record)) + b"\t" + every) & 0x7FFFFF | 0x800000
    return code


def _at(texts: Texts, rows: NDArray[np.intp]) -> Texts:
    return texts if len(rows) == len(texts) else texts[rows]


def _per_sample(cohort: Cohort, first: NDArray[np.intp]) -> SampleCounts:
    samples = len(cohort.samples)
    counts = SampleCounts.zero(samples)
    rows = np.diff(first, append=len(cohort))
    alone = np.repeat(rows == 1, rows)
    for piece in cohort.slices(max(1, min(2048, _GENOTYPES_AT_ONCE // max(1, samples)))):
        packed = np.asarray(cohort.packed[piece])
        _add(counts, unpack(packed if alone[piece].all() else packed[alone[piece]], samples))
    for record in np.flatnonzero(rows > 1):
        _add(counts, _joined(cohort, int(first[record]), _end(cohort, first, int(record)))[None, :])
    return counts


def _add(counts: SampleCounts, codes: Codes) -> None:
    counts.het += np.count_nonzero(codes == HET, axis=0)
    counts.missing += np.count_nonzero(codes == MISSING, axis=0)
