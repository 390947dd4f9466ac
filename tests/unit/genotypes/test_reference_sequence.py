"""Bases of a FASTA file in any packing, and indels moved to the left as bcftools does."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.reference_sequence import PIECE, ReferenceSequence
from tests.helpers.shared import shared_data

FASTA = ">chr1 first\nACGTACGT\nacgtNNAC\nGGG\n>x_decoy\nAAAA\n>chrX\nTTTT\nCC\n"
ONE = "ACGTACGTACGTNNACGGG"


def written(folder: Path, packing: str) -> Path:
    path = folder / f"genome.fa.{packing}"
    if packing == "bgz":
        with BgzfWriter(path) as out:
            out.write(FASTA.encode())
    elif packing == "gz":
        path.write_bytes(gzip.compress(FASTA.encode()))
    else:
        path.write_text(FASTA, newline="\r\n" if packing == "crlf" else "")
    return path


@pytest.mark.parametrize("packing", ["plain", "crlf", "bgz"])
def test_bases_are_those_of_the_file(tmp_path: Path, packing: str) -> None:
    genome = ReferenceSequence(written(tmp_path, packing))
    assert genome.chromosomes == ("1", "X")
    for start in range(1, 21):
        for stop in range(start, 22):
            assert genome.bases("1", start, stop).tobytes().decode() == ONE[start - 1 : stop - 1]
            assert genome.text("1", start, stop) == ONE[start - 1 : stop - 1]
    assert genome.at("1", np.array([19, 1, 0, 20, 8, -4])).tobytes() == b"GA\0\0T\0"
    assert genome.bases("X", 4, 99).tobytes() == b"TCC"
    assert len(genome.bases("2", 1, 5)) == 0
    genome.close()


@pytest.mark.parametrize("packing", ["plain", "bgz"])
def test_an_index_beside_is_used_and_proved(tmp_path: Path, packing: str) -> None:
    path = written(tmp_path, packing)
    index = path.with_name(path.name + ".fai")
    index.write_text("chr1\t19\t12\t8\t9\n")
    assert ReferenceSequence(path).chromosomes == ("1",)
    index.write_text("chr1\t19\t13\t8\t9\n")
    with pytest.raises(ProblemError, match="its index is not of it"):
        ReferenceSequence(path)
    index.write_text("no index\n")
    with pytest.raises(ProblemError):
        ReferenceSequence(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "it is empty"),
        (b"ACGT\nACGT\n", "no line begins with"),
        (b">1\nACGT\nAC\nACGT\n", "differ in length"),
        (b">contig\nACGT\n", "no human chromosome"),
        (gzip.compress(FASTA.encode()), "packed by gzip"),
    ],
    ids=["empty", "no_name", "ragged", "foreign", "gzip"],
)
def test_other_files_are_refused(tmp_path: Path, text: bytes, words: str) -> None:
    path = tmp_path / "genome.fa"
    path.write_bytes(text)
    with pytest.raises(ProblemError, match=words):
        ReferenceSequence(path)


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "bgz")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ProblemError, match="damaged"):
        ReferenceSequence(path)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ((8, "CAC", "C"), (1, "GCA", "G")),
        ((11, "A", "ACA"), (1, "G", "GCA")),
        ((5, "ACA", "GCA"), (5, "A", "G")),
        ((10, "T", "TC"), None),
        ((1, "G", "GG"), (1, "G", "GG")),
    ],
)
def test_indels_go_to_the_left(
    tmp_path: Path, given: tuple[int, str, str], wanted: tuple[int, str, str] | None
) -> None:
    path = tmp_path / "genome.fa"
    path.write_text(">1\nGCACACACACAT\n")
    assert ReferenceSequence(path).left_aligned("1", *given) == wanted


def test_the_build_is_that_of_its_lengths() -> None:
    genome = ReferenceSequence(shared_data("reference", "GRCh37.chr20.fa.gz"))
    assert genome.build == "GRCh37"
    assert len(genome.bases("20", 10 * PIECE, 11 * PIECE)) == PIECE


def random_indels(genome: ReferenceSequence, count: int) -> list[tuple[int, str, str]]:
    """Deletions and insertions, many of them copies of what stands beside, so that they can move."""
    random = np.random.default_rng(7)
    found = []
    for start in sorted(random.integers(100_000, 62_000_000, count).tolist()):
        size = int(random.integers(1, 9))
        here = genome.text("20", start, start + 2 * size + 1)
        if len(here) < 2 * size + 1 or "N" in here:
            continue
        if random.random() < 0.5:
            found.append((start, here[: size + 1], here[0]))
        else:
            found.append((start, here[0], here[0] + here[1 : size + 1]))
    return found


def test_bcftools_moves_them_alike(tmp_path: Path) -> None:
    program = shutil.which("bcftools")
    if program is None:
        pytest.skip("bcftools is not installed")
    fasta = shared_data("reference", "GRCh37.chr20.fa.gz")
    genome = ReferenceSequence(fasta)
    indels = random_indels(genome, 6000)
    assert len(indels) > 5000
    head = "##fileformat=VCFv4.2\n##contig=<ID=20,length=63025520>\n"
    head += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    lines = [f"20\t{p}\t{n}\t{r}\t{a}\t.\t.\t.\n" for n, (p, r, a) in enumerate(indels)]
    path = tmp_path / "indels.vcf"
    path.write_text(head + "".join(lines))
    command = [program, "norm", "-f", str(fasta), "-w", "100000", str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    theirs = {
        int(row[2]): (int(row[1]), row[3], row[4])
        for row in (line.split("\t") for line in answer.splitlines() if not line.startswith("#"))
    }
    mine = {n: genome.left_aligned("20", *each) for n, each in enumerate(indels)}
    assert mine == theirs
    assert sum(indels[n][0] != each[0] for n, each in theirs.items()) > 1000
