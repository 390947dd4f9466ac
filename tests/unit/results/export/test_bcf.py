"""BCF with any INFO: the words of the header, typed values, the index."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.results.export.bcf_file import BcfWriter
from app.results.export.bcf_values import figures, head, whole
from tests.helpers.dose_rows import haplotypes, names_of, rows_of

needs_bcftools = pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")
HEADER = [
    "##fileformat=VCFv4.2",
    "##contig=<ID=1,length=1000>",
    "##contig=<ID=20,length=64444167>",
    '##FILTER=<ID=LOW,Description="l">',
    '##INFO=<ID=AC,Number=A,Type=Integer,Description="a">',
    '##INFO=<ID=AF,Number=A,Type=Float,Description="a",IDX=7>',
    '##INFO=<ID=DB,Number=0,Type=Flag,Description="d">',
    '##INFO=<ID=NOTE,Number=1,Type=String,Description="n">',
    '##FORMAT=<ID=AF,Number=1,Type=Float,Description="a">',
]


@pytest.mark.parametrize(
    ("values", "raw"),
    [
        ([], b"\x01"),
        ([1, None, -120], b"\x31\x01\x80\x88"),
        ([-121], b"\x12\x87\xff"),
        ([32768], b"\x13\x00\x80\x00\x00"),
        ([None], b"\x11\x80"),
    ],
)
def test_whole_numbers_take_the_shortest_type(values: list[int | None], raw: bytes) -> None:
    assert whole(values) == raw


def test_no_number_beyond_32_bits() -> None:
    with pytest.raises(ValueError, match="32 bits"):
        whole([1 << 31])


def test_long_values_tell_their_length_behind_the_type() -> None:
    assert head(7, 14) == b"\xe7"
    assert head(7, 15) == b"\xf7\x11\x0f"
    assert figures([0.5, None]) == b"\x25\x00\x00\x00\x3f\x01\x00\x80\x7f"


@needs_bcftools
def test_bcftools_sees_the_columns_as_they_were(tmp_path: Path) -> None:
    columns = [
        (b"30", b"PASS", b"AC=3;AF=0.25;DB;NOTE=a_long_text_of_more_than_fifteen_letters"),
        (b".", b"LOW", b"AC=70000;NEW=x"),
        (b".", b".", b"."),
        (b"0.5", b"LOW;ODD", b"AF=.;DB"),
    ]
    writer = BcfWriter(tmp_path / "x", names_of(5), HEADER, None)
    writer.write(replace(rows_of(haplotypes(4, 5)), columns=columns))
    assert [each.name for each in writer.finish()] == ["x.bcf", "x.bcf.csi"]
    assert writer.wrote.differs_from(writer.read_back()) == ""
    done = subprocess.run(
        ["bcftools", "query", "-f", "%QUAL %FILTER %INFO\n", str(tmp_path / "x.bcf")],
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == [" ".join(each.decode() for each in row) for row in columns]


@needs_bcftools
def test_the_index_finds_each_record(tmp_path: Path) -> None:
    rows = rows_of(haplotypes(3000, 3, missing=0))
    rng = np.random.default_rng(4)
    position = np.sort(rng.integers(1, 60_000_000, 3000))
    writer = BcfWriter(tmp_path / "x", names_of(3), HEADER, None)
    for at in range(0, 3000, 700):
        some = slice(at, at + 700)
        batch = replace(rows.batch, haplotypes=rows.batch.haplotypes[some])  # type: ignore[index]
        writer.write(
            replace(
                rows, position=position[some], ids=rows.ids[some], refs=rows.refs[some], alts=rows.alts[some],
                columns=rows.columns[some], doses=rows.doses.part(some), batch=batch,
            )
        )  # fmt: skip
    writer.finish()
    for _ in range(12):
        first = int(rng.integers(1, 60_000_000))
        last = first + int(rng.integers(1, 3_000_000))
        done = subprocess.run(
            ["bcftools", "query", "-f", "%POS\n", "-r", f"20:{first}-{last}", str(tmp_path / "x.bcf")],
            capture_output=True,
            text=True,
        )
        wanted = [str(each) for each in position.tolist() if first <= each <= last]
        assert done.stdout.split() == wanted


def test_words_that_come_late_are_refused(tmp_path: Path) -> None:
    writer = BcfWriter(tmp_path / "x", names_of(5), HEADER, None)
    rows = rows_of(haplotypes(2, 5))
    writer.write(rows)
    with pytest.raises(ProblemError, match="LATE in INFO"):
        writer.write(replace(rows, columns=[(b".", b"PASS", b"LATE=1")] * 2))
    writer.abort()
    assert not list(tmp_path.iterdir())


def test_no_number_where_one_is_declared(tmp_path: Path) -> None:
    writer = BcfWriter(tmp_path / "x", names_of(5), HEADER, None)
    with pytest.raises(ProblemError, match="no number"):
        writer.write(replace(rows_of(haplotypes(2, 5)), columns=[(b".", b".", b"AC=many")] * 2))
    writer.abort()


def test_positions_out_of_order_are_refused(tmp_path: Path) -> None:
    writer = BcfWriter(tmp_path / "x", names_of(5), HEADER, None)
    rows = rows_of(haplotypes(2, 5))
    with pytest.raises(ProblemError, match="not in order"):
        writer.write(replace(rows, position=rows.position[::-1].copy()))
    writer.abort()
