"""Builds the store, the secrets, the families, the scheduler and the window, and joins them.

The only module that knows everyone. The command line and the tests build the same `Desk` without a window.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from pydantic import SecretStr

from app.domain.problem import ProblemError
from app.operations.desk import Desk, PracticeHost
from app.services.registry import Registry
from app.store.logs import Logging, start_logging
from app.store.secrets import Secrets, open_secrets
from app.store.store import Store

if TYPE_CHECKING:
    from app.scheduler.clock import Scheduler
    from app.ui.running import RunningWindow

DATABASE = "haplodesk.db"


def default_home() -> Path:
    """The data folder: `HAPLODESK_HOME`, else where the system keeps the data of programs."""
    named = os.environ.get("HAPLODESK_HOME")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("Haplodesk", appauthor=False)


class LateSecrets:
    """The keyring, opened when a secret is first needed: it may take seconds, and the window does not wait.

    Raises the Problem of `open_secrets` at each use until the keyring can be had.
    """

    def __init__(self) -> None:
        self._secrets: Secrets | None = None
        self._lock = Lock()

    def _opened(self) -> Secrets:
        with self._lock:
            if self._secrets is None:
                self._secrets = open_secrets(os.environ)
            return self._secrets

    def get(self, name: str) -> SecretStr | None:
        """The secret of that name."""
        return self._opened().get(name)

    def set(self, name: str, secret: SecretStr) -> None:
        """Keep a secret."""
        self._opened().set(name, secret)

    def delete(self, name: str) -> None:
        """Forget a secret."""
        self._opened().delete(name)


def open_desk(home: Path | None = None, *, practice: PracticeHost | None = None) -> Desk:
    """Open the data folder and everything in it; raises ProblemError when that cannot be."""
    home = (home or default_home()).absolute()
    home.mkdir(parents=True, exist_ok=True)
    store = Store.open(home / DATABASE, backups=home / "backups")
    return Desk(home, store, LateSecrets(), Registry(), practice=practice or LatePractice(home / "practice"))


class LatePractice:
    """The practice server, imported only when it is started."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._host: PracticeHost | None = None

    def _made(self) -> PracticeHost:
        if self._host is None:
            from app.practice.host import Host

            self._host = Host(self._home)
        return self._host

    @property
    def base_url(self) -> str | None:
        """Its address, None while it is stopped."""
        return self._host.base_url if self._host is not None else None

    async def start(self) -> tuple[str, SecretStr]:
        """Start it if need be; its address and a token."""
        return await self._made().start()

    async def stop(self) -> None:
        """Stop it."""
        if self._host is not None:
            await self._host.stop()

    async def make_data(self, folder: Path) -> tuple[Path, ...]:
        """Write the practice cohort."""
        return await self._made().make_data(folder)


def logging_to(home: Path) -> Logging:
    """Start the log files in the data folder."""
    return start_logging(home / "logs")


async def start_background(desk: Desk, scheduler: Scheduler) -> None:
    """What begins once the window stands: adopt what an earlier run left, then look after everything."""
    from app.operations.check_dataset import adopt_checks

    await adopt_checks(desk)
    await restart_practice(desk)
    await scheduler.start()


async def restart_practice(desk: Desk) -> None:
    """Start the practice server again when jobs wait for it."""
    from app.domain.job import OPEN_STATES
    from app.operations.practise import start_practice
    from app.store import jobs, services

    known = await desk.store.read(services.services)
    ours = [s.id for s in known if s.practice and s.enabled]
    if not ours:
        return
    waiting = await desk.store.read(lambda c: jobs.jobs(c, states=tuple(OPEN_STATES), service_id=ours[0]))
    if waiting:
        await start_practice(desk)


def run_window(home: Path | None = None) -> int:
    """Open the window and run until it is closed; the exit code."""
    from app.ui.running import display_problem

    missing = display_problem()
    if missing:
        print(missing, file=sys.stderr)  # noqa: T201 - there is no window to say it in
        return 3
    folder = (home or default_home()).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with logging_to(folder):
        try:
            window = build_window(open_desk(folder))
        except ProblemError as error:
            from app.ui.running import show_and_quit

            return show_and_quit(error.problem)
        try:
            return window.exec()
        finally:
            close_window(window)


def build_window(desk: Desk) -> RunningWindow:
    """The window over a desk, shown, with the scheduler about to start in the bridge's thread."""
    from app.ui.running import RunningWindow

    window = RunningWindow(desk)
    window.bridge.submit(_run_background(desk, window))
    return window


async def _run_background(desk: Desk, window: RunningWindow) -> None:
    from app.scheduler.clock import Scheduler

    scheduler = Scheduler(desk, deliver=window.deliver)
    window.scheduler = scheduler
    await start_background(desk, scheduler)


def close_window(window: RunningWindow) -> None:
    """Stop visits, cancel tasks, wait three seconds at most, close the store."""
    desk = window.desk
    desk.closing = True
    window.close_down()
    if desk.practice is not None:
        asyncio.run(desk.practice.stop())
    desk.store.close()
