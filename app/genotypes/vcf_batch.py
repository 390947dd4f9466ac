"""Records of a VCF on their way to the checks, the service twin and the packed cohort."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import MISSING, Batch, Bits, Codes, RowFlag, count, pack, unpack
from app.genotypes.row_block import Place, RowBlock
from app.genotypes.rows import SiteFlag
from app.genotypes.slow_rows import ABSENT_ALLELE, MISSING_ALLELE
from app.genotypes.texts import Texts

MOST_ALTS = 250  # a record with more gets no rows in a cohort
_ALWAYS_KEPT = 10  # ALT alleles that a record of any number of samples may have
_MOST_CALLS = 200_000  # of a record with more: its ALT alleles times its samples
_ROW_BYTES = 4 << 20  # of packed rows that are made at once


@dataclass(kw_only=True)
class VcfBatch(Batch):
    """Records in file order, a row each: also one with several ALT alleles (`alts` has its commas).

    `counts` and `packed` are as in `Batch`, half calls and alleles that are not listed missing; for several
    ALT alleles any two different ones are a het. `site_counts` [rows, 4] are by our rules (a half call counts
    in none of hom-ref, het, hom-alt, missing), `server_counts` by the server's letters (`./1` is hom-alt,
    `2/2` nothing; missing only `.`, `./.`, `.|.`; FORMAT's first word that contains GT). `code` is a number
    for REF and ALT, equal for equal pairs; `line` counts from 1. `formats` are (row, FORMAT) where FORMAT
    changes.
    `slow` marks rows whose missing genotypes for the server stand in `server_bits`, not in `packed`. `faults`
    are broken lines so far: kind → how many and the first few.
    """

    samples: int
    line: NDArray[np.int64]
    code: NDArray[np.uint32]
    filters: Texts
    site_counts: NDArray[np.int32]
    server_counts: NDArray[np.int32]
    formats: Sequence[tuple[int, str]]
    slow: NDArray[np.bool_]
    server_bits: Codes
    multi_row: NDArray[np.int32]
    multi: Codes
    faults: Mapping[str, tuple[int, list[int]]]

    def server_missing(self) -> Bits:
        """[rows, samples]: what is missing for the server."""
        missing: Bits = unpack(_packed(self), self.samples) == MISSING
        bits = np.unpackbits(self.server_bits[self.slow], axis=1, count=self.samples, bitorder="little")
        missing[self.slow] = bits.astype(bool)
        return missing

    def by_allele(self) -> Iterator[Batch]:
        """The rows of a cohort: one for each ALT allele of a record, in batches of a few megabytes."""
        several = self.flags & np.uint32(SiteFlag.MULTIALLELIC) > 0
        if not several.any():
            yield self._part(np.arange(len(self)), self.alts)
            return
        words = {int(row): self.alts.raw(row).split(b",") for row in np.flatnonzero(several).tolist()}
        times = np.ones(len(self), np.int64)
        for row, alts in words.items():
            times[row] = len(alts) if len(alts) <= self.most_alts else 0
        sizes = np.cumsum(times) * max(16, _packed(self).shape[1])
        for group in np.split(np.arange(len(self)), np.flatnonzero(np.diff(sizes // _ROW_BYTES)) + 1):
            yield self._split(group, times, words)

    @property
    def most_alts(self) -> int:
        """ALT alleles of a record that gets rows: what takes no room in the file takes much when packed."""
        return min(MOST_ALTS, max(_ALWAYS_KEPT, _MOST_CALLS // max(1, self.samples)))

    def _part(self, index: NDArray[np.intp], alts: Texts) -> Batch:
        whole = len(index) == len(self) and alts is self.alts
        pick: slice | NDArray[np.intp] = slice(None) if whole else index
        return Batch(
            names=self.names,
            chromosome=self.chromosome[pick],
            position=self.position[pick],
            ids=self.ids if whole else self.ids[index],
            refs=self.refs if whole else self.refs[index],
            alts=alts,
            flags=self.flags[pick],
            record=self.record[pick],
            packed=_packed(self)[pick],
            counts=None if self.counts is None else self.counts[pick],
            phase_bits=None if self.phase_bits is None else self.phase_bits[pick],
            haploid_bits=None if self.haploid_bits is None else self.haploid_bits[pick],
        )

    def _split(
        self, group: NDArray[np.intp], times: NDArray[np.int64], words: dict[int, list[bytes]]
    ) -> Batch:
        index = np.repeat(group, times[group])
        alts: list[bytes] = []
        for row in group.tolist():
            if times[row]:
                alts += words.get(row) or [self.alts.raw(row)]
        part = self._part(index, Texts.of(alts))
        place = {int(row): number for number, row in enumerate(self.multi_row)}
        first = np.searchsorted(index, group)
        for row, at in zip(group.tolist(), first.tolist(), strict=True):
            if row in words and times[row]:
                part.flags[at : at + times[row]] |= np.uint32(RowFlag.SPLIT)
                if row in place:
                    self._split_row(part, at, int(times[row]), self.multi[place[row]])
        return part

    def _split_row(self, part: Batch, at: int, alts: int, alleles: Codes) -> None:
        """The rows of one record: how many of each ALT allele, and a called allele that is not listed is
        missing in all of them."""
        assert part.packed is not None
        assert part.counts is not None
        first, second = alleles
        single = (second == ABSENT_ALLELE) & (first != MISSING_ALLELE)
        other = np.where(second == ABSENT_ALLELE, first, second)
        missing = np.maximum(first, other) > alts  # MISSING_ALLELE is the largest number
        each = np.arange(1, alts + 1, dtype=np.uint8)[:, None]
        mine, partner = first == each, other == each
        codes = mine.view(np.uint8) + partner.view(np.uint8)
        np.maximum(codes, missing.view(np.uint8) * np.uint8(MISSING), out=codes)
        rows = slice(at, at + alts)
        part.packed[rows] = pack(codes)
        part.counts[rows] = count(codes)
        if part.phase_bits is not None:
            phased = int(part.flags[at]) & RowFlag.PHASED
            turned = mine & ~(partner | missing)
            part.phase_bits[rows] = np.packbits(turned, axis=1, bitorder="little") if phased else 0
        if part.haploid_bits is not None:
            part.haploid_bits[rows] = np.packbits(single, bitorder="little")


def _packed(batch: Batch) -> Codes:
    assert batch.packed is not None
    return batch.packed


def batch_of(
    block: RowBlock,
    samples: int,
    names: Sequence[str],
    chromosome: NDArray[np.uint16],
    faults: Mapping[str, tuple[int, list[int]]],
) -> VcfBatch:
    """The filled rows of a block, whose arrays now belong to the batch."""
    rows = block.rows
    multi = int(block.state[Place.MULTI])
    flags = block.flags[:rows]
    slow = block.slow[:rows] > 0
    change_rows, words = block.changes(1)
    several = multi > 0
    phased = bool((flags & np.uint32(RowFlag.PHASED)).any())
    haploid = bool((flags & np.uint32(SiteFlag.HAPLOID)).any())
    return VcfBatch(
        names=names,
        chromosome=chromosome,
        position=block.position[:rows],
        ids=block.texts(0),
        refs=block.texts(1),
        alts=block.texts(2),
        flags=flags,
        record=block.record[:rows],
        packed=block.packed[:rows],
        counts=block.stored[:rows],
        phase_bits=block.phase[:rows] if phased or several else None,
        haploid_bits=block.haploid[:rows] if haploid or several else None,
        samples=samples,
        line=block.line[:rows],
        code=block.code[:rows],
        filters=block.texts(3),
        site_counts=block.counts[:rows],
        server_counts=block.server[:rows],
        formats=[(row, _text(word)) for row, word in zip(change_rows.tolist(), words, strict=True)],
        slow=slow,
        server_bits=block.server_missing[:rows],
        multi_row=block.multi_row[:multi],
        multi=block.multi[:multi],
        faults=faults,
    )


def _text(word: bytes) -> str:
    return word.decode("utf-8", "replace")
