"""Kinship of families made in code, and against plink2 on real chip data."""

import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from app.genotypes.people import kinship as module
from app.genotypes.people.kinship import DUPLICATE, FIRST, SECOND, THIRD, kinship
from tests.helpers.cohorts import cohort_of_rows
from tests.helpers.read_cohorts import read, tool
from tests.helpers.shared import shared_data

SITES = 3000


def child(random: np.random.Generator, one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Haplotypes [2, sites] of a child of two people with haplotypes [2, sites]."""
    return np.stack([np.where(random.random(SITES) < 0.5, each[0], each[1]) for each in (one, two)])


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory):
    """Unrelated people 0–9, 10 and 11 children of 0 and 1, 12 a child of 10 and 2, 13 a copy of 3."""
    random = np.random.default_rng(2)
    frequency = random.uniform(0.1, 0.9, SITES)
    people = [(random.random((2, SITES)) < frequency).astype(np.uint8) for _ in range(10)]
    people += [child(random, people[0], people[1]) for _ in range(2)]
    people += [child(random, people[10], people[2])]
    codes = np.array([each.sum(axis=0) for each in people] + [people[3].sum(axis=0)], np.uint8)
    codes[random.random(codes.shape) < 0.01] = 3
    rows = [(str(1 + n % 22), 1000 * n + 1000, ".", "A", "G", codes[:, n].tolist()) for n in range(SITES)]
    return cohort_of_rows(tmp_path_factory.mktemp("family") / "c", [f"P{n}" for n in range(14)], rows)


def pairs_above(kin: module.Kin, least: float) -> set[tuple[int, int]]:
    return {(int(i), int(j)) for (i, j), value in zip(kin.pairs, kin.kinship, strict=True) if value >= least}


def test_degrees_of_a_family(family) -> None:
    kin = kinship([family], least=SECOND)
    assert kin is not None
    assert pairs_above(kin, DUPLICATE) == {(3, 13)}
    first = {(0, 10), (1, 10), (0, 11), (1, 11), (10, 11), (10, 12), (2, 12)}
    assert pairs_above(kin, FIRST) == first | {(3, 13)}
    assert pairs_above(kin, SECOND) == first | {(3, 13), (0, 12), (1, 12), (11, 12)}
    assert kin.degrees() == {"duplicate": 1, "first": 7, "second": 3, "third": 0}


def test_a_screen_finds_the_same_close_pairs(family, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = kinship([family], least=FIRST)
    monkeypatch.setattr(module, "_MANY", 5)
    screened = kinship([family], least=FIRST)
    assert exact is not None
    assert screened is not None
    assert pairs_above(screened, FIRST) == pairs_above(exact, FIRST)
    assert np.allclose(screened.kinship, exact.kinship, atol=1e-6)


@pytest.mark.parametrize("many", [5, 1000])
def test_one_person_many_times_costs_no_more_than_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    code = np.random.default_rng(4).integers(0, 3, SITES)
    rows = [(str(1 + n % 22), 1000 * n + 1000, ".", "A", "G", [int(code[n])] * 30) for n in range(SITES)]
    rows += [("1", 10**7 + n, ".", "A", "G", [0, 1, 2] * 10) for n in range(1000)]
    cohort = cohort_of_rows(tmp_path / "c", [f"P{n}" for n in range(30)], rows)
    monkeypatch.setattr(module, "_MANY", many)
    monkeypatch.setattr(module, "_MOST_PAIRS", 20)
    monkeypatch.setattr(module, "_BLOCK", 8)
    compared: list[int] = []
    of_pairs = module._of_pairs
    monkeypatch.setattr(module, "_of_pairs", lambda *a: (compared.append(len(a[1])), of_pairs(*a)))
    kin = kinship([cohort])
    assert kin is not None
    assert (len(kin.pairs), kin.cut) == (20, True)
    assert (kin.pairs[:, 0] < kin.pairs[:, 1]).all()
    assert (kin.pairs[:, 0] % 3 == kin.pairs[:, 1] % 3).all()
    assert sum(compared) == 0


def test_more_people_are_compared_by_fewer_sites(family, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_CELLS", 14 * 1000)
    kin = kinship([family])
    assert kin is not None
    assert 990 <= kin.sites <= 1000
    assert pairs_above(kin, DUPLICATE) == {(3, 13)}
    monkeypatch.setattr(module, "MOST_PEOPLE", 13)
    assert kinship([family]) is None


def test_genotypes_are_held_once(family) -> None:
    rows = [np.tile(np.arange(SITES), 20)]
    tracemalloc.start()
    codes = module.read_codes([family], rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert codes.shape == (14, 20 * SITES)
    assert (codes[:, :SITES] == family.genotypes(np.arange(SITES)).T).all()
    assert peak < 1.5 * codes.nbytes


def test_one_chromosome_tells_only_the_same_person(tmp_path: Path, family) -> None:
    codes = family.genotypes(slice(0, 600))
    rows = [("22", 25_000 * n + 16_000_001, ".", "A", "G", codes[n].tolist()) for n in range(600)]
    kin = kinship([cohort_of_rows(tmp_path / "c", family.samples, rows)])
    assert kin is not None
    assert kin.least == DUPLICATE
    assert pairs_above(kin, 0) == {(3, 13)}


def test_too_few_sites_or_people(tmp_path: Path) -> None:
    rows = [("1", n + 1, ".", "A", "G", [0, 1, 2]) for n in range(50)]
    assert kinship([cohort_of_rows(tmp_path / "c", ["a", "b", "c"], rows)]) is None
    assert kinship([]) is None


def test_like_plink2_on_real_chips(tmp_path: Path) -> None:
    bed = shared_data("gwas", "hapmap3_957_b36", "hapmap3_b36.bed")
    tool("plink2", "--version")
    cohort = read(tmp_path / "c", bed)
    kin = kinship([cohort], least=THIRD, most_sites=4000)
    assert kin is not None
    (rows,), _ = module.chosen_sites([cohort], 4000)
    kept = tmp_path / "sites.txt"
    kept.write_text("\n".join(cohort.ids[int(row)] for row in rows))
    out = tmp_path / "king"
    command = ["plink2", "--bfile", bed.with_suffix(""), "--extract", kept, "--make-king-table"]
    subprocess.run(
        [*map(str, command), "--king-table-filter", str(THIRD), "--out", str(out)],
        check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    lines = [line.split() for line in out.with_suffix(".kin0").read_text().splitlines()]
    head = lines[0]
    theirs = {
        frozenset((row[head.index("IID1")], row[head.index("IID2")])): float(row[head.index("KINSHIP")])
        for row in lines[1:]
    }
    mine = {
        frozenset((cohort.samples[i], cohort.samples[j])): float(value)
        for (i, j), value in zip(kin.pairs, kin.kinship, strict=True)
    }
    assert len(theirs) > 50
    assert mine.keys() == theirs.keys()
    assert all(abs(mine[pair] - value) < 1e-4 for pair, value in theirs.items())
