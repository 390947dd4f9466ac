"""Genotypes of rows as they will be written: samples chosen and in order, alleles exchanged, gaps filled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import HET, HOM_ALT, HOM_REF, MALE, MISSING, Bits, Codes, Cohort, RowFlag, count
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.regions import in_non_par
from app.genotypes.repair.split_records import hide_other_alleles, stored_codes
from app.genotypes.repair.study import X

_TURNED = np.array([HOM_ALT, HET, HOM_REF, MISSING], np.uint8)
_CELLS_AT_ONCE = 1 << 22
_ROWS_IN_A_BYTE = 255


@dataclass(frozen=True)
class Block:
    """[rows, samples] matrices; `phase` is True where a het of a phased row is `1|0`."""

    genotypes: Codes
    phase: Bits
    haploid: Bits
    phased: Bits


def pieces(draft: Draft, rows: Rows, samples: int) -> Iterator[Rows]:
    """Rows in pieces whose matrices stay small whatever the number of samples."""
    step = max(16, _CELLS_AT_ONCE // max(1, samples))
    return (rows[at : at + step] for at in range(0, len(rows), step))


def read_block(draft: Draft, rows: Rows, samples: Rows) -> Block:
    """The rows as they will be written, for some samples of the study."""
    block = _as_drafted(draft, rows, samples)
    partners = np.flatnonzero(draft.partner[rows] >= 0)
    if len(partners):
        _fill(block, partners, _as_drafted(draft, draft.partner[rows[partners]].astype(np.intp), samples))
    _settle_x(draft, rows, samples, block)
    return block


def _as_drafted(draft: Draft, rows: Rows, samples: Rows) -> Block:
    shape = (len(rows), len(samples))
    genotypes = np.empty(shape, np.uint8)
    phase, haploid = np.zeros(shape, bool), np.zeros(shape, bool)
    for number in np.unique(draft.study.cohort[rows]).tolist():
        cohort, columns = draft.study.cohorts[number], draft.study.columns[number]
        mine = np.flatnonzero(draft.study.cohort[rows] == number)
        places = draft.study.row[rows[mine]].astype(np.intp)
        wanted = samples if columns is None else columns[samples]
        genotypes[mine] = cohort.genotypes(places)[:, wanted]
        phase[mine] = cohort.phase(places)[:, wanted]
        if cohort.has_haploid:
            haploid[mine] = cohort.haploid(places)[:, wanted]
    hide_other_alleles(draft.study, draft.split, rows, samples, genotypes)
    turned = draft.swap[rows]
    genotypes[turned] = _TURNED[genotypes[turned]]
    phase[turned] ^= genotypes[turned] == HET
    return Block(genotypes, phase, haploid, draft.flags[rows] & RowFlag.PHASED > 0)


def _fill(block: Block, places: Rows, other: Block) -> None:
    """Take calls of the second of two rows where the first has none; where both differ there is none."""
    mine = block.genotypes[places]
    gap = (mine == MISSING) & (other.genotypes != MISSING)
    differs = (mine != MISSING) & (other.genotypes != MISSING) & (mine != other.genotypes)
    block.genotypes[places] = np.where(gap, other.genotypes, np.where(differs, MISSING, mine))
    block.phase[places] = np.where(gap, other.phase, block.phase[places])
    block.haploid[places] = np.where(gap, other.haploid, block.haploid[places])
    block.phased[places] &= other.phased


def _settle_x(draft: Draft, rows: Rows, samples: Rows, block: Block) -> None:
    on_x = np.flatnonzero(draft.chromosome[rows] == X)
    if not len(on_x):
        return
    outside = in_non_par(draft.position[rows[on_x]], draft.build_now)
    non_par, par = on_x[outside], on_x[~outside]
    if draft.male_hets_missing and len(non_par):
        male = np.flatnonzero(draft.study.sex[samples] == MALE)
        cells = block.genotypes[np.ix_(non_par, male)]
        cells[cells == HET] = MISSING
        block.genotypes[np.ix_(non_par, male)] = cells
    if draft.haploid_on_x is not None:
        haploid = np.broadcast_to(draft.haploid_on_x[samples], (len(non_par), len(samples)))
        block.haploid[non_par] = haploid
        cells = block.genotypes[non_par]
        block.genotypes[non_par] = np.where(haploid & (cells == HET), MISSING, cells)
        block.haploid[par] = False


def recount(draft: Draft) -> None:
    """Count genotypes again after samples were removed, in the orientation of the files."""
    kept = draft.kept
    rows = np.flatnonzero(draft.alive)
    for piece in pieces(draft, rows, len(kept)):
        codes = _codes(draft, piece)[:, kept]
        draft.counts[piece] = count(codes)
    count_merged(draft, rows[draft.partner[rows] >= 0])


def count_merged(draft: Draft, rows: Rows) -> None:
    """Count genotypes of rows whose gaps another row fills, as they will be written."""
    people = np.flatnonzero(draft.kept)
    for piece in pieces(draft, rows, len(people)):
        found = count(read_block(draft, piece, people).genotypes)
        turned = draft.swap[piece]
        found[turned] = found[turned][:, [2, 1, 0, 3]]
        draft.counts[piece] = found


@dataclass(frozen=True)
class Tally:
    """[groups, samples of the study] calls that are missing or heterozygous, and rows of each group."""

    missing: NDArray[np.int64]
    het: NDArray[np.int64]
    rows: NDArray[np.int64]


def tally(draft: Draft, rows: Rows, group: NDArray[np.intp], groups: int) -> Tally:
    """Count the calls of everybody in groups of rows; one pass over packed genotypes, most never unpacked."""
    shape = (groups, len(draft.study.samples))
    missing, het = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    depends = (draft.flags[rows] & np.uint32(int(RowFlag.SPLIT)) > 0) | (draft.partner[rows] >= 0)
    _tally_dependent(draft, rows[depends], group[depends], missing, het)
    whole = np.flatnonzero(~depends)
    key = group[whole].astype(np.int64) << 16 | draft.study.cohort[rows[whole]]
    order = np.argsort(key, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(key[order])) + 1) if len(order) else ():
        number, cohort = divmod(int(key[members[0]]), 1 << 16)
        found = _counted(draft.study.cohorts[cohort], draft.study.row[rows[whole[members]]])
        columns = draft.study.columns[cohort]
        missing[number] += found[0] if columns is None else found[0][columns]
        het[number] += found[1] if columns is None else found[1][columns]
    return Tally(missing, het, np.bincount(group, minlength=groups))


def _tally_dependent(
    draft: Draft, rows: Rows, group: NDArray[np.intp], missing: NDArray[np.int64], het: NDArray[np.int64]
) -> None:
    """Add rows whose calls depend on those of others: of several ALT alleles, and merged duplicates."""
    everyone = np.arange(len(draft.study.samples))
    for places in pieces(draft, np.arange(len(rows)), len(everyone)):
        codes = read_block(draft, rows[places], everyone).genotypes
        np.add.at(missing, group[places], codes == MISSING)
        np.add.at(het, group[places], codes == HET)


def _counted(cohort: Cohort, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Missing and heterozygous calls of each sample of a cohort in some rows.

    A code has two bits: both are set when it is missing, the lower alone when it is heterozygous. Counters of
    a byte hold 255 rows.
    """
    width = cohort.packed.shape[1]
    missing, het = np.zeros((width, 4), np.int64), np.zeros((width, 4), np.int64)
    for at in range(0, len(places), _ROWS_IN_A_BYTE):
        packed = np.asarray(cohort.packed[places[at : at + _ROWS_IN_A_BYTE]])
        high = packed >> 1
        for bits, total in ((packed & high & 0x55, missing), (packed & ~high & 0x55, het)):
            for lane in range(4):
                total[:, lane] += np.add.reduce(bits >> (2 * lane) & 1, axis=0, dtype=np.uint8)
    samples = len(cohort.samples)
    return missing.reshape(-1)[:samples], het.reshape(-1)[:samples]


def _codes(draft: Draft, rows: Rows) -> Codes:
    """Genotypes in the orientation of the files, for all samples of the study."""
    everyone = np.arange(len(draft.study.samples))
    codes = stored_codes(draft.study, rows, everyone)
    hide_other_alleles(draft.study, draft.split, rows, everyone, codes)
    return codes
