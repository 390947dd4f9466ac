"""Cut-offs: who stays, and one reason for each who goes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.export import Cutoffs, DropReason, R2Step
from app.domain.problem import ProblemError
from app.results.doses.contract import InfoColumns, SiteKind
from app.results.export.figures import computed_figures
from app.results.export.filtering import Figures, Filter, Region, region_of, told_figures
from app.results.export.rounding import of_dosages, of_haplotypes
from tests.helpers.dose_rows import haplotypes

NAN = float("nan")


def figures(
    r2: list[float], maf: list[float], *, typed: list[bool] | None = None, er2: list[float] | None = None
) -> Figures:
    kind = [int(SiteKind.TYPED) if each else int(SiteKind.IMPUTED) for each in typed or [False] * len(r2)]
    return Figures(
        np.array(r2, np.float32),
        np.array(er2 or [NAN] * len(r2), np.float32),
        np.array(maf, np.float32),
        np.array(kind, np.uint8),
    )


def stays(cutoffs: Cutoffs, of: Figures, chromosome: str = "chr20") -> tuple[list[bool], Filter]:
    chosen = Filter(cutoffs, samples=50)
    return chosen.keeps(chromosome, 100 * np.arange(1, len(of.r2) + 1), of).tolist(), chosen


def test_no_cutoff_keeps_all_even_what_is_unknown() -> None:
    kept, chosen = stays(Cutoffs(), figures([NAN, 0], [NAN, 0]))
    assert kept == [True, True]
    assert chosen.dropped == {}


def test_a_figure_equal_to_the_cutoff_stays() -> None:
    every = [round(0.01 * n, 2) for n in range(1, 100)]
    for value in every:
        assert stays(Cutoffs(min_r2=value), figures([value], [0.1]))[0] == [True]


def test_each_reason_is_counted_once() -> None:
    cutoffs = Cutoffs(min_r2=0.3, min_maf=0.01, min_mac=2, min_er2=0.5, regions=("20:1-500", "chr20:700"))
    of = figures(
        [NAN, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9],
        [0.2, 0.001, 0.2, 0.001, 0.015, 0.2, 0.2],
        typed=[False, False, True, False, False, False, False],
        er2=[NAN, NAN, 0.1, NAN, NAN, NAN, NAN],
    )
    kept, chosen = stays(cutoffs, of)
    assert kept == [False, False, False, False, False, False, True]
    assert chosen.dropped == {
        DropReason.NO_R2: 1,
        DropReason.LOW_R2: 1,
        DropReason.LOW_ER2: 1,
        DropReason.RARE: 1,
        DropReason.FEW_COPIES: 1,
        DropReason.OUTSIDE: 1,
    }
    assert (chosen.variants, chosen.kept) == (7, 1)


def test_typed_sites_are_not_judged_by_r2_unless_wanted() -> None:
    of = figures([0.1, NAN], [0.2, 0.2], typed=[True, True])
    assert stays(Cutoffs(min_r2=0.8), of)[0] == [True, True]
    assert stays(Cutoffs(min_r2=0.8, typed_by_r2=True), of)[0] == [False, False]


def test_r2_by_frequency() -> None:
    steps = (
        R2Step(maf_from=0, min_r2=0.8),
        R2Step(maf_from=0.005, min_r2=0.6),
        R2Step(maf_from=0.05, min_r2=0.3),
    )
    of = figures([0.7, 0.8, 0.7, 0.5, 0.3, 0.29], [0.004, 0.004, 0.005, 0.049, 0.05, 0.5])
    assert stays(Cutoffs(r2_steps=steps), of)[0] == [False, True, True, False, True, False]


def test_steps_must_rise() -> None:
    with pytest.raises(ValueError, match="must rise"):
        Cutoffs(r2_steps=(R2Step(maf_from=0.1, min_r2=0.3), R2Step(maf_from=0, min_r2=0.3)))


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("chr20", Region("20", 1, 1 << 62)),
        ("20:5-9", Region("20", 5, 9)),
        ("X:1,000-", Region("X", 1000, 1 << 62)),
        ("22:7", Region("22", 7, 7)),
    ],
)
def test_regions(text: str, region: Region) -> None:
    assert region_of(text) == region


@pytest.mark.parametrize("text", ["", "20:9-5", "20:x", "a b", "20:1-2-3"])
def test_what_is_no_region(text: str) -> None:
    with pytest.raises(ProblemError):
        region_of(text)


@given(
    st.lists(st.tuples(st.floats(0, 1, width=32), st.floats(0, 0.5, width=32), st.booleans()), max_size=50),
    st.floats(0, 1),
    st.floats(0, 0.5),
    st.floats(0, 100),
)
def test_kept_and_dropped_add_up(
    rows: list[tuple[float, float, bool]], min_r2: float, min_maf: float, min_mac: float
) -> None:
    of = figures([r[0] for r in rows], [r[1] for r in rows], typed=[r[2] for r in rows])
    kept, chosen = stays(Cutoffs(min_r2=min_r2, min_maf=min_maf, min_mac=min_mac), of)
    assert chosen.kept == sum(kept)
    assert chosen.kept + sum(chosen.dropped.values()) == chosen.variants == len(rows)


def test_frequency_of_the_minor_allele_follows_from_that_of_alt() -> None:
    nothing = np.full(2, NAN, np.float32)
    info = InfoColumns(nothing, nothing, np.array([0.8, 0.1], np.float32), nothing, np.zeros(2, np.uint8))
    np.testing.assert_allclose(told_figures(info).maf, [0.2, 0.1], rtol=1e-6)


def test_r2_of_people_is_the_variance_over_that_of_calls() -> None:
    values = haplotypes(20, 30, missing=0)
    kind, er2 = np.zeros(20, np.uint8), np.full(20, NAN, np.float32)
    found, af = computed_figures(of_haplotypes(values), kind, er2)
    p = values.astype(float).mean(axis=(1, 2))
    wanted = values.astype(float).reshape(20, -1).var(axis=1) / np.maximum(p * (1 - p), 1e-12)
    np.testing.assert_allclose(found.r2, np.where(p * (1 - p) > 0, wanted, 0), atol=1e-3)
    np.testing.assert_allclose(af, p, atol=1e-4)


def test_r2_of_calls_of_one_copy_and_of_dosages_alone() -> None:
    kind, er2 = np.zeros(1, np.uint8), np.full(1, NAN, np.float32)
    haploid = np.array([[[0.5, NAN], [1, NAN], [0, NAN], [NAN, NAN]]], np.float32)
    found, af = computed_figures(of_haplotypes(haploid), kind, er2)
    assert af.tolist() == [0.5]
    np.testing.assert_allclose(found.r2, [2 / 3], atol=1e-4)
    dosage = np.array([[0, 1, 2, 1]], np.float32)
    found, _ = computed_figures(of_dosages(dosage), kind, er2)
    np.testing.assert_allclose(found.r2, [1.0], atol=1e-6)
