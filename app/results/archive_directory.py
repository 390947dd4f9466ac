"""What an archive says it holds, judged before a byte of it is unpacked.

The directory is read by the standard library and then believed in nothing: names must be safe on every
system, entries may not overlap, and sizes must be possible.
"""

from __future__ import annotations

import bisect
import os
import re
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from app.domain.model import Model
from app.domain.problem import ProblemError
from app.results.archive_problems import ArchiveFault, damaged, fault
from app.results.zipcrypto import HEADER_LENGTH

PART = ".part"
REPLACED = ".replaced-"  # begins the name of the folder where older files wait until all new ones have names
MAX_ENTRIES = 10_000
MAX_DIRECTORY_BYTES = 512 * MAX_ENTRIES  # with names and extra fields of usual length
MAX_NAME_BYTES = 240  # of one part of a path; file systems allow 255 and we add `.part`
MAX_DEPTH = 16
DEFLATE_LIMIT = 1040  # no deflate stream grows more than 1032 times
GROWTH_LIMIT = 100
GROWTH_FREE = 1 << 30  # an archive may always hold this many bytes

AES_EXTRA = 0x9901
AES_METHOD = 99
AES_TAG_LENGTH = 10
AES_SALT_LENGTHS = {1: 8, 2: 12, 3: 16}

_ENCRYPTED, _STREAMED, _STRONG = 0x1, 0x8, 0x40
_WINDOWS_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE
)
_FORBIDDEN = set('<>:"|?*\\')
_REPARSE_POINT = 0x400
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_BYTES = 20


class Encryption(StrEnum):
    """How an entry is encrypted."""

    NONE = "none"
    ZIPCRYPTO = "ZipCrypto"
    AES = "AES"


class Entry(Model):
    """One file of an archive. Offsets and sizes in bytes; `packed` counts all bytes of the entry's data.

    `crc` is None where the archive has none (AE-2). `check_byte` is the last byte of a ZipCrypto header.
    `aes_strength` is 1, 2 or 3 for 128, 192 and 256 bits.
    """

    name: str
    size: int
    packed: int
    start: int
    deflated: bool
    encryption: Encryption = Encryption.NONE
    crc: int | None = None
    check_byte: int = 0
    aes_strength: int = 0


class Directory(Model):
    """The files of an archive in the order of their data."""

    entries: tuple[Entry, ...]

    @property
    def size(self) -> int:
        """Bytes of all files, unpacked."""
        return sum(entry.size for entry in self.entries)

    @property
    def encrypted(self) -> bool:
        """Whether a password is needed."""
        return any(entry.encryption != Encryption.NONE for entry in self.entries)


def read_directory(archive: Path, file: BinaryIO) -> Directory:
    """The judged directory of the open archive; raises ProblemError of kind input for a faulty one."""
    _judge_count(archive, file)
    infos, end = _infos(archive, file)
    if len(infos) > MAX_ENTRIES:
        raise _too_many(archive, len(infos))
    files = [info for info in infos if not info.filename.endswith("/")]
    for info in infos:
        _judge_kind(archive, info)
        for name in (info.orig_filename, info.filename):
            _judge_name(archive, name.rstrip("/") if info.filename.endswith("/") else name)
    _judge_names_together(archive, [info.filename for info in files])
    entries = tuple(_entry(archive, file, info) for info in sorted(files, key=lambda i: i.header_offset))
    _judge_places(archive, entries, [*(info.header_offset for info in infos), end])
    _judge_growth(archive, entries)
    return Directory(entries=entries)


def _judge_count(archive: Path, file: BinaryIO) -> None:
    """Refuse a directory that is too long before it is read: each of its entries costs time and memory.

    The end record says how many entries there are and how long the directory is; the standard library goes
    by the length alone. Without an end record nothing is judged here.
    """
    size = file.seek(0, os.SEEK_END)
    tail_bytes = _END.size + 0xFFFF + _LOCATOR_BYTES + _END_64.size
    file.seek(max(0, size - tail_bytes))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return
    _, _, _, _, count, length, _, _ = _END.unpack_from(tail, at)
    large = at - _LOCATOR_BYTES - _END_64.size
    if large >= 0 and tail.startswith(b"PK\x06\x06", large):
        *_, count, length, _ = _END_64.unpack_from(tail, large)
    if count > MAX_ENTRIES:
        raise _too_many(archive, count)
    if length > MAX_DIRECTORY_BYTES:
        raise _unsafe(archive, f"Its list of files is {length:,} bytes long, too long to be believed.")


