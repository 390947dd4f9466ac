"""Whatever is damaged and chosen: books add up, other genotypes stay, files read back as planned."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode
from app.genotypes.cohort import Cohort
from app.genotypes.matrix import MISSING as NO_ALLELE
from app.genotypes.matrix import read_matrix
from app.genotypes.repair.apply import repair
from app.genotypes.repair.plan import plan_repairs
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.site_table import table_of
from tests.helpers.cohorts import cohort_of_rows, cohort_of_vcf

SURE = BuildGuess(value="GRCh37", confidence=0.999)
COMPLEMENT = str.maketrans("ACGT", "TGCA")
Row = tuple[str, int, str, str, str, list[int]]


@dataclass
class Damaged:
    """Rows as they are in the file, and the panel's sites."""

    rows: list[Row]
    panel: list[tuple[int, str, str]]
    kinds: list[str]


KINDS = (
    "good",
    "good",
    "good",
    "flip",
    "switch",
    "both",
    "wrong",
    "twice",
    "absent",
    "lower",
    "indel",
    "zero",
)


def damage(random: np.random.Generator, sites: int, samples: int) -> Damaged:
    """Sites with known damage; letters of pairs that are no palindromes, so that each kind is unambiguous."""
    rows: list[Row] = []
    panel: list[tuple[int, str, str]] = []
    kinds: list[str] = []
    for site in range(sites):
        ref, alt = [("A", "G"), ("C", "A"), ("T", "C"), ("G", "T")][int(random.integers(4))]
        position = 1000 * (site + 1)
        codes = random.choice([0, 1, 2, 3], samples, p=[0.4, 0.35, 0.2, 0.05]).tolist()
        kind = KINDS[int(random.integers(len(KINDS)))]
        if kind != "absent":
            panel.append((position, ref, alt))
        written = {
            "flip": (ref.translate(COMPLEMENT), alt.translate(COMPLEMENT)),
            "switch": (alt, ref),
            "both": (alt.translate(COMPLEMENT), ref.translate(COMPLEMENT)),
            "wrong": (ref, alt.translate(COMPLEMENT)),
            "lower": (ref.lower(), alt.lower()),
            "indel": (ref, ref + alt),
            "zero": ("0", alt),
        }.get(kind, (ref, alt))
        turned = kind in ("switch", "both")
        stored = [{0: 2, 2: 0}.get(code, code) if turned else code for code in codes]
        rows.append(("22", position, f"rs{site}", *written, stored))
        kinds.append(kind)
        if kind == "twice":
            rows.append(("22", position, f"rs{site}b", *written, stored))
            kinds.append("copy")
    return Damaged(rows, panel, kinds)


def mend(
    folder: Path, damaged: Damaged, samples: int, chosen: frozenset[RepairCode] | None
) -> tuple[Cohort, RepairTarget, RepairChoices]:
    cohort = cohort_of_rows(folder / "cohort", [f"s{i}" for i in range(samples)], damaged.rows)
    target = RepairTarget(build="GRCh37", panel={"22": table_of(damaged.panel)}, study_build=SURE)
    choices = RepairChoices(chosen=chosen, sample_call_rate=0, site_call_rate=0, hwe_p=0)
    return cohort, target, choices


