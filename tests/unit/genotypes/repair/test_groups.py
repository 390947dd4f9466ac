"""Files of several groups of people: each repaired by itself, in one set of books that adds up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import Severity
from app.domain.problem import ProblemError
from app.domain.repair import Ledger, RepairCode, RepairOutcome, RepairPlan, RepairStep
from app.genotypes.bgzf import BgzfWriter, read_lines
from app.genotypes.check import CheckOptions, check_files
from app.genotypes.cohort import Cohort
from app.genotypes.reading import read_cohort
from app.genotypes.repair.errand import RepairErrand, outcome_of, plan_errand, repair_errand
from app.genotypes.repair.groups import folder_names
from app.genotypes.repair.joining import joint_ledger, joint_outcome, joint_plan
from app.genotypes.repair.target import RepairChoices
from tests.helpers.shared import shared_data
from tests.helpers.small_study import make_study, vcf_text

CALLS = ("0/0", "0/1", "1/1", "./.")
LOOSE = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0, het_deviations=99)


def test_folders_of_groups_differ_on_every_system() -> None:
    names = ["a/b", "a\\b", "A-B", "chr1.vcf.gz and 21 more", "con", "..", "batch1", "x" * 300, "caf\udce9"]
    folders = folder_names(names)
    assert folders[:7] == ["a-b", "a-b-2", "A-B-3", "chr1", "group-con", "group", "group-batch1"]
    assert len({each.casefold() for each in folders}) == len(names)
    assert all(len(each.encode()) <= 90 and not set(each) & set('/\\:*?"<>|') for each in folders)


def test_books_of_groups_are_exact_sums() -> None:
    def ledger(sites: int, lost: int, people: int) -> Ledger:
        line = {"code": "flip", "title": "Flip", "removed_sites": lost, "removed_samples": 1}
        return Ledger(
            sites_in=sites, samples_in=people, lines=(line,), sites_out=sites - lost, samples_out=people - 1
        )

    joint = joint_ledger([ledger(100, 7, 30), ledger(50, 0, 20)])
    assert (joint.sites_in, joint.sites_out, joint.samples_in, joint.samples_out) == (150, 143, 50, 48)
    assert [(e.code, e.removed_sites, e.removed_samples) for e in joint.lines] == [("flip", 7, 2)]
    assert joint.adds_up


def step(code: RepairCode, sites: int, **more: object) -> RepairStep:
    return RepairStep(code=code, title=code.value, sites=sites, **more)


def test_a_joint_plan_keeps_the_order_of_repairs_and_names_who_differs() -> None:
    first = (step(RepairCode.SORT, 1), step(RepairCode.SWITCH, 5, examples=("1:1", "1:2")))
    second = (
        step(RepairCode.FLIP, 2),
        step(RepairCode.SWITCH, 3, examples=("2:9",)),
        step(RepairCode.DROP_SITES_HWE, 4, lost_sites=4, chosen=False),
    )
    third = (step(RepairCode.DROP_SITES_HWE, 1, lost_sites=1),)
    plan = joint_plan(
        [
            RepairPlan(group="a", steps=first, sites_left=10, samples_left=3),
            RepairPlan(group="b", steps=second, sites_left=20, samples_left=4, refused="No."),
            RepairPlan(group="c", steps=third, cautions=("Look.",)),
        ]
    )
    assert [(s.code, s.sites) for s in plan.steps] == [
        (RepairCode.SORT, 1),
        (RepairCode.FLIP, 2),
        (RepairCode.SWITCH, 8),
        (RepairCode.DROP_SITES_HWE, 5),
    ]
    assert plan.steps[2].examples == ("a 1:1", "b 2:9", "a 1:2")
    assert plan.steps[3].chosen
    assert plan.steps[3].caution == "Not proposed for b."
    assert not plan.refused
    assert plan.cautions == ("b: No.", "c: Look.")
    assert (plan.sites_left, plan.samples_left) == (30, 7)
    assert joint_plan([p.model_copy(update={"refused": "No."}) for p in plan.groups]).refused == "No."


def test_all_groups_must_be_ready() -> None:
    books = Ledger(sites_in=0, samples_in=0, sites_out=0, samples_out=0)
    parts = [
        RepairOutcome(group=name, ledger=books, ready=ready) for name, ready in (("a", True), ("b", None))
    ]
    assert joint_outcome(parts).ready is None
    assert joint_outcome([*parts, parts[0].model_copy(update={"ready": False})]).ready is False
    assert joint_outcome(parts[:1]).ready is True


def groups_of_two(folder: Path) -> list[Path]:
    """Two cohorts in folders of their own."""
    paths = []
    for name, seed in (("a", 1), ("b", 2)):
        study = make_study(seed, samples=24, sites=150, build="GRCh37")
        text = vcf_text(study)
        for person in study.samples:
            text = text.replace(person, f"{name}{person}")
        (folder / name).mkdir()
        paths.append(folder / name / "cohort.vcf")
        paths[-1].write_text(text)
    return paths


def test_each_group_is_written_to_its_folder(tmp_path: Path) -> None:
    paths = groups_of_two(tmp_path)
    errand = RepairErrand(paths=tuple(map(str, paths)), choices=LOOSE, work=str(tmp_path))
    plan = plan_errand(errand)
    assert [each.group for each in plan.groups] == ["a", "b"]
    out = tmp_path / "out"
    outcome = outcome_of(repair_errand(errand, str(out), str(out)))
    assert [Path(each.path).parent for each in outcome.files] == [out / "a", out / "b"]
    assert plan.sites_left == outcome.ledger.sites_out == sum(each.sites for each in outcome.files)
    assert outcome.ledger.samples_out == 48
    for each in outcome.groups:
        header = next(line for line in read_lines(each.files[0].path) if line.startswith(b"#CHROM"))
        names = header.decode().split("\t")[9:]
        assert len(names) == 24
        assert all(name.startswith(each.group) for name in names)


def test_a_cut_file_of_a_group_is_named(tmp_path: Path) -> None:
    paths = groups_of_two(tmp_path)
    packed = paths[1].with_suffix(".vcf.gz")
    with BgzfWriter(packed) as out:
        out.write(paths[1].read_bytes())
    packed.write_bytes(packed.read_bytes()[:200])
    errand = RepairErrand(paths=(str(paths[0]), str(packed)), work=str(tmp_path))
    with pytest.raises(ProblemError) as caught:
        plan_errand(errand)
    assert caught.value.problem.what_happened == "cohort.vcf.gz: The file is truncated."
    report = check_files([paths[0], packed], CheckOptions())
    severe = [(each.code, each.file) for each in report.findings if each.severity is Severity.SEVERE]
    assert severe == [("container.truncated", str(packed))]


def test_a_file_without_people_among_others_is_named(tmp_path: Path) -> None:
    paths = groups_of_two(tmp_path)
    sites = tmp_path / "a" / "sites.vcf"
    rows = [line.split("\t") for line in paths[0].read_text().splitlines()]
    sites.write_text("\n".join("\t".join(row[:8]) for row in rows) + "\n")
    plan = plan_errand(RepairErrand(paths=tuple(map(str, (*paths, sites))), work=str(tmp_path)))
    (refused,) = [each.refused for each in plan.groups if each.refused]
    assert refused.startswith("A file holds no people. sites.vcf has no genotypes")


def test_nothing_of_a_group_is_overwritten(tmp_path: Path) -> None:
    paths = groups_of_two(tmp_path)
    errand = RepairErrand(paths=tuple(map(str, paths)), choices=LOOSE, work=str(tmp_path))
    with pytest.raises(ProblemError, match="is there already"):
        repair_errand(errand, str(tmp_path / "new"), str(tmp_path))
    assert not (tmp_path / "new").exists()


def test_a_group_that_cannot_be_repaired_is_told_in_the_books(tmp_path: Path) -> None:
    paths = groups_of_two(tmp_path)
    out = tmp_path / "out"
    everybody = frozenset(f"b{name}" for name in make_study(2, samples=24, sites=150).samples)
    errand = RepairErrand(
        paths=tuple(map(str, paths)),
        choices=RepairChoices(drop_samples=everybody, chosen=frozenset({RepairCode.DROP_SAMPLES})),
        work=str(tmp_path),
    )
    outcome = outcome_of(repair_errand(errand, str(out), str(out)))
    assert [bool(each.files) for each in outcome.groups] == [True, False]
    assert outcome.ready is False
    assert outcome.refused.startswith("b: Nothing is left")
    assert outcome.ledger.adds_up
    assert outcome.ledger.samples_out == 24
    assert not (out / "b").exists()


def write_group(folder: Path, cohort: Cohort, people: range, each: int) -> list[Path]:
    """The first sites of chromosomes 1–22 of some people as a VCF a chromosome."""
    folder.mkdir(parents=True)
    names = np.array([cohort.names[n] for n in np.asarray(cohort.chromosome).tolist()])
    chosen = [cohort.samples[n] for n in people]
    header = ["##fileformat=VCFv4.2", '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">']
    columns = "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *chosen])
    paths = []
    for number in range(1, 23):
        rows = np.flatnonzero(names == str(number))[:each]
        calls = cohort.genotypes(rows)[:, people.start : people.stop]
        lines = []
        for row, called in zip(rows.tolist(), calls.tolist(), strict=True):
            site = (
                f"{number}\t{cohort.position[row]}\t{cohort.ids[row]}\t{cohort.refs[row]}\t{cohort.alts[row]}"
            )
            lines.append("\t".join([f"{site}\t.\t.\t.\tGT", *(CALLS[call] for call in called)]))
        paths.append(folder / f"chr{number}.vcf")
        paths[-1].write_text("\n".join([*header, columns, *lines]) + "\n")
    return paths


@pytest.mark.slow
def test_22_chromosomes_of_three_real_cohorts_in_two_builds(tmp_path: Path) -> None:
    here = shared_data("gwas", "kgp3_1126_b37", "kgp3_b37.bed")
    old = shared_data("gwas", "hapmap3_957_b36", "hapmap3_b36.bed")
    chain = shared_data("chains", "ensembl.NCBI36_to_GRCh37.chain.gz")
    (new,) = read_cohort([here], tmp_path / "new")
    (hg18,) = read_cohort([old], tmp_path / "old")
    files = write_group(tmp_path / "in" / "one", new, range(0, 25), 80)
    files += write_group(tmp_path / "in" / "two", new, range(25, 45), 80)
    files += write_group(tmp_path / "in" / "three", hg18, range(900, 930), 80)

    report = check_files(files, CheckOptions(people=False))
    assert [(g.name, g.people, len(g.files), g.build.value) for g in report.groups] == [
        ("one", 25, 22, "GRCh37"),
        ("two", 20, 22, "GRCh37"),
        ("three", 30, 22, "NCBI36"),
    ]
    assert report.build.value is None
    assert "files.builds_differ" in {each.code for each in report.findings}

    sites = tmp_path / "panel.sites"
    names = np.array(new.names)[np.asarray(new.chromosome)]
    sites.write_text(
        "ID\tCHROM\tPOS\tREF\tALT\tAAF_ALL\n"
        + "".join(
            f"{new.ids[r]}\t{names[r]}\t{new.position[r]}\t{new.refs[r]}\t{new.alts[r]}\t0.2\n"
            for r in range(len(new))
            if names[r].isdigit() and int(names[r]) < 23
        )
    )
    errand = RepairErrand(
        paths=tuple(map(str, files)),
        site_lists=(str(sites),),
        panel_build="GRCh37",
        chain=str(chain),
        choices=LOOSE,
        work=str(tmp_path),
    )
    plan = plan_errand(errand)
    assert [each.build for each in plan.groups] == ["GRCh37", "GRCh37", "NCBI36"]
    assert not plan.refused
    out = tmp_path / "out"
    outcome = outcome_of(repair_errand(errand, str(out), str(out)))
    assert len(outcome.files) == 66
    lifted = [{s.code for s in each.applied} & {RepairCode.LIFTOVER} for each in outcome.groups]
    assert lifted == [set(), set(), {RepairCode.LIFTOVER}]
    assert all(each.ledger.adds_up for each in outcome.groups)
    assert outcome.ledger.adds_up
    assert outcome.ledger.sites_in == report.snps
    assert outcome.ledger.samples_in == report.samples == 75
    again = check_files([each.path for each in outcome.files], CheckOptions(people=False))
    assert again.build.value == "GRCh37"
    assert {each.build.value for each in again.groups} == {"GRCh37"}

    few = (*errand.paths[:6], *errand.paths[44:50])
    without = plan_errand(replace(errand, paths=few, chain=None))
    assert without.wanted_chains == (("NCBI36", "GRCh37"),)
    assert [bool(each.refused) for each in without.groups] == [False, True]
