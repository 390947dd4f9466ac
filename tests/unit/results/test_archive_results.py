"""Imputed files are proved and indexed while they are unpacked; what is wrong in them leaves nothing."""

from __future__ import annotations

import gzip
import hashlib
import signal
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.problem import Kind, Problem, ProblemError
from app.results.archive import Unpacked, extract_results
from app.results.archive_problems import ArchiveFault
from tests.helpers.archives import PASSWORD, by_7zip, by_pyzipper, plain, written
from tests.helpers.imputed_files import dose_text, info_text, packed, site_lines

SECRET = SecretStr(PASSWORD)
resource = pytest.importorskip("resource", reason="limits of files are a matter of POSIX")
DOSE, INFO = "chr20.dose.vcf.gz", "chr20.info.gz"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    sites = site_lines(sites=2000)
    return {DOSE: packed(dose_text(sites), tmp_path), INFO: packed(info_text(sites), tmp_path)}


def below(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def refused(archive: Path, folder: Path, secret: SecretStr | None = SECRET) -> Problem:
    with pytest.raises(ProblemError) as caught:
        extract_results(archive, secret, folder)
    assert not folder.exists()
    assert archive.is_file()
    return caught.value.problem


@pytest.mark.parametrize("method", ["ZipCrypto", "AES256"])
def test_files_come_out_with_their_indexes(tmp_path: Path, files: dict[str, bytes], method: str) -> None:
    archive = by_7zip(tmp_path / "a.zip", written(tmp_path / "source", files), PASSWORD, method)
    found = extract_results(archive, SECRET, tmp_path / "out")
    there = below(tmp_path / "out")
    assert set(there) == {DOSE, INFO, DOSE + ".tbi", INFO + ".tbi"}
    assert {name: there[name] for name in files} == files
    assert {each.path: each.sha256 for each in found.files} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    assert [each.records for each in found.figures] == [2000, 2000]
    one, other = (each.chromosomes[0] for each in found.figures)
    assert one.digest == other.digest


def test_own_names_are_in_the_file_and_in_its_hash(tmp_path: Path, files: dict[str, bytes]) -> None:
    archive = by_pyzipper(tmp_path / "a.zip", files, PASSWORD, 256, 2)
    found = extract_results(archive, SECRET, tmp_path / "out", {"S1": "Person, first"})
    data = (tmp_path / "out" / DOSE).read_bytes()
    assert b"\tPerson, first\tS2" in gzip.decompress(data)
    dose = next(each for each in found.files if each.path == DOSE)
    assert (dose.size, dose.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert dose.verified_by == "HMAC-SHA1, names restored"
    assert (tmp_path / "out" / INFO).read_bytes() == files[INFO]


@pytest.mark.parametrize("first", [True, False], ids=["index first", "index last"])
def test_our_index_takes_the_place_of_one_that_was_sent(
    tmp_path: Path, files: dict[str, bytes], first: bool
) -> None:
    index = {DOSE + ".tbi": packed(b"TBI\x01 of another file", tmp_path)}
    archive = plain(tmp_path / "a.zip", {**index, **files} if first else {**files, **index})
    found = extract_results(archive, None, tmp_path / "out")
    data = (tmp_path / "out" / (DOSE + ".tbi")).read_bytes()
    assert gzip.decompress(data).startswith(b"TBI\x01\x01")
    told = [each for each in found.files if each.path == DOSE + ".tbi"]
    assert [(each.size, each.verified_by) for each in told] == [(len(data), "made here")]


def bent(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (bent, "damaged at byte"),
        (lambda data: data[: len(data) // 2], "in the middle of a block"),
        (lambda data: data[:40] + b"\0" * (len(data) - 40), "damaged at byte"),
        (lambda data: gzip.compress(gzip.decompress(data))[:-900], "in the middle of its compressed data"),
        (lambda _: b"<html>Internal error, please try again</html>", "not compressed"),
    ],
    ids=["bent", "cut", "zeros", "gzip cut", "a page"],
)
def test_a_file_that_was_damaged_before_it_was_packed(
    tmp_path: Path, files: dict[str, bytes], spoil: object, words: str
) -> None:
    assert callable(spoil)
    archive = by_pyzipper(tmp_path / "a.zip", {**files, DOSE: spoil(files[DOSE])}, PASSWORD, 256, 1)
    found = refused(archive, tmp_path / "out")
    assert found.title == "A file of the result is damaged"
    assert words in found.what_happened
    assert found.details.startswith(ArchiveFault.CONTENT)


def test_damage_of_the_archive_is_told_as_such(tmp_path: Path, files: dict[str, bytes]) -> None:
    """The bent block is met before the end of the member, where its CRC is."""
    archive = plain(tmp_path / "a.zip", files, compression=0)
    raw = archive.read_bytes()
    at = raw.index(files[DOSE]) + len(files[DOSE]) // 2
    archive.write_bytes(raw[:at] + bytes([raw[at] ^ 4]) + raw[at + 1 :])
    assert refused(archive, tmp_path / "out").details.startswith(ArchiveFault.DAMAGED)


def test_a_wrong_password_leaves_nothing(tmp_path: Path, files: dict[str, bytes]) -> None:
    archive = by_7zip(tmp_path / "a.zip", written(tmp_path / "source", files), PASSWORD, "ZipCrypto")
    found = refused(archive, tmp_path / "out", SecretStr("another"))
    assert found.details.startswith(ArchiveFault.PASSWORD)


def attempt_with_room(archive: Path, folder: Path, room: int) -> Problem | Unpacked:
    """Unpack where no file may become larger than `room`: what the system says of a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        return extract_results(archive, None, folder)
    except ProblemError as error:
        return error.problem
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_disk_that_fills_up_loses_nothing(tmp_path: Path, files: dict[str, bytes]) -> None:
    archive = plain(tmp_path / "a.zip", files)
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / INFO).write_bytes(b"of an earlier time")
    before = archive.read_bytes()
    found = attempt_with_room(archive, folder, len(files[DOSE]) // 2)
    assert isinstance(found, Problem)
    assert (found.kind, found.title) == (Kind.DISK, "The disk is full")
    assert below(folder) == {INFO: b"of an earlier time"}
    assert archive.read_bytes() == before
    assert isinstance(attempt_with_room(archive, folder, 1 << 30), Unpacked)
    assert set(below(folder)) == {DOSE, INFO, DOSE + ".tbi", INFO + ".tbi"}
