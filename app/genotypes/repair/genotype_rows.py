"""Genotypes of rows as they will be written: samples chosen and in order, alleles exchanged, gaps filled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import HET, HOM_ALT, HOM_REF, MALE, MISSING, Bits, Codes, RowFlag
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.regions import in_non_par
from app.genotypes.repair.study import X

_TURNED = np.array([HOM_ALT, HET, HOM_REF, MISSING], np.uint8)
_CELLS_AT_ONCE = 1 << 23


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
    """Count genotypes again, after samples were removed or calls set missing."""
    samples = np.flatnonzero(draft.kept)
    rows = np.flatnonzero(draft.alive)
    for piece in pieces(draft, rows, len(samples)):
        codes = _as_drafted(draft, piece, samples).genotypes
        turned = draft.swap[piece]
        codes[turned] = _TURNED[codes[turned]]  # counts stay in the orientation of the file
        draft.counts[piece] = np.stack([np.count_nonzero(codes == c, axis=1) for c in range(4)], axis=1)


def missing_by_sample(draft: Draft, rows: Rows) -> NDArray[np.int64]:
    """Missing calls of every sample of the study in some rows."""
    everyone = np.arange(len(draft.study.samples))
    total = np.zeros(len(everyone), np.int64)
    for piece in pieces(draft, rows, len(everyone)):
        total += np.count_nonzero(_as_drafted(draft, piece, everyone).genotypes == MISSING, axis=0)
    return total


def het_by_sample(draft: Draft, rows: Rows) -> NDArray[np.int64]:
    """Heterozygous calls of every sample of the study in some rows."""
    everyone = np.arange(len(draft.study.samples))
    total = np.zeros(len(everyone), np.int64)
    for piece in pieces(draft, rows, len(everyone)):
        total += np.count_nonzero(_as_drafted(draft, piece, everyone).genotypes == HET, axis=0)
    return total
