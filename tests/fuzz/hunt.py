"""The hunt: batches of inputs in child processes, so that crashes in C and full memory are seen too."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import resource
import signal
import struct
import time
import traceback
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.mutations import mutate
from tests.fuzz.readers import READERS, run_on, seeds
from tests.helpers.small_study import Files

CRASHES = Path(__file__).resolve().parents[1] / "data" / "crashes"
HANG_SECONDS = 5
MEMORY = 3 << 30
_BATCH = 300


class HangError(Exception):
    """Raised by the alarm inside a reader that takes too long."""


@dataclass
class Hunt:
    """What a hunt did; `found` are names of kept inputs by what they did."""

    reader: str
    inputs: int = 0
    seconds: float = 0.0
    found: dict[str, str] = field(default_factory=dict)


def input_of(reader: str, number: int) -> Files:
    """The files of an input by its number, always the same."""
    draw = Random(f"{reader} {number}")
    files = dict(draw.choice(seeds(draw.choice(READERS[reader].formats))))
    for name in draw.sample(sorted(files), 1 if draw.random() < 0.8 else len(files)):
        files[name] = mutate(files[name], draw)
    if len(files) > 1 and draw.random() < 0.03:
        del files[draw.choice(list(files)[1:])]
    return files


def hunt(reader: str, seconds: float, first: int, tell: Callable[[str], None]) -> Hunt:
    """Read inputs from number `first` on for some time; crashes are made small and kept."""
    result = Hunt(reader)
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        for number, reason in _batch(result, first + result.inputs, start + seconds):
            if _kind(reason) not in map(_kind, result.found) and len(result.found) < 50:
                tell(f"{reader} {number}: {reason}")
                result.found[reason] = _keep(reader, input_of(reader, number), reason)
    result.seconds = round(time.monotonic() - start, 1)
    return result


def _batch(result: Hunt, first: int, ends: float) -> Iterator[tuple[int, str]]:
    """Numbers of inputs that failed and why; a child that dies is started again behind the fatal input."""
    reader, at, stop = result.reader, first, first + _BATCH
    with mmap.mmap(-1, 8) as shared:
        while at < stop and time.monotonic() < ends:
            place, sink = os.pipe()
            child = os.fork()
            if not child:
                os.close(place)
                try:
                    _child(reader, range(at, stop), ends, shared, sink)
                finally:
                    os._exit(70)
            os.close(sink)
            with os.fdopen(place) as pipe:
                for line in pipe:
                    number, reason = json.loads(line)
                    yield number, reason
            _, status = os.waitpid(child, 0)
            last = struct.unpack("<q", shared[:8])[0]
            result.inputs += last - at + 1
            if not status:
                return
            yield last, f"the process died (status {status})"
            at = last + 1


def _child(reader: str, numbers: range, ends: float, shared: mmap.mmap, sink: int) -> None:
    """Never returns."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for number in numbers:
        shared[:8] = struct.pack("<q", number)
        reason = reason_of(reader, input_of(reader, number))
        if reason:
            os.write(sink, (json.dumps([number, reason]) + "\n").encode())
        if time.monotonic() > ends:
            break
    os._exit(0)


def reason_of(reader: str, files: Files) -> str:
    """Why an input is a crash: the error and where it was raised; empty when it is none."""
    try:
        with _watch(), warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # of NumPy: an overflow, a mean of nothing
            run_on(reader, files)
    except BaseException as error:  # noqa: BLE001 a fuzzer wants every one
        frames = traceback.extract_tb(error.__traceback__)
        inside = [frame for frame in frames if "/app/" in frame.filename.replace("\\", "/")]
        last = (inside or frames)[-1]
        return f"{type(error).__name__} in {Path(last.filename).name}:{last.name}: {str(error)[:80]}"
    return ""


@contextlib.contextmanager
def _watch() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise HangError(f"more than {HANG_SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANG_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _keep(reader: str, files: Files, reason: str) -> str:
    small = files if "died" in reason or "Hang" in reason else _smaller(reader, files, _kind(reason))
    name = f"{reader}-{zlib.crc32(reason.encode()):08x}"
    folder = CRASHES / name
    folder.mkdir(parents=True, exist_ok=True)
    for each, data in small.items():
        (folder / each).write_bytes(data)
    (folder / "why.json").write_text(
        json.dumps({"reader": reader, "reason": reason, "files": list(small)}, indent=1)
    )
    return name


def _kind(reason: str) -> str:
    return reason.split(": ")[0]


def _smaller(reader: str, files: Files, kind: str, seconds: float = 10) -> Files:
    """Fewer bytes that fail in the same place: pieces are left out, larger ones first."""
    ends = time.monotonic() + seconds
    for name in files:
        size = max(1, len(files[name]) // 2)
        while size and time.monotonic() < ends:
            at = 0
            while at < len(files[name]) and time.monotonic() < ends:
                data = files[name]
                attempt = {**files, name: data[:at] + data[at + size :]}
                if _kind(reason_of(reader, attempt)) == kind:
                    files = attempt
                else:
                    at += size
            size //= 2
    return files
