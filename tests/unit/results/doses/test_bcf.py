"""BCF says what the same VCF says, and broken BCF ends in a sentence."""

import gzip
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.problem import ProblemError
from app.results.doses.bcf_doses import BcfDoses
from app.results.doses.contract import DoseBatch, Field
from app.results.doses.reading import open_doses

pytestmark = pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not here")
EVERY = Field.DOSAGE | Field.HAPLOTYPES | Field.PROBABILITIES | Field.GENOTYPES | Field.LEFT_OUT
LINES = [
    "##fileformat=VCFv4.2",
    "##contig=<ID=chrX>",
    "##contig=<ID=22>",
    '##INFO=<ID=R2,Number=A,Type=Float,Description="R2">',
    '##INFO=<ID=AF,Number=A,Type=Float,Description="AF">',
    '##INFO=<ID=TYPED,Number=0,Type=Flag,Description="Typed">',
    '##INFO=<ID=IMPUTED,Number=0,Type=Flag,Description="Imputed">',
    *(
        f'##INFO=<ID={name},Number=1,Type=Float,Description="x">'
        for name in ("ER2", "DR2", "INFO", "Rsq", "MAF")
    ),
    '##INFO=<ID=N,Number=1,Type=Integer,Description="Number">',
    '##INFO=<ID=M,Number=.,Type=Integer,Description="Numbers">',
    '##INFO=<ID=T,Number=1,Type=String,Description="Text">',
    '##INFO=<ID=IMP,Number=0,Type=Flag,Description="Imputed">',
    *(f'##FILTER=<ID={name},Description="x">' for name in ("q10", "TYPED", "GENOTYPED", "TYPED_ONLY")),
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="GT">',
    '##FORMAT=<ID=DS,Number=A,Type=Float,Description="DS">',
    '##FORMAT=<ID=HDS,Number=.,Type=Float,Description="HDS">',
    '##FORMAT=<ID=GP,Number=G,Type=Float,Description="GP">',
    '##FORMAT=<ID=LDS,Number=.,Type=Float,Description="LDS">',
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC",
    "chrX 5 a A C . PASS R2=0.5;AF=0.25;IMPUTED GT:DS:HDS:GP 0|1:0.9:0,0.9:0.1,0.9,0 1:0.7:0.7:0.3,0.7 "
    ".|.:.:.:.",
    "chrX 6 b A C,G . . R2=0.5,0.75;AF=0.25,0.1 GT:DS 0|1:0.9,0 1/2:1,1 .:.",
    "chrX 7 . A C,G . . R2=0.5,0.75;AF=0.25,0.1 GT:GP 0|1:0,1,0,0,0,0 1|2:0,0,0,0,1,0 0|0:.",
    "22 1 . AT C . . TYPED GT:LDS 0|1:0.1,0.9 1:0.25 1|1:1,0.001",
    "22 2 . A C . . AF=0.9;IMPUTED HDS 0.125,1 0.25 .",
    "22 3 . A C . . AF=0.9;IMPUTED GP 0,0.5,0.5 0.25,0.75 .",
    "22 4 . A C . . AF=0.9;TYPED;IMPUTED GT 0/1 1 ./1",
    "22 5 x A C . q10 MAF=0.1;AF=0.9;R2=.;DR2=0.5 GT 0/1 1 ./1",
    "22 6 . A C . TYPED DR2=1;MAF=0.125;ER2=0.75;N=300;T=word;M=1,2,3 GT:DS 0/1:1 1:1 ./1:.",
    f"22 7 long{'g' * 300} {'A' * 70} C . GENOTYPED;q10 MAF=0;INFO=3e-5;IMP GT:DS 0/1:1 1:1 ./1:.",
    "22 8 . A . . . MAF=0.5 GT 0/0 0 ./0",
    "22 9 . A C . TYPED_ONLY MAF=0.5;Rsq=0.25 GT 0/0 0 ./0",
]
ARRAYS = ("position", "dosage", "haplotypes", "probabilities", "genotypes", "left_out", "phased", "record")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("bcf")
    text = [line if line.startswith("#") else line.replace(" ", "\t") for line in LINES]
    (folder / "a.vcf").write_text("\n".join(text) + "\n")
    command = ["bcftools", "view", "-Ou", "-o", str(folder / "a.bcf"), str(folder / "a.vcf")]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "a.vcf", folder / "a.bcf"


