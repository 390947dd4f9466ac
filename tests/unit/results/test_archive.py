"""Archives of every kind that servers send are unpacked whole, and faulty ones leave nothing behind."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from app.domain.problem import Kind, Problem, ProblemError
from app.domain.progress import Progress
from app.domain.result import ResultFile
from app.results import archive, archive_entry, archive_output
from app.results.archive import check_md5, extract, listing, md5_of, remove_parts, verify_zip
from app.results.archive_problems import ArchiveFault
from app.results.zipcrypto import HEADER_LENGTH, cipher
from tests.helpers.archives import PASSWORD, by_7zip, by_info_zip, by_pyzipper, contents, plain, written

SECRET = SecretStr(PASSWORD)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return written(tmp_path / "source", contents())


def files_below(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def refused(zip_path: Path, password: SecretStr | None, folder: Path) -> Problem:
    """The Problem of an archive that cannot be unpacked, after proving that nothing stayed."""
    before = files_below(folder) if folder.exists() else None
    with pytest.raises(ProblemError) as caught:
        extract(zip_path, password, folder)
    assert (files_below(folder) if folder.exists() else None) == before
    assert caught.value.problem.what_you_can_do
    return caught.value.problem


def assert_unpacked(zip_path: Path, password: SecretStr | None, folder: Path) -> set[str]:
    """Unpack, compare with the contents, and return how the files were verified."""
    found = extract(zip_path, password, folder)
    assert files_below(folder) == contents()
    assert {f.path: (f.size, f.sha256, f.source) for f in found} == {
        name: (len(data), hashlib.sha256(data).hexdigest(), zip_path.name)
        for name, data in contents().items()
    }
    assert sorted(verify_zip(zip_path, password), key=lambda f: f.path) == sorted(found, key=lambda f: f.path)
    return {f.verified_by for f in found}


def attempt(zip_path: Path, folder: Path) -> tuple[tuple[ResultFile, ...], Problem | None]:
    try:
        return extract(zip_path, SECRET, folder), None
    except ProblemError as error:
        return (), error.problem


@pytest.mark.parametrize("method", ["ZipCrypto", "AES128", "AES192", "AES256"])
def test_archives_by_7zip(tmp_path: Path, source: Path, method: str) -> None:
    made = by_7zip(tmp_path / "chr_22.zip", source, PASSWORD, method)
    proofs = assert_unpacked(made, SECRET, tmp_path / "out")
    assert all(("HMAC" in proof) == method.startswith("AES") for proof in proofs)
    assert listing(made).encrypted


def test_archive_by_info_zip(tmp_path: Path, source: Path) -> None:
    made = by_info_zip(tmp_path / "chr_22.zip", source, PASSWORD)
    assert assert_unpacked(made, SECRET, tmp_path / "out") == {"CRC-32"}


@pytest.mark.parametrize("bits", [128, 192, 256])
@pytest.mark.parametrize("version", [1, 2])
def test_both_formats_of_aes(tmp_path: Path, bits: int, version: int) -> None:
    made = by_pyzipper(tmp_path / "a.zip", contents(), PASSWORD, bits, version)
    proof = "HMAC-SHA1 and CRC-32" if version == 1 else "HMAC-SHA1"
    assert assert_unpacked(made, SECRET, tmp_path / "out") == {proof}


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("password", [None, SECRET])
def test_archives_without_a_password(tmp_path: Path, compression: int, password: SecretStr | None) -> None:
    made = plain(tmp_path / "a.zip", contents(), compression)
    assert assert_unpacked(made, password, tmp_path / "out") == {"CRC-32"}


@pytest.mark.parametrize("method", ["ZipCrypto", "AES256"])
def test_a_wrong_password_is_told_as_such(tmp_path: Path, source: Path, method: str) -> None:
    made = by_7zip(tmp_path / "a.zip", source, PASSWORD, method)
    found = refused(made, SecretStr("another"), tmp_path / "out")
    assert found.kind == Kind.INPUT
    assert found.details.startswith(ArchiveFault.PASSWORD)
    assert found.title == "The password does not open the archive"
    assert "another" not in found.model_dump_json().replace("another password", "")


@pytest.mark.parametrize("password", [None, SecretStr("")])
def test_a_missing_password_is_asked_for(tmp_path: Path, source: Path, password: SecretStr | None) -> None:
    made = by_7zip(tmp_path / "a.zip", source, PASSWORD, "AES256")
    assert refused(made, password, tmp_path / "out").details == ArchiveFault.NO_PASSWORD
    assert [entry.name for entry in listing(made).entries]


def test_no_wrong_password_opens_one_old_entry(tmp_path: Path) -> None:
    """The old cipher takes 1 of 256 wrong passwords at first; size and CRC then find it out."""
    source = written(tmp_path / "one", {"a.txt": b"A" * 5000})
    made = by_7zip(tmp_path / "a.zip", source, PASSWORD, "ZipCrypto")
    entry = listing(made).entries[0]
    header = made.read_bytes()[entry.start : entry.start + HEADER_LENGTH]
    tries = (f"wrong{n}" for n in range(20_000))
    lucky = next(w for w in tries if cipher(w.encode()).decrypt(header)[-1] == entry.check_byte)
    found = refused(made, SecretStr(lucky), tmp_path / "out")
    assert found.title == "The archive cannot be opened"
    assert found.details.startswith(ArchiveFault.PASSWORD)


@pytest.mark.parametrize("method", ["ZipCrypto", "AES256"])
def test_damage_is_told_from_a_wrong_password(tmp_path: Path, source: Path, method: str) -> None:
    made = by_7zip(tmp_path / "a.zip", source, PASSWORD, method)
    entry = max(listing(made).entries, key=lambda e: e.packed)
    raw = bytearray(made.read_bytes())
    raw[entry.start + entry.packed // 2] ^= 0x10
    made.write_bytes(raw)
    found = refused(made, SECRET, tmp_path / "out")
    assert found.details.startswith(ArchiveFault.DAMAGED)
    assert found.title == "The archive is damaged"


@pytest.mark.parametrize("keep", [0.2, 0.9, 0.999])
def test_a_cut_archive_is_incomplete(tmp_path: Path, source: Path, keep: float) -> None:
    made = by_7zip(tmp_path / "a.zip", source, PASSWORD, "AES256")
    raw = made.read_bytes()
    made.write_bytes(raw[: int(len(raw) * keep)])
    assert refused(made, SECRET, tmp_path / "out").details.startswith(ArchiveFault.TRUNCATED)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><title>502</title>", "web page"),
        (b"##fileformat=VCFv4.2\n", "does not begin like"),
    ],
)
def test_what_is_no_archive(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    found = refused(path, SECRET, tmp_path / "out")
    assert words in found.what_happened
    assert found.details.startswith(ArchiveFault.NOT_AN_ARCHIVE)


def test_a_missing_archive_and_a_folder(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.zip", SECRET, tmp_path / "out").kind == Kind.NOT_FOUND
    assert refused(tmp_path, SECRET, tmp_path / "out").kind == Kind.DISK


@given(st.data())
@settings(max_examples=150)
def test_damaged_bytes_never_give_other_files(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever is changed in an archive: the true files come out, or a Problem and nothing else."""
    folder = tmp_path_factory.mktemp("damage")
    files = {"a.txt": b"one\n" * 100, "b.bin": bytes(range(256))}
    made = by_pyzipper(folder / "a.zip", files, PASSWORD, 256, 1)
    raw = bytearray(made.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    made.write_bytes(raw)
    found, error = attempt(made, folder / "out")
    if error:
        assert error.kind == Kind.INPUT
        assert not (folder / "out").exists()
    assert {f.sha256 for f in found} <= {hashlib.sha256(x).hexdigest() for x in files.values()}
    shutil.rmtree(folder)


@given(
    files=st.dictionaries(
        st.text("abcdefgh", min_size=1, max_size=8), st.binary(max_size=3000), min_size=1, max_size=4
    ),
    password=st.text(min_size=1, max_size=30).filter(lambda p: p.encode("utf-8", "ignore").decode() == p),
)
@settings(max_examples=40)
def test_what_goes_in_comes_out(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], password: str
) -> None:
    folder = tmp_path_factory.mktemp("round")
    made = by_pyzipper(folder / "a.zip", files, password, 256, 2)
    extract(made, SecretStr(password), folder / "out")
    assert files_below(folder / "out") == files
    shutil.rmtree(folder)


