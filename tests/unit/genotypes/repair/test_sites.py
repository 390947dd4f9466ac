"""Sites: form, HWE, thinning, lifting on turned strands, and the palindromic ones one by one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess
from app.domain.problem import ProblemError
from app.domain.repair import RepairCode, RepairOutcome
from app.genotypes.matrix import read_matrix
from app.genotypes.repair.alleles import Stand, restored, stand_of
from app.genotypes.repair.apply import repair
from app.genotypes.repair.plan import plan_repairs
from app.genotypes.repair.structure import trim
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.site_table import NO_FREQUENCY, SiteTable, letters_code, table_of
from app.genotypes.texts import Texts
from tests.helpers.cohorts import cohort_of_rows

SURE = BuildGuess(value="GRCh37", confidence=0.999)
LOOSE = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0)
Row = tuple[str, int, str, str, str, list[int]]


def mended(
    folder: Path, rows: list[Row], target: RepairTarget, choices: RepairChoices = LOOSE
) -> RepairOutcome:
    samples = [f"s{i}" for i in range(len(rows[0][5]))]
    outcome = repair([cohort_of_rows(folder / "c", samples, rows)], target, choices, folder / "out")
    assert outcome.ledger.adds_up
    return outcome


def codes(outcome: RepairOutcome) -> dict[str, tuple[int, int]]:
    return {line.code: (line.changed_sites, line.removed_sites) for line in outcome.ledger.lines}


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (("CTT", "CT"), (0, ("CT", "C"))),
        (("ACG", "ATG"), (1, ("C", "T"))),
        (("GA", "GAA"), (0, ("G", "GA"))),
        (("AC", "GT"), (0, ("AC", "GT"))),
    ],
)
def test_shared_bases_are_trimmed(pair: tuple[str, str], expected: tuple[int, tuple[str, str]]) -> None:
    assert trim(*pair) == expected


@pytest.mark.parametrize(
    ("mine", "expected"),
    [
        (("G", "."), ((0, 1), False)),  # panel A/G: G is ALT, and stands as REF
        ((".", "G"), ((0, 1), True)),
        (("C", "0"), ((0, 1), False)),
        (("T", "."), ((0, 1), True)),
        (("A", "AT"), None),
    ],
)
def test_the_other_allele_comes_from_the_panel(
    mine: tuple[str, str], expected: tuple[tuple[int, int], bool] | None
) -> None:
    found = restored(table_of([(5, "A", "G")]), 5, mine)
    if expected is None:
        assert found is None
        return
    assert found is not None
    code, exchanged = found
    assert code == 2  # A/G
    letter = mine[0] if mine[0] in "ACGT" else mine[1]
    is_ref = letter in ("A", "T")
    assert exchanged == (is_ref != (letter == mine[0]))


def test_every_pair_stands_right_to_every_other() -> None:
    """All 144 combinations of pairs against the rules written out."""
    other = {"A": "T", "C": "G", "G": "C", "T": "A"}
    pairs = [(a, b) for a in "ACGT" for b in "ACGT" if a != b]
    for theirs in pairs:
        table = table_of([(10, *theirs)])
        code = letters_code(Texts.of(p[0] for p in pairs), Texts.of(p[1] for p in pairs))
        stand, row = stand_of(table, np.full(len(pairs), 10, np.int64), code)
        for mine, got in zip(pairs, stand.tolist(), strict=True):
            turned = other[mine[0]], other[mine[1]]
            palindrome = other[theirs[0]] == theirs[1]
            if mine == theirs:
                expected = Stand.SAME_PALINDROME if palindrome else Stand.EXACT
            elif mine[::-1] == theirs:
                expected = Stand.TURNED_PALINDROME if palindrome else Stand.SWITCH
            elif turned == theirs:
                expected = Stand.FLIP
            elif turned[::-1] == theirs:
                expected = Stand.FLIP_SWITCH
            else:
                expected = Stand.MISMATCH
            assert got == expected, (mine, theirs)
        assert (row >= -1).all()


def test_any_row_of_a_position_may_fit() -> None:
    table = table_of([(10, "A", "G"), (10, "A", "C"), (10, "A", "T")])
    code = letters_code(Texts.of("AGC"), Texts.of("CAA"))
    stand, row = stand_of(table, np.full(3, 10, np.int64), code)
    assert stand.tolist() == [Stand.EXACT, Stand.SWITCH, Stand.SWITCH]
    assert row.tolist() == [1, 0, 1]


def test_sites_far_from_hwe_are_left_out_but_not_in_a_mixed_cohort(tmp_path: Path) -> None:
    """One site of a hundred where all are heterozygous goes; where every site is off nothing is proposed."""
    random = np.random.default_rng(3)
    frequency = random.uniform(0.3, 0.7, 100)
    rows: list[Row] = [
        ("1", 1_000_000 + 5_000 * i, ".", "A", "G", random.binomial(2, f, 60).tolist())
        for i, f in enumerate(frequency)
    ]
    rows[40] = (*rows[40][:5], [1] * 60)
    strict = RepairChoices(sample_call_rate=0, site_call_rate=0)
    outcome = mended(tmp_path / "a", rows, RepairTarget(study_build=SURE), strict)
    assert codes(outcome)["drop_sites_hwe"] == (0, 1)
    two = [(*row[:5], [0] * 30 + [2] * 30) for row in rows]
    cohort = cohort_of_rows(tmp_path / "b", [f"s{i}" for i in range(60)], two)
    plan = plan_repairs([cohort], RepairTarget(study_build=SURE), strict)
    step = next(each for each in plan.steps if each.code is RepairCode.DROP_SITES_HWE)
    assert (step.sites, step.chosen) == (100, False)
    assert "ancestries" in step.caution


def test_dense_input_is_thinned_to_an_array(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    rows: list[Row] = [
        ("22", 20_000_000 + 100 * i, f"rs{i}", "A", "G", random.integers(0, 3, 8).tolist())
        for i in range(1000)
    ]
    target = RepairTarget(study_build=SURE, for_service=True, most_per_chunk=500)
    outcome = mended(tmp_path, rows, target)
    kept = read_matrix(Path(outcome.files[0].path)).positions
    assert len(np.unique(kept // 2000)) == len(kept) == 50
    assert codes(outcome)["thin"] == (0, 950)


def test_a_list_of_sites_is_kept_to(tmp_path: Path) -> None:
    rows: list[Row] = [("22", 20_000_000 + i, ".", "A", "G", [0, 1, 2]) for i in range(10)]
    wanted = RepairChoices(
        sample_call_rate=0, site_call_rate=0, hwe_p=0, sites={"22": frozenset({20_000_003, 20_000_007})}
    )
    outcome = mended(tmp_path, rows, RepairTarget(study_build=SURE), wanted)
    assert read_matrix(Path(outcome.files[0].path)).positions.tolist() == [20_000_003, 20_000_007]


CHAIN = """chain 1000 22 51304566 + 1000 3000 22 50818468 + 5000 7000 1
2000

