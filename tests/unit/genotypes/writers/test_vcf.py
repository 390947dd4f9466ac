"""Written VCF files are read back as they were, and other programs read and index them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.genotypes.bgzf import read_lines
from app.genotypes.index_file import read_index
from app.genotypes.matrix import read_matrix
from app.genotypes.texts import Texts
from app.genotypes.writers.vcf import VcfRows, VcfWriter, written_name

CALLS = {0: "0{0}0", 1: "0{0}1", 2: "1{0}1", 3: ".{0}."}


def random_rows(count: int, samples: int, seed: int, reach: int = 3_000_000) -> VcfRows:
    random = np.random.default_rng(seed)
    haploid = random.random((count, samples)) < 0.1
    codes = random.integers(0, 4, (count, samples)).astype(np.uint8)
    codes[haploid & (codes == 1)] = 2
    return VcfRows(
        position=np.sort(random.integers(1, reach, count)),
        ids=Texts.of(f"rs{i}" for i in range(count)),
        refs=Texts.of("ACGT"[i % 4] * (1 + (i % 97 == 0) * 20) for i in range(count)),
        alts=Texts.of("CGTA"[i % 4] for i in range(count)),
        genotypes=codes,
        phased=random.random(count) < 0.5,
        phase=(random.random((count, samples)) < 0.5) & (codes == 1),
        haploid=haploid,
    )


def cell(rows: VcfRows, row: int, sample: int) -> str:
    code = int(rows.genotypes[row, sample])
    if rows.haploid is not None and rows.haploid[row, sample]:
        return {0: "0", 2: "1", 3: "."}[code]
    bar = "|" if rows.phased[row] else "/"
    if code == 1 and bar == "|" and rows.phase is not None and rows.phase[row, sample]:
        return "1|0"
    return CALLS[code].format(bar)


def write(path: Path, rows: VcfRows, samples: int, pieces: int = 1, build: str = "GRCh38") -> None:
    names = [f"s{i}" for i in range(samples)]
    with VcfWriter(path, names, written_name("22", build), build) as writer:
        for part in np.array_split(np.arange(len(rows.position)), pieces):
            writer.append(
                VcfRows(
                    rows.position[part],
                    rows.ids[part],
                    rows.refs[part],
                    rows.alts[part],
                    rows.genotypes[part],
                    rows.phased[part],
                    None if rows.phase is None else rows.phase[part],
                    None if rows.haploid is None else rows.haploid[part],
                )
            )


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 9), st.integers(0, 10_000), st.integers(1, 4))
def test_every_cell_is_written_as_planned(
    tmp_path_factory: pytest.TempPathFactory, count: int, samples: int, seed: int, pieces: int
) -> None:
    path = tmp_path_factory.mktemp("vcf") / "chr22.vcf.gz"
    rows = random_rows(count, samples, seed)
    write(path, rows, samples, pieces)
    lines = [line.decode().split("\t") for line in read_lines(path) if not line.startswith(b"#")]
    assert [line[9:] for line in lines] == [
        [cell(rows, row, sample) for sample in range(samples)] for row in range(count)
    ]
    assert [int(line[1]) for line in lines] == rows.position.tolist()
    assert {(line[0], *line[5:9]) for line in lines} == {("chr22", ".", "PASS", ".", "GT")}
    summary = read_index(path.with_name("chr22.vcf.gz.tbi"))
    assert summary is not None
    assert (summary.names, summary.records) == (("chr22",), count)


def test_matrix_reads_the_same(tmp_path: Path) -> None:
    rows = random_rows(300, 5, 7)
    write(tmp_path / "a.vcf.gz", rows, 5)
    matrix = read_matrix(tmp_path / "a.vcf.gz")
    counts = matrix.counts()
    expected = np.where(rows.genotypes == 3, -1, rows.genotypes.astype(np.int16))
    assert rows.haploid is not None
    expected[rows.haploid & (expected == 2)] = 1  # one copy of ALT
    assert (counts == expected).all()


@pytest.mark.skipif(shutil.which("tabix") is None, reason="tabix is not installed")
@pytest.mark.parametrize("count", [1, 40, 6_000])
def test_regions_come_out_as_with_the_index_of_tabix(tmp_path: Path, count: int) -> None:
    rows = random_rows(count, 40, count, reach=50_000_000)
    path = tmp_path / "ours.vcf.gz"
    write(path, rows, 40, 3)
    theirs = tmp_path / "theirs.vcf.gz"
    shutil.copy(path, theirs)
    subprocess.run(["tabix", "-p", "vcf", str(theirs)], check=True)
    for region in ("chr22:1-50000000", "chr22:7000000-9000000", "chr22:16384-16385", "chr22:49000000"):
        got = subprocess.run(["tabix", str(path), region], check=True, capture_output=True).stdout
        expected = subprocess.run(["tabix", str(theirs), region], check=True, capture_output=True).stdout
        assert got == expected
    assert got.count(b"\n") == np.count_nonzero(rows.position + rows.refs.lengths - 1 >= 49_000_000)


@pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")
def test_bcftools_reads_and_counts(tmp_path: Path) -> None:
    rows = random_rows(500, 12, 3)
    write(tmp_path / "a.vcf.gz", rows, 12)
    stats = subprocess.run(
        ["bcftools", "index", "--nrecords", str(tmp_path / "a.vcf.gz")], check=True, capture_output=True
    )
    assert int(stats.stdout) == 500
    view = subprocess.run(
        ["bcftools", "view", "-H", str(tmp_path / "a.vcf.gz")], check=True, capture_output=True
    )
    assert view.stdout.count(b"\n") == 500
    assert b"[W" not in view.stderr


def test_nothing_stays_of_a_file_that_could_not_be_finished(tmp_path: Path) -> None:
    def broken() -> None:
        with VcfWriter(tmp_path / "a.vcf.gz", ["s"], "22", "GRCh37") as writer:
            writer.append(random_rows(3, 1, 1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert list(tmp_path.iterdir()) == []
