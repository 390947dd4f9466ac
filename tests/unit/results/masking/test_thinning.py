"""Figures of untyped sites as they would be had no typed ones been hidden."""

from __future__ import annotations

import numpy as np
import pytest

from app.results.masking.ranking import HiddenResult, rank
from app.results.masking.thinning import NEAREST, distances, weights_of
from app.results.masking.untyped import Listed, Own, Part, Untyped, expected_r2
from tests.unit.results.masking.test_masking import blocks
from tests.unit.results.masking.test_untyped import own


def test_the_distance_is_that_to_so_many_typed_sites() -> None:
    rng = np.random.default_rng(1)
    typed = np.sort(rng.choice(100_000, 300, replace=False)).astype(np.int64)
    sites = rng.choice(100_000, 200).astype(np.int64)
    wanted = np.sort(np.abs(sites[:, None] - typed), axis=1)[:, NEAREST - 1]
    assert distances(sites, typed).tolist() == wanted.tolist()
    assert np.isinf(distances(sites, typed[: NEAREST - 1])).all()


def test_weighted_the_distances_are_those_to_the_whole_array() -> None:
    rng = np.random.default_rng(2)
    whole = rng.gamma(2, 1000, 5000)
    left = whole * rng.choice([1, 1.5], 5000)
    weights = weights_of(left, whole)
    assert weights.mean() == pytest.approx(1, abs=0.02)
    before = left.mean() - whole.mean()
    assert abs(np.average(left, weights=weights) - whole.mean()) < before / 4


def test_few_sites_or_typed_ones_are_not_weighted() -> None:
    some = np.arange(30.0)
    assert weights_of(some, some + 1).tolist() == [1] * 30
    far = np.full(100, np.inf)
    assert weights_of(far, far).tolist() == [1] * 100


def untyped() -> Untyped:
    """Every second typed site of the first half is hidden; untyped ones are the surer the nearer they are."""
    typed = np.arange(0, 200_000, 100, dtype=np.int64)
    hidden = typed[(typed < 100_000) & (np.arange(len(typed)) % 2 == 0)]
    left = np.setdiff1d(typed, hidden)
    sites = np.arange(50, 200_000, 100, dtype=np.int64)
    sure = np.where(sites < 100_000, 0.5, 0.8)
    n = np.full(len(sites), 100.0)
    x, yy = n * 0.6, n * 0.78
    table = np.stack([n, x, x * x / n + sure * (yy - x * x / n), yy, np.ones(len(sites))], axis=1)
    made = Untyped(50_000)
    place = np.full(len(sites), 8, np.uint8)
    made.sites["1"] = [Listed(sites, np.ones(len(sites), np.uint32), place, table.astype(np.float32))]
    made.typed["1"], made.hidden["1"] = [left], [hidden]
    made._add("1", Part.UNTYPED, sites // 50_000, place.astype(np.intp), table)
    return made


def test_sites_in_the_thinned_part_count_less() -> None:
    made = untyped()
    made.weigh()
    total = np.sum([*made.tables.values()], axis=0)[:, 8]
    assert total[Part.WHOLE, Own.SITES] == pytest.approx(2000, rel=0.05)
    assert expected_r2(total[Part.UNTYPED]) == pytest.approx(0.65, abs=0.01)
    assert expected_r2(total[Part.WHOLE]) == pytest.approx(0.8, abs=0.02)


def test_the_rank_is_by_the_whole_array_where_it_is_known() -> None:
    plain = blocks(0.6, 1)
    before = rank([HiddenResult(plain.hidden, own(40, 0.6, 0.7))]).standings[0]
    tables = {key: table.copy() for key, table in own(40, 0.6, 0.7).items()}
    for table in tables.values():
        table[Part.WHOLE] = own(1, 0.6, 0.75)["1", 0][Part.UNTYPED]
    after = rank([HiddenResult(plain.hidden, tables)]).standings[0]
    assert after.r2 == pytest.approx(before.r2 + 0.05)
    earlier = {key: table[: Part.WHOLE] for key, table in tables.items()}
    assert rank([HiddenResult(plain.hidden, earlier)]).standings[0].r2 == pytest.approx(before.r2)
