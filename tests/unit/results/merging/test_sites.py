"""Variants of several results meet in one row, and none is lost, however the batches fall."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.problem import ProblemError
from app.results.merging.sites import Aligned, aligned
from tests.unit.results.merging.batches import Site, batch

_SITE = st.tuples(st.integers(1, 12), st.sampled_from("AC"), st.sampled_from(("G", "T", "GT")))
_RESULT = st.lists(_SITE, max_size=25).map(lambda sites: sorted(sites, key=lambda site: site[0]))


def _streams(results: list[list[Site]], sizes: list[int]):
    for number, (sites, size) in enumerate(zip(results, sizes, strict=True)):
        values = [100.0 * number + i for i in range(len(sites))]
        starts = range(0, len(sites), size)
        yield iter([batch(sites[i : i + size], values[i : i + size]) for i in starts])


def _seen(pieces: list[Aligned], source: int) -> list[tuple[Site, float]]:
    found = []
    for piece in pieces:
        for i, row in enumerate(piece.rows[source].tolist()):
            if row >= 0:
                site = (int(piece.position[i]), piece.refs[i], piece.alts[i])
                dosage = piece.parts[source].dosage
                assert dosage is not None
                found.append((site, float(dosage[row, 0])))
    return found


@settings(max_examples=60)
@given(st.lists(_RESULT, min_size=1, max_size=4), st.data())
def test_every_record_is_handed_over_once_at_its_variant(results, data) -> None:
    sizes = [data.draw(st.integers(1, 9)) for _ in results]
    pieces = list(aligned(list(_streams(results, sizes)), [str(i) for i in range(len(results))]))
    for source, sites in enumerate(results):
        expected = {(site, 100.0 * source + i) for i, site in enumerate(sites)}
        assert set(_seen(pieces, source)) == expected
        assert len(_seen(pieces, source)) == len(sites)
    positions = [position for piece in pieces for position in piece.position.tolist()]
    assert positions == sorted(positions)
    most = Counter()
    for sites in results:
        most |= Counter(sites)
    assert len(positions) == most.total()


def test_a_variant_is_matched_by_its_alleles_too() -> None:
    first = [(5, "A", "G"), (5, "A", "T"), (9, "C", "G")]
    second = [(5, "A", "T"), (9, "C", "GT")]
    pieces = list(aligned(list(_streams([first, second], [9, 9])), ["a", "b"]))
    assert [name for piece in pieces for name in piece.ids] == ["5:A:G", "5:A:T", "9:C:G", "9:C:GT"]
    present = np.concatenate([piece.present for piece in pieces], axis=1)
    assert present.tolist() == [[True, True, True, False], [False, True, False, True]]


def test_a_result_without_this_chromosome_has_no_rows() -> None:
    (piece,) = aligned([iter([batch([(1, "A", "C")])]), iter([])], ["a", "b"])
    assert [row.tolist() for row in piece.rows] == [[0], [-1]]


@pytest.mark.parametrize("size", [1, 4])
def test_unsorted_records_are_told(size: int) -> None:
    sites = [(5, "A", "C"), (7, "A", "C"), (6, "A", "C")]
    with pytest.raises(ProblemError, match="not sorted"):
        list(aligned(list(_streams([sites], [size])), ["north"]))


def test_slices_keep_all_columns() -> None:
    haplotypes = np.arange(6, dtype=np.float32).reshape(3, 1, 2)
    sites = [(1, "A", "C"), (2, "A", "C"), (3, "A", "C")]
    pieces = list(
        aligned([iter([batch(sites, haplotypes=haplotypes)]), iter([batch(sites[:2])])], ["a", "b"])
    )
    given = np.concatenate([piece.parts[0].haplotypes for piece in pieces])
    assert given.tolist() == haplotypes.tolist()
