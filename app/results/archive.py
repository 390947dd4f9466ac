"""Result archives: decrypted, verified and put on disk whole or not at all.

Servers send ZIP archives made by 7-Zip, with the old ZipCrypto or with AES. Everything here is synchronous
and heavy: it runs in a process of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pydantic import SecretStr

from app.domain.progress import Progress, Report, silent
from app.domain.result import ResultFile
from app.results.archive_directory import PART, REPLACED, Directory, Encryption, Entry, read_directory
from app.results.archive_entry import PIECE, open_entry, pieces
from app.results.archive_output import TapOf, Unpacking, proven, put_back
from app.results.archive_problems import ArchiveFault, damaged, disk_problems, fault
from app.results.indexing.kinds import is_bcf, is_watched

if TYPE_CHECKING:
    from app.results.indexing.figures import FileFigures
    from app.results.indexing.file_tap import FileTap

__all__ = [
    "ArchiveFault",
    "Unpacked",
    "check_md5",
    "expected_md5",
    "extract",
    "extract_results",
    "listing",
    "md5_of",
    "remove_parts",
    "verify_zip",
]

REPORT_EVERY_S = 0.25


@dataclass(frozen=True)
class Unpacked:
    """The files of an archive, and what was found in those that were looked into."""

    files: tuple[ResultFile, ...]
    figures: tuple[FileFigures, ...] = ()


def extract(
    zip_path: Path, password: SecretStr | None, folder: Path, report: Report = silent
) -> tuple[ResultFile, ...]:
    """Unpack all files of an archive below `folder`; returns them with paths relative to it.

    All files are first written to `.part` files, verified (size, CRC, HMAC) and flushed to the disk, then
    renamed; files of the same name are replaced. When anything fails, nothing of this call stays. Raises
    ProblemError: input (see ArchiveFault), disk or not found.
    """
    return _extract(zip_path, password, folder, lambda _: None, report).files


def extract_results(
    zip_path: Path,
    password: SecretStr | None,
    folder: Path,
    own_names: Mapping[str, str] | None = None,
    report: Report = silent,
) -> Unpacked:
    """As `extract`, and imputed files are proved inside, counted and indexed in the same pass.

    `own_names` (sent → own) gives samples their own names back. A file that is damaged although the archive
    is whole is a ProblemError too (ArchiveFault.CONTENT), and nothing of this call stays.
    """

    from app.results.indexing.file_tap import FileTap

    def tap_of(name: str) -> FileTap | None:
        return FileTap(name, own_names) if is_watched(name) and not is_bcf(name) else None

    return _extract(zip_path, password, folder, tap_of, report)


def _extract(
    zip_path: Path, password: SecretStr | None, folder: Path, tap_of: TapOf, report: Report
) -> Unpacked:
    with _open(zip_path) as file:
        directory = read_directory(zip_path, file)
        word, sure = _accepted_password(zip_path, file, directory, password)
        meter = _Meter(directory.size, report)
        with Unpacking(folder, zip_path, tap_of) as unpacking:
            unpacking.prepare(directory)
            for entry in directory.entries:
                content = pieces(zip_path, file, entry, word, sure_of_password=sure)
                with contextlib.closing(content):
                    unpacking.write(entry, meter.metered(entry, content))
            files = unpacking.publish()
        meter.finish()
        return Unpacked(files, tuple(unpacking.figures))


def verify_zip(zip_path: Path, password: SecretStr | None, report: Report = silent) -> tuple[ResultFile, ...]:
    """Read all files of an archive without writing any; the same checks and exceptions as `extract`."""
    with _open(zip_path) as file:
        directory = read_directory(zip_path, file)
        word, sure = _accepted_password(zip_path, file, directory, password)
        meter = _Meter(directory.size, report)
        found = []
        for entry in directory.entries:
            digest = hashlib.sha256()
            content = pieces(zip_path, file, entry, word, sure_of_password=sure)
            with contextlib.closing(content):
                for data in meter.metered(entry, content):
                    digest.update(data)
            found.append(proven(entry, digest.hexdigest(), zip_path.name))
        meter.finish()
        return tuple(found)


def listing(zip_path: Path) -> Directory:
    """What an archive holds, without its password: structure, names, places and sizes are judged."""
    with _open(zip_path) as file:
        return read_directory(zip_path, file)


def remove_parts(folder: Path, keep: Collection[Path] = ()) -> int:
    """Remove what an ended process left half-written below a folder, except `keep`; returns how many files.

    Files that were about to be replaced get their names back. Raises ProblemError (disk).
    """
    with disk_problems(folder):
        for older in [path for path in folder.glob(REPLACED + "*") if path.is_dir()]:
            put_back(folder, older)
        found = [path for path in folder.rglob("*" + PART) if path not in keep]
        left = [path for path in found if path.is_file() and not path.is_symlink()]
        for path in left:
            path.unlink(missing_ok=True)
    return len(left)


def md5_of(path: Path, report: Report = silent) -> str:
    """The MD5 of a file in hexadecimal: not for safety, but servers offer it beside their archives."""
    digest = hashlib.md5(usedforsecurity=False)
    total, done = path.stat().st_size, 0
    with path.open("rb") as file:
        while data := file.read(PIECE):
            digest.update(data)
            done += len(data)
            report(Progress(done=done, total=total, step=f"Verifying {path.name}"))
    return digest.hexdigest()


def check_md5(path: Path, md5_text: str, report: Report = silent) -> bool:
    """Whether a file fits the text of its `.md5` file (`hash`, or lines of `hash  name`).

    False when the text says nothing about this file; raises ProblemError when it says something else.
    """
    expected = expected_md5(path.name, md5_text)
    if expected is None:
        return False
    found = md5_of(path, report)
    if found != expected:
        raise damaged(path, "Its MD5 is not the one that the service gives.", f"{found}, not {expected}")
    return True


def expected_md5(name: str, text: str) -> str | None:
    """What the text of an `.md5` file says about the file of that name, in lower case; None for rubbish."""
    lines = re.findall(r"^\\?([0-9a-fA-F]{32})(?:[ \t]+\*?(.+?))?[ \t]*\r?$", text, re.MULTILINE)
    named = {re.split(r"[/\\]", other)[-1]: digest for digest, other in lines if other}
    alone = [digest for digest, other in lines if not other]
    digest = named.get(name) or (alone[0] if len(alone) == 1 and not named else None)
    return digest.lower() if digest else None


@contextlib.contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    with disk_problems(path, "could not be read"):
        file = path.open("rb")
    with file:
        yield file


def _accepted_password(
    archive: Path, file: BinaryIO, directory: Directory, password: SecretStr | None
) -> tuple[bytes | None, bool]:
    """The password as bytes, after every entry took it, and whether that leaves no doubt."""
    try:
        word = password.get_secret_value().encode() if password else None
    except UnicodeEncodeError as error:
        happened = "It has a character that no archive can have in its password."
        again = "Copy the password again from the service's message."
        raise fault(ArchiveFault.PASSWORD, archive, happened, again) from error
    for entry in directory.entries:
        open_entry(archive, file, entry, word)
    old = sum(entry.encryption == Encryption.ZIPCRYPTO for entry in directory.entries)
    aes = sum(entry.encryption == Encryption.AES for entry in directory.entries)
    return word, aes > 0 or old != 1


class _Meter:
    """Counts bytes over all entries and reports them, at most four times a second."""

    def __init__(self, total: int, report: Report) -> None:
        self._total, self._report = total, report
        self._done, self._step = 0, ""
        self._started = time.monotonic()
        self._next = self._started

    def metered(self, entry: Entry, source: Iterator[bytes]) -> Iterator[bytes]:
        """Pass the pieces on and count them."""
        self._step = (
            f"Decrypting {entry.name}" if entry.encryption != Encryption.NONE else f"Unpacking {entry.name}"
        )
        for data in source:
            yield data
            self._done += len(data)
            if time.monotonic() >= self._next:
                self._tell()

    def finish(self) -> None:
        """The last reading."""
        self._tell()

    def _tell(self) -> None:
        now = time.monotonic()
        self._next = now + REPORT_EVERY_S
        rate = self._done / (now - self._started) if now > self._started else None
        left = (self._total - self._done) / rate if rate else None
        self._report(Progress(done=self._done, total=self._total, step=self._step, rate=rate, left_s=left))
