"""The body of a form with files, as pieces: text first, then files straight from disk.

Source: RFC 7578 and, for the quoting of names, the HTML standard (4.10.21.8), which servers expect.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from app.domain.dataset import DataFile
from app.domain.problem import Kind, ProblemError, problem

_QUOTED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


@dataclass(frozen=True)
class FilePart:
    """A file under the name of its field."""

    field: str
    file: DataFile


class Multipart:
    """A body whose length is known before it is read.

    `pieces` gives everything but `tail`, the closing boundary: without it no server can take the body
    for complete. Raises ProblemError (input, disk) when a file is not what it was.
    """

    def __init__(self, fields: Sequence[tuple[str, str]], parts: Sequence[FilePart]) -> None:
        self._boundary = "haplodesk-" + secrets.token_hex(16)
        self._parts = tuple(parts)
        self._text = b"".join(self._field(name, value) for name, value in fields)
        self._heads = tuple(self._file_head(part) for part in self._parts)
        self.tail = f"--{self._boundary}--\r\n".encode("ascii")
        self._refuse_twins()
        around = sum(len(head) + 2 for head in self._heads)
        self.content_length = (
            len(self._text) + around + sum(part.file.size for part in self._parts) + len(self.tail)
        )

    @property
    def content_type(self) -> str:
        """The header that names the boundary."""
        return f"multipart/form-data; boundary={self._boundary}"

    def pieces(self, buffer: bytearray) -> Generator[memoryview, None, None]:
        """All bytes before `tail`; each piece lives in `buffer` and only until the next is asked for."""
        with ExitStack() as watched:
            # All are opened before the first byte: the last of them may be the one that is gone.
            sentries = [watched.enter_context(closing(_Sentry(part.file))) for part in self._parts]
            yield memoryview(self._text)
            for sentry, head in zip(sentries, self._heads, strict=True):
                yield memoryview(head)
                yield from sentry.read(buffer)
                yield memoryview(b"\r\n")
            for sentry in sentries:
                sentry.check()

    def _field(self, name: str, value: str) -> bytes:
        head = f'--{self._boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'
        return (head + value + "\r\n").encode()

    def _file_head(self, part: FilePart) -> bytes:
        name = Path(part.file.name).name
        disposition = f'form-data; name="{_quoted(part.field)}"; filename="{_quoted(name)}"'
        lines = [f"--{self._boundary}", f"Content-Disposition: {disposition}"]
        return ("\r\n".join([*lines, "Content-Type: application/octet-stream", "", ""])).encode()

    def _refuse_twins(self) -> None:
        names = [(part.field, Path(part.file.name).name) for part in self._parts]
        for pair in names:
            if names.count(pair) > 1:
                raise problem(
                    Kind.INPUT,
                    "Two files have the same name",
                    f"The service would keep only one of the files called {pair[1]}",
                    "Rename one of them",
                    subject=pair[1],
                )


def _quoted(text: str) -> str:
    return text.translate(_QUOTED)


class _Sentry:
    """Reads a file and notices when it is not, or no longer, the file that was checked."""

    def __init__(self, file: DataFile) -> None:
        self._file = file
        try:
            self._handle = open(file.path, "rb", buffering=0)  # noqa: SIM115 - closed by its owner
        except OSError as error:
            raise _unreadable(file, error) from error
        self._before = self._stamp()
        modified = file.modified or self._before[1]
        if self._before != (file.size, modified):
            self._handle.close()
            raise _changed(file)

    def _stamp(self) -> tuple[int, int]:
        seen = os.fstat(self._handle.fileno())
        return seen.st_size, seen.st_mtime_ns

    def read(self, buffer: bytearray) -> Iterator[memoryview]:
        view, left = memoryview(buffer), self._file.size
        while left:
            try:
                count = self._handle.readinto(view[: min(left, len(view))])
            except OSError as error:
                raise _unreadable(self._file, error) from error
            if not count:
                raise _changed(self._file)
            left -= count
            yield view[:count]
        self.check()

    def check(self) -> None:
        if self._stamp() != self._before:
            raise _changed(self._file)

    def close(self) -> None:
        self._handle.close()


def _changed(file: DataFile) -> ProblemError:
    return problem(
        Kind.INPUT,
        "A file has changed",
        f"{file.name} is no longer the file that was checked, so it was not sent",
        "Check the dataset again and send it then",
        subject=file.name,
    )


def _unreadable(file: DataFile, error: OSError) -> ProblemError:
    kind = Kind.INPUT if isinstance(error, FileNotFoundError | PermissionError) else Kind.DISK
    return problem(
        kind,
        "A file cannot be read",
        f"{file.name}: {error.strerror or 'reading failed'}",
        "See that the file is there and that you may read it",
        subject=file.name,
    )
