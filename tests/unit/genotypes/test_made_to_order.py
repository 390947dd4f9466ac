"""Files made to the order of a web page: what goes out, what stays, and that the books add up."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.problem import Kind, ProblemError
from app.genotypes.bgzf import BgzfWriter, read_lines
from app.genotypes.made_to_order import made_to_order
from app.genotypes.order import Dropped, Made, Order, books

HEAD = (
    "##fileformat=VCFv4.3\n"
    '##INFO=<ID=AC,Number=1,Type=Integer,Description="x">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"
)


def write(folder: Path, name: str, rows: list[str], samples: tuple[str, ...] = ("A", "B")) -> str:
    path = folder / name
    text = HEAD + "".join(f"\t{each}" for each in samples) + "\n" + "".join(f"{row}\n" for row in rows)
    with BgzfWriter(path) as out:
        out.write(text.replace(" ", "\t").replace("FORMAT\t\t", "FORMAT\t").encode())
    return str(path)


def row(
    chromosome: str, position: int, alleles: str = "A C", calls: str = "0/1 1/1", form: str = "GT"
) -> str:
    return f"{chromosome} {position} rs{position} {alleles} 9 q10 AC=1 {form} {calls}"


def make(tmp_path: Path, paths: list[str], **order: object) -> tuple[Made, dict[str, list[str]]]:
    out = tmp_path / "out"
    out.mkdir()
    made = made_to_order(paths, Order(stem="s", **order), str(out))
    rows = {
        each.name: [line.decode() for line in read_lines(out / each.name) if not line.startswith(b"##")][1:]
        for each in made.files
    }
    assert made.sites_in == made.sites_out + sum(made.dropped.values())
    assert sum(made.by_chromosome.values()) == made.sites_out
    return made, rows


def test_a_file_for_each_chromosome_with_the_wanted_names(tmp_path: Path) -> None:
    path = write(tmp_path, "in.vcf.gz", [row("21", 9411239), row("22", 16050075), row("22", 16050115)])
    made, rows = make(tmp_path, [path], build="GRCh38", prefixed=True)
    assert [each.name for each in made.files] == ["s.chr21.vcf.gz", "s.chr22.vcf.gz"]
    assert rows["s.chr21.vcf.gz"] == ["chr21\t9411239\trs9411239\tA\tC\t.\tPASS\t.\tGT\t0/1\t1/1"]
    header = [line for line in read_lines(tmp_path / "out" / "s.chr22.vcf.gz") if line.startswith(b"##")]
    assert header[0] == b"##fileformat=VCFv4.2"
    assert b"##contig=<ID=chr22,length=50818468>" in header
    assert not any(b"INFO" in line for line in header)


def test_one_file_in_the_order_of_the_chromosomes(tmp_path: Path) -> None:
    late = write(tmp_path, "a.vcf.gz", [row("chr10", 100)])
    early = write(tmp_path, "b.vcf.gz", [row("chr2", 100), row("chr2", 200)])
    made, rows = make(tmp_path, [late, early], one_file=True)
    assert [line.split("\t")[0] for line in rows["s.vcf.gz"]] == ["2", "2", "10"]
    assert made.files[0].chromosomes == ("2", "10")


def test_only_genotypes_go_out(tmp_path: Path) -> None:
    rows_in = [row("22", 100, calls="0.5:0/1 1.0:1|1", form="DS:GT"), row("22", 200, calls="1 2", form="DS")]
    _, rows = make(tmp_path, [write(tmp_path, "in.vcf.gz", rows_in)])
    assert [line.split("\t", 8)[8] for line in rows["s.chr22.vcf.gz"]] == ["GT\t0/1\t1|1", "GT\t./.\t./."]


def test_what_the_page_does_not_take_stays_and_is_counted(tmp_path: Path) -> None:
    rows_in = [
        row("6", 100),
        row("6", 28_000_000),
        row("6", 28_000_001, "A C,G"),
        row("6", 28_000_002, "AT A"),
        row("6", 28_000_003, "a c", "0/0 0|0"),
        row("6", 28_000_004, "a c", "1/1 ./."),
        row("6", 28_000_005, "a c", "0/1 ./."),
        row("7", 28_000_006),
    ]
    made, rows = make(
        tmp_path,
        [write(tmp_path, "in.vcf.gz", rows_in)],
        region=("6", 28_000_000, 34_000_000),
        snvs_only=True,
        drop_monomorphic=True,
    )
    assert [line.split("\t")[1] for line in rows["s.chr6.vcf.gz"]] == ["28000000", "28000005"]
    assert made.dropped == {
        Dropped.CHROMOSOME: 2,
        Dropped.SEVERAL_ALLELES: 1,
        Dropped.NOT_SNV: 1,
        Dropped.MONOMORPHIC: 2,
    }
    assert "2 of 8 sites of 2 people; left out: 2 of another chromosome" in books(made)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row("22", 200), row("22", 100)], "not sorted"),
        ([row("21", 1), row("22", 1), row("21", 2)], "do not stand together"),
        ([row("22", 1).replace(" 1 ", " x ", 1)], "is no position"),
        (["22 1 rs A C . . . GT"], "no genotypes"),
    ],
)
def test_files_that_cannot_be_sent(tmp_path: Path, rows: list[str], words: str) -> None:
    with pytest.raises(ProblemError, match=words) as caught:
        make(tmp_path, [write(tmp_path, "in.vcf.gz", rows)])
    assert caught.value.problem.kind is Kind.INPUT


def test_other_samples_and_nothing_left(tmp_path: Path) -> None:
    first, other = (
        write(tmp_path, "a.vcf.gz", [row("21", 1)]),
        write(tmp_path, "b.vcf.gz", [row("22", 1)], ("A", "C")),
    )
    with pytest.raises(ProblemError, match="samples are others"):
        make(tmp_path, [first, other])
    (tmp_path / "out").rmdir()
    with pytest.raises(ProblemError, match="None of 1 sites"):
        make(tmp_path, [first], chromosomes=("22",))


def test_males_on_x_become_homozygous_where_the_page_wants_them_so(tmp_path: Path) -> None:
    path = write(
        tmp_path, "in.vcf.gz", [row("22", 16050075, calls="0/1 1"), row("X", 2800000, calls="0|1 1")]
    )
    (tmp_path / "as").mkdir()
    _, plain = make(tmp_path / "as", [path])
    assert plain["s.chrX.vcf.gz"][0].split("\t")[9:] == ["0|1", "1"]
    _, rows = make(tmp_path, [path], males_diploid=True)
    assert rows["s.chrX.vcf.gz"][0].split("\t")[9:] == ["0|1", "1/1"]
    assert rows["s.chr22.vcf.gz"][0].split("\t")[9:] == ["0/1", "1"]
