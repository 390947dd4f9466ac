"""Archives that lie about their contents are refused before a byte is unpacked."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.problem import Kind, Problem, ProblemError
from app.results import archive_directory
from app.results.archive import extract, listing
from app.results.archive_directory import unsafe_name
from app.results.archive_problems import ArchiveFault
from tests.helpers.archives import plain

TRICKS = [
    "../evil",
    "a/../../evil",
    "/etc/passwd",
    "//host/share",
    "C:/Windows/evil",
    "C:evil",
    "..\\evil",
    "a\\b",
    "a//b",
    "./a",
    "a/.",
    "a/..",
    "..",
    "con",
    "a/NUL.txt",
    "com1.vcf.gz",
    "lpt9",
    "a.",
    "a ",
    " a",
    "a:stream",
    "a?b",
    "a*",
    "a|b",
    'a"b',
    "a<b",
    "line\nbreak",
    "esc\x1b[31m",
    "right\u202eleft",
    "zero\u200bwidth",
    "x" * 241,
    "chr1.dose.vcf.gz.part",
    "a/B.PART",
    ".replaced-abc/file",
    ".Replaced-x",
    "/".join("d" * 17),
]


def refusal(path: Path, folder: Path) -> Problem:
    with pytest.raises(ProblemError) as caught:
        extract(path, None, folder / "out")
    assert not (folder / "out").exists()
    assert caught.value.problem.kind == Kind.INPUT
    return caught.value.problem


@pytest.mark.parametrize("name", TRICKS)
def test_path_tricks(tmp_path: Path, name: str) -> None:
    assert unsafe_name(name)
    made = plain(tmp_path / "a.zip", {"good.txt": b"1", name: b"2"})
    assert refusal(made, tmp_path).details.startswith(ArchiveFault.UNSAFE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip"]


@pytest.mark.parametrize(
    "name", ["chr22.dose.vcf.gz", "statistics/snps-excluded.txt", "Größe.txt", "a b/c.d", ".x"]
)
def test_good_names(name: str) -> None:
    assert unsafe_name(name) == ""


@given(st.text(max_size=60))
def test_a_safe_name_stays_in_its_folder(name: str) -> None:
    if not unsafe_name(name):
        root = Path("root").resolve()
        assert (root / name).resolve().is_relative_to(root)
        assert (root / name).resolve() != root
        assert name == name.strip()
        assert len(name.splitlines()) == 1


def test_a_name_with_a_null_byte(tmp_path: Path) -> None:
    made = plain(tmp_path / "a.zip", {"good.txtXevil": b"1"})
    made.write_bytes(made.read_bytes().replace(b"txtXevil", b"txt\0evil"))
    assert refusal(made, tmp_path).details.startswith(ArchiveFault.UNSAFE)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.txt", "A.TXT"),
        ("stra\u00dfe", "STRASSE"),
        ("e\u0301", "\u00e9"),
        ("a", "a/b"),
        ("A/b/c", "a/B"),
        ("x.gz", "x.gz.part"),
    ],
)
def test_names_that_are_one_place(tmp_path: Path, first: str, second: str) -> None:
    made = plain(tmp_path / "a.zip", {first: b"1", second: b"2"})
    assert refusal(made, tmp_path).details.startswith(ArchiveFault.UNSAFE)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("a.txt", b"1")
        made.writestr("a.txt", b"2")
    assert refusal(tmp_path / "a.zip", tmp_path).details.startswith(ArchiveFault.UNSAFE)


@pytest.mark.parametrize("attributes", [(stat.S_IFLNK | 0o777) << 16, (stat.S_IFIFO | 0o644) << 16, 0x400])
def test_links_and_devices(tmp_path: Path, attributes: int) -> None:
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, attributes
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr(info, b"/etc/passwd")
    assert "link or a device" in refusal(tmp_path / "a.zip", tmp_path).what_happened


def test_overlapping_entries(tmp_path: Path) -> None:
    """Two names for the same bytes, as in the archive of 42 kB that holds 5 GB."""
    made = plain(tmp_path / "a.zip", {"a.txt": b"x" * 1000, "b.txt": b"x" * 1000})
    with zipfile.ZipFile(made) as archive:
        second = archive.getinfo("b.txt").header_offset
    raw = bytearray(made.read_bytes())
    local = raw.index(b"b.txt")
    raw[local : local + 5] = b"a.txt"
    entry = raw.rindex(b"b.txt") - 46
    raw[entry + 42 : entry + 46] = (0).to_bytes(4, "little")
    assert second
    made.write_bytes(raw)
    assert refusal(made, tmp_path).details.startswith(ArchiveFault.UNSAFE)


def test_a_quoted_entry_overlaps(tmp_path: Path) -> None:
    """The data of the first entry are said to reach over the header of the second."""
    made = plain(tmp_path / "a.zip", {"a.txt": b"x" * 1000, "b.txt": b"y" * 1000}, zipfile.ZIP_STORED)
    raw = bytearray(made.read_bytes())
    entry = raw.rindex(b"a.txt") - 46
    raw[entry + 20 : entry + 28] = struct.pack("<LL", 1500, 1500)
    made.write_bytes(raw)
    assert "overlap" in refusal(made, tmp_path).what_happened


def _with_size(made: Path, name: bytes, size: int) -> None:
    raw = bytearray(made.read_bytes())
    entry = raw.rindex(name) - 46
    raw[entry + 24 : entry + 28] = struct.pack("<L", size)
    made.write_bytes(raw)


def test_declared_sizes_are_enforced(tmp_path: Path) -> None:
    made = plain(tmp_path / "a.zip", {"a.txt": b"x" * 100_000})
    _with_size(made, b"a.txt", 50_000)
    assert "larger than the archive says" in refusal(made, tmp_path).what_happened
    _with_size(made, b"a.txt", 100_001)
    assert refusal(made, tmp_path).details.startswith(ArchiveFault.DAMAGED)
    _with_size(made, b"a.txt", 3_000_000_000)
    assert "not possible" in refusal(made, tmp_path).what_happened


def test_a_bomb_is_refused_by_its_growth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_directory, "GROWTH_FREE", 100_000)
    made = plain(tmp_path / "a.zip", {"a.txt": bytes(2_000_000)})
    assert "would grow" in refusal(made, tmp_path).what_happened


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_directory, "MAX_ENTRIES", 3)
    made = plain(tmp_path / "a.zip", {f"{n}.txt": b"" for n in range(4)})
    assert "4 files" in refusal(made, tmp_path).what_happened


def test_two_headers_that_disagree(tmp_path: Path) -> None:
    made = plain(tmp_path / "a.zip", {"good.txt": b"1"})
    raw = bytearray(made.read_bytes())
    raw[30:38] = b"evil.txt"
    made.write_bytes(raw)
    assert "different things" in refusal(made, tmp_path).what_happened


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unknown_compression_is_named(tmp_path: Path, compression: int) -> None:
    made = plain(tmp_path / "a.zip", {"a.txt": b"1" * 100}, compression)
    found = refusal(made, tmp_path)
    assert found.details.startswith(ArchiveFault.UNSUPPORTED)
    assert "7-Zip" in found.what_you_can_do


def test_bytes_after_the_compressed_data(tmp_path: Path) -> None:
    """A deflate stream that ends before the entry does hides something."""
    packer = zlib.compressobj(wbits=-15)
    body = packer.compress(b"x" * 500) + packer.flush() + b"hidden"
    made = plain(tmp_path / "a.zip", {"a.txt": body}, zipfile.ZIP_STORED)
    raw = bytearray(made.read_bytes())
    central = raw.rindex(b"a.txt") - 46
    for method_at, sizes_at in ((8, 14), (central + 10, central + 16)):
        raw[method_at : method_at + 2] = struct.pack("<H", zipfile.ZIP_DEFLATED)
        raw[sizes_at : sizes_at + 12] = struct.pack("<3L", zlib.crc32(b"x" * 500), len(body), 500)
    made.write_bytes(raw)
    assert "bytes after" in refusal(made, tmp_path).details


def test_large_archives_with_64_bit_sizes(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made, made.open("a.txt", "w", force_zip64=True) as file:
        file.write(b"content")
    assert [(e.name, e.size) for e in listing(tmp_path / "a.zip").entries] == [("a.txt", 7)]
    extract(tmp_path / "a.zip", None, tmp_path / "out")
    assert (tmp_path / "out" / "a.txt").read_bytes() == b"content"


def test_too_many_entries_are_refused_before_the_directory_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = plain(tmp_path / "many.zip", {f"{i}": b"" for i in range(5)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    monkeypatch.setattr(archive_directory, "MAX_ENTRIES", 3)
    assert "5 files" in refusal(path, tmp_path).what_happened
    monkeypatch.setattr(archive_directory, "MAX_ENTRIES", 10)
    monkeypatch.setattr(archive_directory, "MAX_DIRECTORY_BYTES", 50)
    assert "too long" in refusal(path, tmp_path).what_happened


def test_a_place_before_the_beginning_or_past_the_end_is_damage(tmp_path: Path) -> None:
    path = plain(tmp_path / "one.zip", {"a": b"text"})
    raw = bytearray(path.read_bytes())
    offset = raw.rfind(b"PK\x01\x02") + 42
    for place in (0xFFFFFFF0, 1 << 20):
        struct.pack_into("<L", raw, offset, place)
        path.write_bytes(raw)
        assert ArchiveFault.DAMAGED in refusal(path, tmp_path).details
    # An end record that puts the directory later than it is shifts every place to before the beginning.
    path.write_bytes(plain(tmp_path / "two.zip", {"a": b"text"}).read_bytes())
    raw = bytearray(path.read_bytes())
    at = raw.rfind(b"PK\x05\x06") + 16
    struct.pack_into("<L", raw, at, struct.unpack_from("<L", raw, at)[0] + 1)
    path.write_bytes(raw)
    assert "archive." in refusal(path, tmp_path).details
