"""Password ZIPs as 7-Zip makes them: ZipCrypto by default, AES-256 when asked for (`cloudgene.md` 5.3)."""

from __future__ import annotations

import hashlib
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.results.zipcrypto import HEADER_LENGTH, cipher, encryption_header

_CHUNK = 1 << 20
_ENCRYPTED = 1
_UTF8 = 1 << 11
_NEEDED = 20
_NEEDED_64 = 45
_BIG = 0xFFFFFFFF
_LOCAL = struct.Struct("<IHHHHHIIIHH")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
_END = struct.Struct("<IHHHHIIH")
_END_64 = struct.Struct("<IQHHIIQQQQ")
_LOCATOR_64 = struct.Struct("<IIQI")


@dataclass
class _Entry:
    name: bytes
    crc: int
    size: int
    stamp: int
    offset: int = 0

    @property
    def packed(self) -> int:
        """Stored, not deflated: the files inside are compressed already."""
        return self.size + HEADER_LENGTH


def write_archive(path: Path, files: list[Path], password: str, *, aes: bool) -> None:
    """Write a ZIP of the files under their base names; the name appears when all of it is on disk."""
    part = path.with_name(path.name + ".part")
    if aes:
        _write_aes(part, files, password)
    else:
        _write_zipcrypto(part, files, password)
    part.replace(path)


def write_md5(path: Path) -> Path:
    """Write `<path>.md5` as `md5sum` does."""
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in _read(path):
        digest.update(chunk)
    beside = path.with_name(path.name + ".md5")
    beside.write_text(f"{digest.hexdigest()}  {path.name}\n", encoding="utf-8")
    return beside


def _write_aes(path: Path, files: list[Path], password: str) -> None:
    import pyzipper

    with pyzipper.AESZipFile(
        path, "w", compression=pyzipper.ZIP_STORED, encryption=pyzipper.WZ_AES
    ) as archive:
        archive.setpassword(password.encode())
        archive.setencryption(pyzipper.WZ_AES, nbits=256)
        for file in files:
            archive.write(file, file.name)


def _write_zipcrypto(path: Path, files: list[Path], password: str) -> None:
    entries = []
    with path.open("wb") as out:
        for file in files:
            entry = _measure(file)
            entry.offset = out.tell()
            out.write(_local_header(entry))
            _encrypt_into(out, file, entry, password)
            entries.append(entry)
        _write_directory(out, entries)


def _measure(file: Path) -> _Entry:
    crc = size = 0
    for chunk in _read(file):
        crc = zlib.crc32(chunk, crc)
        size += len(chunk)
    return _Entry(file.name.encode(), crc, size, _dos_time(file.stat().st_mtime))


def _encrypt_into(out: BinaryIO, file: Path, entry: _Entry, password: str) -> None:
    stream = cipher(password.encode())
    out.write(encryption_header(stream, entry.crc >> 24))
    for chunk in _read(file):
        out.write(stream.encrypt(chunk))


def _local_header(entry: _Entry) -> bytes:
    big = entry.packed >= _BIG
    extra = struct.pack("<HHQQ", 1, 16, entry.size, entry.packed) if big else b""
    sizes = (_BIG, _BIG) if big else (entry.packed, entry.size)
    needed = _NEEDED_64 if big else _NEEDED
    flags = _ENCRYPTED | _UTF8
    head = _LOCAL.pack(
        0x04034B50,
        needed,
        flags,
        0,
        entry.stamp & 0xFFFF,
        entry.stamp >> 16,
        entry.crc,
        *sizes,
        len(entry.name),
        len(extra),
    )
    return head + entry.name + extra


def _central_header(entry: _Entry) -> bytes:
    big = entry.packed >= _BIG or entry.offset >= _BIG
    extra = struct.pack("<HHQQQ", 1, 24, entry.size, entry.packed, entry.offset) if big else b""
    sizes = (_BIG, _BIG) if big else (entry.packed, entry.size)
    needed = _NEEDED_64 if big else _NEEDED
    head = _CENTRAL.pack(
        0x02014B50,
        needed,
        needed,
        _ENCRYPTED | _UTF8,
        0,
        entry.stamp & 0xFFFF,
        entry.stamp >> 16,
        entry.crc,
        *sizes,
        len(entry.name),
        len(extra),
        0,
        0,
        0,
        0,
        _BIG if big else entry.offset,
    )
    return head + entry.name + extra


def _write_directory(out: BinaryIO, entries: list[_Entry]) -> None:
    start = out.tell()
    for entry in entries:
        out.write(_central_header(entry))
    end = out.tell()
    count, length = len(entries), end - start
    if start >= _BIG:
        out.write(_END_64.pack(0x06064B50, 44, _NEEDED_64, _NEEDED_64, 0, 0, count, count, length, start))
        out.write(_LOCATOR_64.pack(0x07064B50, 0, end, 1))
    out.write(_END.pack(0x06054B50, 0, 0, count, count, length, min(start, _BIG), 0))


def _read(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            yield chunk


def _dos_time(seconds: float) -> int:
    t = time.localtime(seconds)
    day = (max(t.tm_year, 1980) - 1980) << 9 | t.tm_mon << 5 | t.tm_mday
    return day << 16 | t.tm_hour << 11 | t.tm_min << 5 | t.tm_sec // 2
