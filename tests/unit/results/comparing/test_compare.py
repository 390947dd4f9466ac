"""A comparison in one pass has the figures that one computes from whole matrices."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.domain.result_comparison import RankedBy, ResultComparison
from app.results.comparing.compare import Compared, CompareRequest, compare, run_seconds
from app.results.figures.bins import MAF_BINS as BINS
from app.results.merging.files import result_files
from tests.unit.results.merging.made_results import Made, made_results


def _compare(made: list[Made], folder: Path, truth: Path | None = None) -> ResultComparison:
    folder.mkdir(exist_ok=True)
    folders = [each.write(folder / f"result{k}") for k, each in enumerate(made)]
    compared = tuple(Compared(str(each), result_files(each)) for each in folders)
    return compare(CompareRequest(compared, truth))


def _made(people: int = 40) -> list[Made]:
    made = made_results(3, variants=300, people=people, seed=5)
    return [made[0], made[1].without([3, 4]), made[2].without([4, 10, 11])]


def _figures(made: Made) -> tuple[np.ndarray, np.ndarray]:
    flat = made.doses.reshape(len(made.doses), -1).astype(np.float64)
    p = flat.mean(axis=1)
    with np.errstate(invalid="ignore"):
        r2 = flat.var(axis=1) / (p * (1 - p))
    return r2, np.minimum(p, 1 - p)


def test_counts_and_estimated_r2_by_bin(tmp_path: Path) -> None:
    made = _made()
    told = _compare(made, tmp_path)
    assert (told.people, told.union, told.shared) == (40, 300, 296)
    for result, each in zip(told.results, made, strict=True):
        r2, maf = _figures(each)
        for got in result.estimated:
            here = (maf >= got.maf_from) & ((maf < got.maf_to) | (got.maf_to == 0.5) & (maf <= 0.5))
            assert got.variants == here.sum()
            assert got.over_03 == (r2[here] >= 0.3).sum()
            assert got.over_08 == (r2[here] >= 0.8).sum()
            assert got.mean_r2 is None if not here.any() else got.mean_r2 == pytest.approx(r2[here].mean())
        assert result.score == pytest.approx(np.nansum(r2) / 300)
    assert [each.variants for each in told.results] == [300, 298, 297]
    assert [each.own for each in told.results] == [1, 0, 0]


def test_coverage_shared_and_own(tmp_path: Path) -> None:
    made = _made()
    told = _compare(made, tmp_path)
    r2 = np.array([_figures(each)[0] for each in made])
    for number, limit in enumerate((0.3, 0.8)):
        with np.errstate(invalid="ignore"):
            good = r2 >= limit
        for k, result in enumerate(told.results):
            coverage = result.coverage[number]
            assert coverage.variants == good[k].sum()
            assert coverage.shared == good.all(axis=0).sum()
            assert coverage.own == (good[k] & (good.sum(axis=0) == 1)).sum()
    assert told.chromosomes[0].over_08 == tuple((r2 >= 0.8).sum(axis=1).tolist())


def test_agreement_of_each_pair_by_bin(tmp_path: Path) -> None:
    made = _made()
    told = _compare(made, tmp_path)
    assert [(each.first, each.second) for each in told.agreements] == [(0, 1), (0, 2), (1, 2)]
    for each in told.agreements:
        x, y = (made[k].doses.sum(axis=2).astype(np.float64) for k in (each.first, each.second))
        both = ~np.isnan(x).any(axis=1) & ~np.isnan(y).any(axis=1)
        assert each.variants == both.sum()
        assert each.r2 == pytest.approx(np.corrcoef(x[both].ravel(), y[both].ravel())[0, 1] ** 2)
        p = (x.mean(axis=1) + y.mean(axis=1)) / 4
        maf = np.where(both, np.minimum(p, 1 - p), -1)
        for got in each.by_maf:
            here = (maf >= got.maf_from) & ((maf < got.maf_to) | (got.maf_to == BINS[-1]))
            assert got.variants == here.sum()
            if here.any():
                expected = np.corrcoef(x[here].ravel(), y[here].ravel())[0, 1] ** 2
                assert got.r2 == pytest.approx(expected)


def test_people_in_common_only_are_compared(tmp_path: Path) -> None:
    made = _made()
    told = _compare([made[0].people(range(30)), made[1].people(range(39, 9, -1)), made[2]], tmp_path)
    assert told.people == 20
    some = replace(made[0], doses=made[0].doses[:, 10:30])
    assert told.results[0].score == pytest.approx(np.nansum(_figures(some)[0]) / 300)


def test_sites_with_alleles_exchanged_are_told(tmp_path: Path) -> None:
    made = made_results(3, variants=300, people=20, seed=5)
    assert _compare(made, tmp_path / "alike").findings == ()
    turned = [made[0], replace(made[1], turned=frozenset({7, 8})), replace(made[2], turned=frozenset({8}))]
    told = _compare(turned, tmp_path / "turned")
    assert (told.union, told.shared) == (302, 298)
    (finding,) = told.findings
    assert (finding.count, finding.title) == (2, "2 sites have REF and ALT exchanged")
    assert finding.detail.startswith(
        "2 between result0 and result1, 1 between result0 and result2, 1 between result1 and result2."
    )
    assert finding.where == f"20:{made[0].position[7]:,} T/A and A/T"
    assert "repair" in finding.what_to_do


def test_a_site_with_both_orders_in_a_result_is_not_exchanged(tmp_path: Path) -> None:
    """Only what one result has in one order and the other in the other is a site in two guises."""
    (made,) = made_results(1, variants=300, people=20, seed=5)
    position = made.position.copy()
    position[:5] = position[4]
    both = replace(made, position=position, turned=frozenset({4}))  # A/C is the first, C/A the fifth
    assert _compare([both, both.without([4])], tmp_path / "one").findings == ()
    (finding,) = _compare([both.without([0]), both.without([4])], tmp_path / "two").findings
    assert finding.title == "1 site has REF and ALT exchanged"


def _truth(made: Made, path: Path, also: int = 0) -> Path:
    """The alleles of a result as a VCF, and sites of another chromosome."""
    head = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(made.samples)
    lines = ["##fileformat=VCFv4.2", head]
    for i, position in enumerate(made.position.tolist()):
        calls = "\t".join(f"{a}|{b}" for a, b in made.alleles[i])
        lines.append(f"20\t{position}\t.\t{'ACGT'[i % 4]}\t{'CGTA'[i % 4]}\t.\t.\t.\tGT\t{calls}")
    calls = "\t".join(["0|1"] * len(made.samples))
    lines += [f"21\t{i + 1}\t.\tA\tC\t.\t.\t.\tGT\t{calls}" for i in range(also)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_truth_ranks_by_what_is_true(tmp_path: Path) -> None:
    made = _made()
    worse = replace(made[0], doses=(made[0].doses * 0.4 + 0.3 * made[1].doses[:, ::-1]).astype(np.float32))
    truth = _truth(made[0], tmp_path / "truth.vcf")
    told = _compare([worse, made[0]], tmp_path, truth)
    assert told.ranked_by is RankedBy.TRUTH
    assert [Path(each).name for each in told.ranking] == ["result1", "result0"]
    untyped = ~made[0].typed
    assert sum(each.sites for each in told.results[1].by_maf) == untyped.sum()
    true = made[0].alleles.sum(axis=2)
    p = true.mean(axis=1) / 2
    here = untyped & (np.minimum(p, 1 - p) >= 0.2)
    x = made[0].doses.sum(axis=2)
    expected = np.corrcoef(x[here].ravel(), true[here].ravel())[0, 1] ** 2
    assert told.results[1].by_maf[-1].r2 == pytest.approx(expected, abs=1e-5)


def test_score_counts_sites_that_only_others_have_as_nothing(tmp_path: Path) -> None:
    made = _made()
    truth = _truth(made[0], tmp_path / "truth.vcf", also=500)
    fewer = made[0].without([i for i in range(300) if i % 3 == 1])
    told = _compare([made[0], fewer], tmp_path, truth)
    full, half = told.results
    sites = sum(each.sites for each in full.by_maf if each.r2 is not None)
    assert full.missed == 500
    assert full.score == pytest.approx(sum(b.sites * (b.r2 or 0) for b in full.by_maf) / sites)
    assert half.score == pytest.approx(sum(b.sites * (b.r2 or 0) for b in half.by_maf) / sites)


def test_a_site_typed_in_one_result_is_no_test_for_another(tmp_path: Path) -> None:
    made = _made()
    blind = replace(made[1], typed=np.zeros(300, dtype=bool))
    truth = tmp_path / "truth.vcf"
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP0\tP1\n"
    truth.write_text(head + f"20\t{made[0].position[0]}\t.\tA\tC\t.\t.\t.\tGT\t0|1\t1|1\n")
    told = _compare([made[0], blind], tmp_path, truth)
    assert [sum(each.sites for each in result.by_maf) for result in told.results] == [0, 0]


def test_seconds_of_a_run_on_this_computer(tmp_path: Path) -> None:
    assert run_seconds(tmp_path) is None
    (tmp_path / "run.json").write_text(json.dumps({"seconds": 12.5}))
    assert run_seconds(tmp_path) == 12.5
    for odd in ("[]", "[" * 100_000, '{"seconds": 1e999}', '{"seconds": -1}', '{"seconds": NaN}'):
        (tmp_path / "run.json").write_text(odd)
        assert run_seconds(tmp_path) is None


def test_one_result_is_no_comparison(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="two results"):
        _compare(_made()[:1], tmp_path)


def test_results_of_other_people_are_refused(tmp_path: Path) -> None:
    made = _made()
    strangers = replace(made[1], samples=tuple(f"Q{i}" for i in range(40)))
    with pytest.raises(ProblemError, match="nobody in common"):
        _compare([made[0], strangers], tmp_path)
