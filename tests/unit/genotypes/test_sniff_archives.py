"""ZIP archives of one person or one report are what is inside them, and hostile ones cost little."""

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from app.genotypes.check import check_files
from app.genotypes.readers.consumer import open_consumer
from app.genotypes.readers.contract import FormatError
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


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_without_a_bound_is_not_opened(tmp_path: Path, method: int) -> None:
    path = tmp_path / "person.zip"
    text = consumer_text(STUDY, "23andme").encode()
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("genome.txt", text + b"\n" * (40 << 20))
    assert path.stat().st_size < 20_000
    tracemalloc.start()
    assert look(path).name == "zip"
    with pytest.raises(FormatError) as caught:
        list(open_consumer([path]).batches())
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()
    assert caught.value.code == "zip.method"


def many_members(entries: int, told: int) -> bytes:
    """An archive of one empty file that is listed so many times; its end tells another number."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a", b"")
    data = packed.getvalue()
    start, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    listing = data[start:end] * entries
    return (
        data[:start] + listing + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, told, told, len(listing), start, 0)
    )


@pytest.mark.parametrize(("entries", "told"), [(150_000, 150_000 & 0xFFFF), (150_000, 1), (1001, 1001)])
def test_a_long_listing_is_not_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: int, told: int
) -> None:
    path = tmp_path / "many.zip"
    path.write_bytes(many_members(entries, told))
    monkeypatch.setattr(
        zipfile.ZipFile, "_RealGetContents", lambda self: pytest.fail("the listing was parsed")
    )
    assert look(path).name == "zip"
    with pytest.raises(FormatError) as caught:
        open_consumer([path])
    assert caught.value.code == "zip.members"


def test_a_listing_that_is_longer_than_told_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    path.write_bytes(many_members(1500, 1))
    with pytest.raises(FormatError) as caught:
        open_consumer([path])
    assert caught.value.code == "zip.members"


def test_the_large_end_of_an_archive_is_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 0)
    path = tmp_path / "person.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("genome.txt", consumer_text(STUDY, "23andme"))
    assert look(path).name == "23andme"
    data = bytearray(path.read_bytes())
    struct.pack_into("<2Q", data, data.index(b"PK\6\6") + 24, 5000, 5000)
    path.write_bytes(data)
    with pytest.raises(FormatError) as caught:
        open_consumer([path])
    assert caught.value.code == "zip.members"
