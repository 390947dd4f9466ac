"""Odd files of others: the cases of EBI's vcf-validator, whose `failed` ones break the letter of VCF 4.2."""

import csv
from pathlib import Path

import pytest

from app.domain.finding import CheckReport, Severity
from app.genotypes.check import check_files
from app.genotypes.reading import read_cohort
from tests.helpers.shared import shared_data, shared_folder

# Errors in fields that no service reads (FORMAT keys beside GT and their values); nothing is said about them.
NOT_TOLD = {
    "failed_body_format_001.vcf": "a blank in the name of a FORMAT key",
    "failed_body_format_003.vcf": "an underscore in the name of a FORMAT key",
    "failed_body_sample_003.vcf": "a value too many behind GT",
    "failed_body_samples_ploidy_000.vcf": "too few likelihoods behind GT",
    "failed_body_samples_ploidy_002.vcf": "too many likelihoods behind GT",
}
# Whole by the letter, but no service can impute them: lists of sites, dosages alone, one allele, no order.
NOT_IMPUTABLE = {
    "sample.none", "content.no_variants", "genotype.missing", "genotype.haploid", "order.not_contiguous",
}  # fmt: skip


def validator_files(kind: str) -> list[Path]:
    root = shared_folder()
    return sorted((root / "data/broken/vcf-validator-v4.2" / kind).glob("*.vcf")) if root else []


def codes(report: CheckReport, *severities: Severity) -> set[str]:
    return {each.code for each in report.findings if each.severity in severities} - {"container.plain"}


@pytest.mark.parametrize("path", validator_files("failed"), ids=lambda path: path.name)
def test_files_against_the_letter_of_the_format(path: Path) -> None:
    told = codes(check_files([path]), Severity.SEVERE, Severity.WARNING)
    assert bool(told) == (path.name not in NOT_TOLD)


@pytest.mark.parametrize("path", validator_files("passed"), ids=lambda path: path.name)
def test_files_that_follow_the_letter_are_refused_for_a_reason_only(path: Path) -> None:
    report = check_files([path])
    assert codes(report, Severity.SEVERE) <= NOT_IMPUTABLE
    assert report.accepted == (not codes(report, Severity.SEVERE))


# Where the program says something else than the proposals beside the files, and why.
OTHERWISE = {
    "unsorted.vcf.gz": ("reject", "the proposal leaves “sort or refuse” open; services refuse"),
    "chrX_mixed_missing.vcf.gz": (
        "reject",
        "one in six calls of a man on X is a half call: the server aborts",
    ),
    "four_chromosomes.vcf.gz": ("reject", "the last line has five columns too few"),
    "big_header.vcf.gz": ("warn", "one of three calls is missing for some of the people"),
    "ok_1kg_omni_chr1.vcf.gz": ("warn", "real data with filtered sites and duplicates"),
    "plink_bed_sample_major/x.bed": (
        "accept",
        "the proposal wants equal genotypes or a refusal; they are equal",
    ),
    "plink_fam_spaces_5cols/x.bed": (
        "accept",
        "blanks and a missing phenotype mean nothing to the genotypes",
    ),
}
_CONTAINER = {"container.gzip", "container.plain", "content.format"}  # told, and easily mended


def proposals(folder: str) -> list[tuple[Path, str, str]]:
    root = shared_folder()
    if root is None:
        return []
    place = root / "data/broken" / folder
    with (place / "EXPECTED.tsv").open() as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    return [(place / row["file"], row["file"], row["expected"]) for row in rows]


@pytest.mark.parametrize(
    ("path", "name", "proposed"),
    proposals("made") + proposals("imputationserver"),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_verdicts_as_proposed(path: Path, name: str, proposed: str) -> None:
    report = check_files([path])
    warned = codes(report, Severity.WARNING) - _CONTAINER
    verdict = "reject" if not report.accepted else "warn" if warned else "accept"
    expected = OTHERWISE[name][0] if name in OTHERWISE else proposed
    # A warning in place of an acceptance is only for what people should hear of their own data.
    assert verdict == expected, (codes(report, Severity.SEVERE), warned)


def test_a_bed_written_by_person_gives_the_same_genotypes(tmp_path: Path) -> None:
    found = [
        read_cohort([shared_data("broken", "made", folder, "x.bed")], tmp_path / folder)[0]
        for folder in ("plink_ok", "plink_bed_sample_major")
    ]
    assert (found[0].genotypes(slice(None)) == found[1].genotypes(slice(None))).all()
