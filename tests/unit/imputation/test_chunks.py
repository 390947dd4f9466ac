"""The cut of a chromosome, and phase across its borders."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.imputation.chunks import Chunk, plan_chunks
from app.imputation.ligation import Ligation, PhasedPiece


@pytest.mark.parametrize(
    ("first", "last", "length", "starts"),
    [
        (16_050_000, 51_240_000, 20_000_000, [16_050_000, 40_000_001]),
        (1, 20_000_000, 20_000_000, [1]),
        (1, 61_000_000, 20_000_000, [1, 20_000_001, 40_000_001]),
        (5, 9, 20_000_000, [5]),
        (1, 4_000_000, 1_000_000, [1, 1_000_001, 2_000_001, 3_000_001]),
    ],
)
def test_pieces_touch_at_the_grid(first: int, last: int, length: int, starts: list[int]) -> None:
    chunks = plan_chunks(first, last, length, 100_000)
    assert [each.first for each in chunks] == starts
    assert chunks[-1].last == last
    assert all(one.last + 1 == two.first for one, two in zip(chunks, chunks[1:], strict=False))
    assert chunks[0].informed_first == max(1, first - 100_000)


def piece(chunk: Chunk, positions: NDArray[np.int64], haplotypes: NDArray[np.int8]) -> PhasedPiece:
    inside = (positions >= chunk.informed_first) & (positions <= chunk.informed_last)
    keys = np.array([f"{p}\tA\tC" for p in positions[inside]], dtype=np.str_)
    return PhasedPiece(chunk, positions[inside], keys, haplotypes[inside])


def test_phase_goes_on_across_borders() -> None:
    """Each piece has the haplotypes of some people the other way round; they come out as they were."""
    draw = np.random.default_rng(5)
    positions = np.arange(1_000, 4_000_000, 10_000, dtype=np.int64)
    truth = draw.integers(0, 2, (len(positions), 12)).astype(np.int8)
    chunks = plan_chunks(1, 4_000_000, 1_000_000, 300_000)
    ligation, joined, turned = Ligation(), [], []
    for number, chunk in enumerate(chunks):
        other = truth.copy()
        people = np.flatnonzero(draw.random(6) < 0.5) if number else np.empty(0, dtype=np.intp)
        for person in people:
            other[:, [2 * person, 2 * person + 1]] = truth[:, [2 * person + 1, 2 * person]]
        turned.append(len(people))
        mine = ligation.add(piece(chunk, positions, other))
        owned = (mine.positions >= chunk.first) & (mine.positions <= chunk.last)
        joined.append(mine.haplotypes[owned])
    assert np.array_equal(np.concatenate(joined), truth)
    assert ligation.agreement == 1.0
    assert ligation.swapped > 0
    assert sum(turned) > 0


def test_haploid_people_and_people_without_hets_stay_as_they_are() -> None:
    chunks = plan_chunks(1, 2_000_000, 1_000_000, 300_000)
    positions = np.arange(1_000, 2_000_000, 50_000, dtype=np.int64)
    haplotypes = np.ones((len(positions), 4), dtype=np.int8)
    haplotypes[:, 3] = -2
    ligation = Ligation()
    out = [ligation.add(piece(chunk, positions, haplotypes)) for chunk in chunks]
    assert all((each.haplotypes[:, 3] == -2).all() for each in out)
    assert (ligation.agreement, ligation.swapped) == (None, 0)
