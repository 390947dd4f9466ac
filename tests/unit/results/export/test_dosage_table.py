"""Dosages as a table."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from app.genotypes.bgzf import BgzfWriter
from app.genotypes.readers.contract import FormatError
from app.results.export.dosage_table import TableWriter
from tests.helpers.dose_rows import haplotypes, names_of, rows_of


def test_lines(tmp_path: Path) -> None:
    values = np.array([[[0.5, 0.25], [1, 1]], [[np.nan, np.nan], [0, 0.002]]], np.float32)
    writer = TableWriter(tmp_path / "x", names_of(2))
    writer.write(rows_of(values))
    assert [each.name for each in writer.finish()] == ["x.dosage.tsv.gz"]
    assert gzip.decompress(writer.path.read_bytes()).decode().splitlines() == [
        "CHROM\tPOS\tID\tREF\tALT\tR2\tAF\tP0\tP1",
        "20\t1000\t20:1000:A:G\tA\tG\tNA\tNA\t0.750\t2.000",
        "20\t1007\t20:1007:A:G\tA\tG\tNA\tNA\tNA\t0.002",
    ]


def test_the_file_read_back_is_what_was_written(tmp_path: Path) -> None:
    writer = TableWriter(tmp_path / "x", names_of(40))
    writer.write(rows_of(haplotypes(80, 40)))
    writer.finish()
    found = writer.read_back()
    assert writer.wrote.differs_from(found) == ""


def test_a_line_without_all_columns_is_told(tmp_path: Path) -> None:
    writer = TableWriter(tmp_path / "x", names_of(2))
    writer.write(rows_of(haplotypes(3, 2, missing=0)))
    writer.finish()
    text = gzip.decompress(writer.path.read_bytes())
    with BgzfWriter(writer.path) as file:
        file.write(text[: text.rindex(b"\t")])
    with pytest.raises(FormatError, match="row 3"):
        writer.read_back()


def test_nothing_stays_of_an_aborted_file(tmp_path: Path) -> None:
    writer = TableWriter(tmp_path / "x", names_of(3))
    writer.abort()
    assert not list(tmp_path.iterdir())
