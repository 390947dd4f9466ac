"""With a service in view the check refuses what the server refuses, and files made to hurt are harmless."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import Severity
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.check import CheckOptions, check_files
from app.genotypes.checks import x_ploidy
from app.genotypes.index_file import read_index
from app.genotypes.rows import SiteFlag, first_tabs
from app.genotypes.server.panel_sites import PanelArrays, in_order
from app.genotypes.server.parameters import ServerQcParameters
from app.genotypes.server_qc import run_server_qc
from app.genotypes.slow_rows import read_slow_row
from tests.unit.genotypes.vcf_text import names, record, vcf

SAMPLES = 25
PANEL = PanelArrays(
    {
        "20": in_order([(1000 + n, "A", "G") for n in range(40)]),
        "X": in_order([(5_000_000 + n, "A", "G") for n in range(40)]),
    }
)


def ordinary(count: int = 30) -> bytes:
    return vcf([record(1000 + n, ["0/1", "0/0"] * 12 + ["1/1"]) for n in range(count)], names(SAMPLES))


def on_x(*first: str) -> bytes:
    calls = [*first, *["0/1"] * (30 - len(first))]
    rows = [record(5_000_000 + n, [c, *["0/1"] * 24], chromosome="X") for n, c in enumerate(calls)]
    return vcf(rows, names(SAMPLES))


REFUSED = {
    "no version": (ordinary().split(b"\n", 1)[1], "header.no_fileformat"),
    "byte order mark": (b"\xef\xbb\xbf" + ordinary(), "header.byte_order_mark"),
    "blank line": (ordinary() + b"\n", "line.blank_line"),
    "lower case": (ordinary().replace(b"VCFv4.2", b"vcfv4.2"), "header.version_spelling"),
    "large position": (ordinary() + record(2**31, ["0/1"] * SAMPLES).encode(), "position.too_large"),
    "lone dot on X": (on_x("."), "genotype.mixed_ploidy"),
    "missing pair after one allele on X": (on_x("0", "./."), "genotype.mixed_ploidy"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_check_refuses_what_the_server_refuses(tmp_path: Path, name: str) -> None:
    content, code = REFUSED[name]
    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(content)
    answer = run_server_qc([path], ServerQcParameters(min_snps=1), PANEL)
    report = check_files([path], CheckOptions(for_service=True))
    assert not answer.accepted
    assert not report.accepted
    assert code in {f.code for f in report.findings if f.severity is Severity.SEVERE}


@pytest.mark.parametrize("content", [ordinary(), on_x(), on_x(*["0/1"] * 29, ".")])
def test_the_check_accepts_what_the_server_accepts(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(content)
    severe = [
        f
        for f in check_files([path], CheckOptions(for_service=True)).findings
        if f.severity is Severity.SEVERE
    ]
    assert run_server_qc([path], ServerQcParameters(min_snps=1), PANEL).error is None
    assert severe == []


def test_without_a_service_they_are_warnings(tmp_path: Path) -> None:
    for name in ("no version", "byte order mark", "blank line", "lower case", "large position"):
        path = tmp_path / "a.vcf"
        path.write_bytes(REFUSED[name][0])
        found = [f for f in check_files([path]).findings if f.code == REFUSED[name][1]]
        assert [f.severity for f in found] == [Severity.WARNING]


def test_an_index_that_unpacks_to_very_much_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf.gz.tbi"
    path.write_bytes(gzip.compress(b"TBI\x01" + b"\n" * (65 << 20), 1))
    assert read_index(path) is None


def test_tabs_of_very_many_rows() -> None:
    rows = [b"a" * (n % 7) + b"\tb\tc\n" for n in range(20_000)]
    text = np.frombuffer(b"".join(rows) + b"\0" * 64, np.uint8)
    end = np.cumsum([len(row) for row in rows]) - 1
    start = np.concatenate([[0], end[:-1] + 1])
    tabs, enough = first_tabs(text, start, end, 2, 16)
    assert enough.all()
    assert (tabs[:, 0] == start + np.arange(20_000) % 7).all()
    assert (tabs[:, 1] == tabs[:, 0] + 2).all()


@pytest.mark.parametrize("cells", [b"0\t0/1\t.\t./.\t1|.", b"0:3\t0/1:3\t.\t./.:.\t1|.:9"])
def test_quick_and_slow_count_of_alleles_agree(cells: bytes) -> None:
    quick, slow = x_ploidy._quickly(cells), x_ploidy._slowly(cells, 0)
    assert quick is not None
    assert [each.tolist() for each in quick] == [each.tolist() for each in slow]
    assert x_ploidy._quickly(b"0/10\t0/1") is None
    assert x_ploidy._quickly(b"0/0/0\t0/1") is None


def test_cells_of_one_letter_are_counted() -> None:
    found = read_slow_row(b"0\t1\t.\t0/1\t2:7", b"GT", 2)
    assert found.counts.tolist() == [1, 1, 2, 1]
    assert found.flags & SiteFlag.HAPLOID
    assert not found.flags & (SiteFlag.BAD_GENOTYPE | SiteFlag.ALLELE_TOO_BIG)
    assert found.missing.tolist() == [False, False, True, False, False]
