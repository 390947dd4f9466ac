"""BGEN of 8 bits with its index: both packers, and what plink2 and the bgen library read."""

from __future__ import annotations

import sqlite3
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.genotypes.readers.contract import FormatError
from app.results.export.bgen_blocks import blocks_of, dosages_of, expected
from app.results.export.bgen_file import BgenWriter, packed_rows
from app.results.export.kernel import export_kernel
from app.results.export.rounding import Doses, of_haplotypes
from tests.helpers.dose_rows import as_read_by_plink2, haplotypes, names_of, needs_plink2, rows_of


@pytest.mark.parametrize("phased", [True, False])
@pytest.mark.parametrize("with_delta", [True, False])
def test_blocks_come_back(phased: bool, with_delta: bool) -> None:
    doses = of_haplotypes(haplotypes(50, 130))
    doses = doses if with_delta else Doses(doses.total, None)
    slow = blocks_of(doses, phased, None, None)
    kernel = export_kernel()
    if kernel is not None:
        assert (blocks_of(doses, phased, None, kernel) == slow).all()
    wanted = expected(doses, phased)
    for each in (None, kernel):
        found = np.stack([_dosages(row, phased, each) for row in slow])
        assert (found == wanted).all()


def _dosages(row: NDArray[np.uint8], phased: bool, kernel: object) -> NDArray[np.uint32]:
    found = dosages_of(row.tobytes(), 130, phased, kernel)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_the_dosage_is_the_nearest_of_8_bits_and_shares_are_near() -> None:
    values = haplotypes(60, 200, missing=0)
    raw = blocks_of(of_haplotypes(values), False, None, None)[:, 210:].astype(float).reshape(60, 200, 2) / 255
    dosage = 2 - 2 * raw[:, :, 0] - raw[:, :, 1]
    assert np.abs(dosage - values.sum(axis=2)).max() <= 0.5 / 255 + 1 / 16384
    both = values[:, :, 0] * values[:, :, 1]
    assert np.abs(1 - raw.sum(axis=2) - both).max() <= 1.01 / 255


def test_probabilities_are_kept_where_there_are_no_haplotypes() -> None:
    told = np.array([[[0.5, 0.2, 0.3], [1, 0, 0], [np.nan] * 3]], np.float32)
    total = np.array([[13107, 0, 65535]], np.uint16)
    raw = blocks_of(Doses(total, None), False, told, None)[0, 13:].tolist()
    assert raw == [128, 50, 255, 0, 0, 0]


def test_calls_of_one_copy_are_homozygous() -> None:
    values = np.array([[[1, np.nan], [0, np.nan], [0.2, np.nan]]], np.float32)
    raw = blocks_of(of_haplotypes(values), False, None, export_kernel())[0, 13:].tolist()
    assert raw == [0, 0, 255, 0, 204, 0]


@pytest.mark.parametrize(
    "block", [b"", b"\0" * 400, b"\x82\0\0\0\2\0\2\2" + b"\2" * 130 + b"\0\x08" + b"\xff" * 260]
)
def test_what_is_no_block(block: bytes) -> None:
    for kernel in (None, export_kernel()):
        assert dosages_of(block, 130, False, kernel) is None


def _written(folder: Path, *, phased: bool, rows: int = 90) -> tuple[BgenWriter, NDArray[np.float32]]:
    values = haplotypes(rows, 60)
    writer = BgenWriter(folder / "x", names_of(60), phased, export_kernel())
    writer.write(rows_of(values))
    assert [each.name for each in writer.finish()] == ["x.bgen", "x.bgen.bgi", "x.sample"]
    return writer, values


@pytest.mark.parametrize("phased", [True, False])
def test_the_file_read_back_is_what_was_written(tmp_path: Path, phased: bool) -> None:
    writer, _ = _written(tmp_path, phased=phased)
    found = writer.read_back()
    assert writer.wrote.differs_from(found) == ""


def test_a_changed_byte_is_seen(tmp_path: Path) -> None:
    writer, _ = _written(tmp_path, phased=False)
    data = bytearray(writer.path.read_bytes())
    data[-20] ^= 1
    writer.path.write_bytes(bytes(data))
    with pytest.raises(FormatError, match="record 90"):
        writer.read_back()


def test_an_index_of_another_file_is_seen(tmp_path: Path) -> None:
    writer, _ = _written(tmp_path, phased=False)
    with sqlite3.connect(tmp_path / "x.bgen.bgi") as base:
        base.execute("DELETE FROM Variant WHERE position = 1000")
    base.close()
    with pytest.raises(FormatError, match="its index knows 89 variants"):
        writer.read_back()