chain 900 22 51304566 + 4000 5000 22 50818468 - 50811468 50812468 2
1000

chain 800 22 51304566 + 6000 7000 21 46709983 + 100 1100 3
1000

chain 100 21 48129895 + 100 200 21 46709983 + 100 200 4
100
"""


def test_alleles_are_turned_on_backward_chains_and_other_chromosomes_refused(tmp_path: Path) -> None:
    chain = tmp_path / "a.chain"
    chain.write_text(CHAIN)
    rows: list[Row] = [
        ("22", 1001, "same", "A", "C", [0, 1, 2]),
        ("22", 4001, "turned", "A", "C", [0, 1, 2]),
        ("22", 6001, "other", "A", "C", [0, 1, 2]),
        ("22", 9001, "nowhere", "A", "C", [0, 1, 2]),
    ]
    outcome = mended(tmp_path, rows, RepairTarget(build="GRCh38", study_build=SURE, chain=chain))
    got = read_matrix(Path(outcome.files[0].path))
    assert dict(zip(got.ids, got.positions.tolist(), strict=True)) == {"same": 5001, "turned": 7000}
    at = {name: row for row, name in enumerate(got.ids)}
    assert (got.refs[at["same"]], got.alts[at["same"]]) == ("A", "C")
    assert (got.refs[at["turned"]], got.alts[at["turned"]]) == ("T", "G")
    assert got.counts()[at["turned"]].tolist() == [0, 1, 2]
    assert set(got.chromosomes) == {"chr22"}
    assert codes(outcome)["liftover"] == (2, 2)


def test_the_way_back_must_turn_the_strand_too(tmp_path: Path) -> None:
    chain, back = tmp_path / "a.chain", tmp_path / "b.chain"
    chain.write_text(CHAIN)
    back.write_text(
        "chain 9 22 50818468 + 5000 6000 22 51304566 + 1000 2000 1\n1000\n\n"
        "chain 9 22 50818468 + 6999 7000 22 51304566 + 4000 4001 2\n1\n"
    )
    rows: list[Row] = [
        ("22", 1001, "same", "A", "C", [0, 1, 2]),
        ("22", 2500, "no way back", "A", "C", [0, 1, 2]),
        ("22", 4001, "turned", "A", "C", [0, 1, 2]),
    ]
    target = RepairTarget(build="GRCh38", study_build=SURE, chain=chain, chain_back=back)
    outcome = mended(tmp_path, rows, target)
    assert list(read_matrix(Path(outcome.files[0].path)).ids) == ["same"]
    assert codes(outcome)["liftover"] == (1, 2)


def test_a_chain_of_other_builds_is_refused(tmp_path: Path) -> None:
    chain = tmp_path / "wrong.chain"
    chain.write_text(CHAIN)
    rows: list[Row] = [("22", 1001, ".", "A", "C", [0, 1, 2])]
    old = BuildGuess(value="NCBI36", confidence=0.999)
    cohort = cohort_of_rows(tmp_path / "c", ["a", "b", "c"], rows)
    with pytest.raises(ProblemError, match="leads from GRCh37 to GRCh38"):
        plan_repairs([cohort], RepairTarget(build="GRCh38", study_build=old, chain=chain))


def palindromic_panel(frequency: float) -> SiteTable:
    return SiteTable(
        np.array([20_000_000], np.uint32),
        letters_code(Texts.of("A"), Texts.of("T")),
        np.array([round(frequency * (NO_FREQUENCY - 1))], np.uint16),
    )


@pytest.mark.parametrize(
    ("pair", "alt_share", "panel", "expected"),
    [
        (("A", "T"), 0.1, 0.1, "kept"),
        (("A", "T"), 0.9, 0.1, "recoded"),
        (("T", "A"), 0.1, 0.1, "kept"),
        (("T", "A"), 0.9, 0.1, "recoded"),
        (("A", "T"), 0.45, 0.45, "dropped"),
        (("A", "T"), 0.5, 0.3, "dropped"),
    ],
)
def test_palindromic_sites_by_frequency(
    tmp_path: Path, pair: tuple[str, str], alt_share: float, panel: float, expected: str
) -> None:
    """The panel's letters come out; genotypes are recoded just when the frequency says so."""
    random = np.random.default_rng(7)
    alleles = np.zeros(400, int)
    alleles[: round(400 * alt_share)] = 1
    calls = random.permutation(alleles).reshape(200, 2).sum(axis=1).tolist()
    rows: list[Row] = [("22", 20_000_000, "rs1", *pair, calls), ("22", 21_000_000, "rs2", "A", "G", calls)]
    target = RepairTarget(panel={"22": palindromic_panel(panel)}, study_build=SURE)
    outcome = mended(tmp_path, rows, target)
    got = read_matrix(Path(outcome.files[0].path))
    if expected == "dropped":
        assert got.positions.tolist() == [21_000_000]
        assert codes(outcome)["drop_palindromic"] == (0, 1)
        return
    assert (got.refs[0], got.alts[0]) == ("A", "T")
    written = got.counts()[0].tolist()
    assert written == (calls if expected == "kept" else [2 - each for each in calls])


@pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")
def test_several_alt_alleles_become_rows(tmp_path: Path) -> None:
    """As `bcftools norm` splits them, where a call with another ALT allele is missing."""
    from tests.helpers.cohorts import cohort_of_vcf

    head = "##fileformat=VCFv4.2\n##contig=<ID=22,length=51304566>\n"
    head += '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    head += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc\td\n"
    path = tmp_path / "m.vcf"
    path.write_text(head + "22\t20000000\tm\tA\tG,C\t.\tPASS\t.\tGT\t0/1\t1/2\t2/2\t./.\n")
    cohort = cohort_of_vcf(path, tmp_path / "c")
    outcome = repair([cohort], RepairTarget(study_build=SURE), LOOSE, tmp_path / "out")
    assert outcome.ledger.adds_up
    assert (outcome.ledger.sites_in, outcome.ledger.sites_out) == (1, 2)
    got = read_matrix(Path(outcome.files[0].path))
    rows = {str(alt): got.counts()[at].tolist() for at, alt in enumerate(got.alts)}
    split = subprocess.run(
        ["bcftools", "norm", "-m-any", str(path)], check=True, capture_output=True, text=True
    )
    lines = [line.split("\t") for line in split.stdout.splitlines() if not line.startswith("#")]
    theirs = {each[4]: [-1 if c == "./." else c.count("1") for c in each[9:]] for each in lines}
    for alt, other in (("G", "C"), ("C", "G")):
        pairs = zip(theirs[alt], theirs[other], strict=True)
        assert rows[alt] == [-1 if another > 0 else mine for mine, another in pairs]


