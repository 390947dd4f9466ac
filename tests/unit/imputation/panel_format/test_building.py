"""Panels are packed from the files that they come in, with every record that has an allele to impute."""

import gzip
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.problem import Kind, ProblemError
from app.domain.progress import Progress
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.matrix import Region
from app.imputation.panel_format.building import pack_vcf
from app.imputation.panel_format.kernel import extension
from app.imputation.panel_format.reader import Panel
from app.imputation.panel_format.vcf_text import RowReader
from tests.unit.imputation.vcf import Row, panel_rows, write_vcf

needs_bcftools = pytest.mark.skipif(not shutil.which("bcftools"), reason="bcftools is not installed")
needs_extension = pytest.mark.skipif(extension is None, reason="the extension is not compiled")


_NAMES = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP"


def content(path: Path) -> list[tuple[int, str, str, str]]:
    """The records of a packed panel with their alleles, person by person."""
    with Panel.open(path) as panel:
        stretch = panel.stretch()
    rows = ["".join(map(str, row)) for row in stretch.alleles(slice(None)).tolist()]
    return list(
        zip(stretch.positions.tolist(), stretch.refs.tolist(), stretch.alts.tolist(), rows, strict=True)
    )


def wanted(rows: list[Row]) -> list[tuple[int, str, str, str]]:
    """What must be in it, the obvious way."""
    found: dict[tuple[int, str, str], str] = {}
    for position, ref, alts, cells in rows:
        for number, alt in enumerate(alts.split(","), 1):
            alleles = [a for cell in cells for a in cell.split(":")[0].replace("/", "|").split("|")]
            text = "".join("1" if int(allele) == number else "0" for allele in alleles)
            if alt != ".":
                found.setdefault((position, ref, alt), text)
    return [(*key, text) for key, text in found.items()]


@st.composite
def panel_files(draw: st.DrawFn) -> list[Row]:
    """Sorted records of a few people: SNVs, indels, several ALT alleles, repeated ones, more FORMAT."""
    ploidy = draw(st.lists(st.sampled_from([1, 2]), min_size=1, max_size=5))
    rows: list[Row] = []
    for position in sorted(draw(st.lists(st.integers(1, 3_000_000), min_size=1, max_size=12))):
        alts = draw(
            st.lists(st.sampled_from(["C", "AT", "<DEL>", "*", "G"]), min_size=1, max_size=3, unique=True)
        )
        allele = st.integers(0, len(alts)).map(str)
        cells = ["|".join(draw(allele) for _ in range(many)) for many in ploidy]
        rows.append((position, "A", ",".join(alts), cells))
    return rows


