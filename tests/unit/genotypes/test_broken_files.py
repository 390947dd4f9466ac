"""Odd files of others: the cases of EBI's vcf-validator, whose `failed` ones break the letter of VCF 4.2."""

from pathlib import Path

import pytest

from app.domain.finding import CheckReport, Severity
from app.genotypes.check import check_files
from tests.helpers.shared import shared_folder

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
