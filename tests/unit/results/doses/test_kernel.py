"""The extension in C gives what Python gives: for any rows, any text of cells and any dosages."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.problem import ProblemError
from app.results.doses.contract import DoseBatch, Field
from app.results.doses.formatting import FIELDS, formatted_rows
from app.results.doses.kernel import dose_kernel, text_kernel
from app.results.doses.reading import open_doses

pytestmark = pytest.mark.skipif(
    not (dose_kernel() and text_kernel()), reason="the extension in C was not built here"
)

SAMPLES = 3
HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\n"
ARRAYS = ("position", "dosage", "haplotypes", "probabilities", "genotypes", "left_out", "phased", "record")
number = st.one_of(
    st.sampled_from(
        ["0", "1", ".", "0.5", "1e-5", "0.000999987", "1.004", "", "nan", "-0.001", "2", ".5", "1."]
    ),
    st.floats(0, 1).map(lambda x: f"{x:.3g}"),
    st.floats(0, 1).map(repr),
)
genotype = st.sampled_from(
    ["0|0", "0|1", "1/1", ".|.", ".", "1", "0", "", "2|0", "1|0|1", "01|0", "0|", "./1"]
)
part = {
    "GT": genotype,
    "DS": st.lists(number, min_size=1, max_size=2).map(",".join),
    "HDS": st.lists(number, min_size=1, max_size=3).map(",".join),
    "GP": st.lists(number, min_size=1, max_size=4).map(",".join),
    "LDS": st.lists(number, min_size=1, max_size=2).map(",".join),
    "XX": st.sampled_from(["7", "a,b", ""]),
}
good = {
    "GT": st.sampled_from(["0|0", "0|1", "1", "1|1", ".|."]),
    "DS": st.sampled_from(["0", "1.25", "2", "."]),
    "HDS": st.sampled_from(["0,0", "0.1,0.95", "0.5", ".", "1,1"]),
    "GP": st.sampled_from(["1,0,0", "0.25,0.5,0.25", "0.5,0.5", "."]),
    "LDS": st.sampled_from(["0,0", "0.1,0.95", "0.5", "."]),
    "XX": st.just("7"),
}
info = st.lists(
    st.sampled_from(
        ["AF=0.25", "AF=0.1,0.2", "MAF=0.3", "MAF=.", "R2=0.9", "R2=nan", "R2=", "DR2=0.5", "INFO=1", "AF"]
        + ["Rsq=1e-3", "ER2=0.7", "ER2=-1", "R2", "TYPED", "IMPUTED", "IMP", "TYPED_ONLY", "GENOTYPED"]
        + ["X=TYPED", "AC=1", "DR2", "=0.5"]
    ),
    max_size=5,
).map(lambda words: ";".join(words) or ".")


@st.composite
def rows(draw: st.DrawFn, parts: dict[str, st.SearchStrategy[str]]) -> str:
    form = draw(st.lists(st.sampled_from(sorted(parts)), min_size=1, max_size=4, unique=parts is good))
    cell = st.tuples(*(parts[name] for name in form)).map(":".join)
    cells = draw(st.lists(cell, min_size=SAMPLES, max_size=SAMPLES))
    if parts is not good:
        cells = [each[: draw(st.integers(1, 40))] for each in cells]
    alts = draw(st.sampled_from(["C", "C", "C", "C,G", "."] if parts is not good else ["C"]))
    columns = [
        "1",
        str(draw(st.integers(1, 10**10))),
        "rs1",
        "A",
        alts,
        ".",
        draw(st.sampled_from([".", "GENOTYPED"])),
    ]
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return "\t".join([*columns, draw(info), ":".join(form), *cells]) + end


def answer(path: Path, want: Field, kernel: bool) -> dict[str, object]:
    """Everything that a file says, batches put together, or how it fails."""
    batches: list[DoseBatch] = []
    try:
        batches += open_doses(path, want, lines=True, kernel=kernel).batches()
    except ProblemError as error:
        return {"error": error.problem.what_happened}
    told: dict[str, object] = {name: [getattr(b, name) for b in batches] for name in ARRAYS}
    for name in ("r2", "er2", "af", "maf", "kind"):
        told[name] = [getattr(b.info, name) for b in batches]
    for name in ("ids", "refs", "alts", "lines"):
        told[name] = [list(getattr(b, name)) for b in batches]
    told["first"] = [(b.chromosome, b.first_line) for b in batches]
    return told


def same(one: dict[str, object], other: dict[str, object]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_equal(value, other[name], err_msg=name)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(rows(good), min_size=1, max_size=5), st.integers(0, 31))
def test_usual_rows(tmp_path: Path, text: list[str], want: int) -> None:
    path = tmp_path / "a.vcf"
    path.write_text(HEAD + "".join(text))
    same(answer(path, Field(want), kernel=True), answer(path, Field(want), kernel=False))


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(rows(part), min_size=1, max_size=2), st.integers(0, 31))
def test_any_rows(tmp_path: Path, text: list[str], want: int) -> None:
    path = tmp_path / "a.vcf"
    path.write_bytes((HEAD + "".join(text)).encode())
    same(answer(path, Field(want), kernel=True), answer(path, Field(want), kernel=False))


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=60), st.integers(0, 90))
def test_any_bytes_in_a_row(tmp_path: Path, dirt: bytes, at: int) -> None:
    row = b"1\t5\t.\tA\tC\t.\t.\tR2=0.5;AF=0.1\tGT:DS:HDS\t0|0:0:0,0\t0|1:1:0,1\t1|1:2:1,1\n" * 2
    path = tmp_path / "a.vcf"
    path.write_bytes(HEAD.encode() + row[:at] + dirt + row[at:])
    same(answer(path, Field(31), kernel=True), answer(path, Field(31), kernel=False))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(FIELDS), min_size=1, max_size=5, unique=True),
    st.lists(
        st.sampled_from([0.0, 1.0, 0.5, 0.4995, 0.0005, 0.25, float("nan"), 1.2, -1.0]),
        min_size=8,
        max_size=8,
    ),
    st.booleans(),
)
def test_text_of_dosages(fields: list[str], figures: list[float], with_calls: bool) -> None:
    haplotypes = np.array(figures, np.float32).reshape(2, 2, 2)
    calls = np.array([0, 1, -1, 1, 1, -2, -1, -1], np.int8).reshape(2, 2, 2) if with_calls else None
    heads = [b"1\t5\t", b"1\t77\t"]
    fast = formatted_rows(heads, fields, haplotypes, calls, kernel=True)
    slow = formatted_rows(heads, fields, haplotypes, calls, kernel=False)
    assert bytes(fast.text) == bytes(slow.text)
    assert fast.stops.tolist() == slow.stops.tolist()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_text_of_any_dosages(seed: int) -> None:
    haplotypes = np.random.default_rng(seed).random((3, 50, 2), np.float32)
    fast = formatted_rows([b""] * 3, FIELDS, haplotypes, kernel=True)
    assert bytes(fast.text) == bytes(formatted_rows([b""] * 3, FIELDS, haplotypes, kernel=False).text)


def test_arrays_that_do_not_fit_are_refused() -> None:
    kernel = dose_kernel(True)
    assert kernel is not None
    state = np.array([3, 10, 31, 0, 0, 0], np.int64)
    small = tuple([state, *(np.zeros(4, np.uint8) for _ in range(13))])
    with pytest.raises(ValueError, match="fit"):
        kernel.fill(small, b"1\t5\n", 0, 4)
    with pytest.raises(ValueError, match="fit"):
        kernel.fill(small, b"1\t5\n", 2, 9)
    with pytest.raises(ValueError, match="wrong number"):
        kernel.fill(small[:3], b"", 0, 0)
    text = text_kernel(True)
    assert text is not None
    pair = np.zeros((1, 1, 2), np.float32)
    with pytest.raises(ValueError, match="fit"):
        text.format(b"\x01", pair, b"", b"head", np.array([9], np.int64), np.zeros(99, np.uint8), 1, 1)
    with pytest.raises(ValueError, match="fit"):
        text.format(b"\x01", pair, b"", b"head", np.array([4], np.int64), np.zeros(60, np.uint8), 1, 1)
    with pytest.raises(ValueError, match="fit"):
        kernel.moments(pair, np.zeros(2), 1)
