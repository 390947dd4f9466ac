"""One large VCF file read by several processes, which need no index: the answer is that of one pass.

The calling process reads the first part itself. Each other process reads the lines of its part, keeps columns
and packed genotypes in a folder, and sends the rest of what it found when it is done.
"""

from __future__ import annotations

import hashlib
import os
import signal
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import ContainerError, ContainerFault
from app.genotypes.chromosome_names import number_of
from app.genotypes.header import Header
from app.genotypes.row_block import PLACES_KEPT

if TYPE_CHECKING:  # a process that reads alone need not load them
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

_HASHED_AT_ONCE = 1 << 20
_SECONDS_TO_END = 5
PARTS_PREFIX = "haplodesk-parts-"
"""How folders of parts begin; one that a killed process left may be removed."""


@dataclass(frozen=True)
class Part:
    """A part of a file to read: where it begins and ends, and the folder for what is large."""

    path: str
    header: Header
    start: int
    stop: int | None
    folder: Path
    cohort: bool
    kernel: bool | None


@dataclass
class PartFound:
    """What a process found in its part, without columns and genotypes. Lines count from the part's first."""

    names: list[str]
    missing: NDArray[np.int64]
    het: NDArray[np.int64]
    faults: dict[str, tuple[int, list[int]]]
    formats: Counter[str]
    lines: int
    records: int
    variants: int
    error: tuple[ContainerFault, int, str] | None = None
    gave_up: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the part was read to its end."""
        return self.error is None and not self.gave_up

    def as_error(self) -> ContainerError | None:
        """The damage that ended the reading, as an exception."""
        return None if self.error is None else ContainerError(*self.error)

    def add(self, other: PartFound) -> NDArray[np.uint16]:
        """Put the part behind this one to it; gives our number of each of its names."""
        for code, (count, lines) in other.faults.items():
            before, places = self.faults.get(code, (0, []))
            places = [*places, *(line + self.lines for line in lines)][:PLACES_KEPT]
            self.faults[code] = (before + count, places)
        self.missing = self.missing + other.missing
        self.het = self.het + other.het
        self.formats.update(other.formats)
        self.lines += other.lines
        self.records += other.records
        self.variants += other.variants
        self.error, self.gave_up = other.error, other.gave_up
        numbers = {name: number for number, name in enumerate(self.names)}
        ours = [number_of(name, self.names, numbers) for name in other.names]
        return np.array(ours or [0], np.uint16)


@dataclass
class _Running:
    """A process at work on a part."""

    process: SpawnProcess
    receiver: Connection
    done: int = 0
    variants: int = 0
    found: PartFound | None = None
    failure: str = ""
    system: OSError | None = None


@dataclass
class PartReaders:
    """The processes that read the parts behind the first; use in a `with`, which ends them."""

    parts: Sequence[Part]
    _running: list[_Running] = field(default_factory=list)

    def __enter__(self) -> PartReaders:
        import multiprocessing

        context = multiprocessing.get_context("spawn")
        for part in self.parts:
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_read_part, args=(sender, part), daemon=True)
            process.start()
            sender.close()
            self._running.append(_Running(process, receiver))
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._running:
            if each.process.is_alive() and each.found is None:
                each.process.kill()
            each.process.join(_SECONDS_TO_END)
            each.receiver.close()

    def listen(self, seconds: float = 0) -> tuple[int, int]:
        """Take in what has arrived; gives packed bytes and variants that the processes have read so far."""
        from multiprocessing.connection import wait

        open_ones = [each.receiver for each in self._running if each.found is None and not each.failure]
        ready = wait(open_ones, seconds) if open_ones else []
        for each in self._running:
            while each.receiver in ready and each.found is None and each.receiver.poll():
                self._take(each)
                if each.failure:
                    break
        return sum(each.done for each in self._running), sum(each.variants for each in self._running)

    @staticmethod
    def _take(running: _Running) -> None:
        try:
            word = running.receiver.recv()
        except (EOFError, OSError):
            running.process.join(_SECONDS_TO_END)
            running.failure = f"a reading process ended with exit code {running.process.exitcode}"
            return
        if isinstance(word, PartFound):
            running.found = word
        elif isinstance(word, OSError):
            running.failure, running.system = str(word), word
        elif isinstance(word, str):
            running.failure = word
        else:
            running.done, running.variants = word

    def results(self, tell: Callable[[int, int], None]) -> list[PartFound]:
        """Wait for all; OSError when one could not read or write, RuntimeError when it broke down."""
        while any(each.found is None for each in self._running):
            tell(*self.listen(0.25))
            for each in self._running:
                if each.failure:
                    raise each.system or RuntimeError(each.failure)
        return [each.found for each in self._running if each.found is not None]


def _read_part(sender: Connection, part: Part) -> None:
    """Body of a process."""
    from app.genotypes.process_end import end_with_parent

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        sender.send(read_part(part, sender.send))
    except OSError as error:
        sender.send(error)
    except Exception as error:  # noqa: BLE001 - told to the one who waits
        sender.send(f"{type(error).__name__}: {error}")
    sender.close()


def read_part(part: Part, tell: Callable[[tuple[int, int]], None]) -> PartFound:
    """Read one part into its folder; `tell` gets packed bytes and variants so far."""
    from app.genotypes.scan import ScanKeeper
    from app.genotypes.vcf_reader import VcfReader

    part.folder.mkdir()
    cohort = part.folder / "cohort" if part.cohort else None
    with (
        VcfReader(
            part.path, kernel=part.kernel, header=part.header, start=part.start, stop=part.stop
        ) as reader,
        ScanKeeper(reader, cohort, part.folder) as keeper,
    ):
        for batch in reader.batches():
            keeper.take(batch)
            tell((reader.text.packed_done, reader.variants))
        keeper.result()
        return keeper.found()


class Hashing:
    """SHA-256 of a file, computed in a thread beside the reading."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._digest = hashlib.sha256()
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="checksum", daemon=True)
        self._stop = threading.Event()
        self._thread.start()

    def _run(self) -> None:
        try:
            with open(self._path, "rb", buffering=0) as file:
                while (piece := file.read(_HASHED_AT_ONCE)) and not self._stop.is_set():
                    self._digest.update(piece)
        except OSError:
            self._failed = True

    def value(self) -> str | None:
        """The checksum; waits for it. None when the file could not be read."""
        self._thread.join()
        return None if self._failed else self._digest.hexdigest()

    def __enter__(self) -> Hashing:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def part_folder(stack: ExitStack, cohort: Path | None) -> Path:
    """A temporary folder for the parts, on the disk of the cohort where there is one."""
    parent = None
    if cohort is not None:
        cohort.parent.mkdir(parents=True, exist_ok=True)
        parent = os.fspath(cohort.parent)
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=PARTS_PREFIX, dir=parent)))
