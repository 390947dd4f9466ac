"""Lines of a text that is plain, in gzip or alone inside a ZIP archive, with bounds on what it may cost.

Consumer tests and final reports come in all three. Nothing is unpacked to disk.
"""

from __future__ import annotations

import gzip
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.zip_listing import PACKED, TooManyMembers, listed

BLOCK = 1 << 20
_BOM = b"\xef\xbb\xbf"
_RUBBISH = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_DAMAGES = (
    zlib.error,
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    struct.error,
    ValueError,
    LookupError,
    RuntimeError,
)
"""What the libraries of gzip and ZIP raise for bytes that somebody changed."""

_AGAIN = "Copy or download the file again."


class TextLines:
    """Iterate to get lines as bytes without their ends, `\\r\\n`, `\\n` or `\\r`.

    `number` is that of the line given last, from 1; `consumed` are packed bytes read; `whole` tells at the
    end whether the last line had an end. `most_bytes` bounds the text, `longest` one line. FormatError for a
    damaged container and where a bound is passed; OSError when the file cannot be opened.
    """

    def __init__(self, path: Path, most_bytes: int | None = None, longest: int = BLOCK) -> None:
        self.path = path
        self.number = 0
        self.consumed = 0
        self.whole = True
        self._most = most_bytes
        self._longest = longest

    def __iter__(self) -> Iterator[bytes]:
        rest = b""
        for block in self._blocks():
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                self.number += 1
                yield line
            if len(rest) > self._longest:
                raise self.error("text.line_too_long", "A line has no end", f"line {self.number + 1:,}")
        if rest:
            self.whole = False
            self.number += 1
            yield rest

    def error(self, code: str, title: str, place: str = "", advice: str = _AGAIN) -> FormatError:
        """A FormatError about this file."""
        return FormatError(code, os.fspath(self.path), title, place, advice)

    def _blocks(self) -> Iterator[bytes]:
        """Blocks of text with `\\n` as the only end of a line, without a byte order mark."""
        total, held, first = 0, b"", True
        for block in self._unpacked():
            total += len(block)
            if self._most is not None and total > self._most:
                title = f"The text is larger than {self._most >> 20:,} MiB"
                raise self.error(
                    "text.too_large", title, advice="No such file is that large; choose another."
                )
            block = held + block
            held = b"\r" if block.endswith(b"\r") else b""
            block = block[: len(block) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            yield block.removeprefix(_BOM) if first else block
            first = False
        if held:
            yield b"\n"

    def _unpacked(self) -> Iterator[bytes]:
        with self.path.open("rb") as raw:
            try:
                with self._stream(raw) as stream:
                    while block := stream.read(BLOCK):
                        self.consumed = raw.tell()
                        yield block
            except EOFError:
                size = self.path.stat().st_size
                raise self.error("container.truncated", "The file is cut short", f"byte {size}") from None
            except _DAMAGES as error:
                raise self._damaged(raw) from error
            self.consumed = self.path.stat().st_size

    def _damaged(self, raw: IO[bytes]) -> FormatError:
        return self.error("container.corrupt", "The file is damaged", f"byte {raw.tell()}")

    @contextmanager
    def _stream(self, raw: IO[bytes]) -> Iterator[IO[bytes]]:
        start = raw.read(4)
        raw.seek(0)
        if start[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=raw, mode="rb") as unzipped:
                yield io.BufferedReader(unzipped, BLOCK)
        elif start == b"PK\x03\x04" or start == b"PK\x05\x06":
            with self._opened(raw) as archive, archive.open(self._member(archive)) as member:
                yield member
        else:
            yield raw

    def _opened(self, raw: IO[bytes]) -> zipfile.ZipFile:
        try:
            return listed(raw)
        except TooManyMembers:
            title = "The ZIP archive holds a great many files"
            raise self.error("zip.members", title, advice=_ONE_FILE) from None

    def _member(self, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
        """The one file in an archive; tricks with paths, passwords and unusual packing are refused."""
        files = [each for each in archive.infolist() if not each.is_dir() and not _is_rubbish(each.filename)]
        if len(files) != 1:
            title = f"The ZIP archive holds {len(files):,} files instead of one"
            raise self.error("zip.members", title, advice=_ONE_FILE)
        if _is_tricky(files[0].filename):
            raise self.error("zip.path", "The ZIP archive names a path outside itself", advice=_AGAIN)
        if files[0].flag_bits & 1:
            advice = "Unpack it with its password and add the file inside."
            raise self.error("zip.password", "The ZIP archive is locked with a password", advice=advice)
        if files[0].compress_type not in PACKED:
            raise self.error("zip.method", "The ZIP archive is packed in an unusual way", advice=_ONE_FILE)
        return files[0]


_ONE_FILE = "Unpack it and add the file with the genotypes."


def _is_rubbish(name: str) -> bool:
    return name.startswith(_RUBBISH[0]) or name.rsplit("/", 1)[-1] in _RUBBISH


def _is_tricky(name: str) -> bool:
    windows = PureWindowsPath(name)
    return PurePosixPath(name).is_absolute() or bool(windows.drive or windows.root) or ".." in windows.parts
