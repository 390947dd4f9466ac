"""Files of a result are found by their names or by their headers, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.problem import ProblemError
from app.results.found.recognising import belongs, find_result, maker
from tests.helpers.archives import plain, written
from tests.helpers.imputed_files import dose_text, packed, site_lines

HEAD = "##fileformat=VCFv4.2\n{}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO{}\n"


def vcf(folder: Path, lines: str = "", columns: str = "", name: str = "x.vcf.gz") -> Path:
    path = folder / name
    path.write_bytes(packed(HEAD.format(lines, columns).encode(), folder))
    return path


@pytest.mark.parametrize(
    ("lines", "columns", "is_one"),
    [
        ("##FORMAT=<ID=DS,Number=A>\n", "\tFORMAT\tA", True),
        ("##FORMAT=<ID=HDS,Number=2>\n", "\tFORMAT\tA", True),
        ("##FORMAT=<ID=GP,Number=G>\n", "\tFORMAT\tA", True),
        ("##FORMAT=<ID=GT,Number=1>\n", "\tFORMAT\tA", False),
        ("##INFO=<ID=DR2,Number=A>\n", "", True),
        ("##INFO=<ID=R2,Number=1>\n", "", True),
        ("##INFO=<ID=AF,Number=A>\n", "", False),
    ],
)
def test_a_vcf_of_any_name_by_its_header(tmp_path: Path, lines: str, columns: str, is_one: bool) -> None:
    assert belongs(vcf(tmp_path, lines, columns)) is is_one


def test_names_of_servers() -> None:
    for name in (
        "batch1-snps-excluded.txt",
        "snps-typed-only.txt",
        "typed-only.txt",
        "chunks-excluded.txt",
        "qc_report.txt",
        "qcreport.html",
        "quality-control.html",
        "chr_20.zip.md5",
        "chr20.info.gz",
        "chr20.empiricalDose.vcf.gz",
    ):
        assert belongs(Path(name)), name
    for name in ("notes.txt", "report.html", "chr20.bgen", "my_qc_report.txt.bak"):
        assert not belongs(Path(name)), name


def test_a_folder_with_other_things(tmp_path: Path) -> None:
    dose = packed(dose_text(site_lines(sites=5)), tmp_path)
    folder = written(
        tmp_path / "f",
        {
            "chr20.dose.vcf.gz": dose,
            "chr20.dose.vcf.gz.tbi": b"index",
            "sub/chr21.info.gz": b"x",
            "sub/thesis.pdf": b"x",
            ".hidden/chr1.info.gz": b"x",
            "chr22.dose.vcf.gz.part": b"half",
        },
    )
    plain(folder / "photos.zip", {"a.jpg": b"x"})
    plain(folder / "chr_20.zip", {"chr20.dose.vcf.gz": dose})
    plain(folder / "chr_21.zip", {"chr21.dose.vcf.gz": dose})
    found = find_result([folder])
    assert [path.name for path in found.archives] == ["chr_21.zip"]  # the other one lies there unpacked
    assert [path.relative_to(folder).as_posix() for path in found.files] == [
        "chr20.dose.vcf.gz",
        "sub/chr21.info.gz",
    ]
    assert found.root == folder
    assert {path.name for path in found.passed_over} == {
        "photos.zip",
        "thesis.pdf",
        "chr20.dose.vcf.gz.tbi",
    }


def test_files_named_twice_are_one(tmp_path: Path) -> None:
    path = vcf(tmp_path, "##INFO=<ID=R2,Number=1>\n")
    assert find_result([path, path, tmp_path]).files == (path,)


def test_a_damaged_archive_in_a_folder_is_not_passed_over(tmp_path: Path) -> None:
    """It is told when it is unpacked, rather than lost in silence."""
    (tmp_path / "chr_7.zip").write_bytes(b"PK\x03\x04 cut")
    assert [path.name for path in find_result([tmp_path]).archives] == ["chr_7.zip"]
    with pytest.raises(ProblemError, match="There is no result"):
        find_result([written(tmp_path / "e", {"a.txt": b""})])


def test_who_made_it() -> None:
    facts = {"mis_pipeline": "imputationserver2 2.0.7", "mis_panel": "hrc@1", "source": "Minimac v4"}
    assert maker([{}, facts]) == "imputationserver2 2.0.7, panel hrc@1"
    assert maker([{"source": '"beagle.22Jul22.46e.jar"'}]) == "beagle.22Jul22.46e.jar"
    assert maker([{"source": "beagle.22Jul22.46e.jar"}]) == "beagle.22Jul22.46e.jar"
    assert maker([{}]) == ""
