"""INFO of the records that one with several ALTs becomes, beside `bcftools norm -m -any`."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.export import ExportFormat, ExportRequest
from app.genotypes.bgzf import read_lines
from app.operations.export_here import export_here
from app.results.export.alt_info import info_of_alt, numbers_by_key

HEADER = (
    '##INFO=<ID=AF,Number=A,Type=Float,Description="Number=1, by allele">',
    '##INFO=<ID=AD,Number=R,Type=Integer,Description="with REF">',
    '##INFO=<ID=GL,Number=G,Type=Float,Description="by genotype">',
    '##INFO=<Number=A,Type=String,ID=NAME,Description="ID=AN,x">',
    '##INFO=<ID=LAST,Description="a \\\\"word\\\\", Number=1",Type=Integer,Number=R>',
    '##INFO=<ID=AN,Number=1,Type=Integer,Description="of all">',
    '##INFO=<ID=R2,Number=1,Type=Float,Description="of all, Number=A,">',
    '##INFO=<ID=TYPED,Number=0,Type=Flag,Description="a flag">',
    '##INFO=<ID=ANY,Number=.,Type=Integer,Description="any">',
)
NUMBERS = numbers_by_key(HEADER)


def test_the_header_tells_what_values_stand_for() -> None:
    assert NUMBERS == {b"AF": "A", b"AD": "R", b"GL": "G", b"NAME": "A", b"LAST": "R"}


@pytest.mark.parametrize(
    ("info", "second"),
    [
        (b"AF=0.1,0.2;TYPED;AN=9", b"AF=0.2;TYPED;AN=9"),
        (b"AD=7,5,3", b"AD=7,3"),
        (b"GL=0,1,2,3,4,5", b"GL=0,3,5"),
        (b"AF=.,0.2;NAME=a,b", b"AF=0.2;NAME=b"),
        (b"AF=0.1;AD=1,2", b"AF=0.1;AD=1,2"),
        (b"ANY=1,2;X=1,2;AF", b"ANY=1,2;X=1,2;AF"),
        (b".", b"."),
    ],
)
def test_each_alt_has_its_own_values(info: bytes, second: bytes) -> None:
    assert info_of_alt(info, 1, 2, NUMBERS) == second


def test_a_record_with_one_alt_stays_as_it_is() -> None:
    assert info_of_alt(b"AF=0.1,0.2", 0, 1, NUMBERS) == b"AF=0.1,0.2"


def many_alts(folder: Path, seed: int = 3) -> Path:
    """A file as servers make it, with records of one to four ALTs, packed by bcftools."""
    draw = random.Random(seed)
    lines = ["##fileformat=VCFv4.2", "##contig=<ID=20>", *HEADER]
    lines += [
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">',
        '##FORMAT=<ID=DS,Number=A,Type=Float,Description="d">',
    ]
    lines.append(
        "\t".join(
            [*["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "s1", "s2", "s3"]]
        )
    )
    for place in range(1, 120):
        alts = draw.sample(["C", "G", "T", "AC"], draw.randint(1, 4))
        n = len(alts)
        parts = {
            "AF": [f"{draw.randint(1, 99) / 100:g}" for _ in alts],
            "AD": [str(draw.randint(0, 99)) for _ in range(n + 1)],
            "GL": [str(draw.randint(0, 9)) for _ in range((n + 1) * (n + 2) // 2)],
            "NAME": [f"n{draw.randint(0, 9)}" for _ in alts],
            "AN": ["6"],
            "ANY": [str(draw.randint(0, 9)) for _ in range(3)],
        }
        keys = draw.sample(sorted(parts), draw.randint(1, 6))
        info = ";".join([f"{key}={','.join(parts[key])}" for key in keys] + ["TYPED"] * draw.randint(0, 1))
        cells = [
            f"0|{draw.randint(0, 1)}:{','.join(str(draw.randint(0, 9) / 10) for _ in alts)}" for _ in "abc"
        ]
        lines.append(
            "\t".join(["20", str(place * 10), ".", "A", ",".join(alts), ".", "PASS", info, "GT:DS", *cells])
        )
    plain = folder / "many.vcf"
    plain.write_text("\n".join(lines) + "\n")
    packed = folder / "many.vcf.gz"
    with packed.open("wb") as out:
        subprocess.run(["bgzip", "-c", str(plain)], stdout=out, check=True)
    return packed


def infos(path: Path) -> Iterator[tuple[str, str, str]]:
    """Position, ALT and INFO of each record, as bcftools reads them."""
    told = subprocess.run(
        ["bcftools", "query", "-f", "%POS\t%ALT\t%INFO\n", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    for line in told.stdout.splitlines():
        position, alt, info = line.split("\t")
        yield position, alt, info


@pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not on this computer")
@pytest.mark.parametrize("kernel", [True, False], ids=["with the extension", "without"])
@pytest.mark.parametrize("form", [ExportFormat.BCF, ExportFormat.PGEN])
def test_every_split_record_says_what_bcftools_says(
    tmp_path: Path, form: ExportFormat, kernel: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not kernel:
        monkeypatch.setattr("app.results.export.conversion.export_kernel", lambda: None)
    source = many_alts(tmp_path)
    normal = tmp_path / "normal.bcf"
    subprocess.run(
        ["bcftools", "norm", "-m", "-any", "-Ob", "-o", str(normal), str(source)],
        check=True,
        capture_output=True,
    )
    expected = list(infos(normal))
    made = export_here(ExportRequest(source=str(source), out=str(tmp_path / "out"), format=form))
    files = [Path(file) for each in made.sets for file in each.files]
    if form is ExportFormat.BCF:
        found = list(infos(next(each for each in files if each.suffix == ".bcf")))
    else:
        pvar = next(each for each in files if each.suffix == ".pvar")
        rows = [line.decode().split("\t") for line in read_lines(pvar) if not line.startswith(b"#")]
        found = [(row[1], row[4], row[6].rstrip("\n")) for row in rows]
    assert sorted(found) == sorted(expected)


@pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not on this computer")
def test_bcftools_reads_the_vcf_of_a_bcf(tmp_path: Path) -> None:
    """Lines that are added to a header are not numbered, so the numbers of the others must go."""
    source, normal = tmp_path / "many.bcf", tmp_path / "normal.bcf"
    for command in (["view"], ["norm", "-m", "-any"]):
        path = source if command == ["view"] else normal
        words = ["bcftools", *command, "-Ob", "-o", str(path), str(many_alts(tmp_path))]
        subprocess.run(words, check=True, capture_output=True)
    made = export_here(ExportRequest(source=str(source), out=str(tmp_path / "out"), format=ExportFormat.VCF))
    written = next(Path(each) for each in made.sets[0].files if each.endswith(".vcf.gz"))
    assert not [line for line in read_lines(written) if line.startswith(b"##") and b"IDX=" in line]
    found, expected = ([each[:2] for each in infos(path)] for path in (written, normal))
    assert sorted(found) == sorted(expected)
