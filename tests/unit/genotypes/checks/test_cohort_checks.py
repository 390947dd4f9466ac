"""Each check of packed data on small cohorts that break one rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess, Finding
from app.domain.repair import RepairCode
from app.genotypes.checks import (
    COHORT_CHECKS,
    cohort_content,
    cohort_frequency,
    cohort_panel,
    cohort_people,
    cohort_variants,
)
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import CheckOptions
from app.genotypes.checks.site_findings import site_findings
from app.genotypes.cohort import Cohort
from app.genotypes.figures import load_figures, save_figures
from app.genotypes.known_sites import NO_ALLELES, SITE_CHROMOSOMES, known_sites
from app.genotypes.site_table import SiteTable, table_of
from tests.helpers.cohorts import cohort_of_rows

Row = tuple[str, int, str, str, str, list[int]]


def subject(*cohorts: Cohort, panel: dict[str, SiteTable] | None = None, **options: object) -> CohortSubject:
    build = BuildGuess(value="GRCh37", confidence=0.999)
    return CohortSubject(cohorts, CheckOptions(**options), build, panel or {})


def equilibrium(random: np.random.Generator, people: int, frequency: float) -> list[int]:
    return random.binomial(2, frequency, people).tolist()


def made(folder: Path, sites: int = 400, people: int = 30, **kinds: list[str]) -> Cohort:
    random = np.random.default_rng(1)
    rows: list[Row] = [
        ("1", 1000 * n + 1000, f"rs{n + 1}", "A", "G", equilibrium(random, people, random.uniform(0.2, 0.8)))
        for n in range(sites)
    ]
    return cohort_of_rows(folder, [f"P{n}" for n in range(people)], rows, **kinds)


def panel_of(cohort: Cohort) -> dict[str, SiteTable]:
    pairs = zip(cohort.position.tolist(), cohort.refs, cohort.alts, strict=True)
    return {"1": table_of(pairs)}


def by_code(findings: object) -> dict[str, Finding]:
    return {finding.code: finding for finding in findings}


@pytest.mark.parametrize(("samples", "sites"), [(0, 0), (0, 5), (1, 0), (1, 5), (2, 3)])
def test_nothing_to_say_about_next_to_nothing(tmp_path: Path, samples: int, sites: int) -> None:
    rows: list[Row] = [("1", n + 1, ".", "A", "C", [n % 4] * samples) for n in range(sites)]
    given = subject(cohort_of_rows(tmp_path / "c", [f"P{n}" for n in range(samples)], rows))
    codes = {finding.code for check in COHORT_CHECKS for finding in check(given)}
    assert codes <= {"id.missing", "variant.rare", "sample.chunk_call_rate"}
    save_figures(tmp_path, given.figures)
    assert load_figures(tmp_path / "figures.npz").samples.tolist() == list(given.samples)
    assert {"ancestry", "related", "sex"} <= given.summary.why.keys()


@pytest.mark.parametrize(
    ("ref", "alt", "code", "fix"),
    [
        ("G", "A", "panel.switch", RepairCode.SWITCH),
        ("T", "C", "panel.flip", RepairCode.FLIP),
        ("C", "T", "panel.flip_switch", RepairCode.FLIP_SWITCH),
        ("A", "T", "panel.mismatch", RepairCode.DROP_MISMATCH),
    ],
)
def test_alleles_against_the_panel(tmp_path: Path, ref: str, alt: str, code: str, fix: RepairCode) -> None:
    rows: list[Row] = [("chr1", 100 * n, f"s{n}", "A", "G", [0, 1, 1]) for n in range(1, 6)]
    rows[2] = ("chr1", 300, "s3", ref, alt, [0, 1, 1])
    table = table_of((100 * n, "A", "G") for n in range(1, 6))
    cohort = cohort_of_rows(tmp_path / "c", ["a", "b", "c"], rows)
    found = by_code(cohort_panel.alleles(subject(cohort, panel={"1": table})))
    assert {name: (each.count, each.where) for name, each in found.items()} == {code: (1, "chr1:300")}
    assert found[code].fix == fix


def test_positions_off_by_one_by_panel_and_by_known_sites(tmp_path: Path) -> None:
    cohort = made(tmp_path / "c")
    panel = panel_of(cohort)
    rows: list[Row] = [("1", 1000 * n + 1, "x", "A", "G", [0, 1]) for n in (5, 6, 7, 8)]
    rows += [("1", 9000, "y", "A", "G", [1, 1])]
    moved = subject(cohort_of_rows(tmp_path / "m", ["a", "b"], rows), panel=panel)
    found = by_code(cohort_panel.alleles(moved))["position.off_by_one"]
    assert (found.count, found.where) == (4, "1:5,001, 1:6,001, 1:7,001 …")
    table = known_sites()
    chosen = np.flatnonzero((table.code != NO_ALLELES) & (table.position["GRCh37"] > 0))[100:140:10]
    known: list[Row] = []
    for row in chosen.tolist():
        ref, alt = "ACGT"[table.code[row] >> 2], "ACGT"[table.code[row] & 3]
        name, position = SITE_CHROMOSOMES[table.chromosome[row]], int(table.position["GRCh37"][row])
        known.append((name, position + 1, ".", ref, alt, [0, 1]))
    beside = subject(cohort_of_rows(tmp_path / "k", ["a", "b"], known))
    assert by_code(cohort_panel.alleles(beside))["position.off_by_one"].count == 4
    turned = str.maketrans("ACGT", "TGCA")
    cpg = [
        (c, p, i, ref.translate(turned), alt.translate(turned), calls) for c, p, i, ref, alt, calls in known
    ]
    other_base = subject(cohort_of_rows(tmp_path / "g", ["a", "b"], cpg))
    assert "position.off_by_one" not in by_code(cohort_panel.alleles(other_base))
    lone = subject(cohort_of_rows(tmp_path / "l", ["a", "b"], known[:1]))
    assert "position.off_by_one" not in by_code(cohort_panel.alleles(lone))


def test_sites_that_fit_at_any_distance_are_not_off_by_one(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    taken = np.sort(random.choice(np.arange(1, 20_000), 4_000, replace=False)).tolist()
    table = table_of((position, "A", "G") for position in taken)
    absent = sorted(set(range(1, 20_000)) - set(taken))
    rows: list[Row] = [("1", p, ".", "A", "G", [0, 1]) for p in random.choice(absent, 200, replace=False)]
    found = by_code(
        cohort_panel.alleles(subject(cohort_of_rows(tmp_path / "c", ["a", "b"], rows), panel={"1": table}))
    )
    assert "position.off_by_one" not in found
    assert found["panel.absent"].count == 200


def test_a_shift_is_more_hits_than_at_other_distances() -> None:
    assert cohort_panel.beyond_chance(15, lambda: [0, 0, 0, 0, 0])
    assert not cohort_panel.beyond_chance(3, lambda: [0, 0, 0, 0, 0])
    assert not cohort_panel.beyond_chance(15, lambda: [9, 14, 11, 8, 12])
    assert cohort_panel.beyond_chance(60, lambda: [9, 14, 11, 8, 12])


@pytest.mark.parametrize(("people", "said"), [(1, False), (3, False), (20, True)])
def test_a_few_people_show_no_frequencies(tmp_path: Path, people: int, said: bool) -> None:
    names = [f"P{n}" for n in range(people)]
    rows: list[Row] = [("1", 100 * n, f"s{n}", "A", "T", [1] * people) for n in range(1, 60)]
    rows += [
        ("1", 9000, "apart", "A", "C", [2] * people),
        ("1", 9100, "one", "A", "C", [1] + [0] * (people - 1)),
    ]
    table = table_of([*((100 * n, "A", "T") for n in range(1, 60)), (9000, "A", "C"), (9100, "A", "C")])
    known = SiteTable(table.position, table.code, frequency=np.zeros(len(table.position), np.uint16))
    given = subject(cohort_of_rows(tmp_path / "c", names, rows), panel={"1": known})
    found = by_code(f for check in COHORT_CHECKS for f in check(given))
    assert ("frequency.apart" in found or "frequency.mirrored_letters" in found) is said
    assert ("above 0.40" in found["allele.palindromic"].detail) is said
    assert ("variant.rare" in found) is said


def test_identifiers_of_another_place(tmp_path: Path) -> None:
    rows: list[Row] = [("1", 100, "1:100:A:G", "A", "G", [0, 1]), ("1", 201, "1:200:A:G", "A", "G", [0, 1])]
    rows += [("1", 300, "rs7", "A", "G", [0, 1])]
    table = table_of([(100, "A", "G"), (200, "A", "C"), (400, "A", "G")])
    with_rs = SiteTable(table.position, table.code, rs=np.array([1, 2, 7], np.uint32))
    cohort = cohort_of_rows(tmp_path / "c", ["a", "b"], rows)
    found = by_code(cohort_panel.alleles(subject(cohort, panel={"1": with_rs})))
    assert found["id.other_position"].where == "1:201, 1:300"


def test_overlap_by_chunk(tmp_path: Path) -> None:
    rows: list[Row] = [("1", 1000 * n, ".", "A", "G", [0, 1]) for n in range(1, 11)]
    rows += [("1", 30_000_000 + n, ".", "A", "G", [0, 1]) for n in range(10)]
    cohort = cohort_of_rows(tmp_path / "c", ["a", "b"], rows)
    given = subject(cohort, panel={"1": table_of((1000 * n, "A", "G") for n in range(1, 11))})
    found = by_code(cohort_panel.overlap(given))["panel.low_overlap"]
    assert (found.count, found.where) == (1, "1:20,000,001 (0 % of 10)")
    assert given.figures.chunk_overlap.tolist() == [1.0, 0.0]
    assert given.figures.chunk_end.tolist() == [20_000_000, 40_000_000]


def test_frequencies_on_the_anti_diagonal(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    people, rows, frequencies = 60, [], []
    for n in range(200):
        p = float(random.uniform(0.1, 0.35))
        pair = "AT" if n < 20 else "AG"
        there = 1 - p if n < 10 or n == 50 else p
        frequencies.append(round(there * 65_534))
        rows.append(("1", 100 + n, ".", pair[0], pair[1], equilibrium(random, people, p)))
    base = table_of((row[1], row[3], row[4]) for row in rows)
    table = SiteTable(base.position, base.code, np.array(frequencies, np.uint16))
    given = subject(
        cohort_of_rows(tmp_path / "c", [f"P{n}" for n in range(people)], rows), panel={"1": table}
    )
    found = by_code(cohort_frequency.frequencies(given))
    assert found["frequency.mirrored"].count in (9, 10)
    assert found["frequency.mirrored"].fix == RepairCode.PALINDROMIC_FREQUENCY
    assert found["allele.palindromic"].count == 20
    assert "frequency.apart" not in found or found["frequency.apart"].count <= 2
    assert given.figures.frequency_plane.sum() == 200
    assert given.figures.frequency_source == "panel"


def test_equilibrium_is_judged(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    rows: list[Row] = [("1", n + 1, f"s{n}", "A", "G", equilibrium(random, 60, 0.4)) for n in range(50)]
    rows[10] = ("1", 11, "s10", "A", "G", [1] * 60)
    rows[20] = ("1", 21, "s20", "A", "G", [0, 2] * 30)
    given = subject(cohort_of_rows(tmp_path / "c", [f"P{n}" for n in range(60)], rows))
    found = by_code(cohort_variants.variants(given))
    assert (found["variant.het_excess"].where, found["variant.hwe"].where) == ("1:11", "1:21")
    assert ("1", 21, "variant.hwe") in site_findings(given)


def test_identifiers_that_repeat_or_are_missing(tmp_path: Path) -> None:
    rows: list[Row] = [("1", n + 1, name, "A", "G", [0, 1]) for n, name in enumerate(["a", "b", "a", "."])]
    found = by_code(cohort_variants.variants(subject(cohort_of_rows(tmp_path / "c", ["x", "y"], rows))))
    assert (found["id.duplicate"].count, found["id.missing"].count) == (2, 1)


def test_children_who_do_not_fit(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    rows: list[Row] = [("2", n + 1, f"s{n}", "A", "G", equilibrium(random, 6, 0.5)) for n in range(300)]
    for row in rows:
        row[5][2] = {(0, 0): 0, (2, 2): 2, (0, 2): 1, (2, 0): 1}.get((row[5][0], row[5][1]), row[5][2])
        row[5][2] = 1 if 1 in row[5][:2] else row[5][2]
    families = {
        "families": ["F"] * 6,
        "fathers": ["0", "0", "a", "0", "0", "a"],
        "mothers": ["0", "0", "b", "0", "0", "b"],
    }
    cohort = cohort_of_rows(tmp_path / "c", ["a", "b", "child", "d", "e", "other"], rows, **families)
    found = by_code(cohort_variants.mendel(subject(cohort)))
    assert (found["sample.mendel"].count, found["sample.mendel"].where) == (1, "other")


def test_who_would_cost_a_chunk(tmp_path: Path) -> None:
    cohort = made(tmp_path / "c", sites=100)
    codes = cohort.genotypes(slice(0, 100)).copy()
    codes[:60, 4] = 3
    rows: list[Row] = [
        ("1", int(p), ".", "A", "G", c.tolist()) for p, c in zip(cohort.position, codes, strict=True)
    ]
    given = subject(cohort_of_rows(tmp_path / "m", cohort.samples, rows))
    found = by_code(cohort_people.call_rates(given))["sample.chunk_call_rate"]
    assert (found.where, found.fix) == ("P4 (1:1, 40 %)", RepairCode.DROP_SAMPLES_CHUNK)
    assert given.figures.chunk_call_rate[0, 4] == pytest.approx(0.4)
    assert given.summary.low_call_samples == 1


def test_a_mixture_of_two_people(tmp_path: Path) -> None:
    cohort = made(tmp_path / "c")
    codes = cohort.genotypes(slice(0, len(cohort))).copy()
    codes[:, 5] = np.where(codes[:, 5] == codes[:, 6], codes[:, 5], 1)
    rows: list[Row] = [
        ("1", int(p), ".", "A", "G", c.tolist()) for p, c in zip(cohort.position, codes, strict=True)
    ]
    given = subject(cohort_of_rows(tmp_path / "m", cohort.samples, rows))
    found = by_code(cohort_people.heterozygosity(given))
    assert found["sample.contaminated"].where == "P5"


@pytest.mark.parametrize(
    ("pairs", "code"),
    [(["AB"], "strand.ab"), (["12"], "strand.12"), (["AC", "AG"], "strand.top"), (["AG", "CT"], None)],
)
def test_coding(tmp_path: Path, pairs: list[str], code: str | None) -> None:
    rows: list[Row] = [
        ("1", n + 1, ".", pairs[n % len(pairs)][0], pairs[n % len(pairs)][1], [0, 1]) for n in range(300)
    ]
    found = by_code(cohort_content.coding(subject(cohort_of_rows(tmp_path / "c", ["a", "b"], rows))))
    assert set(found) == ({code} if code else set())


def test_lists_of_variants_only_and_dense_data(tmp_path: Path) -> None:
    caller: list[Row] = [("1", 50 * n + 1, ".", "A", "G", [1 + n % 2]) for n in range(300)]
    found = by_code(cohort_content.variants_only(subject(cohort_of_rows(tmp_path / "v", ["a"], caller))))
    assert set(found) == {"content.variants_only"}
    random = np.random.default_rng(5)
    dense: list[Row] = [("1", 10 * n + 1, ".", "A", "G", equilibrium(random, 20, 0.3)) for n in range(2000)]
    given = subject(cohort_of_rows(tmp_path / "d", [f"P{n}" for n in range(20)], dense))
    assert set(by_code(cohort_content.density(given))) == {"content.looks_imputed"}
    assert given.summary.looks_imputed
    dense[3][5][2] = 3
    given = subject(cohort_of_rows(tmp_path / "e", [f"P{n}" for n in range(20)], dense))
    assert set(by_code(cohort_content.density(given))) == {"content.sequenced"}
    assert given.summary.looks_sequenced


def test_files_of_several_chromosomes_count_together(tmp_path: Path) -> None:
    one, two = made(tmp_path / "a", 200), made(tmp_path / "b", 200)
    given = subject(one, two)
    findings = [finding for check in COHORT_CHECKS for finding in check(given)]
    assert given.tally.sites == 400
    assert given.figures.site_call_rate.sum() == 400
    assert all(finding.fix is None or finding.fix in set(RepairCode) for finding in findings)


def test_positions_behind_every_chromosome_have_no_chunk(tmp_path: Path) -> None:
    rows: list[Row] = [("1", position, ".", "A", "G", [0, 1]) for position in (5, 400_000_000, 2_000_000_000)]
    cohort = cohort_of_rows(tmp_path / "c", ["a", "b"], rows)
    given = subject(cohort, panel=panel_of(cohort))
    list(cohort_panel.overlap(given))
    assert given.figures.chunk_start.tolist() == [1]
    assert given.figures.chunk_sites.tolist() == [1]


def test_more_people_than_can_be_compared_are_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.genotypes.people.kinship.MOST_PEOPLE", 29)
    monkeypatch.setattr(cohort_people, "MOST_PEOPLE", 29)
    given = subject(made(tmp_path / "c"))
    assert list(cohort_people.relatives(given)) == []
    assert given.summary.why["related"] == "More than 29 people are not compared with one another."
