"""What hidden sites tell of untyped ones: carried over by what results say of themselves, and coverage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.results.figures.bins import MAF_COUNT
from app.results.masking import untyped
from app.results.masking.ranking import HiddenResult, rank
from app.results.masking.scores import HiddenErrand, keep_sums, kept_sums, score_hidden
from app.results.masking.untyped import (
    Cover,
    Listed,
    Own,
    Part,
    Sites,
    Untyped,
    coverage,
    expected_r2,
    own_sums,
    whole_lists,
)
from app.results.truth.scoring import TruthRequest, score_in_blocks
from app.results.truth.sums import Floats
from tests.unit.results.masking.test_masking import blocks
from tests.unit.results.truth.test_scoring import dose, vcf


def listed(*positions: int, place: int = MAF_COUNT - 1) -> Sites:
    many = len(positions)
    return Sites(
        {
            "1": Listed(
                np.array(positions, np.int64), np.full(many, 2, np.uint32), np.full(many, place, np.uint8)
            )
        }
    )


def own(stretches: int, hidden: float, others: float) -> dict[tuple[str, int], Floats]:
    """Sums whose expected r2 is `hidden` and `others`."""
    table = np.zeros((len(Part), MAF_COUNT, len(Own)))
    for part, r2 in ((Part.HIDDEN, hidden), (Part.UNTYPED, others)):
        table[part, -1] = [100, 60, 36 + r2 * 50, 36 + 50, 1]
    return {("1", number): table for number in range(stretches)}


def test_dosages_tell_what_r2_is_to_be_expected() -> None:
    rng = np.random.default_rng(4)
    truth = rng.binomial(2, 0.3, (200, 400)).astype(float)
    certain, maf = own_sums(truth)
    assert expected_r2(certain.sum(axis=0)) == pytest.approx(1, abs=0.02)
    assert maf == pytest.approx(0.3, abs=0.1)
    half = 0.6 + (truth - 0.6) * 0.5  # calibrated dosages that know a half have a quarter of the spread
    assert expected_r2(own_sums(half)[0].sum(axis=0)) == pytest.approx(0.25, abs=0.02)
    assert np.isnan(own_sums(np.full((1, 3), np.nan))[1][0])


def test_r2_is_carried_over_to_the_untyped_sites() -> None:
    plain = blocks(0.6, 1)
    one = rank([plain]).standings[0]
    better = rank([HiddenResult(plain.hidden, own(40, 0.6, 0.7))]).standings[0]
    worse = rank([HiddenResult(plain.hidden, own(40, 0.7, 0.6))]).standings[0]
    assert better.r2 == pytest.approx(one.r2 + 0.1)
    assert worse.r2 == pytest.approx(one.r2 - 0.1)
    assert worse.r2_error is not None


def test_coverage_is_that_of_the_sites_of_the_most_accurate() -> None:
    good = HiddenResult(blocks(0.2, 1).hidden, sites=listed(*range(100)))
    other = HiddenResult(blocks(0.9, 2).hidden, sites=listed(*range(50, 400)))
    told = rank([other, good]).standings
    assert [each.place for each in told] == [2, 1]
    assert [each.present for each in told] == [0.5, 1]  # what only the other panel has is not asked for
    alike = HiddenResult(blocks(0.2, 3).hidden, sites=listed(*range(50, 150)))
    assert [each.present for each in rank([alike, good]).standings] == pytest.approx([2 / 3, 2 / 3])


def test_long_lists_are_sampled_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untyped, "MOST_LISTED", 100)
    positions = range(1000, 9000, 10)
    rows = [f"1 {at} A C : 0 1 2 0.4" for at in positions]
    result = dose(tmp_path / "chr1.dose.vcf", rows)
    truth = vcf(tmp_path / "truth.vcf", ["1 10 A C : 0|0 0|1 1|1 0|0"])
    watch = Untyped(100_000)
    score_in_blocks(TruthRequest("r", (result,), (truth,), project=False), watch=watch)
    halved = whole_lists(watch)
    assert halved.halvings >= 3
    assert 20 < len(halved.lists["1"]) <= 100
    half = listed(*positions[::2])
    shares = coverage([halved, half], [0], 100_000)
    whole, part = (np.stack([*each.values()]).sum(axis=(0, 1)) for each in shares)
    assert whole[Cover.THERE] == whole[Cover.ALL] == len(halved.lists["1"])
    assert part[Cover.THERE] == 0  # other alleles
    same = Sites({"1": Listed(half.lists["1"].position, np.full(400, 1, np.uint32), half.lists["1"].place)})
    there = np.stack([*coverage([halved, same], [0], 100_000)[1].values()]).sum(axis=(0, 1))
    assert there[Cover.THERE] / there[Cover.ALL] == pytest.approx(0.5, abs=0.2)


def study(tmp_path: Path) -> tuple[Path, Path]:
    """A result with a hidden, a typed and two untyped sites, one of several letters; and the truth."""
    rows = ["1 10 A C : 0 1 2 0.4", "1 20 A C TYPED : 0 1 2 1", "1 30 A C : 0 1 1 0", "1 40 A ACG : 2 1 1 0"]
    result = dose(tmp_path / "chr1.dose.vcf", rows)
    return result, vcf(tmp_path / "truth.vcf", ["1 10 A C : 0|0 0|1 1|1 0|0"])


def test_a_result_is_read_once_for_both(tmp_path: Path) -> None:
    result, truth = study(tmp_path)
    watch = Untyped(100)
    made = score_in_blocks(TruthRequest("r", (result,), (truth,), project=False, window=100), watch=watch)
    assert made.score.sites == 1
    total = np.stack([*watch.tables.values()]).sum(axis=(0, 2))
    assert total[Part.HIDDEN, Own.SITES] == 1
    assert total[Part.HIDDEN, Own.X] == pytest.approx(3.4)
    assert total[Part.UNTYPED, Own.SITES] == 2
    assert whole_lists(watch).lists["1"].position.tolist() == [30, 40]


def test_a_result_of_another_build_is_lifted(tmp_path: Path) -> None:
    rows = ["1 110 G T : 0 1 2 0.4", "1 130 C A : 2 1 1 2", "1 5000 A C : 0 1 1 0"]  # 10 on the other strand
    result = dose(tmp_path / "chr1.dose.vcf", rows)
    truth = vcf(tmp_path / "truth.vcf", ["1 10 C A : 0|0 0|1 1|1 0|0"])
    chain = tmp_path / "back.chain"
    chain.write_text("chain 9 chr1 248956422 + 100 1100 chr1 249250621 + 0 1000 1\n1000\n\n")
    watch = Untyped(100)
    request = TruthRequest("r", (result,), (truth,), project=False, window=100, chain=chain)
    made = score_in_blocks(request, watch=watch)
    assert (made.score.sites, made.score.whole.r2) == (1, pytest.approx(0.93, abs=0.05))
    there = whole_lists(watch).lists["1"]
    assert there.position.tolist() == [30]  # 5000 has no place
    assert there.alleles.tolist() == [1]  # A and C, whichever is REF
    plain = score_in_blocks(TruthRequest("r", (result,), (truth,), project=False))
    assert plain.score.sites == 0


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "result"
    folder.mkdir()
    result, truth = study(tmp_path)
    result.rename(folder / result.name)
    errand = HiddenErrand(str(folder), "r", (str(truth),), str(tmp_path / "sums.npz"))
    score_hidden(errand)
    kept = kept_sums(tmp_path / "sums.npz")
    assert set(kept.hidden) == {("1", 0)}
    assert set(kept.own) == {("1", 0)}
    assert kept.sites.lists["1"].position.tolist() == [30, 40]
    keep_sums(tmp_path / "none.npz", HiddenResult({}))
    empty = kept_sums(tmp_path / "none.npz")
    assert (empty.hidden, empty.own, empty.sites.lists) == ({}, {}, {})
