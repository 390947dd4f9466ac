"""REF by the sequence that a person gives: restored as plink2 does, proved; indels moved to the left."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode
from app.genotypes.cohort import Cohort
from app.genotypes.matrix import read_matrix
from app.genotypes.reading import read_cohort
from app.genotypes.reference_sequence import ReferenceSequence
from app.genotypes.repair.apply import repair
from app.genotypes.repair.plan import plan_repairs
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.site_table import table_of
from tests.helpers.cohorts import cohort_of_rows
from tests.helpers.seeded import score, seed_cohort
from tests.helpers.shared import shared_data

SURE = BuildGuess(value="GRCh37", confidence=0.999)
LOOSE = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0, het_deviations=99)


def target() -> RepairTarget:
    genome = ReferenceSequence(shared_data("reference", "GRCh37.chr20.fa.gz"))
    return RepairTarget(study_build=SURE, reference=genome)


def plink_files(folder: Path) -> Path:
    """A real PLINK set whose list has the columns of alleles exchanged, put right."""
    folder.mkdir()
    for ending in ("bed", "fam", "bim"):
        source = shared_data("gwas", "eur379_chr20_b37", f"eur379_chr20.{ending}")
        (folder / source.name).write_bytes(source.read_bytes())
    lines = [line.split() for line in (folder / "eur379_chr20.bim").read_text().splitlines()]
    rows = ["\t".join([*row[:4], row[5], row[4]]) + "\n" for row in lines]
    (folder / "eur379_chr20.bim").write_text("".join(rows))
    return folder / "eur379_chr20.bed"


def plink_cohort(folder: Path) -> Cohort:
    (cohort,) = read_cohort([plink_files(folder)], folder / "packed")
    return cohort


def test_exchanged_letters_are_not_made_right_by_bases_alone(tmp_path: Path) -> None:
    (cohort,) = read_cohort([shared_data("gwas", "eur379_chr20_b37", "eur379_chr20.bed")], tmp_path / "c")
    plan = plan_repairs([cohort], target(), LOOSE)
    assert "frequency of the other allele" in plan.refused
    assert not {RepairCode.RESTORE_REFERENCE, RepairCode.SWITCH} & {each.code for each in plan.steps}


@pytest.mark.parametrize("exchanged", [True, False])
def test_the_rarer_allele_tells_it_where_few_sites_are_of_known_frequency(
    tmp_path: Path, exchanged: bool
) -> None:
    """Five hundred sites, of which the program knows the frequencies of too few."""
    source = shared_data("gwas", "eur379_chr20_b37", "eur379_chr20.bed")
    bed = source if exchanged else plink_files(tmp_path / "right")
    few = tmp_path / "few.bed"
    width = (379 + 3) // 4
    packed, lines = bed.read_bytes(), bed.with_suffix(".bim").read_text().splitlines()
    wanted = range(0, len(lines), 15)
    few.write_bytes(packed[:3] + b"".join(packed[3 + n * width : 3 + (n + 1) * width] for n in wanted))
    few.with_suffix(".bim").write_text("".join(f"{lines[n]}\n" for n in wanted))
    few.with_suffix(".fam").write_bytes(bed.with_suffix(".fam").read_bytes())
    (cohort,) = read_cohort([few], tmp_path / "c")
    plan = plan_repairs([cohort], target(), LOOSE)
    assert plan.refused.startswith("At 8" if exchanged else "")
    assert ("is the rarer allele: the columns of alleles" in plan.refused) == exchanged
    assert any(each.code is RepairCode.RESTORE_REFERENCE for each in plan.steps) != exchanged


def test_nor_by_a_site_list_without_frequencies(tmp_path: Path) -> None:
    (cohort,) = read_cohort([shared_data("gwas", "eur379_chr20_b37", "eur379_chr20.bed")], tmp_path / "c")
    rows = zip(np.asarray(cohort.position).tolist(), cohort.alts, cohort.refs, strict=True)
    panel = RepairTarget(build="GRCh37", study_build=SURE, panel={"20": table_of(rows)})
    plan = plan_repairs([cohort], panel, LOOSE)
    assert "frequency of the other allele" in plan.refused
    assert not {RepairCode.RESTORE_REFERENCE, RepairCode.SWITCH} & {each.code for each in plan.steps}


@pytest.mark.slow
def test_plink_files_get_their_reference_as_by_plink2(tmp_path: Path) -> None:
    program = shutil.which("plink2")
    if program is None:
        pytest.skip("plink2 is not installed")
    outcome = repair([plink_cohort(tmp_path / "c")], target(), LOOSE, tmp_path / "out")
    assert not outcome.refused
    done = {step.code: step.sites for step in outcome.applied}
    assert done[RepairCode.RESTORE_REFERENCE] == 1371
    made = tmp_path / "by_plink2"
    fasta = shared_data("reference", "GRCh37.chr20.fa.gz")
    command = [program, "--bfile", str(tmp_path / "c" / "eur379_chr20"), "--ref-from-fa", "force"]
    command += ["--fa", str(fasta), "--export", "vcf", "--out", str(made), "--threads", "1"]
    subprocess.run(command, check=True, capture_output=True)
    mine = read_matrix(Path(outcome.files[0].path))
    theirs = read_matrix(made.with_suffix(".vcf"))
    place = {int(p): at for at, p in enumerate(mine.positions)}
    at = np.array([place.get(int(p), -1) for p in theirs.positions])
    there = at >= 0
    assert there.mean() > 0.99
    assert (np.array(mine.refs)[at[there]] == np.array(theirs.refs)[there]).all()
    assert (np.array(mine.alts)[at[there]] == np.array(theirs.alts)[there]).all()
    assert (mine.counts()[at[there]] == theirs.counts()[there]).all()


@pytest.mark.slow
def test_seeded_flips_and_switches_are_undone_without_a_site_list(tmp_path: Path) -> None:
    first = repair([plink_cohort(tmp_path / "c")], target(), LOOSE, tmp_path / "true")
    (true,) = read_cohort([Path(first.files[0].path)], tmp_path / "t")
    seeded = seed_cohort(true, tmp_path / "seeded", np.random.default_rng(5))
    outcome = repair([seeded.cohort], target(), LOOSE, tmp_path / "out")
    found = score(seeded, Path(outcome.files[0].path), ~seeded.palindromic)
    assert found.damaged > 800
    assert found.recall >= 0.999
    assert found.precision >= 0.999
    told = {each.code: each.sites for each in outcome.unresolved}
    assert told["palindromic_reference"] == int(seeded.palindromic.sum())


def bases(start: int, count: int) -> str:
    return ReferenceSequence(shared_data("reference", "GRCh37.chr20.fa.gz")).text("20", start, start + count)


def small(folder: Path, sites: list[tuple[int, str, str]]) -> Cohort:
    rows = [("20", position, f"v{n}", ref, alt, [0, 1, 2, 1]) for n, (position, ref, alt) in enumerate(sites)]
    return cohort_of_rows(folder, list("abcd"), rows)


def lines_of(outcome_path: str) -> list[tuple[int, str, str, list[int]]]:
    found = read_matrix(Path(outcome_path))
    rows = zip(found.positions, found.refs, found.alts, found.counts().tolist(), strict=True)
    return [(int(p), str(r), str(a), c) for p, r, a, c in rows]


def run_of(letters: str, start: int) -> int:
    """Where a stretch of the same letter begins that is at least six long."""
    text = bases(start, 50_000)
    return start + text.index(letters * 6)


def test_an_indel_goes_to_the_left_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    begin = run_of("A", 30_000_000)
    before = bases(begin - 1, 1)
    assert before != "A"
    sites = [(begin + 3, "AA", "A"), (begin + 4, "A", "AAA"), (begin + 100, bases(begin + 100, 1) * 30, "A")]
    if sites[2][1][0] == "A":
        sites[2] = (sites[2][0], sites[2][1], "AG")
    outcome = repair([small(tmp_path / "c", sites)], target(), LOOSE, tmp_path / "out")
    written = lines_of(outcome.files[0].path)
    assert [(p, r, a) for p, r, a, _ in written[:2]] == [
        (begin - 1, f"{before}A", before),
        (begin - 1, before, f"{before}AA"),
    ]
    assert [each.sites for each in outcome.applied if each.code is RepairCode.NORMALISE][-1] == 2
    assert {each.code: each.sites for each in outcome.unresolved}["indel_reference"] == 1


def test_a_missing_allele_is_the_base_of_the_sequence(tmp_path: Path) -> None:
    start = 30_000_010
    base = bases(start, 1)
    other = "A" if base != "A" else "C"
    outcome = repair([small(tmp_path / "c", [(start, other, ".")])], target(), LOOSE, tmp_path / "out")
    assert lines_of(outcome.files[0].path) == [(start, base, other, [2, 1, 0, 1])]


def test_the_genome_of_another_build_is_not_used(tmp_path: Path) -> None:
    there = target()
    other = RepairTarget(study_build=BuildGuess(value="GRCh38", confidence=1), reference=there.reference)
    cohort = small(tmp_path / "c", [(30_000_010, "A", "C"), (30_000_020, "A", "G")])
    outcome = repair([cohort], other, LOOSE, tmp_path / "out")
    codes = {each.code for each in outcome.applied}
    assert not codes & {RepairCode.SWITCH, RepairCode.FLIP, RepairCode.DROP_MISMATCH}
