"""Records of BCF made by the extension in C: the same bytes as those made by Python, whatever INFO says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.export import ExportFormat, ExportRequest
from app.domain.problem import ProblemError
from app.results.export.bcf_file import walked
from app.results.export.conversion import export
from app.results.export.kernel import export_kernel

pytestmark = pytest.mark.skipif(export_kernel() is None, reason="the extension is not built")
HEADER = """##fileformat=VCFv4.2
##contig=<ID=20>
##FILTER=<ID=q10,Description="Low">
##INFO=<ID=R2,Number=1,Type=Float,Description="R">
##INFO=<ID=AC,Number=A,Type=Integer,Description="C">
##INFO=<ID=IMPUTED,Number=0,Type=Flag,Description="I">
##INFO=<ID=NOTE,Number=1,Type=String,Description="N">
##FORMAT=<ID=GT,Number=1,Type=String,Description="G">
##FORMAT=<ID=DS,Number=A,Type=Float,Description="D">
##FORMAT=<ID=HDS,Number=.,Type=Float,Description="H">
##FORMAT=<ID=GP,Number=G,Type=Float,Description="P">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	A	B	C
"""
figures = st.one_of(
    st.floats(-1e30, 1e30).map(lambda x: f"{x:.6g}"),
    st.integers(0, 100_000).map(lambda n: f"{n / 100_000:.5f}"),
    st.sampled_from(
        [".", "0", "-0.0", "1e-05", "2.5E+7", "nan", "inf", "0.12345678901234567", "7.", ".5", "+1"]
    ),
)
numbers = st.one_of(
    st.integers(-(2**31) + 9, 2**31 - 1).map(str), st.sampled_from([".", "127", "128", "-121"])
)
letters = st.text(st.sampled_from("abcÄ_%"), min_size=1, max_size=20)
infos = st.lists(
    st.one_of(
        st.lists(figures, min_size=1, max_size=3).map(lambda each: "R2=" + ",".join(each)),
        st.lists(numbers, min_size=1, max_size=20).map(lambda each: "AC=" + ",".join(each)),
        letters.map(lambda text: f"NOTE={text}"),
        st.sampled_from(["IMPUTED", "NOTE", "IMPUTED=1"]),
    ),
    max_size=4,
    unique_by=lambda text: text.partition("=")[0],
).map(lambda parts: ";".join(parts) or ".")
cells = st.sampled_from(
    ["0|0:0:0,0:1,0,0", "0|1:1.002:0.002,1:0,1,0", "1/1:2:1,1:0,0,1", ".:.:.:.", "1:1:1:0,1", "./.:0.5:.:."]
)
lines = st.tuples(
    st.sampled_from([".", "rs1", "x" * 40]),
    st.sampled_from(["A\tC", "ACGTACGTACGTACGTA\t<DEL>", "G\t.", "C\tA,T"]),
    st.sampled_from([".", "30", "1e3", "12.5"]),
    st.sampled_from([".", "PASS", "q10", "q10;PASS"]),
    infos,
    st.sampled_from(["GT:DS:HDS:GP", "GT:DS:HDS:GP", "GT"]),
    st.tuples(cells, cells, cells),
)


def text_of(rows: list[tuple[str, str, str, str, str, str, tuple[str, str, str]]]) -> str:
    made = [HEADER]
    for place, (name, alleles, quality, filters, info, form, people) in enumerate(rows):
        several = "," in alleles.split("\t")[1]
        words = ["0|1" if several or form == "GT" else each for each in people]
        start = f"20\t{100 + place}\t{name}\t{alleles}\t{quality}\t{filters}\t{info}"
        made.append("\t".join([start, "GT" if several else form, *words]) + "\n")
    return "".join(made)


def written(source: Path, out: Path, *, quick: bool) -> dict[str, bytes] | str:
    """The files, or why there are none."""
    out.mkdir()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HAPLODESK_NO_KERNEL", "" if quick else "1")
        try:
            export(ExportRequest(source=str(source), out=str(out), format=ExportFormat.BCF), out)
        except ProblemError as error:
            assert not list(out.iterdir())
            return error.problem.sentence()
    return {each.name: each.read_bytes() for each in out.iterdir()}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines, min_size=1, max_size=20))
def test_the_files_are_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, str, str, str, str, tuple[str, str, str]]],
) -> None:
    folder = tmp_path_factory.mktemp("bcf")
    source = folder / "x.vcf"
    source.write_text(text_of(rows))
    assert written(source, folder / "quick", quick=True) == written(source, folder / "slow", quick=False)


def test_bcftools_reads_what_the_extension_wrote(tmp_path: Path) -> None:
    if shutil.which("bcftools") is None:
        pytest.skip("bcftools is not installed")
    info = "R2=0.25,1e-05;AC=.,300,-5;IMPUTED;NOTE=abc"
    people = ("0|1:1.002:0.002,1:0,1,0", ".:.:.:.", "1:1:1:0,1")
    source = tmp_path / "x.vcf"
    source.write_text(text_of([("rs1", "A\tC", "12.5", "q10;PASS", info, "GT:DS:HDS:GP", people)]))
    files = written(source, tmp_path / "out", quick=True)
    assert isinstance(files, dict)
    told = subprocess.run(
        ["bcftools", "view", "-H", os.fspath(tmp_path / "out" / "x.bcf")], capture_output=True, check=True
    )
    words = told.stdout.decode().rstrip("\n").split("\t")
    assert words[:8] == ["20", "100", "rs1", "A", "C", "12.5", "q10;PASS", info]
    assert words[8:] == ["GT:DS:HDS:GP", "0|1:1.002:0.002,1:0,1,0", ".:.:.:.", "1:1:1:0,1"]


@given(st.lists(st.binary(max_size=30), max_size=5), st.integers(0, 20), st.integers(0, 3))
def test_records_are_counted_alike(parts: list[bytes], cut: int, at: int) -> None:
    whole = b"".join(len(each).to_bytes(4, "little") + b"\0\0\0\0" + each for each in parts)
    data = b"xyz"[:at] + whole[: len(whole) - cut]
    kernel = export_kernel()
    assert kernel is not None
    assert kernel.walk(data, at) == walked(data, at)
