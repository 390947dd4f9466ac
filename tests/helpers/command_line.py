"""A command line over a server in memory, and what it answered."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from app.cli.main import run
from app.operations.desk import Desk
from app.services.registry import Registry
from app.store.secrets import MemorySecrets
from app.store.store import Store
from tests.helpers.fake_family import FakeFamily, FakeRegistry


@dataclass
class Served:
    """A practice server that is none."""

    stopped: bool = False
    base_url: str = "http://127.0.0.1:1"
    practice_key: str = "key"

    def token(self) -> str:
        """A token."""
        return "practice-token"

    def stop(self) -> None:
        """Remember it."""
        self.stopped = True


@dataclass
class FakeProgram:
    """The parts around the command line; the data folder and the secrets outlive a command."""

    folder: Path
    family: FakeFamily = field(default_factory=FakeFamily)
    secrets: MemorySecrets = field(default_factory=MemorySecrets)
    served: Served = field(default_factory=Served)
    windows: list[Path | None] = field(default_factory=list)
    fault: BaseException | None = None

    def home(self, named: Path | None) -> Path:
        """The folder named, or the test's own."""
        return named or self.folder

    def database(self, home: Path) -> Path:
        """The database in it."""
        return home / "haplodesk.db"

    def open_desk(self, home: Path) -> Desk:
        """A desk whose services are all the one in memory."""
        if self.fault is not None:
            raise self.fault
        home.mkdir(parents=True, exist_ok=True)
        registry = cast(Registry, FakeRegistry(self.family))
        return Desk(home, Store.open(self.database(home)), self.secrets, registry)

    def close_desk(self, desk: Desk) -> None:
        """Close it."""
        desk.store.close()

    def run_window(self, home: Path | None) -> int:
        """Remember it."""
        self.windows.append(home)
        return 0

    def look_at_window(self) -> str:
        """It is there."""
        return "Qt."

    def start_practice(self, home: Path, port: int, mode: str) -> Served:
        """The server that is none."""
        if port == 1:
            raise OSError(13, "Permission denied")
        return self.served

    def make_practice_data(self, folder: Path, samples: int, sites: int, seed: int) -> tuple[Path, ...]:
        """One small file."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cohort.vcf.gz").write_bytes(b"x")
        return (folder / "cohort.vcf.gz",)


@dataclass(frozen=True)
class Answer:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """Its one JSON object."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def problem(self) -> dict[str, Any]:
        """The problem in it."""
        found: dict[str, Any] = self.data["problem"]
        return found


Cli = Callable[..., Answer]


def command_line(
    program: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Answer]:
    """Runs commands in this process: `cli("jobs", "list", "--json", stdin="…")`."""

    def cli(*words: str | Path, stdin: str = "") -> Answer:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = run([str(word) for word in words], program)
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return cli
