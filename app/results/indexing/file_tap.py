"""One file on its way from the archive to the disk: its blocks are proved, its records counted and placed.

What comes in goes out unchanged, block by block, but for the header where samples get their own names back:
only its blocks are packed anew. A gzip stream that is no BGZF is packed anew as a whole, as nothing else can
be indexed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from app.genotypes.bgzf import Compression, detect_compression
from app.results.indexing.containers import Blocks, Container, Gzip, Plain
from app.results.indexing.content_fault import ContentFault
from app.results.indexing.figures import FileFigures
from app.results.indexing.header_names import HeaderFacts, read_header, restore_names
from app.results.indexing.index_builder import IndexBuilder
from app.results.indexing.kinds import PACKED, FileKind, kind_of
from app.results.indexing.text_sink import TextSink
from app.results.indexing.unread_formats import unread_format

_LOOK = 18  # bytes that tell how a file is packed
_TEXTS = (".vcf", ".info")


class FileTap:
    """Feed it the bytes of one file in order, write what it gives, then `finish`.

    `own_names` gives sent names their own back. `keep_all` keeps the keys of all sites, not those of typed
    ones alone. ContentFault for what is damaged inside.
    """

    def __init__(
        self,
        name: str,
        own_names: Mapping[str, str] | None = None,
        *,
        index: bool = True,
        keep_all: bool = False,
    ) -> None:
        self.figures = FileFigures(name=name, kind=kind_of(name))
        self._own_names = own_names or {}
        self._builder = IndexBuilder() if index and name.lower().endswith((*PACKED, ".info.gz")) else None
        strict = self.figures.kind is not FileKind.INFO
        self._sink = TextSink(self._new_header, self._builder, keep_all=keep_all, strict=strict)
        self._container: Container | None = None
        self._start = bytearray()
        self._digest = hashlib.sha256()

    def feed(self, data: bytes) -> bytes:
        """More bytes of the file; what is to be written of it by now."""
        if self._container is None:
            self._start += data
            if len(self._start) < _LOOK:
                return b""
            data = bytes(self._start)
            self._container = self._opened(data)
        return self._written(self._container.feed(data))

    def finish(self) -> bytes:
        """The end of the file: the last bytes to write. ContentFault when it ends too early."""
        out = b""
        if self._container is None:
            data = bytes(self._start)
            self._container = self._opened(data)
            out = self._container.feed(data)
        out += self._container.finish()
        self._sink.finish(told_whole=self._container.end_marker is not False)
        self._written(out)
        found = self.figures
        found.sha256 = self._digest.hexdigest()
        found.end_marker = self._container.end_marker
        self._sink.tell(found)
        return out

    def give_up(self) -> None:
        """The file is damaged: its figures tell that, and of the records before that place."""
        self._sink.give_up()
        self._sink.tell(self.figures)
        self.figures.whole = False

    def index(self) -> tuple[str, bytes] | None:
        """The suffix and the bytes of the index; None where the file can have none."""
        found, builder = self.figures, self._builder
        has_blocks = found.compression == Compression.BGZF or found.repacked
        if builder is None or not builder.records or not builder.reaches:
            return None
        if not has_blocks or not found.sorted:
            return None
        return builder.suffix, builder.packed()

    def _opened(self, data: bytes) -> Container:
        self._start.clear()
        found, name = self.figures, self.figures.name.lower()
        compression = detect_compression(data[:_LOOK])
        found.compression = str(compression)
        if found.kind is FileKind.INFO:
            found.unread = unread_format(data)
        if compression is Compression.BGZF:
            return Blocks(self._sink)
        if compression is Compression.GZIP:
            found.repacked = name.endswith(PACKED)
            return Gzip(self._sink, repack=found.repacked)
        if name.endswith(PACKED):
            raise ContentFault("is not compressed, as its name says")
        return Plain(self._sink, reads=name.endswith(_TEXTS) and not found.unread)

    def _written(self, out: bytes) -> bytes:
        self._digest.update(out)
        self.figures.size += len(out)
        return out

    def _new_header(self, header: bytes, facts: HeaderFacts) -> bytes:
        found = self.figures
        found.sent_names = found.samples = tuple(map(_text, facts.samples))
        found.formats, found.facts = facts.formats, facts.facts
        if found.kind is FileKind.GENOTYPES:
            found.kind = facts.kind
        if not self._own_names:
            return header
        renamed = restore_names(header, self._own_names)
        found.renamed, found.kept_names = renamed.restored, renamed.kept
        found.samples = tuple(map(_text, read_header(renamed.header).samples))
        return renamed.header


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
