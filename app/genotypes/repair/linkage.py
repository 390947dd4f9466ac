"""Which way round an A/T or C/G site is, by its correlation with sites nearby in the study and in the panel.

Needs genotypes of the panel's people; without them correlation within the study says nothing about the
strand. The idea is that of Genotype Harmonizer (`genotypes.md` 5a, rows 38 and 39).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import MISSING
from app.genotypes.matrix import compared_name, matrix_pieces
from app.genotypes.repair.consistency import LEAST_NEIGHBOURS, Standard, slopes, standardised
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.genotype_rows import read_block
from app.genotypes.repair.study import CHROMOSOMES
from app.genotypes.site_table import OTHER

EACH_SIDE = 100
LEAST_CORRELATION = 0.3
REACH = 500_000
MOST_PEOPLE = 1_000


def linkage_score(draft: Draft, rows: Rows) -> NDArray[np.float64]:
    """Between 1 (ALT means ALT) and -1 (ALT means REF), 0 where the neighbours do not tell.

    ALT of these rows is that of the file as the panel writes the pair; sites that were aligned before are the
    neighbours, and how well these fit one another is kept in the draft (see `consistency.py`).
    """
    score = np.zeros(len(rows))
    for name in draft.present():
        path = draft.target.panel_genotypes.get(name)
        if path is not None:
            mine = np.flatnonzero(draft.chromosome[rows] == CHROMOSOMES.index(name))
            score[mine] = _on_chromosome(draft, rows[mine], name, path)
    return score


@dataclass(frozen=True)
class _Panel:
    """Standardised genotypes of the panel's people at the sites that both have, by (position, ref, alt)."""

    place: dict[tuple[int, str, str], int]
    values: Standard


def _on_chromosome(draft: Draft, rows: Rows, name: str, path: Path) -> NDArray[np.float64]:
    anchors = draft.on(name)
    anchors = anchors[draft.aligned[anchors] & (draft.code[anchors] != OTHER)]
    anchors = anchors[np.argsort(draft.position[anchors], kind="stable")]
    panel = _read_panel(path, name, draft.position[np.concatenate([anchors, rows])])
    there = np.array([_place(draft, panel, row) for row in anchors.tolist()], np.int64)
    anchors, there = anchors[there >= 0], there[there >= 0]
    people = np.flatnonzero(draft.kept)
    people = people[:: max(1, len(people) // MOST_PEOPLE)]
    slopes(draft, anchors, panel.values[there], people, EACH_SIDE, REACH, LEAST_CORRELATION)
    return np.array([_score(draft, row, panel, anchors, there, people) for row in rows.tolist()])


def _place(draft: Draft, panel: _Panel, row: int, turn: bool = False) -> int:
    ref, alt = draft.alleles(row)
    pair = (alt, ref) if turn else (ref, alt)
    return panel.place.get((int(draft.position[row]), *pair), -1)


def _read_panel(path: Path, name: str, positions: NDArray[np.int64]) -> _Panel:
    place: dict[tuple[int, str, str], int] = {}
    values: list[Standard] = []
    for piece in matrix_pieces(path, positions=positions):
        mine = np.array([compared_name(each) == name for each in piece.chromosomes], bool)
        chosen = piece.take(mine)
        counts = chosen.counts()
        step = max(1, counts.shape[1] // MOST_PEOPLE)
        keys = zip(chosen.positions.tolist(), chosen.refs.tolist(), chosen.alts.tolist(), strict=True)
        place.update({key: len(place) + at for at, key in enumerate(keys)})
        values.append(standardised(counts[:, ::step].astype(np.float32), counts[:, ::step] < 0))
    return _Panel(place, np.concatenate(values) if values else np.empty((0, 0), np.float32))


def _score(
    draft: Draft, row: int, panel: _Panel, anchors: Rows, there: NDArray[np.int64], people: Rows
) -> float:
    """The regression of correlations here on those in the panel, over the neighbours that are correlated."""
    at = max(_place(draft, panel, row), _place(draft, panel, row, turn=True))
    if at < 0:
        return 0.0
    position = int(draft.position[row])
    middle = int(np.searchsorted(draft.position[anchors], position))
    near = slice(max(0, middle - EACH_SIDE), middle + EACH_SIDE)
    close = np.abs(draft.position[anchors[near]] - position) <= REACH
    neighbours, places = anchors[near][close], there[near][close]
    expected = panel.values[places] @ panel.values[at]
    strong = np.abs(expected) >= LEAST_CORRELATION
    if int(strong.sum()) < LEAST_NEIGHBOURS:
        return 0.0
    codes = read_block(draft, np.concatenate([neighbours[strong], [row]]).astype(np.intp), people).genotypes
    values = standardised(codes.astype(np.float32), codes == MISSING)
    found = values[:-1] @ values[-1]
    slope = float(found @ expected[strong] / (expected[strong] @ expected[strong]))
    return float(np.clip(slope, -1, 1)) if abs(slope) >= 0.3 else 0.0