def _too_many(archive: Path, count: int) -> ProblemError:
    return _unsafe(archive, f"It holds {count} files; more than {MAX_ENTRIES} are not believed.")


def _infos(archive: Path, file: BinaryIO) -> tuple[list[zipfile.ZipInfo], int]:
    """The entries as the standard library reads them, and where the directory begins."""
    try:
        with zipfile.ZipFile(file) as directory:
            return directory.infolist(), directory.start_dir
    except (zipfile.BadZipFile, struct.error, ValueError, OverflowError, EOFError, IndexError) as error:
        raise _unreadable(archive, file, str(error)) from error
    except NotImplementedError as error:
        raise _unsupported(archive, str(error)) from error


def _unreadable(archive: Path, file: BinaryIO, details: str) -> ProblemError:
    """Tell a cut archive from something that never was one."""
    file.seek(0)
    start = file.read(512).lstrip()
    if not start:
        happened = "The file is empty."
    elif start.startswith(b"PK"):
        again = "Fetch it from the service again."
        return fault(ArchiveFault.TRUNCATED, archive, "Its end is missing or unreadable.", again, details)
    elif start.startswith(b"<"):
        happened = "The file is a web page; a server may have answered with an error page."
    else:
        happened = "The file does not begin like a ZIP archive."
    return fault(ArchiveFault.NOT_AN_ARCHIVE, archive, happened, "Fetch it from the service again.", details)


def _unsafe(archive: Path, happened: str, details: str = "") -> ProblemError:
    advice = "Nothing was unpacked. Ask the service what it sent."
    return fault(ArchiveFault.UNSAFE, archive, happened, advice, details)


def _unsupported(archive: Path, details: str) -> ProblemError:
    happened = "It uses a kind of compression or encryption that this program does not know."
    return fault(ArchiveFault.UNSUPPORTED, archive, happened, "Unpack it with 7-Zip.", details)


