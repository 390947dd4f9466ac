"""A file is told by its content: copies packed anew are known, other people are not mixed up."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from app.genotypes.prints import prints, prints_of

HEAD = b"##fileformat=VCFv4.2\n##contig=<ID=20>\n"
NAMES = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tann\tbob\n"
RECORDS = b"".join(b"20\t%d\t.\tA\tC\t.\t.\t.\tGT\t0|1\t1|1\n" % place for place in range(1, 9000))


def written(folder: Path, name: str, content: bytes) -> tuple[str, ...]:
    path = folder / name
    path.write_bytes(content)
    return prints_of(str(path))


def test_another_header_and_packing_leave_the_second_print(tmp_path: Path) -> None:
    whole, people = written(tmp_path, "a.vcf", HEAD + NAMES + RECORDS)
    text = HEAD.replace(b"\n", b"\n##x=" + b"y" * 100_000 + b"\n", 1) + NAMES + RECORDS
    copies = [
        written(tmp_path, "b.vcf", text),
        written(tmp_path, "c.vcf.gz", gzip.compress(text)),
        written(tmp_path, "d.vcf.gz", gzip.compress(text[:50_000]) + gzip.compress(text[50_000:], 1)),
    ]
    for first, second in copies:
        assert first != whole
        assert second == people
    assert len({first for first, _ in copies}) == 3


@pytest.mark.parametrize(
    "content",
    [
        HEAD + NAMES.replace(b"bob", b"eve") + RECORDS,
        HEAD + NAMES + RECORDS.replace(b"1|1", b"0|0", 1),
    ],
    ids=["other people", "other genotypes"],
)
def test_other_data_have_other_prints(tmp_path: Path, content: bytes) -> None:
    first = set(written(tmp_path, "a.vcf", HEAD + NAMES + RECORDS))
    assert not first & set(written(tmp_path, "b.vcf", content))


def test_lists_of_sites_are_not_told_by_their_records(tmp_path: Path) -> None:
    sites = HEAD + b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n20\t1\t.\tA\tC\t.\t.\t.\n"
    assert len(written(tmp_path, "sites.vcf", sites)) == 1
    assert written(tmp_path, "x.bim", b"20 rs1 0 1 A C\n") == ()
    assert written(tmp_path, "x.pvar", b"#CHROM\tPOS\n") == ()


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b broken", b"BCF\x02\x02\xff\xff\xff\xff", b"#", b"##\n", b"text"]
)
def test_whatever_else_a_file_is_it_has_a_print(tmp_path: Path, content: bytes) -> None:
    assert len(written(tmp_path, "any.vcf.gz", content)) == 1


def test_what_is_gone_or_empty_has_none_and_a_changed_file_another(tmp_path: Path) -> None:
    assert written(tmp_path, "empty.vcf", b"") == ()
    assert prints([str(tmp_path / "gone"), "a\0b"]) == {}
    before = written(tmp_path, "a.bed", b"one")
    assert written(tmp_path, "a.bed", b"other") != before