def read(path: Path, kernel: bool | None = None) -> list[DoseBatch]:
    reader = BcfDoses(path, EVERY, kernel=kernel) if path.suffix == ".bcf" else open_doses(path, EVERY)
    try:
        return list(reader.batches())
    finally:
        reader.close()


@pytest.mark.parametrize("fast", [None, False])
def test_as_the_vcf(pair: tuple[Path, Path], fast: bool | None) -> None:
    vcf, bcf = read(pair[0]), read(pair[1], fast)
    assert [b.chromosome for b in bcf] == [b.chromosome for b in vcf] == ["chrX", "22"]
    for one, other in zip(vcf, bcf, strict=True):
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
        for name in ("r2", "er2", "af", "maf", "kind"):
            np.testing.assert_array_equal(getattr(one.info, name), getattr(other.info, name), err_msg=name)
        assert (list(one.ids), list(one.refs), list(one.alts)) == (
            list(other.ids),
            list(other.refs),
            list(other.alts),
        )


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=6), st.booleans())
def test_any_damage_ends_in_a_sentence(
    pair: tuple[Path, Path], tmp_path: Path, at: int, dirt: bytes, cut: bool
) -> None:
    raw = pair[1].read_bytes()
    at %= len(raw)
    broken = raw[:at] if cut else raw[:at] + dirt + raw[at + len(dirt) :]
    path = tmp_path / "broken.bcf"
    path.write_bytes(broken)
    told = [_told(path, None), _told(path, False)]
    assert told[0] == told[1]
    assert told[0].startswith("[") or "broken.bcf" in told[0]


@pytest.mark.parametrize("dirt", [b"\xf1\x07", b"\x05\x00", b"\x15\x00", b"\x25\x00"])
def test_a_first_record_whose_fields_have_no_number_ends_in_a_sentence(
    pair: tuple[Path, Path], tmp_path: Path, dirt: bytes
) -> None:
    raw = gzip.decompress(pair[1].read_bytes())
    first = 9 + int.from_bytes(raw[5:9], "little")
    fields = first + 8 + int.from_bytes(raw[first : first + 4], "little")
    path = tmp_path / "broken.bcf"
    path.write_bytes(raw[:fields] + dirt + raw[fields + len(dirt) :])
    told = [_told(path, None), _told(path, False)]
    assert told[0] == told[1]
    assert "broken.bcf" in told[0]


@pytest.mark.parametrize(
    "filters", [b"\x11\x80", b"\x11\x81", b"\x11\x7f"], ids=["missing", "end", "unknown"]
)
def test_a_filter_that_is_none_says_nothing(pair: tuple[Path, Path], tmp_path: Path, filters: bytes) -> None:
    raw = pair[1].read_bytes()
    raw = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
    before = b"\x17A\x17C\x11"
    at = raw.index(before) + len(before) - 1
    path = tmp_path / "filter.bcf"
    path.write_bytes(raw[:at] + filters + raw[at + 2 :])
    told = [_told(path, None), _told(path, False)]
    assert told[0] == told[1] == _told(pair[1], None)


def _told(path: Path, kernel: bool | None) -> str:
    """What is read, or the sentence that says why not."""
    try:
        batches = read(path, kernel)
    except ProblemError as error:
        return error.problem.what_happened
    found = [(each.position, each.dosage, each.info.r2, each.info.maf, each.info.kind) for each in batches]
    return repr([[None if column is None else column.tolist() for column in each] for each in found])
