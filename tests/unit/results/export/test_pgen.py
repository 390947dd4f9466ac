"""PGEN with dosages and phase: both packers, both unpackers, and what plink2 reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.genotypes.readers.contract import FormatError
from app.results.export.kernel import export_kernel
from app.results.export.pgen_file import PgenWriter, content, dosages_of, fingerprint_of_pgen
from app.results.export.pgen_records import most_bytes, records_of
from app.results.export.pgen_unpacking import RecordReader
from app.results.export.rounding import Doses, of_haplotypes, units
from tests.helpers.dose_rows import as_read_by_plink2, haplotypes, names_of, needs_plink2, plink2, rows_of

LIMIT = units(0.1)


@pytest.mark.parametrize("samples", [1, 3, 16, 63, 64, 65, 257, 300, 2000])
@pytest.mark.parametrize("phased", [True, False])
def test_records_come_back(samples: int, phased: bool) -> None:
    doses = of_haplotypes(haplotypes(30, samples, seed=samples))
    doses = doses if phased else Doses(doses.total, None)
    records, kinds = records_of(doses, LIMIT)
    reader = RecordReader(samples)
    for row, (record, kind) in enumerate(zip(records, kinds, strict=True)):
        read = reader.read(memoryview(record), kind)
        assert (read.total == doses.total[row]).all()
        assert (read.delta == (0 if doses.delta is None else doses.delta[row])).all()


@pytest.mark.parametrize("samples", [1, 3, 16, 63, 64, 65, 257, 300, 2000])
@pytest.mark.parametrize("phased", [True, False])
def test_c_writes_and_reads_the_same_bytes(samples: int, phased: bool) -> None:
    kernel = export_kernel()
    if kernel is None:
        pytest.skip("the extension was not built")
    doses = of_haplotypes(haplotypes(30, samples, seed=samples))
    delta = doses.delta if phased else None
    records, kinds = records_of(Doses(doses.total, delta), LIMIT)
    out = np.empty(30 * most_bytes(samples), np.uint8)
    lengths, kinds_out = np.empty(30, np.uint32), np.empty(30, np.uint8)
    size = kernel.pgen(doses.total, delta, 30, samples, LIMIT, out, lengths, kinds_out)
    assert out[:size].tobytes() == b"".join(records)
    assert kinds_out.tolist() == kinds
    total, step = np.empty_like(doses.total), np.empty((30, samples), np.int16)
    base = np.zeros(samples, np.uint8)
    assert kernel.unpgen(out[:size], lengths, kinds_out, 30, samples, total, step, base) == -1
    assert (total == doses.total).all()
    assert (step == (0 if delta is None else delta)).all()


def test_c_survives_any_bytes() -> None:
    kernel = export_kernel()
    if kernel is None:
        pytest.skip("the extension was not built")
    rng = np.random.default_rng(11)
    total, delta, base = np.empty((1, 70), np.uint16), np.empty((1, 70), np.int16), np.zeros(70, np.uint8)
    reader = RecordReader(70)
    agreed = 0
    for _ in range(3000):
        data = rng.integers(0, 256, int(rng.integers(0, 60)), dtype=np.uint8)
        data[rng.random(len(data)) < 0.5] //= 32
        kind = int(rng.choice([0, 1, 4, 6, 7, 0x11, 0x24, 0x64, 0xF4, 0xA1]))
        length, kinds = np.array([len(data)], np.uint32), np.array([kind], np.uint8)
        broken = kernel.unpgen(data, length, kinds, 1, 70, total, delta, base) >= 0
        try:
            reader.start_block()
            reader.read(memoryview(data.tobytes()), kind)
        except Exception:  # noqa: BLE001 - whatever NumPy says of such bytes
            agreed += broken
        else:
            agreed += not broken
    assert agreed > 2900


def _written(
    folder: Path, rows: int = 120, samples: int = 100, *, fast: bool
) -> tuple[PgenWriter, np.ndarray]:
    kernel = export_kernel() if fast else None
    values = haplotypes(rows, samples)
    header = [
        "##fileformat=VCFv4.2",
        '##INFO=<ID=R2,Number=1,Type=Float,Description="R2">',
        "##FORMAT=<ID=GT>",
    ]
    writer = PgenWriter(folder / "x", names_of(samples), header, LIMIT, kernel)
    writer.write(rows_of(values[:50], kernel))
    later = rows_of(values, kernel)
    writer.write(
        type(later)(
            later.chromosome, later.position[50:], later.ids[50:], later.refs[50:], later.alts[50:],
            later.columns[50:], later.doses.part(slice(50, None)), later.batch,
        )
    )  # fmt: skip
    files = writer.finish()
    assert [each.name for each in files] == ["x.pgen", "x.pvar", "x.psam"]
    return writer, values


@pytest.mark.parametrize("fast", [True, False])
def test_the_file_read_back_is_what_was_written(tmp_path: Path, fast: bool) -> None:
    writer, _ = _written(tmp_path, fast=fast)
    found = writer.read_back()
    assert writer.wrote.differs_from(found) == ""
    assert sorted(each.name for each in tmp_path.iterdir()) == ["x.pgen", "x.psam", "x.pvar"]


def test_a_changed_byte_is_seen(tmp_path: Path) -> None:
    writer, _ = _written(tmp_path, fast=True)
    whole = writer.path.read_bytes()
    rng = np.random.default_rng(2)
    for place in rng.integers(12, len(whole), 60).tolist():
        data = bytearray(whole)
        data[place] ^= 1 << int(rng.integers(8))
        writer.path.write_bytes(bytes(data))
        assert _is_seen(writer), place


def _is_seen(writer: PgenWriter) -> bool:
    try:
        return writer.wrote.differs_from(writer.read_back()) != ""
    except FormatError:
        return True


@pytest.mark.parametrize("fast", [True, False])
def test_a_cut_file_is_told(tmp_path: Path, fast: bool) -> None:
    writer, _ = _written(tmp_path, fast=fast)
    writer.path.write_bytes(writer.path.read_bytes()[:-1])
    with pytest.raises(FormatError, match="another length"):
        writer.read_back()


def test_a_missing_line_of_the_pvar_is_told(tmp_path: Path) -> None:
    writer, _ = _written(tmp_path, fast=True)
    lines = (tmp_path / "x.pvar").read_bytes().splitlines(keepends=True)
    (tmp_path / "x.pvar").write_bytes(b"".join(lines[:-1]))
    with pytest.raises(FormatError, match="fewer variants"):
        writer.read_back()


def test_nothing_stays_of_an_aborted_file(tmp_path: Path) -> None:
    writer = PgenWriter(tmp_path / "x", names_of(3), [], LIMIT, None)
    writer.write(rows_of(haplotypes(4, 3)))
    writer.abort()
    assert not list(tmp_path.iterdir())


@needs_plink2
def test_plink2_reads_the_same_haplotypes(tmp_path: Path) -> None:
    _, values = _written(tmp_path, fast=True)
    plink2(tmp_path, "--pfile", "x", "--validate")
    seen = as_read_by_plink2(tmp_path, "--pfile", "x")
    assert (np.isnan(seen) == np.isnan(values)).all()
    assert np.nanmax(np.abs(seen - values)) < 1.1e-4  # 1/32768, and five digits printed


@needs_plink2
def test_files_of_plink2_are_read(tmp_path: Path) -> None:
    _, values = _written(tmp_path, fast=True)
    plink2(tmp_path, "--pfile", "x", "--make-pgen", "--out", "y")
    for kernel in (None, export_kernel()):
        rows = list(dosages_of(tmp_path / "y.pgen", kernel))
        total = np.concatenate([each[0] for each in rows])
        delta = np.concatenate([each[1] for each in rows])
        wanted = of_haplotypes(values)
        assert (content(Doses(total, delta))[0] == content(wanted)[0]).all()
    found = fingerprint_of_pgen(tmp_path / "y.pgen", tmp_path / "y.pvar", names_of(100), None)
    assert found.variants == 120
