"""Samples: who is left out, names, batches, several files, and chromosome X."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess
from app.domain.problem import ProblemError
from app.domain.repair import RepairCode, RepairOutcome
from app.genotypes.bgzf import read_lines
from app.genotypes.cohort import FEMALE, MALE, Batch, Cohort, CohortWriter, Origin, open_cohort
from app.genotypes.matrix import ABSENT, read_matrix
from app.genotypes.repair.apply import repair
from app.genotypes.repair.plan import plan_repairs
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.texts import Texts
from tests.helpers.cohorts import cohort_of_rows

SURE = BuildGuess(value="GRCh37", confidence=0.999)
PLAIN = RepairTarget(study_build=SURE)
LOOSE = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0)


def random_codes(sites: int, samples: int, seed: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    frequency = random.uniform(0.2, 0.8, (sites, 1))
    return random.binomial(2, frequency, (sites, samples)).astype(np.uint8)


def cohort_of_codes(
    folder: Path,
    codes: np.ndarray,
    names: list[str] | None = None,
    chromosome: str = "1",
    first: int = 1_000_000,
    spacing: int = 50_000,
) -> Cohort:
    samples = names or [f"s{i}" for i in range(codes.shape[1])]
    rows = [
        (chromosome, first + spacing * i, f"rs{i}", "A", "G", row.tolist()) for i, row in enumerate(codes)
    ]
    return cohort_of_rows(folder, samples, rows)


def lines_of(outcome: RepairOutcome) -> dict[str, tuple[int, int]]:
    """Removed samples and changed samples by reason."""
    return {line.code: (line.removed_samples, line.changed_samples) for line in outcome.ledger.lines}


def test_people_who_were_hardly_called_and_people_twice(tmp_path: Path) -> None:
    codes = random_codes(400, 30)
    codes[np.random.default_rng(2).random(400) < 0.3, 4] = 3
    codes[:, 9] = codes[:, 8]
    codes[:5, 9] = 3  # the second of the pair has fewer calls
    cohort = cohort_of_codes(tmp_path / "c", codes)
    outcome = repair([cohort], PLAIN, RepairChoices(site_call_rate=0, hwe_p=0), tmp_path / "out")
    lines = lines_of(outcome)
    assert lines["drop_samples_call_rate"] == (1, 0)
    assert lines["drop_samples_duplicate"] == (1, 0)
    kept = read_matrix(Path(outcome.files[0].path)).samples
    assert kept == tuple(f"s{i}" for i in range(30) if i not in (4, 9))
    assert outcome.ledger.adds_up


def test_of_three_samples_of_one_person_one_stays(tmp_path: Path) -> None:
    codes = random_codes(600, 20)
    for copy, gaps in ((11, 3), (3, 6)):
        codes[:, copy] = codes[:, 7]
        codes[:gaps, copy] = 3
    outcome = repair([cohort_of_codes(tmp_path / "c", codes)], PLAIN, LOOSE, tmp_path / "out")
    assert lines_of(outcome)["drop_samples_duplicate"] == (2, 0)
    assert set(cohort_names(outcome)) == {f"s{i}" for i in range(20)} - {"s3", "s11"}


def cohort_names(outcome: RepairOutcome) -> tuple[str, ...]:
    return read_matrix(Path(outcome.files[0].path)).samples


def test_brothers_are_no_duplicates(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    frequency = random.uniform(0.2, 0.8, (800, 1))
    parents = random.random((800, 4)) < frequency  # two haplotypes each
    which = random.integers(0, 2, (800, 4))
    child = [
        parents[np.arange(800), which[:, 2 * c]].astype(int)
        + parents[np.arange(800), 2 + which[:, 2 * c + 1]]
        for c in range(2)
    ]
    codes = np.hstack([random_codes(800, 20, 4), np.array(child).T.astype(np.uint8)])
    plan = plan_repairs([cohort_of_codes(tmp_path / "c", codes)], PLAIN, LOOSE)
    assert RepairCode.DROP_SAMPLES_DUPLICATE not in {step.code for step in plan.steps}


def test_who_costs_a_chunk_is_left_out_and_nobody_else(tmp_path: Path) -> None:
    codes = random_codes(400, 25)
    codes[100:200, 7] = np.where(np.arange(100) % 5 == 0, codes[100:200, 7], 3)  # a chunk of 500,000 bases
    cohort = cohort_of_codes(tmp_path / "c", codes)
    target = RepairTarget(study_build=SURE, for_service=True, chunk_size=500_000, least_samples=20)
    outcome = repair([cohort], target, LOOSE, tmp_path / "out")
    assert lines_of(outcome)["drop_samples_chunk"] == (1, 0)
    assert "s7" not in read_matrix(Path(outcome.files[0].path)).samples


def test_a_loss_below_the_least_number_is_not_proposed(tmp_path: Path) -> None:
    codes = random_codes(200, 21)
    codes[:120, 3:6] = 3
    cohort = cohort_of_codes(tmp_path / "c", codes)
    target = RepairTarget(study_build=SURE, for_service=True, least_samples=20)
    choices = RepairChoices(site_call_rate=0, hwe_p=0)
    plan = plan_repairs([cohort], target, choices)
    step = next(each for each in plan.steps if each.code is RepairCode.DROP_SAMPLES_CALL_RATE)
    assert (step.samples, step.chosen) == (3, False)
    assert "18" in step.caution


def test_names_that_break_programs_get_plain_ones_with_a_map(tmp_path: Path) -> None:
    names = ["a b", "a/b", "ok", "POS", "-x", "ä", "ok"]
    cohort = cohort_of_codes(tmp_path / "c", random_codes(20, 7), names)
    outcome = repair([cohort], PLAIN, LOOSE, tmp_path / "out")
    written = read_matrix(Path(outcome.files[0].path)).samples
    assert written == ("a_b", "a_b_2", "ok", "POS_", "x", "_", "ok_2")
    rows = [line.split("\t") for line in Path(outcome.sample_map).read_text("utf-8").splitlines()[1:]]
    assert [(row[0], row[1]) for row in rows] == list(zip(names, written, strict=True))
    assert lines_of(outcome)["rename_samples"] == (0, 6)


def test_batches_are_of_equal_size_and_sex(tmp_path: Path) -> None:
    codes = random_codes(30, 23)
    sex = [MALE] * 12 + [FEMALE] * 11
    rows = [("1", 1_000_000 + i, ".", "A", "G", row.tolist()) for i, row in enumerate(codes)]
    cohort = cohort_of_rows(tmp_path / "c", [f"s{i}" for i in range(23)], rows, sex=sex)
    target = RepairTarget(study_build=SURE, for_service=True, most_samples=10)
    outcome = repair([cohort], target, LOOSE, tmp_path / "out")
    assert sorted(each.samples for each in outcome.files) == [7, 8, 8]
    together: list[str] = []
    for each in outcome.files:
        people = read_matrix(Path(each.path)).samples
        assert list(people) == sorted(people, key=lambda name: int(name[1:]))
        assert sum(int(name[1:]) < 12 for name in people) == 4
        together += people
    assert sorted(together) == sorted(cohort.samples)
    assert outcome.ledger.adds_up


def test_files_of_the_same_people_in_another_order_become_one_study(tmp_path: Path) -> None:
    codes = random_codes(40, 6)
    first = cohort_of_codes(tmp_path / "a", codes[:20], ["a", "b", "c", "d", "e", "f"], "1")
    order = [3, 0, 5, 1]
    second = cohort_of_codes(tmp_path / "b", codes[20:][:, order], ["d", "a", "f", "b"], "2")
    outcome = repair([first, second], PLAIN, LOOSE, tmp_path / "out")
    assert [each.chromosome for each in outcome.files] == ["1", "2"]
    for path, rows in zip((f.path for f in outcome.files), (codes[:20], codes[20:]), strict=True):
        got = read_matrix(Path(path))
        assert got.samples == ("a", "b", "d", "f")
        assert (got.counts() == rows[:, [0, 1, 3, 5]]).all()
    assert lines_of(outcome)["samples_not_in_all_files"] == (2, 0)
    assert outcome.ledger.adds_up


def test_files_of_different_people_are_refused(tmp_path: Path) -> None:
    one = cohort_of_codes(tmp_path / "a", random_codes(5, 3), ["a", "b", "c"])
    other = cohort_of_codes(tmp_path / "b", random_codes(5, 3), ["d", "e", "f"])
    with pytest.raises(ProblemError, match=r"2 groups of people: a \(3\), b \(3\)") as refused:
        plan_repairs([one, other], PLAIN)
    assert "a dataset of its own" in str(refused.value.problem.what_you_can_do)


def test_one_control_in_both_does_not_make_different_people_one_group(tmp_path: Path) -> None:
    one = cohort_of_codes(tmp_path / "a", random_codes(5, 4), ["a", "b", "c", "control"])
    other = cohort_of_codes(tmp_path / "b", random_codes(5, 4), ["d", "e", "f", "control"])
    with pytest.raises(ProblemError, match="2 groups of people"):
        plan_repairs([one, other], PLAIN)


X_SAMPLES, X_SITES = 12, 200


def x_cohort(folder: Path, *, haploid: bool, names: str = "X") -> Cohort:
    """Six men and six women, half of the sites in PAR1; a man has 4 hets, one man one diploid stretch."""
    codes = random_codes(X_SITES, X_SAMPLES, 9)
    positions = np.concatenate([np.arange(100) * 20_000 + 100_000, np.arange(100) * 100_000 + 5_000_000])
    single = np.zeros(codes.shape, bool)
    men = codes[100:, :6]
    men[men == 1] = 2
    codes[100:104, 2] = 1
    if haploid:
        single[100:, :6] = True
        single[100:104, 2] = False
        single[150:160, 4] = False
    chromosome = np.array([0] * 100 + [1] * 100 if names == "23,25" else [0] * X_SITES, np.uint16)
    with CohortWriter(
        folder, Origin("VCF", ("x.vcf",)), [f"s{i}" for i in range(X_SAMPLES)], sex=[MALE] * 6 + [FEMALE] * 6
    ) as writer:
        writer.append(
            Batch(
                names=["25", "23"] if names == "23,25" else [names],
                chromosome=chromosome,
                position=positions,
                ids=Texts.of(f"rs{i}" for i in range(X_SITES)),
                refs=Texts.of("A" for _ in range(X_SITES)),
                alts=Texts.of("G" for _ in range(X_SITES)),
                flags=np.zeros(X_SITES, np.uint32),
                record=np.arange(X_SITES, dtype=np.int64),
                genotypes=codes,
                haploid=single,
            )
        )
    return open_cohort(folder)


@pytest.mark.parametrize("haploid", [False, True])
def test_men_have_one_copy_outside_the_pars(tmp_path: Path, haploid: bool) -> None:
    cohort = x_cohort(tmp_path / "c", haploid=haploid)
    outcome = repair([cohort], PLAIN, LOOSE, tmp_path / "out")
    got = read_matrix(Path(outcome.files[0].path))
    first, second = got.haplotypes[:, 0::2], got.haplotypes[:, 1::2]
    het = (first >= 0) & (second >= 0) & (first != second)
    assert not het[100:, :6].any()
    assert got.counts()[100:104, 2].tolist() == [-1] * 4
    single = second == ABSENT
    lone_dots = haploid & (first[100:, :6] == -1)
    assert (single[100:, :6] | lone_dots).all() == haploid
    rows = [line.split(b"\t")[9:] for line in read_lines(outcome.files[0].path) if not line.startswith(b"#")]
    lengths = {len(cell) for row in rows[100:] for cell in row[:6]}
    assert lengths == ({1} if haploid else {3})
    assert not single[:100].any()
    assert not single[:, 6:].any()
    women = got.counts()[:, 6:]
    assert (women == cohort.genotypes(slice(None))[:, 6:]).all()
    hets = next(line for line in outcome.ledger.lines if line.code == RepairCode.MALE_HETS)
    assert hets.changed_sites == 4


def test_a_site_where_many_men_are_heterozygous_is_left_out(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    men = 30
    rows = []
    for i in range(60):
        codes = (2 * random.integers(0, 2, men)).tolist()
        if i == 20:
            codes[:10] = [1] * 10
        if i == 30:
            codes[0] = 1
        rows.append(("X", 5_000_000 + 10_000 * i, ".", "A", "G", codes))
    cohort = cohort_of_rows(tmp_path / "c", [f"s{i}" for i in range(men)], rows, sex=[MALE] * men)
    outcome = repair([cohort], PLAIN, LOOSE, tmp_path / "out")
    line = next(each for each in outcome.ledger.lines if each.code == RepairCode.MALE_HETS)
    assert (line.removed_sites, line.changed_sites, line.changed_samples) == (1, 1, 1)
    got = read_matrix(Path(outcome.files[0].path))
    assert 5_200_000 not in got.positions.tolist()
    assert outcome.ledger.adds_up


def test_the_regions_of_x_are_joined_and_can_be_split(tmp_path: Path) -> None:
    cohort = x_cohort(tmp_path / "c", haploid=False, names="23,25")
    outcome = repair([cohort], PLAIN, LOOSE, tmp_path / "out")
    assert [(each.chromosome, each.sites) for each in outcome.files] == [("X", X_SITES)]
    assert set(read_matrix(Path(outcome.files[0].path)).chromosomes) == {"X"}
    split = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0, split_x=True)
    parts = repair([cohort], PLAIN, split, tmp_path / "parts")
    names = [Path(each.path).name for each in parts.files]
    assert names == ["chrX.PAR1.vcf.gz", "chrX.nonPAR.vcf.gz"]
    assert [each.sites for each in parts.files] == [100, 100]


def test_sex_is_told_from_calls_where_the_files_do_not_say_it(tmp_path: Path) -> None:
    cohort = x_cohort(tmp_path / "c", haploid=False)
    codes, positions = cohort.genotypes(slice(None)).copy(), cohort.position
    codes[110:125, 3] = 1  # so many hets that nobody can tell
    rows = [("X", int(p), ".", "A", "G", row.tolist()) for p, row in zip(positions, codes, strict=True)]
    silent = cohort_of_rows(tmp_path / "s", list(cohort.samples), rows)
    hets = {step.code: step for step in plan_repairs([silent], PLAIN, LOOSE).steps}[RepairCode.MALE_HETS]
    assert (hets.sites, hets.samples) == (4, 1)
    told = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0, sex={"s3": MALE})
    hets = {step.code: step for step in plan_repairs([silent], PLAIN, told).steps}[RepairCode.MALE_HETS]
    assert (hets.sites, hets.samples) == (19, 2)


def people_on_x(folder: Path, stated: list[int], sites: int = 300) -> Cohort:
    """Ten men, then ten women; men have one allele twice, and the files state a sex."""
    random = np.random.default_rng(8)
    frequency = random.uniform(0.2, 0.5, (sites, 1))
    codes = (random.random((sites, 20)) < frequency).astype(np.uint8) + (
        random.random((sites, 20)) < frequency
    )
    codes[:, :10] = 2 * (random.random((sites, 10)) < frequency)
    codes[7, 0] = 1
    rows = [("X", 5_000_000 + 9_000 * i, ".", "A", "G", codes[i].tolist()) for i in range(sites)]
    return cohort_of_rows(folder, [f"s{i}" for i in range(20)], rows, sex=stated)


def test_a_stated_sex_stands_only_where_x_does_not_contradict_it(tmp_path: Path) -> None:
    exchanged = [FEMALE] + [MALE] * 9 + [FEMALE] * 9 + [MALE]
    cohort = people_on_x(tmp_path / "c", exchanged)
    outcome = repair([cohort], PLAIN, LOOSE, tmp_path / "out")
    told = {each.code: each for each in outcome.unresolved}
    assert told["sex_contradicted"].samples == 2
    got, before = read_matrix(Path(outcome.files[0].path)).counts(), cohort.genotypes(slice(None))
    assert got[7, 0] == -1  # X says that he is a man
    assert (got[:, 19] == before[:, 19]).all()  # and that she is a woman
    right = people_on_x(tmp_path / "r", [MALE] * 10 + [FEMALE] * 10)
    plan = plan_repairs([right], PLAIN, LOOSE)
    assert "sex_contradicted" not in {each.code for each in plan.unresolved}


def test_few_sites_of_x_leave_the_stated_sex(tmp_path: Path) -> None:
    cohort = people_on_x(tmp_path / "c", [MALE] * 10 + [FEMALE] * 9 + [MALE], sites=15)
    plan = plan_repairs([cohort], PLAIN, LOOSE)
    assert "sex_contradicted" not in {each.code for each in plan.unresolved}
    assert {step.code: step for step in plan.steps}[RepairCode.MALE_HETS].sites > 1
