"""The scan against cyvcf2 and against what was written."""

import gzip
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.progress import Progress
from app.genotypes.bgzf import BgzfWriter, ContainerFault
from app.genotypes.rows import SiteFlag
from app.genotypes.scan import Scan, scan_file
from tests.unit.genotypes.vcf_text import good, names, record, vcf

CELLS = [
    "0/0",
    "0/1",
    "1/0",
    "1/1",
    "./.",
    "0|0",
    "0|1",
    "1|1",
    ".|.",
    "./1",
    "0/.",
    "0",
    "1",
    "2/1",
    "0/2",
    ".",
]


def write(path: Path, text: bytes) -> Path:
    with BgzfWriter(path, 1) as writer:
        writer.write(text)
    return path


def with_cyvcf2(path: Path) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Positions, and per record the counts hom-ref, het, hom-alt, missing with our rules."""
    cyvcf2 = pytest.importorskip("cyvcf2")
    rows, positions = [], []
    for variant in cyvcf2.VCF(str(path)):
        counts = [0, 0, 0, 0]
        for *alleles, _phase in variant.genotypes:
            called = [each for each in alleles if each >= 0]
            if not called:
                counts[3] += 1
            elif -1 in alleles:
                continue
            elif len(set(called)) > 1:
                counts[1] += 1
            else:
                counts[2 if called[0] else 0] += 1
        rows.append(counts)
        positions.append(variant.POS)
    return np.array(positions), np.array(rows)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    samples = draw(st.integers(1, 70))
    seed = draw(st.integers(0, 10**6))
    rng = random.Random(seed)
    odd = draw(st.sampled_from([0.0, 0.02, 0.5]))
    rows = []
    for n in range(draw(st.integers(1, 300))):
        pool = CELLS if rng.random() < odd else CELLS[:5]
        alt = "G,T" if pool is CELLS else "G"
        keys = rng.choice(["GT", "GT", "GT:DS", "DS:GT"]) if rng.random() < odd else "GT"
        cells = [rng.choice(pool) for _ in range(samples)]
        if keys == "GT:DS":
            cells = [cell + ":1.5" for cell in cells]
        elif keys == "DS:GT":
            cells = ["0.5:" + cell for cell in cells]
        rows.append(record(100 + n, cells, alt=alt, keys=keys))
    return vcf(rows, names(samples))


@given(files())
@settings(max_examples=25, deadline=None)
def test_counts_agree_with_cyvcf2(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    text = text.replace(
        b"##FORMAT=<ID=GT", b'##FORMAT=<ID=DS,Number=1,Type=Float,Description="d">\n##FORMAT=<ID=GT'
    )
    path = write(tmp_path_factory.mktemp("scan") / "a.vcf.gz", text)
    found = scan_file(path)
    positions, counts = with_cyvcf2(path)
    sites = found.sites
    assert sites.position.tolist() == positions.tolist()
    mine = np.stack([sites.ref, sites.het, sites.alt, sites.missing], axis=1)
    assert mine.tolist() == counts.tolist()
    assert found.per_sample.missing.sum() == sites.missing.sum()
    assert found.per_sample.het.sum() == sites.het.sum()
    assert not found.faults


def scan(tmp_path: Path, text: bytes) -> Scan:
    return scan_file(write(tmp_path / "a.vcf.gz", text))


def test_per_sample_counts(tmp_path: Path) -> None:
    found = scan(tmp_path, vcf([record(n, ["0/1", "./.", "0/0"]) for n in range(1, 601)], names(3)))
    assert found.per_sample.het.tolist() == [600, 0, 0]
    assert found.per_sample.missing.tolist() == [0, 600, 0]


def test_line_ends_of_windows_and_a_last_line_without_one(tmp_path: Path) -> None:
    text = good().replace(b"\n", b"\r\n").removesuffix(b"\r\n")
    found = scan(tmp_path, text)
    assert (len(found.sites), found.faults) == (20, {})
    assert found.header.samples == names(4)


def test_faults_have_their_lines(tmp_path: Path) -> None:
    lines = good().splitlines(keepends=True)
    lines[7] = lines[7].replace(b"\t0/0", b"", 1)
    lines[9] = lines[9].replace(b"\t1030\t", b"\t1e3\t").replace(b"\t1040\t", b"\t1e3\t")
    lines[11] = b"\n"
    lines[13] = b"##again\n"
    lines[15] = lines[15].replace(b"\t", b" ")
    found = scan(tmp_path, b"".join(lines))
    assert {code: fault.places for code, fault in found.faults.items()} == {
        "columns": ["line 8"],
        "position": ["line 10"],
        "blank_line": ["line 12"],
        "second_header": ["line 14"],
        "blanks": ["line 16"],
    }
    assert len(found.sites) == 15


def test_flags_of_alleles(tmp_path: Path) -> None:
    pairs = ["A A", "A G,T", "AT A", "A <DEL>", "A N", "a g", "A *", "A ."]
    rows = [record(10 + n, ["0/0"], ref=p.split()[0], alt=p.split()[1]) for n, p in enumerate(pairs)]
    flags = scan(tmp_path, vcf(rows, ["S"])).sites.flags
    base = SiteFlag.HAS_SLASH
    assert [SiteFlag(int(each)) ^ base for each in flags] == [
        SiteFlag.SAME_ALLELES,
        SiteFlag.MULTIALLELIC,
        SiteFlag.INDEL,
        SiteFlag.SYMBOLIC,
        SiteFlag.BAD_ALLELE,
        SiteFlag.LOWER_CASE,
        SiteFlag.SYMBOLIC,
        SiteFlag.SYMBOLIC,
    ]


def test_chromosomes_change_within_a_piece(tmp_path: Path) -> None:
    rows = [record(10 + n, ["0/0"], chromosome=c) for n, c in enumerate(["1", "1", "2", "10", "1", "2"])]
    found = scan(tmp_path, vcf(rows, ["S"]))
    assert [found.chromosomes[i] for i in found.sites.chromosome] == ["1", "1", "2", "10", "1", "2"]


def test_a_flood_of_broken_lines_ends_soon(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf.gz"
    head = good().split(b"20\t1000")[0]
    path.write_bytes(gzip.compress(head + b"\n" * 8_000_000 + b"a\tb\n" * 500_000, 1))
    found = scan_file(path)
    assert found.gave_up
    rows = [record(n, ["0/0"], chromosome=f"c{n}") for n in range(1, 20_000)]
    found = scan(tmp_path, vcf(rows, ["S"]))
    assert (len(found.sites), len(found.chromosomes)) == (19_999, 5001)


@pytest.mark.parametrize("samples", [1, 3, 700])
def test_pieces_do_not_change_the_answer(tmp_path: Path, samples: int) -> None:
    text = good(samples, 3000 if samples < 700 else 1200)
    path = tmp_path / "a.vcf.gz"
    path.write_bytes(gzip.compress(text, 1))
    found = scan_file(path)
    lines = [line for line in text.decode().splitlines() if not line.startswith("#")]
    assert found.sites.het.tolist() == [line.count("\t0/1") for line in lines]
    assert found.sites.missing.tolist() == [line.count("\t./.") for line in lines]
    assert found.sites.position.tolist() == [int(line.split("\t")[1]) for line in lines]


def test_progress_counts_variants(tmp_path: Path) -> None:
    seen: list[Progress] = []
    path = write(tmp_path / "a.vcf.gz", good(50, 20_000))
    scan_file(path, seen.append)
    assert seen[-1].counts == {"variants": 20_000, "samples": 50}
    assert len(seen) >= 2


def test_a_header_of_endless_columns_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.genotypes.vcf_reader.MOST_COLUMNS", 1000)
    for text in (vcf([], names(2000)), b"20" + b"\t." * 2000 + b"\n"):
        found = scan(tmp_path, text)
        assert found.error is not None
        assert found.error.fault is ContainerFault.LINE_TOO_LONG
        assert found.samples == 0
    assert scan(tmp_path, vcf([], names(900))).error is None
