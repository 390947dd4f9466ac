"""ZIP archives that strangers made, opened at a bounded cost: how long they are and how they are packed."""

from __future__ import annotations

import struct
import zipfile
from typing import IO

PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Ways of packing that are read. bzip2 and LZMA are not: their decoders unpack without a bound, so that an
archive of 2 KB takes gigabytes of memory at the first byte that is asked for."""

MOST_MEMBERS = 1000
_MOST_LISTED = 512 << 10  # bytes of the directory: 1000 files with names of 450 letters
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = 20
_LONGEST_COMMENT = 0xFFFF


class TooManyMembers(Exception):
    """The archive lists more than an archive of genotypes would."""


def listed(raw: IO[bytes]) -> zipfile.ZipFile:
    """The archive with its directory read, of at most MOST_MEMBERS files.

    The directory is measured before it is parsed, which costs a second for 20,000 files. TooManyMembers;
    BadZipFile and what else the library raises for damaged bytes.
    """
    members, size = _directory(raw)
    if members > MOST_MEMBERS or size > _MOST_LISTED:
        raise TooManyMembers
    archive = zipfile.ZipFile(raw)
    if len(archive.infolist()) > MOST_MEMBERS:  # the end of the directory understated them
        archive.close()
        raise TooManyMembers
    return archive


def _directory(raw: IO[bytes]) -> tuple[int, int]:
    """How many files the end of the archive says there are, and the bytes of their directory.

    It is found as `zipfile` finds it: at the very end, else behind a comment; the larger one of ZIP64, which
    lies right before, counts when it is there. Nothing is listed where there is no end.
    """
    reach = _END.size + _LONGEST_COMMENT + _LOCATOR_64 + _END_64.size
    start = max(0, raw.seek(0, 2) - reach)
    raw.seek(start)
    tail = raw.read(reach)
    raw.seek(0)
    at = len(tail) - _END.size
    if at < 0 or not (tail.startswith(b"PK\5\6", at) and tail.endswith(b"\0\0")):
        at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + _END.size:
        return 0, 0
    _, _, _, _, members, size, _, _ = _END.unpack_from(tail, at)
    at_64 = at - _LOCATOR_64 - _END_64.size
    if at_64 >= 0 and tail.startswith(b"PK\6\7", at - _LOCATOR_64) and tail.startswith(b"PK\6\6", at_64):
        *_, members, size, _ = _END_64.unpack_from(tail, at_64)
    return members, size