@pytest.mark.parametrize("kernel", ["", "1"], ids=["c", "python"])
@given(rows=panel_files())
@settings(max_examples=20, deadline=None)
def test_any_panel_comes_back(rows: list[Row], kernel: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("panel")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HAPLODESK_NO_KERNEL", kernel)
        counts = pack_vcf(write_vcf(folder / "p.vcf", rows), folder / "p.hpanel")
        assert content(folder / "p.hpanel") == wanted(rows)
    assert counts.sites == len(wanted(rows))
    assert counts.several_alts == sum("," in row[2] for row in rows)
    assert counts.duplicates == sum(len(row[2].split(",")) for row in rows) - counts.sites


def test_more_format_and_other_line_ends(tmp_path: Path) -> None:
    rows = panel_rows(6, 3)
    rows[1] = (*rows[1][:3], [f"{cell}:0.5" for cell in rows[1][3]])
    rows[2] = (*rows[2][:3], ["0/0", "1/1", "1|0"])
    rows.insert(3, (rows[2][0], "A", ".", ["0|0"] * 3))
    text = write_vcf(tmp_path / "p.vcf", rows).read_text().replace("\tGT\t", "\tGT:DS\t")
    (tmp_path / "p.vcf").write_bytes(text.replace("\n", "\r\n").rstrip().encode())
    counts = pack_vcf(tmp_path / "p.vcf", tmp_path / "p.hpanel")
    assert content(tmp_path / "p.hpanel") == wanted(rows)
    assert (counts.samples, counts.without_alt) == (3, 1)


def test_gzip_and_bgzf_and_progress(tmp_path: Path) -> None:
    rows = panel_rows()
    text = write_vcf(tmp_path / "p.vcf", rows).read_bytes()
    (tmp_path / "p.vcf.gz").write_bytes(gzip.compress(text))
    with BgzfWriter(tmp_path / "q.vcf.gz") as out:
        out.write(text)
    for name in ("p.vcf.gz", "q.vcf.gz"):
        told: list[Progress] = []
        pack_vcf(tmp_path / name, tmp_path / f"{name}.hpanel", report=told.append)
        assert content(tmp_path / f"{name}.hpanel") == wanted(rows)
        assert told[-1].fraction == 1.0


@needs_bcftools
def test_bcf(tmp_path: Path) -> None:
    rows = panel_rows()
    source = write_vcf(tmp_path / "p.vcf", rows)
    subprocess.run(["bcftools", "view", "-Ob", "-o", tmp_path / "p.bcf", source], check=True)
    pack_vcf(tmp_path / "p.bcf", tmp_path / "p.hpanel")
    assert content(tmp_path / "p.hpanel") == wanted(rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.bcf", "p.hpanel", "p.vcf"]


def test_a_region_of_a_file_with_several_chromosomes(tmp_path: Path) -> None:
    rows = panel_rows()
    one, two = write_vcf(tmp_path / "a.vcf", rows), write_vcf(tmp_path / "b.vcf", rows, "21")
    body = [line for line in two.read_text().splitlines() if not line.startswith("#")]
    one.write_text(one.read_text() + "\n".join(body) + "\n")
    pack_vcf(one, tmp_path / "p.hpanel", Region("chr21", 5000, 20_000))
    assert content(tmp_path / "p.hpanel") == [r for r in wanted(rows) if 5000 <= r[0] <= 20_000]
    with pytest.raises(ProblemError, match="Several chromosomes"):
        pack_vcf(one, tmp_path / "q.hpanel")
    assert pack_vcf(one, tmp_path / "q.hpanel", Region("22")).sites == 0
    assert not list(tmp_path.glob("q.*"))


@pytest.mark.parametrize(
    ("cell", "title"),
    [
        (".|.", "missing genotypes"),
        ("0/1", "not phased"),
        ("0|2", "cannot be read"),
        ("0|x", "cannot be read"),
        ("0", "haploid at some sites"),
        ("0|1\t0|1", "cannot be read"),
        ("0|300", "cannot be read"),
    ],
)
@pytest.mark.parametrize("kernel", ["", "1"], ids=["c", "python"])
def test_genotypes_that_cannot_be_used(
    cell: str, title: str, kernel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAPLODESK_NO_KERNEL", kernel)
    rows = panel_rows()
    rows[7][3][2] = cell  # type: ignore[index]
    source = write_vcf(tmp_path / "source.vcf", rows)
    with pytest.raises(ProblemError, match=title) as caught:
        pack_vcf(source, tmp_path / "p.hpanel")
    told = caught.value.problem
    assert told.kind is Kind.INPUT
    assert "source.vcf" in told.what_happened
    assert "20:8000" in told.what_happened
    assert [path.name for path in tmp_path.iterdir()] == ["source.vcf"]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("##fileformat=VCFv4.2\n20\t5\t.\tA\tC\t.\t.\t.\tGT\t0|1\n", "no VCF file"),
        ("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP\n20\tx\t.\tA\tC\n", "no VCF line"),
        ("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP\nabc\n", "no VCF line"),
        (f"{_NAMES}\n20\t0\t.\tA\tC\t.\t.\t.\tGT\t0|1\n", "no VCF line"),
        (f"{_NAMES}\n20\t2147483647\t.\tA\tC\t.\t.\t.\tGT\t0|1\n", "no VCF line"),
        ("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n20\t5\t.\tA\tC\t.\t.\t.\n", "no genotypes"),
        (
            "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP\n20\t5\t.\tA\tC\t.\t.\t.\tDS\t1\n",
            "no genotypes",
        ),
    ],
    ids=["header", "position", "columns", "position 0", "position beyond", "sites", "format"],
)
def test_files_that_are_no_panels(text: str, title: str, tmp_path: Path) -> None:
    (tmp_path / "p.vcf").write_text(text)
    with pytest.raises(ProblemError, match=title):
        pack_vcf(tmp_path / "p.vcf", tmp_path / "p.hpanel")


def test_a_report_that_raises_stops_it(tmp_path: Path) -> None:
    source = write_vcf(tmp_path / "p.vcf", panel_rows())

    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack_vcf(source, tmp_path / "p.hpanel", report=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["p.vcf"]


@needs_extension
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_both_readers_see_the_same_rows(data: st.DataObject) -> None:
    """Lines that are nearly right: what one reads the other reads, and where each column ends."""
    ploidy = np.array(data.draw(st.lists(st.sampled_from([1, 2]), max_size=3)), dtype=np.uint8)
    cell = st.sampled_from(["0|1", "1|1", "0", "1", "0/0", "0/1", ".|.", "12|3", "255|0", "0|1:5", "", "0|"])
    words = st.sampled_from(["GT", "GT:DS", "DS", "GTX", "20", "", "5"])
    lines = []
    for _ in range(data.draw(st.integers(0, 4))):
        head = [data.draw(words) for _ in range(data.draw(st.sampled_from([9, 9, 9, 3])))]
        if data.draw(st.booleans()):
            head[-1] = "GT"
        lines.append("\t".join([*head, *(data.draw(cell) for _ in range(data.draw(st.integers(0, 3))))]))
    ends = data.draw(st.sampled_from(["\n", "\r\n"]))
    text = ends.join(lines).encode() + data.draw(st.sampled_from([b"", b"\n", b"\n#x"]))
    seen = []
    for kernel in ("", "1"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HAPLODESK_NO_KERNEL", kernel)
            reader = RowReader(ploidy)
            at = reader.read(text, 0)
        readable = reader.kinds != 1
        fields = reader.fields[readable].tolist(), reader.fields[:, 9].tolist()
        alleles = reader.alleles[readable, : reader.size].tolist()
        seen.append((at, reader.kinds.tolist(), fields, alleles, (reader.fields[:, 8] < 0).tolist()))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("where", [0, 3, 39])
def test_a_line_without_a_position_is_shown(where: int, tmp_path: Path) -> None:
    rows = panel_rows()
    rows[where] = (2**31, *rows[where][1:])
    with pytest.raises(ProblemError) as caught:
        pack_vcf(write_vcf(tmp_path / "p.vcf", rows), tmp_path / "p.hpanel")
    assert "'20 2147483648 …'" in caught.value.problem.what_happened
