"""Records with several ALT alleles: no call of what is written states an allele that the person has not."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode, RepairOutcome
from app.genotypes.reading import read_cohort
from app.genotypes.repair.apply import repair
from app.genotypes.repair.draft import begin
from app.genotypes.repair.genotype_rows import tally
from app.genotypes.repair.plan import draft_repairs
from app.genotypes.repair.study import unite
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.site_table import table_of
from tests.helpers.cohorts import cohort_of_vcf

SURE = BuildGuess(value="GRCh37", confidence=0.999)
LOOSE = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0, het_deviations=99)
SAMPLES = 12


def study_of(path: Path, seed: int, sites: int = 40) -> Path:
    """Sites with three alleles, REF among them or the middle one, and a few calls that are missing."""
    random = np.random.default_rng(seed)
    lines = ["##fileformat=VCFv4.2", '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">']
    lines.append("#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT".replace(" ", "\t"))
    lines[-1] += "".join(f"\ts{i}" for i in range(SAMPLES))
    for number in range(sites):
        alleles = random.choice(["0", "1", "2", "."], (SAMPLES, 2), p=[0.4, 0.3, 0.2, 0.1])
        calls = ["/".join(pair) for pair in alleles.tolist()]
        lines.append(
            "\t".join(["22", str(1000 * (number + 1)), ".", "A", "C,G", ".", ".", ".", "GT", *calls])
        )
    path.write_text("\n".join(lines) + "\n")
    return path


def repaired(tmp_path: Path, seed: int, panel: tuple[str, str]) -> tuple[Path, RepairOutcome]:
    source = study_of(tmp_path / "study.vcf", seed)
    cohorts = read_cohort([source], tmp_path / "cohort")
    table = table_of([(1000 * at, *panel) for at in range(1, 41)])
    outcome = repair(cohorts, RepairTarget(panel={"22": table}, study_build=SURE), LOOSE, tmp_path / "out")
    return source, outcome


def letters(path: Path) -> dict[int, list[list[tuple[str, ...]]]]:
    """Letters of each call of every row at a position."""
    result: dict[int, list[list[tuple[str, ...]]]] = {}
    data = path.read_bytes()
    for line in (gzip.decompress(data) if path.suffix == ".gz" else data).decode().splitlines():
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        names = [cells[3], *cells[4].split(",")]
        calls = [call.replace("|", "/").split("/") for call in cells[9:]]
        row = [tuple(sorted("." if each == "." else names[int(each)] for each in call)) for call in calls]
        result.setdefault(int(cells[1]), []).append(row)
    return result


@pytest.mark.parametrize("panel", [("A", "C"), ("G", "A"), ("C", "A"), ("A", "G"), ("T", "G"), ("C", "T")])
@pytest.mark.parametrize("seed", range(3))
def test_no_call_states_an_allele_that_the_person_has_not(
    tmp_path: Path, seed: int, panel: tuple[str, str]
) -> None:
    source, outcome = repaired(tmp_path, seed, panel)
    before = letters(source)
    turned = str.maketrans("ACGT", "TGCA") if "T" in panel else str.maketrans("", "")
    called = 0
    for position, rows in letters(Path(outcome.files[0].path)).items():
        for row in rows:
            for mine, theirs in zip(row, before[position][0], strict=True):
                if "." not in mine:
                    called += 1
                    assert mine == tuple(sorted(letter.translate(turned) for letter in theirs))
    assert called > 100
    assert outcome.ledger.adds_up


def test_calls_that_are_set_missing_are_counted(tmp_path: Path) -> None:
    source, outcome = repaired(tmp_path, 7, ("A", "C"))
    line = next(each for each in outcome.ledger.lines if each.code == RepairCode.SPLIT_ALLELES)
    with gzip.open(outcome.site_log, "rt") as log:
        head, *rows = [each.rstrip("\n").split("\t") for each in log]
    logged = [int(row[head.index("set_missing")]) for row in rows if row[7] != "removed"]
    before, written = letters(source), letters(Path(outcome.files[0].path))
    missing = sum(call == (".", ".") for rows in written.values() for row in rows for call in row)
    unknown = sum("." in call for place, rows in written.items() for _ in rows for call in before[place][0])
    assert line.missing_calls == sum(logged) == missing - unknown > 0


def test_counts_of_the_plan_are_those_of_what_is_written(tmp_path: Path) -> None:
    source = study_of(tmp_path / "study.vcf", 3)
    cohorts = read_cohort([source], tmp_path / "cohort")
    draft = draft_repairs(cohorts, RepairTarget(study_build=SURE), LOOSE)
    outcome = repair(cohorts, RepairTarget(study_build=SURE), LOOSE, tmp_path / "out")
    again = cohort_of_vcf(Path(outcome.files[0].path), tmp_path / "again")
    assert (again.counts == draft.counts[draft.alive]).all()
    groups = np.arange(len(draft.study), dtype=np.intp) % 2
    fresh = begin(unite(cohorts), RepairTarget(), LOOSE, SURE)
    told = tally(fresh, np.arange(len(fresh.study)), groups, 2)
    assert told.missing.sum() == fresh.counts[:, 3].sum()
    assert told.het.sum() == fresh.counts[:, 1].sum()