def test_a_damaged_index_is_seen(tmp_path: Path) -> None:
    writer, _ = _written(tmp_path, phased=False)
    (tmp_path / "x.bgen.bgi").write_bytes(b"no database at all" * 300)
    with pytest.raises(FormatError, match="its index is damaged"):
        writer.read_back()


def test_an_index_that_cannot_be_written_is_a_matter_of_the_disk(tmp_path: Path) -> None:
    writer = BgenWriter(tmp_path / "x", names_of(5), False, None)
    writer._index._base.execute("PRAGMA max_page_count=3")
    with pytest.raises(OSError, match="full"):
        writer.write(rows_of(haplotypes(4000, 5)))
    writer.abort()
    assert not list(tmp_path.iterdir())


def test_the_index_leads_to_each_variant(tmp_path: Path) -> None:
    writer, _ = _written(tmp_path, phased=False)
    data = writer.path.read_bytes()
    base = sqlite3.connect(tmp_path / "x.bgen.bgi")
    told = base.execute("SELECT filename, file_size, first_1000_bytes FROM Metadata").fetchone()
    assert told == ("x.bgen", len(data), data[:1000])
    rows = base.execute("SELECT * FROM Variant ORDER BY position").fetchall()
    base.close()
    assert len(rows) == 90
    for chromosome, position, name, alleles, ref, alt, start, _ in rows:
        raw = f"{chromosome}:{position}:{ref}:{alt}"
        assert (name, alleles) == (raw, 2)
        assert data[start + 2 : start + 2 + len(raw)] == raw.encode()


def test_the_bgen_library_reads_it(tmp_path: Path) -> None:
    bgen = pytest.importorskip("bgen")
    writer, values = _written(tmp_path, phased=False)
    with bgen.BgenReader(str(writer.path)) as reader:
        seen = np.array([each.alt_dosage for each in reader])
    assert np.nanmax(np.abs(seen - values.sum(axis=2))) <= 0.5 / 255 + 1 / 16384 + 1e-6


def test_the_bgen_library_reads_the_same_haplotypes(tmp_path: Path) -> None:
    bgen = pytest.importorskip("bgen")
    writer, values = _written(tmp_path, phased=True)
    with bgen.BgenReader(str(writer.path)) as reader:
        seen = np.array([each.probabilities for each in reader])
    assert np.nanmax(np.abs(seen[:, :, [1, 3]] - values)) <= 0.5 / 255 + 1 / 16384


def test_nothing_stays_of_an_aborted_file(tmp_path: Path) -> None:
    writer = BgenWriter(tmp_path / "x", names_of(3), False, None)
    writer.write(rows_of(haplotypes(4, 3)))
    writer.abort()
    assert not list(tmp_path.iterdir())


@needs_plink2
@pytest.mark.parametrize("phased", [True, False])
def test_plink2_reads_the_same_dosages(tmp_path: Path, phased: bool) -> None:
    _, values = _written(tmp_path, phased=phased)
    seen = as_read_by_plink2(tmp_path, "--bgen", "x.bgen", "ref-first", "--sample", "x.sample")
    assert (np.isnan(seen) == np.isnan(values)).all()
    # Dosages only: plink2 2.00a3.5 turns the haplotypes of het calls round when it reads its own files too.
    bound = (0.5 + 0.5 * phased) / 255 + 2e-4
    assert np.nanmax(np.abs(seen.sum(axis=2) - values.sum(axis=2))) <= bound


def test_blocks_are_packed_to_the_same_bytes_with_and_without_the_extension() -> None:
    rng = np.random.default_rng(8)
    blocks = rng.choice(np.array([0, 0, 0, 255, 7], np.uint8), (50, 400))
    blocks[:5] = rng.integers(0, 256, (5, 400))
    packed, lengths = packed_rows(blocks, export_kernel())
    slow = packed_rows(blocks, None)
    assert packed == slow[0]
    assert lengths.tolist() == slow[1].tolist()
    ends = np.cumsum(lengths).tolist()
    rows = [packed[start:stop] for start, stop in zip([0, *ends[:-1]], ends, strict=True)]
    assert [zlib.decompress(each) for each in rows] == [row.tobytes() for row in blocks]


def test_the_extension_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAPLODESK_NO_KERNEL", "1")
    assert export_kernel() is None
