"""Projection of people who were drawn from the kit's frequencies, at few sites and with turned alleles."""

from pathlib import Path

import numpy as np
import pytest

from app.genotypes.known_sites import KNOWN_BUILDS, SITE_CHROMOSOMES, known_sites
from app.genotypes.people.ancestry import LABELS, ancestry_kit, overlap, project
from tests.helpers.cohorts import cohort_of_rows

LETTERS = "ACGT"
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def drawn(folder: Path, build: str, sites: int, people: int = 4, *, turn: bool = False, seed: int = 1):
    """A cohort with `people` of each superpopulation at random sites of the kit, in order of LABELS."""
    random = np.random.default_rng(seed)
    kit, table = ancestry_kit(), known_sites()
    rows = np.flatnonzero((kit.at >= 0) & (table.position[build] > 0))
    rows = np.sort(random.choice(rows, sites, replace=False))
    centres = [kit.frequency(kit.at[rows], kit.centre(label)) for label in LABELS]
    codes = np.concatenate([random.binomial(2, each, (people, sites)) for each in centres]).astype(np.uint8)
    records = []
    for site, row in enumerate(rows):
        ref, alt = LETTERS[table.code[row] >> 2], LETTERS[table.code[row] & 3]
        calls = codes[:, site]
        if turn and site % 3 == 1:
            ref, alt, calls = alt, ref, 2 - calls
        if turn and site % 2:
            ref, alt = ref.translate(COMPLEMENT), alt.translate(COMPLEMENT)
        name = SITE_CHROMOSOMES[table.chromosome[row]]
        records.append((name, int(table.position[build][row]), ".", ref, alt, calls.tolist()))
    return cohort_of_rows(folder, [f"P{n}" for n in range(len(codes))], records)


@pytest.mark.parametrize("build", KNOWN_BUILDS)
@pytest.mark.parametrize("turn", [False, True])
def test_people_of_each_population_are_told(tmp_path: Path, build: str, turn: bool) -> None:
    found = project([drawn(tmp_path / "c", build, 3000, turn=turn)], build)
    assert found is not None
    assert found.label == tuple(label for label in LABELS for _ in range(4))
    assert found.probabilities.sum(axis=1) == pytest.approx(1)


def test_palindromic_sites_do_not_count(tmp_path: Path) -> None:
    cohort = drawn(tmp_path / "c", "GRCh38", 2000)
    met = overlap(cohort, "GRCh38", ancestry_kit())
    pairs = {cohort.refs[int(row)] + cohort.alts[int(row)] for row in met.rows[met.palindromic]}
    assert pairs <= {"AT", "TA", "CG", "GC"}
    found = project([cohort], "GRCh38")
    assert found is not None
    assert found.sites == int((~met.palindromic).sum())


def test_too_few_sites_or_another_build_say_nothing(tmp_path: Path) -> None:
    assert project([drawn(tmp_path / "few", "GRCh37", 40)], "GRCh37") is None
    assert project([drawn(tmp_path / "other", "GRCh37", 2000)], "T2T-CHM13") is None


def test_missing_calls_widen_the_doubt_only(tmp_path: Path) -> None:
    cohort = drawn(tmp_path / "c", "GRCh38", 3000)
    random = np.random.default_rng(4)
    codes = cohort.genotypes(slice(0, len(cohort))).copy()
    codes[random.random(codes.shape) < 0.3] = 3
    rows = [
        (cohort.names[c], int(p), ".", r, a, g.tolist())
        for c, p, r, a, g in zip(
            cohort.chromosome, cohort.position, cohort.refs, cohort.alts, codes, strict=True
        )
    ]
    found = project([cohort_of_rows(tmp_path / "m", cohort.samples, rows)], "GRCh38")
    assert found is not None
    assert found.label == tuple(label for label in LABELS for _ in range(4))


def test_the_kit_holds_the_people_of_the_reference() -> None:
    kit = ancestry_kit()
    assert kit.scores.shape[0] == 2504
    assert np.bincount(kit.labels).tolist() == [661, 347, 504, 503, 489]
    assert 0 <= kit.mean.min() <= kit.mean.max() <= 1
