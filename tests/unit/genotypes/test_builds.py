"""The build of positions: real array positions in both builds, headers that lie, old builds."""

import numpy as np
import pytest

from app.genotypes.builds import (
    BuildEvidence,
    allele_class,
    build_name,
    judge,
    length,
    naturally,
    plain_chromosome,
)
from app.genotypes.check import check_files
from tests.helpers.shared import shared_data


@pytest.mark.parametrize(
    ("raw", "plain"),
    [("chr7", "7"), ("23", "X"), ("CHRX", "X"), ("M", "MT"), ("NC_000022.10", "22"), ("NC_012920.1", "MT")]
    + [("HLA", None), ("0", None), ("26", "MT"), ("NC_000023.11", "X"), ("", None)],
)
def test_chromosome_names(raw: str, plain: str | None) -> None:
    assert plain_chromosome(raw) == plain


def test_build_names() -> None:
    assert [build_name(t) for t in ("hg19", "GRCH38", " b37", "x", None)] == [
        "GRCh37",
        "GRCh38",
        "GRCh37",
        None,
        None,
    ]


def test_allele_classes_ignore_strand_and_order() -> None:
    assert allele_class("A", "G") == allele_class("C", "T") == allele_class("g", "A") == 2
    assert allele_class("A", "AT") == 0


@pytest.mark.parametrize(
    ("file", "build"), [("target.gsa_v3.vcf.gz", "GRCh37"), ("target.gsa_v3.GRCh38.vcf.gz", "GRCh38")]
)
def test_real_array(file: str, build: str) -> None:
    guess = check_files([shared_data("impute_chr22_eur", file)]).build
    assert (guess.value, guess.confidence > 0.99) == (build, True)
    assert "known positions agree" in guess.evidence[0]


@pytest.mark.parametrize("build", ["NCBI36", "GRCh37", "GRCh38", "T2T-CHM13"])
def test_contig_lengths_alone(build: str) -> None:
    evidence = BuildEvidence()
    evidence.add_contigs({f"chr{n}": length(build, str(n)) for n in range(1, 23)})
    assert judge(evidence).value == build


def test_positions_beyond_the_end_rule_a_build_out() -> None:
    evidence = BuildEvidence()
    evidence.add_contigs({"21": length("GRCh38", "21")})
    beyond = np.arange(47_000_000, 47_900_000, 1000)
    evidence.add_chromosome("21", beyond, np.full(len(beyond), 1 << 20, np.uint32))
    guess = judge(evidence)
    assert guess.value == "GRCh37"
    assert any("beyond the end" in sentence for sentence in guess.evidence)


def test_nothing_known() -> None:
    assert judge(BuildEvidence()).value is None


def test_many_positions_without_a_known_one_are_no_usual_build() -> None:
    evidence = BuildEvidence()
    evidence.add_chromosome("22", np.arange(20_000_001, 20_300_001, 200), np.full(1500, 0x4142, np.uint32))
    guess = judge(evidence)
    assert guess.value is None
    assert "older builds" in guess.evidence[0]


def test_chromosomes_in_natural_order() -> None:
    assert naturally(["chrX", "chr10", "chr2"]) == ["chr2", "chr10", "chrX"]
    assert naturally(["odd", "MT", "X", "22", "3"]) == ["3", "22", "X", "MT", "odd"]
