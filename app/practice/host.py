"""The practice server as operations know it: started on demand, in a thread of this program."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pydantic import SecretStr

from app.genotypes.worker import run_in_process
from app.practice.cohort import make_practice_data
from app.practice.server import PracticeServer


class Host:
    """Keeps one practice server in a folder."""

    def __init__(self, home: Path, mode: str = "cg3-local", port: int = 0) -> None:
        self._home = home
        self._mode = mode
        self._port = port
        self._server: PracticeServer | None = None
        self._lock = asyncio.Lock()

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
        async with self._lock:
            if self._server is None:
                server = PracticeServer(self._home, mode=self._mode, port=self._port)
                await asyncio.to_thread(server.start)
                self._server = server
        token = await asyncio.to_thread(self._server.token)
        return self._server.base_url, SecretStr(token)

    async def stop(self) -> None:
        """Stop it; its jobs are kept in its folder."""
        async with self._lock:
            if self._server is not None:
                server, self._server = self._server, None
                await asyncio.to_thread(server.stop)

    async def make_data(self, folder: Path) -> tuple[Path, ...]:
        """Write the practice cohort and return its files."""
        data = await run_in_process(_make, folder)
        return tuple(data)


def _make(folder: Path, report: object) -> list[Path]:
    return list(make_practice_data(folder).files)
