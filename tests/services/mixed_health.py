"""Twenty servers on loopback, well and ill, to look at all at once."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.service import HealthState
from tests.unit.transport.scripted import Call, Script, scripted

GOOD = json.dumps({"name": "Good", "version": "3.1.3", "maintenace": False, "apps": [], "oauth": []})


@dataclass
class Sick:
    """A server and what a look should find."""

    name: str
    url: str
    state: HealthState


def _good(call: Call) -> None:
    call.send(200, GOOD)


def _maintenance(call: Call) -> None:
    call.send(503, json.dumps({"success": False, "message": "The server is under maintenance"}))


def _fails(call: Call) -> None:
    call.send(500, "<html>oops</html>", "text/html")


def _foreign(call: Call) -> None:
    call.send(200, "<html>" + "hotel " * 50_000, "text/html")


def _cut(call: Call) -> None:
    call.reset()


@contextlib.contextmanager
def twenty(hang: threading.Event) -> Iterator[list[Sick]]:
    """Ten good ones, and of each illness some; the ones that hang answer nothing until `hang` is set."""

    def hangs(call: Call) -> None:
        hang.wait(60)
        call.send(200, GOOD)

    up, down = HealthState.UP, HealthState.DOWN
    plan: list[tuple[str, Script, HealthState]] = [
        *((f"good {n}", _good, up) for n in range(10)),
        *((f"hangs {n}", hangs, down) for n in range(2)),
        ("maintenance", _maintenance, HealthState.MAINTENANCE),
        *((f"fails {n}", _fails, down) for n in range(2)),
        *((f"foreign {n}", _foreign, down) for n in range(2)),
        *((f"cut {n}", _cut, down) for n in range(2)),
    ]
    with contextlib.ExitStack() as stack:
        found = []
        for name, script, state in plan:
            server = stack.enter_context(scripted(script))
            found.append(Sick(name, server.url, state))
        found.append(Sick("nobody", _closed_port(), down))
        try:
            yield found
        finally:
            hang.set()


def _closed_port() -> str:
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{sock.getsockname()[1]}"
