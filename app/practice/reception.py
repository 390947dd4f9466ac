"""Reads a multipart body straight to disk: memory does not grow with the upload."""

from __future__ import annotations

from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_TEXT_BYTES = 1 << 20


class ReceptionError(Exception):
    """A body that is no form; the text is what the server would say."""


class FormReceiver:
    """Feed it bytes with `write`, then `finish`.

    `texts` are the fields without a file name, in order; `files` the base names by field. Files go to
    `folder/<base name>`; two of the same base name overwrite each other, as at the real server.
    """

    def __init__(self, content_type: str, folder: Path) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise ReceptionError("Required Body [multipart/form-data] not specified")
        self.texts: list[tuple[str, str]] = []
        self.files: list[tuple[str, str]] = []
        self._folder = folder
        self._headers: dict[bytes, bytes] = {}
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._field = ""
        self._text: bytearray | None = None
        self._file: BinaryIO | None = None
        self._ended = False
        self._parser = MultipartParser(boundary, self._callbacks())

    def write(self, data: bytes) -> None:
        """The next bytes of the body."""
        try:
            self._parser.write(data)
        except ValueError as error:
            raise ReceptionError(f"Invalid multipart body: {error}") from error

    def finish(self) -> None:
        """The body is at its end; raises ReceptionError when the form is not."""
        self.close()
        if not self._ended:
            raise ReceptionError("Unexpected end of the multipart body")

    def close(self) -> None:
        """Close an open file; harmless when done twice."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._part_begins,
            "on_header_field": self._adds_header_name,
            "on_header_value": self._adds_header_value,
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._adds_data,
            "on_part_end": self._part_ends,
            "on_end": self._form_ends,
        }

    def _part_begins(self) -> None:
        self._headers = {}

    def _adds_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _adds_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_ends(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _headers_end(self) -> None:
        self._field, name = _disposition(self._headers.get(b"content-disposition", b""))
        if name is None:
            self._text = bytearray()
            return
        base = safe_base_name(name)
        self.files.append((self._field, base))
        self._file = (self._folder / base).open("wb") if base else None

    def _adds_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(memoryview(data)[start:end])
        elif self._text is not None:
            self._text += data[start:end]
            if len(self._text) > MAX_TEXT_BYTES:
                raise ReceptionError(f"The field {self._field} is too long")

    def _part_ends(self) -> None:
        self.close()
        if self._text is not None:
            self.texts.append((self._field, self._text.decode("utf-8", "replace")))
            self._text = None

    def _form_ends(self) -> None:
        self._ended = True


def safe_base_name(name: str) -> str:
    """The last part of a path in either style; empty when nothing safe is left."""
    base = name.replace("\\", "/").rpartition("/")[2].replace("\0", "")
    return "" if base in (".", "..") else base


def _disposition(header: bytes) -> tuple[str, str | None]:
    """The name of a field and of its file, None where it is no file."""
    message = Message()
    message["content-disposition"] = header.decode("utf-8", "replace")
    field = message.get_param("name", "", header="content-disposition")
    name = message.get_filename()
    return (field if isinstance(field, str) else str(field[2])), name
