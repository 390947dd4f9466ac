"""Sex by X and Y, and who stands out by heterozygosity."""

from pathlib import Path

import numpy as np
import pytest

from app.genotypes.cohort import FEMALE, MALE, UNKNOWN, Batch, CohortWriter, Origin, open_cohort
from app.genotypes.people.heterozygosity import outliers
from app.genotypes.people.sex import sex_of
from app.genotypes.people.tally import NON_PAR, tally_of
from app.genotypes.texts import Texts
from tests.helpers.cohorts import cohort_of_rows


def x_codes(random: np.random.Generator, men: int, women: int, sites: int) -> np.ndarray:
    """[sites, people] with men first, who are homozygous."""
    frequency = random.uniform(0.1, 0.9, (sites, 1))
    man = 2 * (random.random((sites, men)) < frequency)
    woman = (random.random((sites, women, 2)) < frequency[:, :, None]).sum(axis=2)
    return np.concatenate([man, woman], axis=1).astype(np.uint8)


def cohort_on_x(folder: Path, codes: np.ndarray, chromosome: str = "X", start: int = 3_000_000):
    rows = [(chromosome, start + 10_000 * n, ".", "A", "G", codes[n].tolist()) for n in range(len(codes))]
    return cohort_of_rows(folder, [f"P{n}" for n in range(codes.shape[1])], rows)


@pytest.mark.parametrize("chromosome", ["X", "23", "chrX"])
@pytest.mark.parametrize("sites", [60, 800])
def test_men_and_women(tmp_path: Path, chromosome: str, sites: int) -> None:
    codes = x_codes(np.random.default_rng(sites), 15, 15, sites)
    codes[::50, 0] = 1  # a few wrong calls
    found = sex_of(tally_of([cohort_on_x(tmp_path / "c", codes, chromosome)], "GRCh37"))
    assert found is not None
    assert found.tolist() == [MALE] * 15 + [FEMALE] * 15


def test_someone_between_is_unclear(tmp_path: Path) -> None:
    codes = x_codes(np.random.default_rng(3), 10, 10, 800)
    codes[: 800 * 3 // 4, 10] = np.where(codes[: 800 * 3 // 4, 10] == 1, 0, codes[: 800 * 3 // 4, 10])
    found = sex_of(tally_of([cohort_on_x(tmp_path / "c", codes)], "GRCh37"))
    assert found is not None
    assert found[10] == UNKNOWN


@pytest.mark.parametrize("build", list(NON_PAR))
def test_the_pseudoautosomal_regions_do_not_count(tmp_path: Path, build: str) -> None:
    codes = x_codes(np.random.default_rng(4), 0, 12, 100)
    start = NON_PAR[build][0] - 100 * 10_000
    tally = tally_of([cohort_on_x(tmp_path / "c", codes, start=start)], build)
    assert tally.x_sites == 0
    assert sex_of(tally) is None


def test_y_alone_tells_where_it_differs(tmp_path: Path) -> None:
    codes = np.zeros((30, 8), np.uint8)
    codes[:, 4:] = 3
    found = sex_of(tally_of([cohort_on_x(tmp_path / "c", codes, "Y")], "GRCh38"))
    assert found is not None
    assert found.tolist() == [MALE] * 4 + [FEMALE] * 4


def test_y_calls_of_a_woman_are_unclear(tmp_path: Path) -> None:
    codes = x_codes(np.random.default_rng(5), 10, 10, 300)
    y = np.zeros((40, 20), np.uint8)
    y[:, 10:] = 3
    y[:, 19] = 0
    cohorts = [cohort_on_x(tmp_path / "x", codes), cohort_on_x(tmp_path / "y", y, "Y")]
    found = sex_of(tally_of(cohorts, "GRCh37"))
    assert found is not None
    assert found.tolist() == [MALE] * 10 + [FEMALE] * 9 + [UNKNOWN]


def test_outliers_are_judged_within_their_group() -> None:
    random = np.random.default_rng(6)
    f = np.concatenate([random.normal(0, 0.01, 50), random.normal(0.2, 0.01, 50)])
    f[0], f[99] = -0.3, 0.6
    groups = ["EUR"] * 50 + ["AFR"] * 50
    assert np.flatnonzero(outliers(f, groups)).tolist() == [0, 99]
    assert outliers(f, groups)[[0, 99]].tolist() == [-1, 1]


def test_few_people_are_not_judged() -> None:
    assert not outliers(np.array([0.0, 0.9, 0.1])).any()
    assert not outliers(np.full(20, np.nan)).any()


def test_a_tally_counts_calls_by_chunk(tmp_path: Path) -> None:
    rows = [("1", position, ".", "A", "G", [0, 1, 3]) for position in (5, 19_999_999, 20_000_001)]
    rows += [("2", 7, ".", "A", "G", [2, 3, 3])]
    tally = tally_of([cohort_of_rows(tmp_path / "c", ["a", "b", "c"], rows)], "GRCh37")
    assert tally.chunk_chromosome == ["1", "1", "2"]
    assert tally.chunk_start.tolist() == [1, 20_000_001, 1]
    assert tally.chunk_sites.tolist() == [2, 1, 1]
    assert tally.chunk_missing.tolist() == [[0, 0, 2], [0, 0, 1], [0, 1, 1]]
    assert tally.call_rate.tolist() == [1.0, 0.75, 0.0]
    assert tally.het.tolist() == [0, 3, 0]


def test_chunks_are_those_of_human_chromosomes_whatever_a_file_says(tmp_path: Path) -> None:
    far = [(name, n * 20_000_000 + 1) for name in ("1", "weird") for n in range(14, 100)]
    rows = [(name, position, ".", "A", "G", [0, 3]) for name, position in (("1", 5), ("chr22", 9), *far)]
    tally = tally_of([cohort_of_rows(tmp_path / "c", ["a", "b"], rows)], "GRCh37")
    assert tally.chunk_chromosome == ["1", "22"]
    assert tally.chunk_missing.tolist() == [[0, 1], [0, 1]]
    assert tally.chunk_missing.dtype == np.int32
    assert tally.all_sites == len(rows)
    assert tally.all_missing.tolist() == [0, len(rows)]


@pytest.mark.parametrize(("haploid", "sex"), [(True, MALE), (False, UNKNOWN)])
def test_one_man_is_known_by_calls_of_one_allele(tmp_path: Path, haploid: bool, sex: int) -> None:
    codes = np.array([[0], [2]] * 30, np.uint8)
    rows = len(codes)
    with CohortWriter(tmp_path / "c", Origin("VCF", ()), ["P"]) as writer:
        writer.append(
            Batch(
                names=["X"],
                chromosome=np.zeros(rows, np.uint16),
                position=np.arange(rows, dtype=np.int64) * 10_000 + 5_000_000,
                ids=Texts.of("." for _ in range(rows)),
                refs=Texts.of("A" for _ in range(rows)),
                alts=Texts.of("G" for _ in range(rows)),
                flags=np.zeros(rows, np.uint32),
                record=np.arange(rows, dtype=np.int64),
                genotypes=codes,
                haploid=np.full((rows, 1), haploid),
            )
        )
    found = sex_of(tally_of([open_cohort(tmp_path / "c")], "GRCh37"))
    assert found is not None
    assert found.tolist() == [sex]
