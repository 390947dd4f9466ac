"""From file to files with the built-in engine."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.domain.problem import Kind, ProblemError
from app.domain.progress import Progress
from app.genotypes.bgzf import read_lines
from app.genotypes.matrix import read_matrix
from app.imputation import builtin
from app.imputation.contract import ImputationFiles, ImputationRequest
from app.imputation.memory import BuiltInJob
from app.imputation.output import squared_correlations
from app.imputation.run import impute_files
from app.practice.simulation_files import SimulatedFiles
from app.practice.simulator import SimulatedData
from app.results.accuracy import accuracy
from app.results.quality import quality
from tests.unit.imputation.vcf import Row, panel_rows, write_vcf


def request(files: SimulatedFiles, out: Path, **more: Any) -> ImputationRequest:
    known: dict[str, Any] = {
        "panel_vcf": files.panel,
        "target_vcf": files.cohort,
        "out_dir": out,
        "chromosome": "20",
        "map_file": files.genetic_map,
        "phasing": "builtin",
    }
    return ImputationRequest(**(known | more))


@pytest.fixture(scope="module")
def made(cohort_files: SimulatedFiles, tmp_path_factory: pytest.TempPathFactory) -> ImputationFiles:
    return impute_files(request(cohort_files, tmp_path_factory.mktemp("made")))


def records(path: Path) -> list[list[str]]:
    return [line.decode().split("\t") for line in read_lines(path) if not line.startswith(b"#")]


def info_of(record: list[str]) -> dict[str, str]:
    return dict((part.split("=") + [""])[:2] for part in record[7].split(";"))


def test_names_and_nothing_else_is_left(made: ImputationFiles) -> None:
    names = sorted(p.name for p in made.dose.parent.iterdir())
    assert names == [
        "chr20.dose.vcf.gz",
        "chr20.dose.vcf.gz.tbi",
        "chr20.empiricalDose.vcf.gz",
        "chr20.info.gz",
    ]


def test_figures(made: ImputationFiles, cohort: SimulatedData) -> None:
    figures = made.figures
    assert (figures.samples, figures.panel_haplotypes, figures.panel_sites) == (15, 300, 3000)
    assert (figures.typed, figures.mismatched, figures.written) == (150, 0, 3000)
    assert figures.missing_genotypes == int((cohort.array[:, 0::2] < 0).sum())
    assert figures.mean_er2 is not None
    assert figures.mean_er2 > 0.7


def test_common_variants_are_imputed_well(made: ImputationFiles, cohort_files: SimulatedFiles) -> None:
    bins = accuracy([made.dose], cohort_files.truth)
    assert bins.sites == 2850
    common = [each.r2 for each in bins.by_maf if each.maf_from >= 0.05 and each.r2 is not None]
    assert min(common) > 0.9
    rare = next(each.r2 for each in bins.by_maf if each.maf_from == 0.02)
    assert rare is not None
    assert rare < max(common)


def test_written_r2_is_the_recomputed_one(made: ImputationFiles) -> None:
    for record in records(made.dose)[::50]:
        at = record[8].split(":").index("HDS")
        cells = [cell.split(":")[at].split(",") for cell in record[9:]]
        doses = np.array(cells, dtype=float)
        p = doses.mean()
        info = info_of(record)
        expected = doses.var() / (p * (1 - p)) if 0 < p < 1 else 0.0
        assert float(info["R2"]) == pytest.approx(expected, abs=1e-5)
        assert float(info["AF"]) == pytest.approx(p, abs=1e-5)
        assert float(info["AVG_CS"]) == pytest.approx(np.maximum(doses, 1 - doses).mean(), abs=1e-5)


def test_written_er2_is_the_recomputed_one(made: ImputationFiles) -> None:
    assert made.empirical is not None
    er2 = {r[1]: info_of(r).get("ER2") for r in records(made.info) if "ER2" in info_of(r)}
    checked = 0
    for record in records(made.empirical):
        assert record[8] == "GT:LDS"
        alleles = "|".join(cell.split(":")[0] for cell in record[9:]).split("|")
        doses = ",".join(cell.split(":")[1] for cell in record[9:]).split(",")
        told = er2.get(record[1])
        if told is not None:
            pair = np.corrcoef(np.array(alleles, float), np.array(doses, float))
            assert float(told) == pytest.approx(pair[0, 1] ** 2, abs=1e-4)
            checked += 1
    assert checked > 100


def test_er2_is_of_the_alleles_that_are_known() -> None:
    left_out = np.array([[0, 900, 100, 1000, 500, 200]], dtype=np.int16)
    observed = np.array([[0, 1, 0, 1, -1, 0]], dtype=np.int8)
    known = observed[0] >= 0
    expected = np.corrcoef(left_out[0, known], observed[0, known])[0, 1] ** 2
    assert squared_correlations(left_out, observed) == pytest.approx([expected])
    assert np.isnan(squared_correlations(left_out, np.full_like(observed, -1))).all()


def test_info_and_flags(made: ImputationFiles) -> None:
    dose, info = records(made.dose), records(made.info)
    assert [r[:8] for r in dose] == info
    flags = [set(r[7].split(";")) for r in info]
    assert sum("TYPED" in each for each in flags) == 150
    assert all("IMPUTED" in each for each in flags)
    header = [line for line in read_lines(made.dose) if line.startswith(b"##")]
    assert b"##phasing=full" in header
    assert b"##contig=<ID=20>" in header


def test_quality_reads_it(made: ImputationFiles) -> None:
    told = quality(made.dose.parent)
    assert (told.samples, told.variants, told.by_chromosome[0].typed) == (15, 3000, 150)
    assert told.mean_er2 == pytest.approx(made.figures.mean_er2, abs=1e-4)


@pytest.mark.skipif(not shutil.which("bcftools"), reason="bcftools is not installed")
def test_bcftools_reads_and_indexes_it(made: ImputationFiles, tmp_path: Path) -> None:
    def told(*command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "[W" not in done.stderr
        return done.stdout

    everything = records(made.dose)
    first, last = int(everything[700][1]), int(everything[900][1])
    ours = told("bcftools", "view", "-H", "-r", f"20:{first}-{last}", str(made.dose))
    copy = tmp_path / "copy.vcf.gz"
    shutil.copy(made.dose, copy)
    told("tabix", "-p", "vcf", str(copy))
    assert ours == told("bcftools", "view", "-H", "-r", f"20:{first}-{last}", str(copy))
    assert ours.count("\n") == 201
    assert told("bcftools", "index", "-n", str(made.dose)).strip() == "3000"
    assert told("bcftools", "view", "-H", str(made.info)).count("\n") == 3000
    assert made.empirical is not None
    assert told("bcftools", "query", "-f", "%POS[\t%LDS]\n", str(made.empirical)).count("\n") == 150


def test_windows_change_next_to_nothing(
    made: ImputationFiles, cohort_files: SimulatedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.imputation.builtin.WINDOW_BYTES", 2_000)
    monkeypatch.setattr("app.imputation.builtin._FEW_SITES", 1)
    monkeypatch.setattr("app.genotypes.matrix.matrix_pieces.__defaults__", (None, None, 60_000))
    cut = impute_files(request(cohort_files, tmp_path, overlap_bp=200_000, window_bp=200_000))
    assert (cut.figures.written, cut.figures.typed) == (3000, 150)
    whole, parts = ([info_of(r) for r in records(each.info)] for each in (made, cut))
    difference = [abs(float(a["AF"]) - float(b["AF"])) for a, b in zip(whole, parts, strict=True)]
    assert max(difference) < 0.05
    assert float(np.mean(difference)) < 5e-4
    assert sum("TYPED" in each for each in parts) == 150


def test_a_part_is_informed_by_its_surroundings(
    made: ImputationFiles, cohort_files: SimulatedFiles, tmp_path: Path
) -> None:
    whole = records(made.dose)
    first, last = int(whole[1000][1]), int(whole[1400][1])
    part = impute_files(request(cohort_files, tmp_path, first=first, last=last))
    assert part.figures.written == 401
    typed = sum("TYPED" in info_of(each) for each in whole[1000:1401])
    assert part.figures.typed == typed
    assert records(part.dose) == whole[1000:1401]


def test_low_r2_is_left_out(cohort_files: SimulatedFiles, tmp_path: Path) -> None:
    made = impute_files(request(cohort_files, tmp_path, min_r2=0.5, empirical=False))
    assert made.empirical is None
    assert made.figures.filtered > 0
    assert made.figures.written + made.figures.filtered == 3000
    assert min(float(info_of(r)["R2"]) for r in records(made.info)) >= 0.5


def small(tmp_path: Path, target: list[Row], panel: list[Row] | None = None, **more: Any) -> ImputationFiles:
    known: dict[str, Any] = {
        "panel_vcf": write_vcf(tmp_path / "panel.vcf", panel or panel_rows()),
        "target_vcf": write_vcf(tmp_path / "target.vcf", target, chromosome="chr20", prefix="T"),
        "out_dir": tmp_path / "out",
        "chromosome": "20",
    }
    return impute_files(ImputationRequest(**(known | more)))


def test_one_site_one_person(tmp_path: Path) -> None:
    made = small(tmp_path, [(5000, "A", "C", ["0|1"])])
    assert (made.figures.typed, made.figures.written, made.figures.samples) == (1, 40, 1)
    assert {record[0] for record in records(made.dose)} == {"20"}


def test_people_of_the_panel_come_back_exactly(cohort_files: SimulatedFiles, tmp_path: Path) -> None:
    panel = read_matrix(cohort_files.panel)
    typed = panel.haplotypes[::20]
    alone = [(typed == typed[:, [k]]).all(axis=0).sum() == 1 for k in range(300)]
    first = next(k for k in range(0, 300, 4) if all(alone[k : k + 4]))
    people = panel.haplotypes[:, first : first + 4]
    rows: list[Row] = [
        (int(panel.positions[at]), panel.refs[at], panel.alts[at], [f"{a}|{b}", f"{c}|{d}"])
        for at in range(0, len(panel), 20)
        for a, b, c, d in [people[at].tolist()]
    ]
    chart = tmp_path / "map.txt"
    chart.write_text(f"20 . 0 {panel.positions[0]}\n20 . 8 {panel.positions[-1]}\n")
    target = write_vcf(tmp_path / "target.vcf", rows, prefix="T")
    known = {"target_vcf": target, "map_file": chart, "phasing": "none"}
    made = impute_files(request(cohort_files, tmp_path / "out", **known))
    doses = [cell.split(":")[2].split(",") for record in records(made.dose) for cell in record[9:]]
    assert (np.array(doses, dtype=float).reshape(-1, 4) == people).all()


def test_other_alleles_are_counted_and_not_used(tmp_path: Path) -> None:
    target: list[Row] = [
        (1500, "G", "T", ["0|1", "1|."]),
        (2000, "C", "A", ["0|1", "1|1"]),
        (3000, "A", "C", ["0|1", "1|1"]),
        (4000, "A", "C,T", ["0|1", "1|1"]),
        (9000, "A", "C", ["0|.", "1|1"]),
        (9000, "A", "C", ["0|0", "1|1"]),
    ]
    made = small(tmp_path, target)
    figures = made.figures
    assert (figures.typed, figures.mismatched, figures.typed_only, figures.unusable) == (2, 1, 1, 2)
    assert (figures.written, figures.typed_only_written, figures.missing_genotypes) == (41, 1, 1)
    rows = records(made.dose)
    assert [int(r[1]) for r in rows] == sorted(int(r[1]) for r in rows)
    only = next(r for r in rows if r[1] == "1500")
    assert {"TYPED"} == {"TYPED", "IMPUTED"} & set(only[7].split(";"))
    assert only[9:] == ["0|1:1:0,1:0,1,0", ".|.:.:.:."]
    assert info_of(only)["AF"] == "0.5"  # of the one whose call is whole


def test_haploid_people_stay_haploid(tmp_path: Path) -> None:
    target: list[Row] = [(p, "A", "C", ["0|1", "1"]) for p in (3000, 9000, 20000)]
    for phasing in ("none", "builtin"):
        made = small(tmp_path, target, phasing=phasing)
        cell = records(made.dose)[0][10].split(":")
        assert cell[0] in ("0", "1")
        assert "," not in cell[2]
        assert read_matrix(made.dose).haplotypes[:, 3].tolist() == [-2] * 40


def test_a_panel_without_variation_and_a_range(tmp_path: Path) -> None:
    rows: list[Row] = [(p, a, b, ["0|0"] * 4) for p, a, b, _ in panel_rows()]
    made = small(tmp_path, [(5000, "A", "C", ["0|1"])], rows, first=3000, last=8000)
    assert made.figures.written == 6
    assert {info_of(r)["R2"] for r in records(made.dose) if r[1] != "5000"} == {"0"}


ONE: list[Row] = [(5000, "A", "C", ["0|1"])]
BAD: dict[str, tuple[list[Row], list[Row] | None, str]] = {
    "no site in common": ([(5001, "A", "C", ["0|1"])], None, "no site in common"),
    "strand": ([(5000, "T", "G", ["0|1"])], None, "no site in common"),
    "unphased": ([(5000, "A", "C", ["0/1"])], None, "not phased"),
    "panel with gaps": (
        [(5000, "A", "C", ["0|1"])],
        [(5000, "A", "C", ["0|.", "1|1"])],
        "panel has missing genotypes",
    ),
    "panel unphased": (
        [(5000, "A", "C", ["0|1"])],
        [(5000, "A", "C", ["0/1", "1|1"])],
        "panel is not phased",
    ),
    "panel with another allele": (ONE, [(4000, "A", "C", ["0|0"]), (5000, "A", "C", ["0|2"])], "20:5000"),
    "position of many digits": ([(10**30, "A", "C", ["0|1"])], None, "no VCF line"),
    "mixed": ([(5000, "A", "C", ["1"]), (6000, "A", "C", ["0|1"])], None, "haploid at some sites"),
    "unsorted panel": (ONE, panel_rows()[::-1], "not sorted"),
    "a line of text": ([(5000, "A", "C", ["what"])], None, "genotype cannot be read"),
}


@pytest.mark.parametrize(("target", "panel", "title"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_imputed_is_told(
    target: list[Row], panel: list[Row] | None, title: str, tmp_path: Path
) -> None:
    with pytest.raises(ProblemError, match=title) as caught:
        small(tmp_path, target, panel)
    assert caught.value.problem.kind is Kind.INPUT
    assert not list((tmp_path / "out").iterdir())


def test_files_that_are_not_there_or_damaged(tmp_path: Path, cohort_files: SimulatedFiles) -> None:
    cut = tmp_path / "cut.vcf.gz"
    cut.write_bytes(cohort_files.cohort.read_bytes()[:-200])
    text = tmp_path / "text.vcf"
    text.write_text("rs1\t20\t1000\tAA\n")
    for bad in (tmp_path / "none.vcf", cut, text, tmp_path):
        with pytest.raises(ProblemError):
            impute_files(request(cohort_files, tmp_path / "out", target_vcf=bad))
    assert not list((tmp_path / "out").iterdir())


def test_progress_goes_to_the_end(cohort_files: SimulatedFiles, tmp_path: Path) -> None:
    seen: list[Progress] = []
    impute_files(request(cohort_files, tmp_path, first=10_100_000, last=10_200_000), seen.append)
    for step in ("Phasing", "Imputing"):
        shares = [each.fraction for each in seen if each.step == step]
        assert shares == sorted(shares)
        assert shares[0] == 0
    assert seen[-1].fraction is not None
    assert seen[-1].fraction > 0.3


class Stop(Exception):
    pass


def test_what_a_killed_try_left_goes_first(tmp_path: Path) -> None:
    left = tmp_path / "out" / ".imputing-left"
    left.mkdir(parents=True)
    os.utime(left, (0, 0))
    with pytest.raises(ProblemError):
        small(tmp_path, [(5001, "A", "C", ["0|1"])])
    assert not left.exists()


def test_a_report_that_raises_leaves_nothing(cohort_files: SimulatedFiles, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.step == "Imputing":
            raise Stop

    with pytest.raises(Stop):
        impute_files(request(cohort_files, tmp_path / "out"), stop)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("phasing", ["none", "builtin"])
def test_an_allele_that_alt_does_not_name_is_missing(phasing: str, tmp_path: Path) -> None:
    target: list[Row] = [(5000, "A", "C", ["0|2", "0|1"]), (6000, "A", "C", ["0|1", "1|1"])]
    made = small(tmp_path, [*target, (6500, "A", "C", ["2|2", "0|1"])], phasing=phasing)
    assert (made.figures.typed, made.figures.missing_genotypes) == (2, 1)


def test_x_may_be_numbered_in_one_file(tmp_path: Path) -> None:
    panel = write_vcf(tmp_path / "panel.vcf", panel_rows(), chromosome="chrX")
    target = write_vcf(tmp_path / "target.vcf", ONE, chromosome="23", prefix="T")
    made = impute_files(
        ImputationRequest(panel_vcf=panel, target_vcf=target, out_dir=tmp_path / "out", chromosome="X")
    )
    assert made.figures.typed == 1
    assert {record[0] for record in records(made.dose)} == {"chrX"}


def test_two_people_of_one_name_are_refused_without_telling_it(tmp_path: Path) -> None:
    target = write_vcf(tmp_path / "twins.vcf", [(5000, "A", "C", ["0|1"] * 3)], prefix="T")
    target.write_text(target.read_text().replace("\tT3\n", "\tT1\n"))
    with pytest.raises(ProblemError, match="same name") as caught:
        small(tmp_path, ONE, target_vcf=target)
    assert "(people 1, 3)" in caught.value.problem.what_happened
    assert "T1" not in str(caught.value)


def lines_of(made: ImputationFiles) -> list[list[str]]:
    assert made.empirical is not None
    return [*records(made.dose), *records(made.empirical)]


def test_threads_and_what_waits_on_the_disk_change_nothing(
    phased_files: SimulatedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = impute_files(request(phased_files, tmp_path / "alone", phasing="none"))
    monkeypatch.setattr("app.imputation.spool.Spool.__init__.__defaults__", (1000,))
    monkeypatch.setattr("app.imputation.memory.ANSWERS_MB", 0)  # eight haplotypes at once
    monkeypatch.setattr("app.imputation.built_in.c_kernel._CELLS_A_THREAD", 1)  # all threads are used
    monkeypatch.setattr("app.imputation.builtin.WINDOW_BYTES", 5000)
    monkeypatch.setattr("app.imputation.builtin._FEW_SITES", 1)
    monkeypatch.setattr("app.imputation.output._FEW_ROWS", 1)
    monkeypatch.setattr("app.imputation.output._TEXT_AT_ONCE", 10_000)
    many = impute_files(request(phased_files, tmp_path / "many", phasing="none", threads=3))
    assert lines_of(many) == lines_of(alone)


def test_little_memory_makes_small_pieces_and_none_is_told(
    phased_files: SimulatedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = impute_files(request(phased_files, tmp_path / "whole", phasing="none"))
    cut: list[int] = []
    planned = builtin._pieces

    def watched(*of: Any) -> list[Any]:
        pieces = planned(*of)
        cut.append(len(pieces))
        return pieces

    monkeypatch.setattr(builtin, "_pieces", watched)
    monkeypatch.setattr(BuiltInJob, "bytes_a_site", lambda _: 500.0)
    monkeypatch.setattr(BuiltInJob, "fixed_bytes", lambda _: 0.0)
    monkeypatch.setattr(BuiltInJob, "own_mb", 255)
    pieces = impute_files(request(phased_files, tmp_path / "pieces", phasing="none", memory_mb=256))
    assert cut[0] > 1
    assert [row[:5] for row in records(pieces.dose)] == [row[:5] for row in records(whole.dose)]
    monkeypatch.setattr(BuiltInJob, "own_mb", 256)
    with pytest.raises(ProblemError, match="not enough memory"):
        impute_files(request(phased_files, tmp_path / "none", phasing="none", memory_mb=256))
    assert not list((tmp_path / "none").iterdir())


def test_more_threads_than_memory_has_room_for(phased_files: SimulatedFiles, tmp_path: Path) -> None:
    """As on a large computer, all of whose processors are taken where none are named."""
    few, many = (
        impute_files(request(phased_files, tmp_path / str(threads), phasing="none", threads=threads))
        for threads in (1, 10**12)
    )
    assert records(many.dose) == records(few.dose)


def test_a_disk_without_room_is_told_before_anything_is_computed(
    phased_files: SimulatedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.imputation.builtin.IN_MEMORY", 1000)
    monkeypatch.setattr("app.imputation.builtin.free_bytes", lambda _: 1000)
    with pytest.raises(ProblemError, match="too little room"):
        impute_files(request(phased_files, tmp_path / "out", phasing="none"))
    assert not list((tmp_path / "out").iterdir())
