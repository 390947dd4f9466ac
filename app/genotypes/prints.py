"""What tells a file by its content, wherever it lies and whatever it is called. Imports little.

A print is of the bytes: size and the hash of the start. Files of variants with people have a second one, of
the names of the people and the first records, without header and compression: a copy that was packed anew or
got another header has it too. Lists of sites have none: they may be the same for different people.
"""

from __future__ import annotations

import functools
import importlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import hashlib

SITES = (".bim", ".pvar", ".pvar.zst", ".map", ".tbi", ".csi", ".bgi", ".log")
"""Endings of files that hold no people."""
_START = 256 * 1024
_RECORDS = 64 * 1024
_LONGEST_HEADER = 16 << 20
_GZIP, _BCF = b"\x1f\x8b", b"BCF\x02"


@functools.cache
def _sha256() -> Callable[[bytes], hashlib._Hash]:
    """That of Python itself where there is one: `hashlib` loads OpenSSL, which takes four megabytes."""
    for module in ("_sha2", "_sha256", "hashlib"):  # of Python 3.12, of 3.11, of all
        try:
            made: Callable[[bytes], hashlib._Hash] = importlib.import_module(module).sha256
        except ImportError:
            continue
        return made
    raise ImportError("no SHA-256")


def prints(paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By path, the prints of a file; nothing for those that are lost, empty, or hold sites only."""
    return {path: found for path in paths if (found := prints_of(path))}


def prints_of(path: str) -> tuple[str, ...]:
    """The prints of one file, see `prints`."""
    if path.lower().endswith(SITES):
        return ()
    try:
        seen = os.stat(path)
        return _prints(path, seen.st_size, seen.st_mtime_ns, seen.st_ino)
    except (OSError, ValueError):
        return ()


@functools.lru_cache(maxsize=4096)
def _prints(path: str, size: int, modified: int, inode: int) -> tuple[str, ...]:
    """Of a file as it is now; the other arguments say which one that is."""
    with Path(path).open("rb") as opened:
        start = opened.read(_START)
        size = opened.seek(0, 2)
    if not size:
        return ()
    whole = f"{size}:{_sha256()(start).hexdigest()}"
    people = _people(path)
    return (whole, people) if people else (whole,)


def _people(path: str) -> str:
    """The print of people and records, empty where there are none or the file is nothing of that kind."""
    try:
        found = _Text(path)
        head = found.take(5)
        if head.startswith(b"#"):
            return _of_vcf(found, head)
        return _of_bcf(found) if head.startswith(_BCF) else ""
    except (OSError, zlib.error):
        return ""


def _of_vcf(found: _Text, head: bytes) -> str:
    line = head + found.line()
    read = len(line)
    while line.startswith(b"##") and read < _LONGEST_HEADER:
        line = found.line()
        read += len(line)
    names = line.rstrip(b"\r\n").split(b"\t")[9:]
    return _hashed("vcf", b"\t".join(names), found.take(_RECORDS)) if names else ""


def _of_bcf(found: _Text) -> str:
    length = int.from_bytes(found.take(4), "little")
    if length > _LONGEST_HEADER:
        return ""
    last = found.take(length).rstrip(b"\x00\n").rpartition(b"\n")[2]
    names = last.split(b"\t")[9:]
    return _hashed("bcf", b"\t".join(names), found.take(_RECORDS)) if names else ""


def _hashed(kind: str, names: bytes, records: bytes) -> str:
    told = _sha256()(names + b"\n" + records).hexdigest()
    return f"{kind}:{told}" if records else ""


class _Text:
    """The content of a file from its start, unpacked where it is gzip."""

    def __init__(self, path: str) -> None:
        self._pieces = _unpacked(path)
        self._held = b""

    def take(self, number: int) -> bytes:
        """The next bytes, fewer at the end."""
        while len(self._held) < number and (piece := next(self._pieces, b"")):
            self._held += piece
        taken, self._held = self._held[:number], self._held[number:]
        return taken

    def line(self) -> bytes:
        """The next line with its end."""
        while b"\n" not in self._held and len(self._held) < _LONGEST_HEADER:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._held += piece
        end = self._held.find(b"\n") + 1 or len(self._held)
        taken, self._held = self._held[:end], self._held[end:]
        return taken


def _unpacked(path: str) -> Iterator[bytes]:
    """Pieces of the content, none of them empty."""
    with Path(path).open("rb") as opened:
        piece = opened.read(_RECORDS)
        if not piece.startswith(_GZIP):
            while piece:
                yield piece
                piece = opened.read(_RECORDS)
            return
        member = zlib.decompressobj(31)
        while piece:
            if text := member.decompress(piece, 4 * _RECORDS):
                yield text
            if member.eof:
                piece, member = member.unused_data or opened.read(_RECORDS), zlib.decompressobj(31)
            else:
                piece = member.unconsumed_tail or opened.read(_RECORDS)
