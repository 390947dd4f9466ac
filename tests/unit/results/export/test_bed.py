"""PLINK 1 files of hard calls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.genotypes.readers.contract import FormatError
from app.results.export.bed_file import BedWriter, packed_rows
from app.results.export.kernel import export_kernel
from app.results.export.pgen_file import PgenWriter
from app.results.export.rounding import of_haplotypes, units
from tests.helpers.dose_rows import haplotypes, names_of, needs_plink2, plink2, rows_of


def _written(folder: Path, threshold: float = 0.1) -> BedWriter:
    writer = BedWriter(folder / "x", names_of(61), units(threshold), export_kernel())
    writer.write(rows_of(haplotypes(70, 61)))
    assert [each.name for each in writer.finish()] == ["x.bed", "x.bim", "x.fam"]
    return writer


def test_the_files_read_back_are_what_was_written(tmp_path: Path) -> None:
    writer = _written(tmp_path)
    found = writer.read_back()
    assert writer.wrote.differs_from(found) == ""


@pytest.mark.parametrize("samples", [1, 4, 61])
def test_both_ways_write_the_same_bytes(samples: int) -> None:
    kernel = export_kernel()
    if kernel is None:
        pytest.skip("the extension was not built")
    total = of_haplotypes(haplotypes(30, samples)).total
    assert (packed_rows(total, 1638, None) == packed_rows(total, 1638, kernel)).all()


def test_a_changed_byte_is_seen(tmp_path: Path) -> None:
    writer = _written(tmp_path)
    data = bytearray(writer.path.read_bytes())
    data[20] ^= 1
    writer.path.write_bytes(bytes(data))
    assert writer.read_back().values != writer.wrote.values


@pytest.mark.parametrize(("name", "said"), [("x.bed", "cut short"), ("x.bim", "fewer variants")])
def test_a_cut_file_is_told(tmp_path: Path, name: str, said: str) -> None:
    writer = _written(tmp_path)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[:-1] if name == "x.bed" else data[: data.rindex(b"\n", 0, -1) + 1])
    with pytest.raises(FormatError, match=said):
        writer.read_back()


@needs_plink2
@pytest.mark.parametrize("threshold", [0.1, 0.4])
def test_the_bytes_are_those_of_plink2(tmp_path: Path, threshold: float) -> None:
    _written(tmp_path, threshold)
    writer = PgenWriter(tmp_path / "y", names_of(61), [], units(threshold), export_kernel())
    writer.write(rows_of(haplotypes(70, 61)))
    writer.finish()
    plink2(
        tmp_path, "--pfile", "y", "--make-bed", "--out", "z"
    )  # fmt: skip
    assert (tmp_path / "z.bed").read_bytes() == (tmp_path / "x.bed").read_bytes()
    assert (tmp_path / "z.bim").read_bytes() == (tmp_path / "x.bim").read_bytes()


def test_lost_calls_are_missing(tmp_path: Path) -> None:
    values = np.array([[[0.3, 0.1], [1, 0.95]]], np.float32)
    codes = packed_rows(of_haplotypes(values).total, units(0.1), None)
    assert codes.tolist() == [[0b0001]]