def test_pieces_larger_than_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every border between pieces is crossed: tiny pieces in, tiny steps out."""
    made = by_pyzipper(tmp_path / "a.zip", contents(), PASSWORD, 256, 1)
    monkeypatch.setattr(archive_entry, "PIECE", 997)
    monkeypatch.setattr(archive_entry, "_OUTPUT_LIMIT", 101)
    assert_unpacked(made, SECRET, tmp_path / "out")


def test_too_small_a_disk_is_seen_before_the_first_byte(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = by_7zip(tmp_path / "a.zip", source, PASSWORD, "AES256")
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(archive_output.shutil, "disk_usage", lambda _folder: usage)
    found = refused(made, SECRET, tmp_path / "deep" / "out")
    assert (found.kind, found.title) == (Kind.DISK, "The disk is full")
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    made = by_pyzipper(tmp_path / "a.zip", contents(), PASSWORD, 256, 2)
    out = written(tmp_path / "out", {"chr22.info.gz": b"older", "mine.txt": b"kept"})
    monkeypatch.setattr(archive_output.os, "write", _full_after(200_000, number))
    found = refused(made, SECRET, out)
    assert (found.kind, found.title) == (Kind.DISK, "The disk is full")


def _full_after(room: int, number: int) -> Callable[[int, memoryview], int]:
    left, write = [room], os.write

    def limited(handle: int, data: memoryview) -> int:
        if len(data) > left[0]:
            raise OSError(number, os.strerror(number))
        left[0] -= len(data)
        return write(handle, data)

    return limited


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    made = plain(tmp_path / "a.zip", contents())
    blocked = tmp_path / "out"
    blocked.write_text("a file")
    with pytest.raises(ProblemError) as caught:
        extract(made, None, blocked)
    assert caught.value.problem.kind == Kind.DISK
    assert blocked.read_text() == "a file"


def test_a_second_time_replaces_and_old_parts_do_not_matter(tmp_path: Path) -> None:
    made = plain(tmp_path / "a.zip", contents())
    out = written(tmp_path / "out", {"empty.txt": b"older", "chr22.info.gz.part": b"half of an ended try"})
    assert_unpacked(made, None, out)
    assert_unpacked(made, None, out)


def test_a_publish_that_fails_halfway_keeps_the_older_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plain(tmp_path / "a.zip", contents())
    older = {name: b"older" for name in contents()}
    out = written(tmp_path / "out", older)
    real, done = os.replace, 0

    def failing(source: Path, target: Path) -> None:
        nonlocal done
        if source.name.endswith(".part"):
            done += 1
            if done == 2:
                raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    monkeypatch.setattr(os, "replace", failing)
    assert refused(made, None, out).kind == "disk"
    monkeypatch.undo()
    assert files_below(out) == older
    assert_unpacked(made, None, out)


def test_files_put_aside_by_an_ended_process_come_back(tmp_path: Path) -> None:
    left = {".replaced-x/a.gz": b"older", ".replaced-x/d/b.gz": b"older", "d/b.gz": b"new"}
    out = written(tmp_path, left)
    remove_parts(out)
    assert files_below(out) == {"a.gz": b"older", "d/b.gz": b"new"}
    assert not list(out.glob(".replaced-*"))


def test_parts_that_are_still_wanted_are_kept(tmp_path: Path) -> None:
    out = written(tmp_path, {"a.zip.part": b"1", "b.part": b"2"})
    assert remove_parts(out, {out / "a.zip.part"}) == 1
    assert files_below(out) == {"a.zip.part": b"1"}


def test_parts_of_an_ended_process_are_removed(tmp_path: Path) -> None:
    out = written(tmp_path, {"a.gz.part": b"1", "statistics/b.part": b"2", "c.gz": b"3"})
    assert remove_parts(out) == 2
    assert files_below(out) == {"c.gz": b"3"}


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    made = plain(tmp_path / "a.zip", contents())
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    out.mkdir()
    (out / "statistics").symlink_to(elsewhere)
    assert "link" in refused(made, None, out).what_happened
    assert files_below(elsewhere) == {}


def test_progress_ends_at_the_total(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "REPORT_EVERY_S", 0.0)
    made = by_pyzipper(tmp_path / "a.zip", contents(), PASSWORD, 256, 2)
    told: list[Progress] = []
    extract(made, SECRET, tmp_path / "out", told.append)
    total = sum(len(data) for data in contents().values())
    assert [p.done for p in told] == sorted(p.done for p in told)
    assert (told[-1].done, told[-1].total, told[-1].fraction) == (total, total, 1.0)
    assert "Decrypting chr22.dose.vcf.gz" in {p.step for p in told}


def test_md5_files_in_their_usual_forms(tmp_path: Path) -> None:
    path = tmp_path / "chr_22.zip"
    path.write_bytes(b"content")
    digest = hashlib.md5(b"content").hexdigest()
    assert md5_of(path) == digest
    others = f"{'0' * 32}  chr_1.zip\n"
    for text in (
        digest,
        digest.upper() + "\n",
        f"{digest}  chr_22.zip\r\n",
        f"{others}{digest} *local/chr_22.zip\n",
    ):
        assert check_md5(path, text)
    for text in ("", "not a hash", others):
        assert not check_md5(path, text)
    with pytest.raises(ProblemError) as caught:
        check_md5(path, f"{'0' * 32}  chr_22.zip")
    assert caught.value.problem.title == "The archive is damaged"


def test_a_password_that_is_no_text_is_a_wrong_password(tmp_path: Path) -> None:
    path = by_pyzipper(tmp_path / "a.zip", {"a": b"text"}, PASSWORD, 256, 2)
    said = refused(path, SecretStr("half \ud800"), tmp_path / "out")
    assert said.details.startswith(ArchiveFault.PASSWORD)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_unpacked_files_are_for_their_user_alone(tmp_path: Path) -> None:
    extract(plain(tmp_path / "a.zip", {"b/c": b"text"}), None, tmp_path / "out")
    modes = [
        path.stat().st_mode & 0o777 for path in (tmp_path / "out", *sorted((tmp_path / "out").rglob("*")))
    ]
    assert modes == [0o700, 0o700, 0o600]
