"""The build of positions: real array positions in both builds, headers that lie, old builds."""

import numpy as np
import pytest

from app.genotypes.builds import (
    SURE,
    BuildEvidence,
    allele_class,
    build_name,
    judge,
    length,
    naturally,
    plain_chromosome,
)
from app.genotypes.check import check_files
from app.genotypes.known_sites import KNOWN_BUILDS, SITE_CHROMOSOMES, known_sites
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
    assert "invented data" in guess.evidence[0]


def test_chromosomes_in_natural_order() -> None:
    assert naturally(["chrX", "chr10", "chr2"]) == ["chr2", "chr10", "chrX"]
    assert naturally(["odd", "MT", "X", "22", "3"]) == ["3", "22", "X", "MT", "odd"]


def array_evidence(build: str, chromosomes: list[str], sites: int, share_known: float) -> BuildEvidence:
    """Evidence of an array of which a share are known sites and the rest stand anywhere."""
    random = np.random.default_rng(sites)
    table, evidence = known_sites(), BuildEvidence()
    for name in chromosomes:
        rows = np.flatnonzero(table.chromosome == SITE_CHROMOSOMES.index(name))
        rows = rows[table.position[build][rows] > 0]
        known = table.position[build][random.choice(rows, int(sites * share_known), replace=False)]
        others = random.integers(1, int(known.max()), sites - len(known))
        position = np.sort(np.concatenate([known, others]))
        evidence.add_chromosome(name, position, np.full(len(position), ord("0") << 8 | ord("0"), np.uint32))
    return evidence


@pytest.mark.parametrize("build", KNOWN_BUILDS)
@pytest.mark.parametrize("chromosome", ["1", "7", "13", "22", "X"])
def test_one_chromosome_of_an_array_is_enough(build: str, chromosome: str) -> None:
    guess = judge(array_evidence(build, [chromosome], 300, 0.15))
    assert (guess.value, guess.confidence >= SURE) == (build, True)


@pytest.mark.parametrize("build", KNOWN_BUILDS)
def test_known_sites_outweigh_a_header_that_was_copied(build: str) -> None:
    wrong = "GRCh38" if build != "GRCh38" else "GRCh37"
    evidence = array_evidence(build, ["2", "9"], 200, 0.1)
    evidence.add_contigs({f"chr{n}": length(wrong, str(n)) for n in range(1, 23)})
    evidence.prefixed, evidence.bare = 22, 0
    guess = judge(evidence)
    assert (guess.value, guess.confidence >= SURE) == (build, True)


def test_positions_that_stand_anywhere_are_never_sure() -> None:
    random = np.random.default_rng(1)
    for trial in range(20):
        evidence = BuildEvidence()
        for name in SITE_CHROMOSOMES[trial % 20 :]:
            position = np.sort(random.integers(1, 30_000_000, 5000))
            evidence.add_chromosome(f"chr{name}", position, np.full(5000, 0x4147, np.uint32))
        evidence.add_contigs({"1": length("GRCh38", "1")})
        assert judge(evidence).confidence < SURE


@pytest.mark.parametrize(
    ("folder", "file", "build"),
    [
        ("gwas/hapmap3_957_b36", "hapmap3_b36.bim", "NCBI36"),
        ("gwas/kgp3_1126_b37", "kgp3_b37.bim", "GRCh37"),
        ("gwas/eur379_chr20_b37", "eur379_chr20.bim", "GRCh37"),
        ("ancestry/kgp1_1092_b37", "kgp1_14k_b37.bim", "GRCh37"),
    ],
)
def test_random_parts_of_real_sets_are_right_or_not_sure(folder: str, file: str, build: str) -> None:
    rows = [line.split() for line in shared_data(*folder.split("/"), file).read_text().splitlines()]
    random = np.random.default_rng(5)
    for size in (50, 100, 200, 500, 1000, len(rows)):
        evidence = BuildEvidence()
        chosen = [rows[i] for i in random.choice(len(rows), size, replace=False)]
        for name in {row[0] for row in chosen}:
            mine = [row for row in chosen if row[0] == name]
            code = [ord(row[4][0]) << 8 | ord(row[5][0]) for row in mine]
            evidence.add_chromosome(name, np.array([int(row[3]) for row in mine]), np.array(code, np.uint32))
        guess = judge(evidence)
        assert guess.value == build or guess.confidence < SURE
    assert (guess.value, guess.confidence >= SURE) == (build, True)
