"""The practice server as operations know it: started on demand, in a thread of this program."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Lock

from pydantic import SecretStr

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.worker import run_in_process
from app.practice.cohort import make_practice_data
from app.practice.panels import PanelShelf
from app.practice.server import PracticeServer


class Host:
    """Keeps one practice server in a folder."""

    def __init__(self, home: Path, mode: str = "cg3-local", port: int = 0) -> None:
        self._home = home
        self._mode = mode
        self._port = port
        self._server: PracticeServer | None = None
        self._lock = Lock()

    @property
    def base_url(self) -> str | None:
        """Its address, None while it is stopped."""
        return self._server.base_url if self._server is not None else None

    @property
    def server(self) -> PracticeServer | None:
        """The server itself, for tests and the demonstration."""
        return self._server

    async def start(self) -> tuple[str, SecretStr]:
        """Start it if need be; its address and a token."""
        server = await asyncio.to_thread(self._started)
        token = await asyncio.to_thread(server.token)
        return server.base_url, SecretStr(token)

    def _started(self) -> PracticeServer:
        """In a thread, which keeps the server even when nobody waits for it any more: `stop` must find it."""
        with self._lock:
            if self._server is None:
                self._server = self._start()
            return self._server

    def _start(self) -> PracticeServer:
        try:
            server = PracticeServer(self._home, mode=self._mode, port=self._port)
        except OSError as error:
            raise _not_started(error) from error
        try:
            server.start()
            server.restart_lost_jobs()  # it ended with the program: nobody could do anything about it
            return server
        except (OSError, RuntimeError) as error:
            server.stop()  # it holds its folder from the moment it is made
            raise _not_started(error) from error

    async def stop(self) -> None:
        """Stop it; its jobs are kept in its folder."""
        await asyncio.to_thread(self._stopped)

    def _stopped(self) -> None:
        with self._lock:
            server, self._server = self._server, None
            if server is not None:
                server.stop()

    async def make_data(self, folder: Path) -> tuple[Path, ...]:
        """Write the practice cohort and return its files."""
        data = await run_in_process(_make, folder)
        return tuple(data)

    def panel_sites(self, panel_id: str) -> tuple[Path, ...]:
        """The site lists of a panel on the shelf, one a chromosome; none for another panel."""
        found = PanelShelf(self._home / "panels").find(panel_id)
        return tuple(Path(each.sites) for each in found.chromosomes.values()) if found is not None else ()


def _make(folder: Path, report: object) -> list[Path]:
    return list(make_practice_data(folder).files)


def _not_started(error: OSError | RuntimeError) -> ProblemError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return problem(
        Kind.DISK,
        "The practice server did not start",
        f"{why}.",
        "Close the other practice server or program on this data folder, then start it again.",
        details=f"{type(error).__name__} {getattr(error, 'errno', '') or ''}".strip(),
    )
