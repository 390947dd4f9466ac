"""How the bytes of a file are packed, and what of them is written: BGZF, gzip or plain text."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

from app.genotypes.bgzf import EOF_MARKER, ContainerError, pack_block, whole_blocks
from app.results.indexing.content_fault import ContentFault
from app.results.indexing.text_sink import TextSink

_LEVEL = 6
_PAYLOAD = 0xFF00
_GZIP_STEP = 1 << 20


class Container(Protocol):
    """`end_marker` is None for what is no BGZF."""

    end_marker: bool | None

    def feed(self, data: bytes) -> bytes:
        """More bytes of the file; what is to be written of it by now. ContentFault."""
        ...

    def finish(self) -> bytes:
        """The end of the file; what is still to be written. ContentFault when it ends too early."""
        ...


def _packed(text: bytes, sink: TextSink) -> Iterator[bytes]:
    for at in range(0, len(text), _PAYLOAD):
        payload = text[at : at + _PAYLOAD]
        block = pack_block(payload, _LEVEL)
        sink.blocks.add(len(payload), len(block))
        yield block


class Blocks:
    """BGZF: every block is inflated and proved; those behind the header are passed on as they are."""

    def __init__(self, sink: TextSink) -> None:
        self.end_marker: bool | None = None
        self._sink = sink
        self._rest = b""
        self._offset = 0
        self._held: list[tuple[bytes, int]] = []  # blocks of the header: packed bytes, length of the text
        self._last = b""

    def feed(self, data: bytes) -> bytes:
        """Whole blocks go on, the rest waits."""
        data = self._rest + data if self._rest else data
        at, out = 0, []
        try:
            for after, text in whole_blocks(memoryview(data), 0, self._offset):
                out.append(self._block(data[at:after], text))
                at = after
        except ContainerError as error:
            raise ContentFault(f"is damaged at byte {error.offset:,}: {error.detail}") from error
        self._offset += at
        self._rest = data[at:]
        return b"".join(out)

    def _block(self, packed: bytes, text: bytearray) -> bytes:
        self._last = packed if len(packed) == len(EOF_MARKER) else b""
        if not self._sink.in_header:
            self._sink.blocks.add(len(text), len(packed))
            self._sink.records(text)
            return packed
        self._held.append((packed, len(text)))
        split = self._sink.header(text)
        return self._release(*split) if split is not None else b""

    def _release(self, header: bytes, rest: bytes) -> bytes:
        """The blocks of the header, as they came where nothing in it has changed."""
        if self._sink.changed:
            out = b"".join([*_packed(header, self._sink), *_packed(rest, self._sink)])
            if self._last == EOF_MARKER and len(self._held) > 1:
                out += EOF_MARKER
                self._sink.blocks.add(0, len(EOF_MARKER))
        else:
            out = b"".join(packed for packed, _ in self._held)
            for packed, size in self._held:
                self._sink.blocks.add(size, len(packed))
        self._held.clear()
        self._sink.begin_records(len(header))
        self._sink.records(rest)
        return out

    def finish(self) -> bytes:
        """Nothing may be left over."""
        if self._rest:
            raise ContentFault(f"ends in the middle of a block, at byte {self._offset:,}")
        self.end_marker = self._last == EOF_MARKER
        return self._release(*self._sink.end_header()) if self._sink.in_header else b""


class Gzip:
    """A gzip stream: its text is proved; `repack` writes it as BGZF, which alone can be indexed."""

    def __init__(self, sink: TextSink, *, repack: bool) -> None:
        self.end_marker: bool | None = None
        self._sink, self._repack = sink, repack
        self._member = zlib.decompressobj(31)
        self._waiting = bytearray()  # text of records that does not fill a block yet

    def feed(self, data: bytes) -> bytes:
        """Inflate, a step at a time."""
        out = [] if self._repack else [data]
        try:
            for text in self._inflated(data):
                out.append(self._take(text))
        except zlib.error as error:
            raise ContentFault(f"is damaged: {error}") from error
        return b"".join(out)

    def _inflated(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member.eof:
                if not data.strip(b"\0"):
                    return
                self._member = zlib.decompressobj(31)
            text = self._member.decompress(data, _GZIP_STEP)
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            yield text

    def _take(self, text: bytes) -> bytes:
        if not self._sink.in_header:
            return self._records(text)
        split = self._sink.header(text)
        return self._begin(*split) if split is not None else b""

    def _begin(self, header: bytes, rest: bytes) -> bytes:
        out = b"".join(_packed(header, self._sink)) if self._repack else b""
        self._sink.begin_records(len(header))
        return out + self._records(rest)

    def _records(self, text: bytes, *, last: bool = False) -> bytes:
        if not self._repack:
            self._sink.records(text)
            return b""
        self._waiting += text
        whole = len(self._waiting) if last else len(self._waiting) // _PAYLOAD * _PAYLOAD
        ready = bytes(self._waiting[:whole])
        del self._waiting[:whole]
        out = b"".join(_packed(ready, self._sink))
        self._sink.records(ready)
        return out

    def finish(self) -> bytes:
        """The stream must have ended."""
        if not self._member.eof:
            raise ContentFault("ends in the middle of its compressed data")
        out = self._begin(*self._sink.end_header()) if self._sink.in_header else b""
        out += self._records(b"", last=True)
        return out + EOF_MARKER if self._repack else out


class Plain:
    """Text that is not packed, passed on as it is; `reads` False: it is no text that anybody counts."""

    def __init__(self, sink: TextSink, *, reads: bool) -> None:
        self.end_marker: bool | None = None
        self._sink, self._reads = sink, reads

    def feed(self, data: bytes) -> bytes:
        """Passed on as it is."""
        if self._reads and not self._sink.in_header:
            self._sink.records(data)
        elif self._reads and (split := self._sink.header(data)) is not None:
            self._sink.begin_records(len(split[0]))
            self._sink.records(split[1])
        return data

    def finish(self) -> bytes:
        """A file without records is its header alone."""
        if self._reads and self._sink.in_header:
            self._sink.end_header()
        return b""
