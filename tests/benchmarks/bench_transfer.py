"""Uploads and downloads of the program against curl, on loopback, in the same run.

    python -m tests.benchmarks.bench_transfer --size 1024 --rounds 3 [--httpx] [--upload-only] [--check]

Prints MB/s (2^20 bytes), the ratio to curl, how late the event loop of our transfers was, and the largest
memory of this process. `--httpx` measures the
way that was not chosen, too. `--check` ends with 1 when a ratio is below 0.8 or memory above 300 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.domain.dataset import DataFile
from app.domain.progress import silent
from app.transport.client import open_client
from app.transport.download import incoming
from app.transport.multipart import FilePart, Multipart
from app.transport.upload import Upload, upload
from app.transport.wire import PIECE

MB = 1024 * 1024
LEAST_RATIO = 0.8
MOST_MEMORY_MB = 300

SINK = """
import os, socket, sys, threading
source = os.open(sys.argv[1], os.O_RDONLY)
size = os.fstat(source).st_size
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)

def serve(sock):
    data = b""
    while b"\\r\\n\\r\\n" not in data:
        data += sock.recv(65536)
    head, _, rest = data.partition(b"\\r\\n\\r\\n")
    low = head.lower()
    end = b"Connection: close\\r\\n\\r\\n"
    if low.startswith(b"get"):
        sock.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n" % size + end)
        at = 0
        while at < size:
            at += os.sendfile(sock.fileno(), source, at, 1 << 24)
    else:
        if b"100-continue" in low:
            sock.sendall(b"HTTP/1.1 100 Continue\\r\\n\\r\\n")
        left = int(low.split(b"content-length: ")[1].split(b"\\r\\n")[0]) - len(rest)
        buffer = bytearray(1 << 20)
        while left > 0:
            left -= sock.recv_into(buffer) or left
        sock.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n" + end + b"ok")
    sock.close()

while True:
    threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()
"""


@contextmanager
def sink(path: Path) -> Iterator[str]:
    """A server that swallows what it gets and gives out the file; ends with the block."""
    command = [sys.executable, "-c", SINK, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/x"
        finally:
            process.kill()


def body_of(path: Path) -> Multipart:
    """A form with the file."""
    seen = path.stat()
    file = DataFile(path=str(path), name=path.name, size=seen.st_size, modified=seen.st_mtime_ns)
    return Multipart([("job-name", "benchmark")], [FilePart("files", file)])


async def send(url: str, path: Path) -> None:
    """Our upload."""

    async def seal() -> None:
        """Nothing to write."""

    reply = await upload(Upload(url, body_of(path)), silent, seal)
    assert reply.status == 200


async def send_by_httpx(url: str, path: Path) -> None:
    """The same body through httpx's asynchronous client; the file is read in a thread."""
    body = body_of(path)

    async def pieces() -> AsyncIterator[bytes]:
        found = body.pieces(bytearray(PIECE))
        while (piece := await asyncio.to_thread(next, found, None)) is not None:
            yield bytes(piece)
        yield body.tail

    headers = {"Content-Type": body.content_type, "Content-Length": str(body.content_length)}
    async with open_client(url) as client:
        assert (await client.post(url, content=pieces(), headers=headers)).status_code == 200


async def receive(url: str, path: Path) -> None:
    """Our download, written to disk by a thread as the program does."""
    with path.open("wb", buffering=0) as out:
        async with incoming(url, {}) as found:
            async for piece in found.chunks():
                await asyncio.to_thread(out.write, piece)


async def receive_by_httpx(url: str, path: Path) -> None:
    """The same through httpx."""
    with path.open("wb", buffering=0) as out:
        async with open_client(url) as client, client.stream("GET", url) as response:
            async for piece in response.aiter_raw(PIECE):
                await asyncio.to_thread(out.write, piece)


LATE_MS: list[float] = []
"""How much later than asked a timer of the event loop came, during our transfers."""


async def watched(transfer: Coroutine[Any, Any, None]) -> None:
    """Run a transfer beside a timer of 5 ms."""

    async def tick() -> None:
        while True:
            started = time.perf_counter()
            await asyncio.sleep(0.005)
            LATE_MS.append((time.perf_counter() - started) * 1000 - 5)

    ticking = asyncio.create_task(tick())
    try:
        await transfer
    finally:
        ticking.cancel()


def curl(*arguments: str) -> None:
    """Run curl quietly."""
    subprocess.run(["curl", "-sS", "--noproxy", "*", *arguments], check=True, stdout=subprocess.DEVNULL)


Ways = dict[str, Callable[[], object]]


def uploads(url: str, path: Path, *, httpx: bool) -> Ways:
    """The ways of sending; curl first."""
    ways: Ways = {
        "curl": lambda: curl("-F", "job-name=benchmark", "-F", f"files=@{path}", url),
        "haplodesk": lambda: asyncio.run(watched(send(url, path))),
    }
    return ways | ({"httpx": lambda: asyncio.run(send_by_httpx(url, path))} if httpx else {})


def downloads(url: str, target: Path, *, httpx: bool) -> Ways:
    """The ways of fetching; curl first."""
    ways: Ways = {
        "curl": lambda: curl("-o", str(target), url),
        "haplodesk": lambda: asyncio.run(watched(receive(url, target))),
    }
    return ways | ({"httpx": lambda: asyncio.run(receive_by_httpx(url, target))} if httpx else {})


def measure(what: str, ways: Ways, size: int, rounds: int) -> float:
    """Run the ways in turn, print medians; gives the ratio of ours to curl."""
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            speeds[name].append(size / MB / (time.perf_counter() - started))
    medians = {name: statistics.median(found) for name, found in speeds.items()}
    for name, speed in medians.items():
        print(f"{what:<10}{name:<12}{speed:>8.0f} MB/s{speed / medians['curl']:>8.2f} of curl")
    return medians["haplodesk"] / medians["curl"]


def memory_mb() -> float:
    """The largest memory of this process so far; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0.0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="transfers against curl, on loopback")
    parser.add_argument("--size", type=int, default=1024, help="MB to move (the file is sparse)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--httpx", action="store_true", help="measure httpx, too")
    parser.add_argument("--upload-only", action="store_true")
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


def main() -> int:
    """Run all; 1 when `--check` is not met."""
    told = arguments()
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder) / "chr20.vcf.gz", Path(folder) / "fetched"
        path.touch()
        os.truncate(path, told.size * MB)
        with sink(path) as url:
            ratios = [measure("upload", uploads(url, path, httpx=told.httpx), told.size * MB, told.rounds)]
            if not told.upload_only:
                ways = downloads(url, target, httpx=told.httpx)
                ratios.append(measure("download", ways, told.size * MB, told.rounds))
    late = sorted(LATE_MS)
    print(
        f"{'event loop late':<22}{late[int(len(late) * 0.99)]:>8.1f} ms (99 %), {late[-1]:.1f} ms at the most"
    )
    print(f"{'memory':<22}{memory_mb():>8.0f} MB at the most")
    met = min(ratios) >= LEAST_RATIO and memory_mb() <= MOST_MEMORY_MB
    return 0 if met or not told.check else 1


if __name__ == "__main__":
    sys.exit(main())
