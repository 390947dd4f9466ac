"""Dosages from the text of lines: as the reader of doses has them, and safe with any bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.genotypes.texts import Texts
from app.results.doses.cells import HAPLOTYPES, figures_of_row
from app.results.doses.contract import Field
from app.results.doses.reading import open_doses
from app.results.export.kernel import Kernel, export_kernel
from app.results.export.line_doses import doses_of_lines
from app.results.export.rounding import MISSING, Doses, of_haplotypes
from tests.helpers.dose_rows import haplotypes, write_result


@pytest.fixture
def kernel() -> Kernel:
    found = export_kernel()
    if found is None:
        pytest.skip("the extension was not built")
    return found


def of_cells(cells: list[bytes], kernel: Kernel, form: bytes = b"GT:DS:HDS", *, pair: bool = True) -> Doses:
    line = b"\t".join([b"1", b"5", b".", b"A", b"C", b".", b".", b".", form, *cells])
    return doses_of_lines(Texts.of([line]), np.array([0]), len(cells), pair, kernel, _refuse)


def _refuse(row: int, why: str) -> Exception:
    return ValueError(f"row {row}: {why}")


def test_files_are_read_as_by_the_reader_of_doses(tmp_path: Path, kernel: Kernel) -> None:
    values = haplotypes(200, 40)
    values[7, ::2, 1] = np.nan
    path = write_result(tmp_path / "x.vcf.gz", values)
    for batch in open_doses(path, Field.HAPLOTYPES, lines=True).batches():
        assert batch.lines is not None
        assert batch.haplotypes is not None
        some = np.arange(0, len(batch), 3)
        found = doses_of_lines(batch.lines, some, 40, True, kernel, _refuse)
        wanted = of_haplotypes(batch.haplotypes[some])
        assert (found.total == wanted.total).all()
        assert found.delta is not None
        assert wanted.delta is not None
        assert (found.delta == wanted.delta).all()
        wanted_haploid = np.zeros(found.total.shape, bool) if wanted.haploid is None else wanted.haploid
        found_haploid = np.zeros(found.total.shape, bool) if found.haploid is None else found.haploid
        assert (found_haploid == wanted_haploid).all()


figure = st.one_of(
    st.integers(0, 1000).map(lambda n: f"{n / 1000:g}"),
    st.integers(0, 1000).map(lambda n: f"{n / 1000:.3f}"),
    st.floats(0, 1).map(lambda x: f"{x:.7f}"),
    st.floats(1e-9, 1).map(lambda x: f"{x:.4g}"),
    st.sampled_from(
        ["0", "1", ".", "1.0", "0.", "1.001", "-0", "nan", "", "1e-3", "2", "00.5", "0.1234567890123456"]
    ),
)


forms = st.sampled_from(
    ["GT:DS:HDS 0|0:0:{}", "GT:HDS:DS 0/1:{}:1.002", "HDS {}", "DS:GP:HDS:GT 0.1:0.9,0.1,0:{}:0|0"]
)


@settings(max_examples=300)
@given(
    st.lists(st.lists(figure, min_size=1, max_size=3).map(",".join), min_size=1, max_size=4),
    forms,
    st.sampled_from([0, 20]),
)
def test_any_figures_are_read_or_refused_as_by_python(pairs: list[str], form: str, more: int) -> None:
    """Far from the end of a line cells are read eight bytes at once: `more` people stand behind."""
    fast = export_kernel()
    if fast is None:
        pytest.skip("the extension was not built")
    words, _, cell = form.partition(" ")
    cells = [cell.format(pair).encode() for pair in pairs + ["0.25,1"] * more]
    names = tuple(words.encode().split(b":"))
    try:
        table, _ = figures_of_row(names, cells, 1, Field.HAPLOTYPES)
    except ValueError:
        with pytest.raises(ValueError, match="row 0"):
            of_cells(cells, fast, words.encode())
        return
    wanted = of_haplotypes(np.ascontiguousarray(table[:, :, HAPLOTYPES : HAPLOTYPES + 2]))
    found = of_cells(cells, fast, words.encode())
    assert (found.total == wanted.total).all()
    assert found.delta is not None
    assert wanted.delta is not None
    assert (found.delta == wanted.delta).all()


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=3), st.integers(0, 5), st.booleans())
def test_c_is_safe_with_any_bytes(lines: list[bytes], samples: int, pair: bool) -> None:
    fast = export_kernel()
    if fast is None:
        pytest.skip("the extension was not built")
    start = b"1\t5\t.\tA\tC\t.\t.\t.\tGT:DS:HDS\t"
    texts = Texts.of([start + line for line in lines] + [start + b"".join(lines) + b"\t0|1:1:0,1" * 9])
    lines = [*lines, b""]
    shape = (len(lines), samples)
    total, delta = np.empty(shape, np.uint16), np.empty(shape, np.int16)
    odd, alone = np.empty(len(lines), np.uint8), np.zeros(shape, np.uint8)
    fast.lines(texts.blob, texts.starts, texts.ends, *shape, pair, total, delta, odd, alone)
    assert set(odd.tolist()) <= {0, 1, 2}


@pytest.mark.parametrize(
    ("cells", "total"),
    [
        ([b"0|1:1:0,1", b".", b"1|1:2:1,1"], [16384, MISSING, 32768]),
        ([b"0|1:1:0,1", b"0|1:1:0,1", b"0|1"], [16384, 16384, MISSING]),
    ],
)
def test_shortened_cells_are_missing(kernel: Kernel, cells: list[bytes], total: list[int]) -> None:
    assert of_cells(cells, kernel).total.tolist() == [total]


def test_dosages_without_haplotypes(kernel: Kernel) -> None:
    found = of_cells([b"0|1:1.25", b"0|0:.", b"1|1:2"], kernel, b"GT:DS", pair=False)
    assert found.total.tolist() == [[20480, MISSING, 32768]]
    assert found.delta is None


def test_another_number_of_cells_is_refused(kernel: Kernel) -> None:
    line = Texts.of([b"1\t5\t.\tA\tC\t.\t.\t.\tHDS\t0,0\t0,0"])
    with pytest.raises(ValueError, match="2 cells for 3 samples"):
        doses_of_lines(line, np.array([0]), 3, True, kernel, _refuse)
