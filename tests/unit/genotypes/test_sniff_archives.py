"""ZIP archives of one person or one report are what is inside them."""

from pathlib import Path

import pytest

from app.genotypes.check import check_files
from app.genotypes.sniff import look
from tests.helpers.small_study import consumer_text, final_report, make_study, zipped

STUDY = make_study(5, samples=4, sites=30)


def archive(folder: Path, name: str, members: dict[str, bytes]) -> Path:
    path = folder / name
    path.write_bytes(zipped(members))
    return path


@pytest.mark.parametrize("vendor", ["23andme", "ancestrydna", "myheritage", "ftdna", "livingdna"])
def test_raw_data_inside(tmp_path: Path, vendor: str) -> None:
    text = consumer_text(STUDY, vendor).encode()
    assert look(archive(tmp_path, "a.zip", {"genome.txt": text})).name == vendor
    assert (
        look(archive(tmp_path, "b.zip", {"genome.txt": text, "__MACOSX/._genome.txt": b"x"})).name == vendor
    )
    assert look(archive(tmp_path, "c.zip", {"a.txt": text, "b.txt": text})).name == "zip"


def test_other_archives_stay_archives(tmp_path: Path) -> None:
    assert look(archive(tmp_path, "a.zip", {"a.vcf": b"##fileformat=VCFv4.2\n"})).name == "zip"
    damaged = archive(tmp_path, "b.zip", {"genome.txt": consumer_text(STUDY, "23andme").encode()})
    damaged.write_bytes(damaged.read_bytes()[:-30])
    assert look(damaged).name == "zip"


def test_people_in_archives_make_one_cohort(tmp_path: Path) -> None:
    paths = [
        archive(tmp_path, f"person{n}.zip", {"genome.txt": consumer_text(STUDY, vendor, n).encode()})
        for n, vendor in enumerate(("23andme", "ancestrydna", "myheritage"))
    ]
    report = check_files(paths)
    assert report.accepted
    assert (report.samples, report.snps) == (3, 30)


def test_what_a_reader_left_out_is_told(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_bytes(final_report(STUDY)["report.txt"].replace(b"\t0.85\r\n", b"\t0.1\r\n", 1))
    (told,) = [each for each in check_files([path]).findings if each.code == "content.format"]
    assert told.detail == "1 genotypes with a GC score below 0.15 were taken as missing."


def test_a_report_in_an_archive(tmp_path: Path) -> None:
    report = check_files([archive(tmp_path, "report.zip", final_report(STUDY))])
    assert report.accepted
    assert (report.samples, report.snps) == (4, 30)
