"""What dropped files are by their names, in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.ui.drop_kinds import (
    drop_sentence,
    holds_result,
    is_excluded_list,
    is_result_file,
    is_site_list,
    sets_of,
)
from app.ui.drops import drop_words


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a.vcf.gz"], "a.vcf.gz: check as a new dataset"),
        (
            ["x.chr20.vcf.gz", "x.chr21.vcf.gz", "x.chr22.vcf.gz"],
            "3 VCF files, chromosomes 20–22: check as one dataset",
        ),
        (["x_chr1.bcf", "x_chrX.bcf"], "2 BCF files, chromosomes 1, X: check as one dataset"),
        (["ceu.bed", "ceu.bim", "ceu.fam"], "ceu, bed + bim + fam together: check as a new dataset"),
        (["ceu.bed"], "ceu.bed with the files that belong to it: check as a new dataset"),
        (["a.bed", "a.bim", "b.bed", "b.bim"], "2 PLINK files: check as one dataset"),
        (["cohort"], "Folder cohort: check the genotype files in it as one dataset"),
        (["cohort", "b.vcf.gz"], "2 files or folders: check as one dataset"),
        (["a.vcf.gz", "b.bed"], "2 files: check as one dataset"),
        (["chr1.dose.vcf.gz"], "Take in as a result of imputation: chr1.dose.vcf.gz"),
        (["chr_1.zip", "chr_2.zip"], "Take in as a result of imputation: chr_1.zip and 1 more"),
        (["snps-excluded.txt"], "snps-excluded.txt: compare with what Haplodesk predicted"),
    ],
)  # fmt: skip
def test_the_sentence_of_a_drop(names: list[str], said: str, theme: object) -> None:
    assert drop_words([Path(name) for name in names]) == said


def test_files_of_a_set_count_once() -> None:
    paths = [Path(f"chr{c}.{end}") for c in (1, 2) for end in ("pgen", "pvar.zst", "psam")]
    assert sets_of(paths) == [("chr1", "PLINK 2"), ("chr2", "PLINK 2")]
    assert drop_sentence(paths).startswith("2 PLINK 2")


@pytest.mark.parametrize(
    ("name", "excluded", "sites"),
    [
        ("snps-excluded.txt", True, False),
        ("snps-excluded (1).txt", True, False),
        ("typed-only.txt", True, False),
        ("snps-typed-only.txt", True, False),
        ("genome_23andme.txt", False, False),
        ("HRC.r1-1.GRCh37.wgs.mac5.sites.tab.gz", False, True),
        ("1000GP_Phase3_chr22.legend.gz", False, True),
        ("chr22.vcf.gz", False, False),
    ],
)
def test_lists_are_told_by_their_names(name: str, excluded: bool, sites: bool) -> None:
    assert is_excluded_list(Path(name)) is excluded
    assert is_site_list(Path(name)) is sites


def test_results_are_told_by_their_names() -> None:
    for name in (
        "chr20.dose.vcf.gz", "x.dose.bcf", "chr1.info.gz", "chrX.empiricalDose.vcf.gz", "chr_7.zip",
        "chr7.zip", "chrX.no.auto_female.zip", "results.zip",
    ):  # fmt: skip
        assert is_result_file(Path(name)), name
    for name in ("genome_john.zip", "cohort.chr20.vcf.gz", "ceu.bed", "info.txt"):
        assert not is_result_file(Path(name)), name


def test_folders_are_looked_into(tmp_path: Path) -> None:
    assert not holds_result(tmp_path / "none")
    inner = tmp_path / "job" / "local"
    inner.mkdir(parents=True)
    assert not holds_result(tmp_path / "job")
    (inner / "chr20.dose.vcf.gz").touch()
    assert holds_result(tmp_path / "job")
    assert holds_result(inner)