def test_only_what_may_be_unticked_is_optional(tmp_path: Path) -> None:
    rows: list[Row] = [
        ("chr22", 20_000_000, ".", "a", "g", [0, 1, 2]),
        ("GL0001", 5, ".", "A", "G", [0, 1, 2]),
    ]
    nothing = RepairChoices(chosen=frozenset(), sample_call_rate=0, site_call_rate=0, hwe_p=0)
    cohort = cohort_of_rows(tmp_path / "c", ["a", "b", "c"], rows)
    plan = plan_repairs([cohort], RepairTarget(study_build=SURE), nothing)
    made = {step.code for step in plan.steps if step.chosen}
    always = (RepairCode.RECOMPRESS, RepairCode.STRIP_FIELDS, RepairCode.RENAME_CHROMOSOMES)
    assert made == {*always, RepairCode.DROP_CHROMOSOMES, RepairCode.DROP_INVALID_ALLELES} & made
    assert made >= set(always)
    assert RepairCode.UPPER_CASE in {step.code for step in plan.steps if not step.chosen}


@pytest.mark.parametrize(("missing", "chosen"), [(10, True), (60, False)])
def test_most_sites_are_not_left_out_for_one_sample(tmp_path: Path, missing: int, chosen: bool) -> None:
    """One of ten people was measured on another array."""
    codes = np.random.default_rng(5).integers(0, 3, (100, 10)).astype(np.uint8)
    codes[:missing, 9] = 3
    rows: list[Row] = [("1", 1_000_000 + 900 * i, ".", "A", "G", codes[i].tolist()) for i in range(100)]
    cohort = cohort_of_rows(tmp_path / "c", [f"s{i}" for i in range(10)], rows)
    choices = RepairChoices(sample_call_rate=0, site_call_rate=0.95)
    plan = plan_repairs([cohort], RepairTarget(study_build=SURE), choices)
    (step,) = [each for each in plan.steps if each.code is RepairCode.DROP_SITES_CALL_RATE]
    assert (step.sites, step.chosen, bool(step.caution)) == (missing, chosen, not chosen)


def test_one_of_several_identifiers_tells_the_position(tmp_path: Path) -> None:
    calls = [0, 1, 2, 1]
    rows = [("1", 900, "novel;1:1000:A:G;x", "A", "G", calls), ("1", 950, "a;b", "A", "G", calls)]
    cohort = cohort_of_rows(tmp_path / "c", list("abcd"), rows)
    sure = BuildGuess(value="GRCh37", confidence=0.999)
    target = RepairTarget(build="GRCh37", panel={"1": table_of([(1000, "A", "G")])}, study_build=sure)
    plan = plan_repairs([cohort], target, RepairChoices(hwe_p=0))
    assert [each.sites for each in plan.steps if each.code is RepairCode.UPDATE_POSITION] == [1]
