"""Files on their way to the disk: written aside, then published together or removed together."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from app.domain.problem import Kind, problem
from app.domain.result import ResultFile
from app.results.archive_directory import PART, REPLACED, Directory, Encryption, Entry
from app.results.archive_problems import disk_full, disk_problems, spoilt
from app.results.indexing.content_fault import ContentFault

if TYPE_CHECKING:
    from app.results.indexing.figures import FileFigures
    from app.results.indexing.file_tap import FileTap

FLUSH_EVERY = 16 << 20
SPARE_BYTES = 16 << 20  # what is left free on the disk beside the files


MADE_HERE = "made here"
TapOf = Callable[[str], "FileTap | None"]


class Unpacking:
    """The files of one archive; leaving it by an exception removes all that was written in it.

    `tap_of` gives the tap of a file that is looked into while it is written, None for the others; what the
    taps found is in `figures`, and an index lies beside each file that can have one.
    """

    def __init__(self, folder: Path, archive: Path, tap_of: TapOf = lambda _: None) -> None:
        self._folder, self._archive, self._source = folder, archive, archive.name
        self._tap_of = tap_of
        self.figures: list[FileFigures] = []
        self._parts: list[Path] = []
        self._published: list[Path] = []
        self._older: Path | None = None
        self._folders: list[Path] = []
        self._files: list[ResultFile] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._discard()

    def prepare(self, directory: Directory) -> None:
        """Make the folders; raises before the first byte when the disk is too small."""
        with disk_problems(self._folder):
            self._make_folder(self._folder)
            free = shutil.disk_usage(self._folder).free
        if directory.size + SPARE_BYTES > free:
            raise disk_full(self._folder, f"The files need {directory.size:,} bytes and {free:,} are free.")
        for parent in sorted({(self._folder / entry.name).parent for entry in directory.entries}):
            self._stay_inside(parent)
            with disk_problems(parent):
                self._make_folder(parent)

    def write(self, entry: Entry, content: Iterator[bytes]) -> None:
        """Write one entry aside, for this user alone, flush it to the disk and keep its SHA-256."""
        part = self._folder / (entry.name + PART)
        if part in self._parts:  # an index of ours stands for the one that was sent
            for _ in content:
                pass
            self._files.append(self._made(entry.name))
            return
        tap = self._tap_of(entry.name)
        handle = self._new_part(part)
        try:
            digest = self._fill(handle, content if tap is None else self._tapped(entry, content, tap))
        finally:
            os.close(handle)
        found = proven(entry, digest, self._source)
        if tap is not None:
            found = self._looked_into(found, tap)
        self._files.append(found)

    def _new_part(self, part: Path) -> int:
        with disk_problems(self._folder):
            part.unlink(missing_ok=True)
            self._parts.append(part)
            return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)

    def _fill(self, handle: int, content: Iterator[bytes]) -> str:
        digest = hashlib.sha256()
        with disk_problems(self._folder), _Flusher(handle) as flusher:
            for data in content:
                digest.update(data)
                view = memoryview(data)
                while view:
                    written = os.write(handle, view)
                    view = view[written:]
                    flusher.count(written)
        return digest.hexdigest()

    def _tapped(self, entry: Entry, content: Iterator[bytes], tap: FileTap) -> Iterator[bytes]:
        """What the tap gives. An archive that is damaged itself is told as such, not as a spoilt file."""
        try:
            for data in content:
                yield tap.feed(data)
            yield tap.finish()
        except ContentFault as error:
            for _ in content:
                pass
            raise spoilt(self._archive, entry.name, str(error)) from error

    def _looked_into(self, file: ResultFile, tap: FileTap) -> ResultFile:
        """Write the index, keep the figures; the file as it is on the disk."""
        figures = tap.figures
        index = tap.index()
        if index is not None:
            figures.index = figures.name + index[0]
            self._write_index(self._folder / (figures.index + PART), index[1])
        self.figures.append(figures)
        notes = [file.verified_by]
        notes += ["names restored"] if figures.renamed else []
        notes += ["packed anew as BGZF"] if figures.repacked else []
        told = {"size": figures.size, "verified_by": ", ".join(notes), "kind": str(figures.kind)}
        return file.model_copy(update=told)

    def _write_index(self, part: Path, data: bytes) -> None:
        """Put our index in the place of one that was sent, if any: it may not fit the file as it is now."""
        sent = part in self._parts
        if sent:
            self._parts.remove(part)
        handle = self._new_part(part)
        try:
            self._fill(handle, iter([data]))
        finally:
            os.close(handle)
        name = part.relative_to(self._folder).as_posix().removesuffix(PART)
        if sent:
            self._files = [each for each in self._files if each.path != name]
            self._files.append(self._made(name))

    def _made(self, name: str) -> ResultFile:
        part = self._folder / (name + PART)
        with disk_problems(self._folder):
            data = part.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        return ResultFile(
            path=name, size=len(data), sha256=digest, source=self._source, verified_by=MADE_HERE
        )

    def publish(self) -> tuple[ResultFile, ...]:
        """Give all files their names; files of the same name are replaced, all of them or none."""
        with disk_problems(self._folder):
            for part in self._parts:
                target = part.with_name(part.name.removesuffix(PART))
                if target.is_file():
                    self._put_aside(target)
                os.replace(part, target)
                self._published.append(target)
            for folder in {path.parent for path in self._published}:
                _flush_folder(folder)
        if self._older is not None:
            shutil.rmtree(self._older, ignore_errors=True)
        return tuple(self._files)

    def _put_aside(self, target: Path) -> None:
        """Keep an older file until all new ones have their names."""
        if self._older is None:
            self._older = Path(tempfile.mkdtemp(prefix=REPLACED, dir=self._folder))
        place = self._older / target.relative_to(self._folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(target, place)

    def _discard(self) -> None:
        for path in (*self._parts, *self._published):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        if self._older is not None:
            put_back(self._folder, self._older)
        for folder in reversed(self._folders):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _stay_inside(self, folder: Path) -> None:
        if not folder.resolve().is_relative_to(self._folder.resolve()):
            raise problem(
                Kind.DISK,
                "The folder is not used",
                f"{folder.name} in the results folder is a link that leads out of it.",
                "Remove the link or choose another folder.",
                subject=folder.name,
            )

    def _make_folder(self, folder: Path) -> None:
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        for path in reversed(missing):
            path.mkdir(0o700)
            self._folders.append(path)


def put_back(folder: Path, older: Path) -> None:
    """Give files that were put aside their names again, except where a new one has the name already."""
    for path in [each for each in older.rglob("*") if each.is_file()]:
        target = folder / path.relative_to(older)
        with contextlib.suppress(OSError):
            if not target.exists():
                os.replace(path, target)
            else:
                path.unlink()
    if not any(each.is_file() for each in older.rglob("*")):
        shutil.rmtree(older, ignore_errors=True)


class _Flusher:
    """Sends a file to the disk while it is still being written, so that the last flush has little to do."""

    def __init__(self, handle: int) -> None:
        self._handle, self._waiting = handle, 0
        self._pool = ThreadPoolExecutor(1, "flush")
        self._running: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def count(self, written: int) -> None:
        """So many bytes more; raises OSError when an earlier flush failed."""
        self._waiting += written
        if self._waiting < FLUSH_EVERY or (self._running and not self._running.done()):
            return
        if self._running:
            self._running.result()
        self._waiting = 0
        self._running = self._pool.submit(os.fsync, self._handle)

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        if kind is None:
            if self._running:
                self._running.result()
            os.fsync(self._handle)


def proven(entry: Entry, sha256: str, source: str) -> ResultFile:
    """A file whose content was read to its end and fits what the archive says."""
    proofs = ["HMAC-SHA1"] if entry.encryption == Encryption.AES else []
    proofs += ["CRC-32"] if entry.crc is not None else []
    text = " and ".join(proofs)
    return ResultFile(path=entry.name, size=entry.size, sha256=sha256, source=source, verified_by=text)


def _flush_folder(folder: Path) -> None:
    """Let the new names survive a loss of power; Windows has no such call."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
