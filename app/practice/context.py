"""What every part of the practice server shares."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from app.practice.faults import Faults
from app.practice.records import Records
from app.practice.settings import Mode, PracticeLimits, ServerText

if TYPE_CHECKING:
    from app.practice.panels import PanelShelf
    from app.practice.runner import Runner


class ShiftedClock:
    """The machine's clock and an offset, so that tests can let days go by."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def now_ms(self) -> int:
        """Milliseconds since the epoch, as this server sees it."""
        return int((time.time() + self.offset_s) * 1000)

    def advance(self, seconds: float = 0.0, *, days: float = 0.0) -> None:
        """Let time go by."""
        self.offset_s += seconds + days * 86_400


@dataclass(frozen=True)
class LoggedRequest:
    """A request as it came in; `status` 0 when it was cut off. `at` is seconds since the epoch."""

    method: str
    path: str
    query: str
    status: int
    at: float
    user_agent: str
    authorised: bool
    byte_range: str


class RequestLog:
    """The last requests, oldest first, so that tests can see how polite a client is."""

    def __init__(self, keep: int = 100_000) -> None:
        self._entries: deque[LoggedRequest] = deque(maxlen=keep)
        self._lock = threading.Lock()

    def add(self, entry: LoggedRequest) -> None:
        """Remember a request."""
        with self._lock:
            self._entries.append(entry)

    def all(self) -> list[LoggedRequest]:
        """All remembered requests."""
        with self._lock:
            return list(self._entries)

    def matching(self, method: str, start: str) -> list[LoggedRequest]:
        """The requests of a method whose path starts so."""
        return [each for each in self.all() if each.method == method and each.path.startswith(start)]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._entries.clear()


@dataclass
class Context:
    """One practice server; `base_url` and `object_url` are known once the sockets are bound."""

    home: Path
    mode: Mode
    limits: PracticeLimits
    text: ServerText
    records: Records
    panels: PanelShelf
    engine: str | None = None
    faults: Faults = field(default_factory=Faults)
    clock: ShiftedClock = field(default_factory=ShiftedClock)
    requests: RequestLog = field(default_factory=RequestLog)
    base_url: str = ""
    object_url: str = ""
    practice_key: str = ""
    runner: Runner | None = None

    def job_folder(self, job_id: str) -> Path:
        """Where the files of a job are."""
        return self.home / "jobs" / job_id

    @property
    def app_key(self) -> str:
        """The id of the application as this generation writes it in lists."""
        if self.mode is Mode.CG2:
            return self.text.app_id
        return f"{self.text.app_id}@{self.text.app_version}"