def true_rows(damaged: Damaged) -> dict[int, tuple[str, str, list[int]]]:
    """What should come out at a position: the panel's alleles, and the genotypes counted by its ALT."""
    panel = {position: (ref, alt) for position, ref, alt in damaged.panel}
    result = {}
    for (_, position, _, ref, alt, codes), kind in zip(damaged.rows, damaged.kinds, strict=True):
        turned = kind in ("switch", "both")
        back = [{0: 2, 2: 0}.get(code, code) if turned else code for code in codes]
        if kind in ("good", "flip", "switch", "both", "lower", "twice"):
            result[position] = (*panel[position], back)
        elif kind == "absent":
            result[position] = (ref, alt, back)
    return result


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 60), st.integers(1, 9), st.integers(0, 1_000_000))
def test_every_site_comes_out_as_the_panel_has_it(
    tmp_path_factory: pytest.TempPathFactory, sites: int, samples: int, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("repair")
    damaged = damage(np.random.default_rng(seed), sites, samples)
    expected = true_rows(damaged)
    cohort, target, choices = mend(folder, damaged, samples, None)
    choices = RepairChoices(
        chosen=frozenset(RepairCode) - {RepairCode.DROP_TYPED_ONLY, RepairCode.DROP_MONOMORPHIC},
        sample_call_rate=0,
        site_call_rate=0,
        hwe_p=0,
    )
    restored = {p for (_, p, *_), kind in zip(damaged.rows, damaged.kinds, strict=True) if kind == "zero"}
    if not expected and not restored:
        return
    outcome = repair([cohort], target, choices, folder / "out")
    assert outcome.ledger.adds_up
    assert outcome.ledger.sites_in == len(damaged.rows)
    matrix = read_matrix(Path(outcome.files[0].path))
    assert set(matrix.positions.tolist()) == set(expected) | restored
    assert np.all(np.diff(matrix.positions) > 0)
    for row, position in enumerate(matrix.positions.tolist()):
        if position in restored:
            continue
        ref, alt, codes = expected[position]
        assert (matrix.refs[row], matrix.alts[row]) == (ref, alt)
        counts = [NO_ALLELE if code == 3 else code for code in codes]
        assert matrix.counts()[row].tolist() == counts


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(1, 40),
    st.integers(1, 6),
    st.integers(0, 1_000_000),
    st.frozensets(st.sampled_from(list(RepairCode))),
)
def test_the_books_add_up_whatever_is_chosen(
    tmp_path_factory: pytest.TempPathFactory,
    sites: int,
    samples: int,
    seed: int,
    chosen: frozenset[RepairCode],
) -> None:
    folder = tmp_path_factory.mktemp("repair")
    damaged = damage(np.random.default_rng(seed), sites, samples)
    damaged.rows.insert(0, ("22", 500, "rs_first", "A", "G", [1] * samples))  # one always stays
    damaged.kinds.insert(0, "good")
    damaged.panel.insert(0, (500, "A", "G"))
    cohort, target, choices = mend(folder, damaged, samples, chosen)
    choices = RepairChoices(chosen=chosen, sample_call_rate=0, site_call_rate=0, hwe_p=0, het_deviations=99)
    plan = plan_repairs([cohort], target, choices)
    outcome = repair([cohort], target, choices, folder / "out")
    assert outcome.ledger.adds_up
    assert plan.steps == tuple(plan.steps)
    assert [s for s in plan.steps if s.chosen] == list(outcome.applied)
    assert all(step.chosen == (step.code in chosen) for step in plan.steps if step.optional)
    assert outcome.ledger.sites_out == sum(f.sites for f in outcome.files)
    with gzip.open(outcome.site_log, "rt") as log:
        lines = [line.rstrip("\n").split("\t") for line in log][1:]
    assert len(lines) == len(damaged.rows)
    assert sum(line[7] != "removed" for line in lines) == outcome.ledger.sites_out
    assert all(line[8] for line in lines)
    untouched_stay(damaged, Path(outcome.files[0].path), lines)


def untouched_stay(damaged: Damaged, path: Path, lines: Sequence[Sequence[str]]) -> None:
    """Rows that the log calls kept are in the output as they were in the file, letter by letter."""
    matrix = read_matrix(path)
    counts = matrix.counts()
    written = {
        (int(p), str(i)): (str(r), str(a), counts[at].tolist())
        for at, (p, i, r, a) in enumerate(
            zip(matrix.positions, matrix.ids, matrix.refs, matrix.alts, strict=True)
        )
    }
    for row, line in zip(damaged.rows, lines, strict=True):
        if line[7] == "kept":
            _, position, identifier, ref, alt, codes = row
            expected = [NO_ALLELE if code == 3 else code for code in codes]
            assert written[position, identifier] == (ref, alt, expected)


def test_flipping_twice_is_where_one_began(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    panel = [(1000 * i, "A", "G") for i in range(1, 41)]
    turned = [(position, "T", "C") for position, _, _ in panel]
    rows: list[Row] = [
        ("22", position, ".", "A", "G", random.integers(0, 4, 12).tolist()) for position, _, _ in panel
    ]
    first = cohort_of_rows(tmp_path / "a", [f"s{i}" for i in range(12)], rows)
    loose = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0)
    there = RepairTarget(panel={"22": table_of(turned)}, study_build=SURE)
    back = RepairTarget(panel={"22": table_of(panel)}, study_build=SURE)
    one = repair([first], there, loose, tmp_path / "one")
    flipped = cohort_of_vcf(Path(one.files[0].path), tmp_path / "b")
    assert set(flipped.refs) == {"T"}
    two = repair([flipped], back, loose, tmp_path / "two")
    again = cohort_of_vcf(Path(two.files[0].path), tmp_path / "c")
    assert list(again.refs) == list(first.refs)
    assert list(again.alts) == list(first.alts)
    assert (again.packed == first.packed).all()


@pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")
@pytest.mark.parametrize("seed", range(3))
def test_bcftools_reads_and_indexes_the_output(tmp_path: Path, seed: int) -> None:
    damaged = damage(np.random.default_rng(seed), 60, 7)
    cohort, target, choices = mend(tmp_path, damaged, 7, None)
    outcome = repair([cohort], target, choices, tmp_path / "out")
    path = outcome.files[0].path
    shown = subprocess.run(["bcftools", "view", "-H", path], check=True, capture_output=True)
    assert shown.stdout.count(b"\n") == outcome.files[0].sites
    assert not shown.stderr
    subprocess.run(["bcftools", "index", "-f", "-t", path], check=True)


def test_a_plan_writes_nothing_and_the_input_stays(tmp_path: Path) -> None:
    damaged = damage(np.random.default_rng(1), 30, 4)
    cohort, target, choices = mend(tmp_path, damaged, 4, None)
    before = {path.name: path.read_bytes() for path in (tmp_path / "cohort").iterdir()}
    plan_repairs([cohort], target, choices)
    assert [path.name for path in tmp_path.iterdir()] == ["cohort"]
    repair([cohort], target, choices, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "cohort").iterdir()} == before