def _judge_kind(archive: Path, info: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    usual = kind in (0, stat.S_IFREG, stat.S_IFDIR)
    if not usual or info.external_attr & _REPARSE_POINT:
        raise _unsafe(archive, f"{info.filename!r} is a link or a device, not a file.")


def _judge_name(archive: Path, name: str) -> None:
    why = unsafe_name(name)
    if why:
        raise _unsafe(archive, f"The name {name[:200]!r} {why}.")


def unsafe_name(name: str) -> str:
    """Why a path inside an archive cannot be used on every system; empty when it can."""
    parts = name.split("/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "is an absolute path"
    if len(parts) > MAX_DEPTH:
        return "lies too deep"
    return next((why for part in parts if (why := _unsafe_part(part))), "")


def _unsafe_part(part: str) -> str:
    if part in ("", ".", ".."):
        return "leaves the folder"
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in part):
        return "has invisible characters"
    if _FORBIDDEN & set(part):
        return "has characters that Windows does not allow"
    if part != part.strip() or part.endswith("."):
        return "begins or ends with a blank or ends with a dot"
    if _WINDOWS_DEVICE.fullmatch(part):
        return "is the name of a device in Windows"
    if (folded := _folded(part)).endswith(PART) or folded.startswith(REPLACED):
        return "is one that this program keeps for its own half-written files"
    return "is too long" if len(part.encode()) > MAX_NAME_BYTES else ""


def _judge_names_together(archive: Path, names: Sequence[str]) -> None:
    """No two files in one place, seen with the eyes of Windows and macOS; none where a folder must be."""
    taken: dict[str, str] = {}
    for name in names:
        for place in (_folded(name), _folded(name + PART)):
            if place in taken:
                raise _unsafe(
                    archive, f"The names {taken[place]!r} and {name!r} are the same on some systems."
                )
            taken[place] = name
    for name in names:
        if any(_folded(str(parent)) in taken for parent in PurePosixPath(name).parents):
            raise _unsafe(archive, f"{name!r} lies in a folder that is also a file.")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _entry(archive: Path, file: BinaryIO, info: zipfile.ZipInfo) -> Entry:
    if info.flag_bits & _STRONG:
        raise _unsupported(archive, "strong encryption")
    method, encryption, version, strength = _method(archive, info)
    if method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _unsupported(archive, f"compression method {method}")
    check = info.CRC >> 24 if not info.flag_bits & _STREAMED else _dos_time(info) >> 8
    return Entry(
        name=info.filename,
        size=info.file_size,
        packed=info.compress_size,
        start=_data_start(archive, file, info),
        deflated=method == zipfile.ZIP_DEFLATED,
        encryption=encryption,
        crc=None if version == 2 and not info.CRC else info.CRC,
        check_byte=check,
        aes_strength=strength,
    )


def _dos_time(info: zipfile.ZipInfo) -> int:
    _, _, _, hour, minute, second = info.date_time
    return hour << 11 | minute << 5 | second // 2


def _method(archive: Path, info: zipfile.ZipInfo) -> tuple[int, Encryption, int, int]:
    """Compression method, encryption, version of the AES format (1 or 2) and strength (1, 2 or 3)."""
    if info.compress_type != AES_METHOD:
        kind = Encryption.ZIPCRYPTO if info.flag_bits & _ENCRYPTED else Encryption.NONE
        return info.compress_type, kind, 0, 0
    extra = _extra_field(info.extra, AES_EXTRA)
    if len(extra) != 7 or not info.flag_bits & _ENCRYPTED:
        raise damaged(archive, f"The description of {info.filename!r} is not complete.", "AES extra field")
    version, vendor, strength, method = struct.unpack("<H2sBH", extra)
    if version not in (1, 2) or vendor != b"AE" or strength not in AES_SALT_LENGTHS:
        raise _unsupported(archive, f"AES version {version}, strength {strength}")
    return method, Encryption.AES, version, strength


def _extra_field(extra: bytes, wanted: int) -> bytes:
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == wanted:
            return extra[4 : 4 + length]
        extra = extra[4 + length :]
    return b""


def _data_start(archive: Path, file: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Where the entry's data begin, by its own header, which must tell of the same file."""
    believable = 0 <= info.header_offset < os.path.getsize(archive)
    file.seek(info.header_offset if believable else 0)
    raw = file.read(_LOCAL_HEADER.size) if believable else b""
    if len(raw) < _LOCAL_HEADER.size or not raw.startswith(b"PK\x03\x04"):
        raise damaged(archive, f"The data of {info.filename!r} are not where they should be.", "local header")
    fields: tuple[int, ...] = _LOCAL_HEADER.unpack(raw)[1:]
    flags, method, name_length, extra_length = fields[1], fields[2], *fields[-2:]
    name = file.read(name_length)
    spelt = name.decode("utf-8" if flags & 0x800 else "cp437", errors="replace")
    directory_method = AES_METHOD if info.compress_type == AES_METHOD else info.compress_type
    if spelt != info.orig_filename or method != directory_method or (flags ^ info.flag_bits) & _ENCRYPTED:
        raise _unsafe(archive, f"Two places of it tell different things about {info.filename!r}.")
    return info.header_offset + _LOCAL_HEADER.size + name_length + extra_length


def _judge_places(archive: Path, entries: Sequence[Entry], starts: Sequence[int]) -> None:
    """Entries may not share bytes: overlapping ones are how a small archive becomes petabytes."""
    headers = sorted(starts)
    for entry in entries:
        after = headers[min(bisect.bisect_left(headers, entry.start), len(headers) - 1)]
        if entry.start + entry.packed > after:
            raise _unsafe(archive, f"The data of {entry.name!r} overlap with something else.")


def _judge_growth(archive: Path, entries: Sequence[Entry]) -> None:
    for entry in entries:
        overhead = _overhead(entry)
        content = entry.packed - overhead
        impossible = entry.size > content * DEFLATE_LIMIT if entry.deflated else entry.size != content
        if content < 0 or impossible:
            raise _unsafe(archive, f"The size given for {entry.name!r} is not possible.")
    total = sum(entry.size for entry in entries)
    if total > max(GROWTH_FREE, GROWTH_LIMIT * os.path.getsize(archive)):
        raise _unsafe(archive, f"It would grow to {total:,} bytes, more than {GROWTH_LIMIT} times its size.")


def _overhead(entry: Entry) -> int:
    """Bytes of the entry's data that belong to the encryption."""
    if entry.encryption == Encryption.ZIPCRYPTO:
        return HEADER_LENGTH
    if entry.encryption == Encryption.AES:
        return AES_SALT_LENGTHS[entry.aes_strength] + 2 + AES_TAG_LENGTH
    return 0
