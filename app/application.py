"""Builds the store, the secrets, the families, the scheduler and the window, and joins them.

The only module that knows everyone. The command line and the tests build the same `Desk` without a window.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from pydantic import SecretStr

from app.domain.data_folder import DATABASE as DATABASE
from app.domain.data_folder import default_home as default_home
from app.domain.problem import Kind, ProblemError, problem
from app.operations.desk import Desk, PracticeHost
from app.operations.exclusive import exclusive_file
from app.services.registry import Registry
from app.store.logs import Logging, start_logging
from app.store.secrets import Secrets, open_secrets
from app.store.store import Store

if TYPE_CHECKING:
    from app.scheduler.clock import Scheduler
    from app.ui.running import RunningWindow

READY_AFTER_S = 2.0
log = logging.getLogger(__name__)


def usable_folder(home: Path) -> Path:
    """The data folder, made if need be; raises ProblemError (disk) when it cannot be made or written in."""
    verb = "used" if home.exists() else "made"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds names of people and files
        if not os.access(home, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        why = "it is a file" if home.is_file() else error.strerror or type(error).__name__
        raise problem(
            Kind.DISK,
            f"The data folder cannot be {verb}",
            f"{home}: {why}.",
            "Name another one by --home or HAPLODESK_HOME, on a disk where you may write.",
            subject=str(home),
        ) from error
    return home


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
    home = usable_folder((home or default_home()).absolute())
    from app.operations.keyring_vault import KeyringVault
    from app.operations.local_host import ThisComputer
    from app.operations.store_notes import StoreNotes
    from app.operations.web_pages import WebPages

    secrets = LateSecrets()
    store = Store.open(home / DATABASE, backups=home / "backups")
    registry = Registry(
        local=ThisComputer(home, store),
        pages=WebPages(home, store),
        workflows=home / "workflows",
        descriptions=home / "services",
        vault=KeyringVault(secrets),
        notes=StoreNotes(store),
    )
    return Desk(home, store, secrets, registry, practice=practice or LatePractice(home / "practice"))


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

    def panel_sites(self, panel_id: str) -> tuple[Path, ...]:
        """The site lists of a panel."""
        return self._made().panel_sites(panel_id)


def logging_to(home: Path) -> Logging:
    """Start the log files in the data folder."""
    return start_logging(home / "logs")


async def start_background(desk: Desk, scheduler: Scheduler) -> None:
    """What begins once the window stands: look after everything, and adopt what an earlier run left.

    Whatever fails in the adopting is told and stops nothing else.
    """
    from app.operations.chains import tidy_chains
    from app.operations.check_dataset import adopt_checks
    from app.operations.cohort_folder import tidy_cohorts
    from app.operations.earlier_results import remember_results
    from app.operations.local_panels import tidy_local_panels
    from app.operations.local_tidy import tidy_local_jobs
    from app.operations.masked_benchmark import tidy_benchmarks
    from app.operations.panel_sites import tidy_panel_sites
    from app.operations.practise import start_practice
    from app.operations.repair_stage import tidy_repairs
    from app.operations.tidy_locks import tidy_locks
    from app.operations.tidy_made import tidy_made_files
    from app.operations.tidy_pages import tidy_pages

    practice = await practice_with_jobs(desk)
    scheduler.hold(practice)
    await scheduler.start()
    if practice:
        await _attempt(desk, "The practice server did not start", start_practice)
        scheduler.release()
    await _attempt(desk, "Results could not be put under the rules of their data", remember_results)
    await _attempt(desk, "Checks that were cut short could not be put back", adopt_checks)
    await _attempt(desk, "Old lock files could not be removed", tidy_locks)
    await _attempt(desk, "Half-written site lists could not be removed", tidy_panel_sites)
    await _attempt(desk, "Half-written chain files could not be removed", tidy_chains)
    await _attempt(desk, "Half-taken panels could not be removed", tidy_local_panels)
    await _attempt(desk, "Old copies of local results could not be removed", tidy_local_jobs)
    await _attempt(desk, "Half-written repairs could not be removed", tidy_repairs)
    await _attempt(desk, "Half-prepared files for web pages could not be removed", tidy_pages)
    await _attempt(desk, "What is known of made files could not be shortened", tidy_made_files)
    await _attempt(desk, "What a benchmark hid that was never made could not be removed", tidy_benchmarks)
    await _attempt(desk, "Packed genotypes of datasets that are gone could not be removed", tidy_cohorts)


async def _attempt(desk: Desk, failed: str, work: Callable[[Desk], Awaitable[object]]) -> None:
    """Run a part of the start; a failure goes into the log, and to the user as a notice."""
    from app.domain.notice import NoticeKind
    from app.operations.tell import tell

    try:
        await work(desk)
    except ProblemError as error:
        log.warning("%s: %s", failed, error.problem.sentence())
        why = f"{error.problem.what_happened} {error.problem.what_you_can_do}"
    except Exception as error:
        log.exception("%s", failed)
        why = f"{type(error).__name__} in the program itself."
    else:
        return
    key = f"start:{failed}:{desk.clock.now().isoformat()}"
    await tell(desk, NoticeKind.SERVICE_DOWN, failed, why, key=key)


async def practice_with_jobs(desk: Desk) -> tuple[str, ...]:
    """The practice service, if it is on and jobs wait for it: then its server is started again."""
    from app.domain.job import OPEN_STATES
    from app.store import jobs, services

    known = await desk.store.read(services.services)
    ours = [s.id for s in known if s.practice and s.enabled]
    waiting = await desk.store.read(lambda c: jobs.jobs(c, states=tuple(OPEN_STATES)))
    return tuple(each for each in ours if any(job.service_id == each for job in waiting))


def run_window(home: Path | None = None) -> int:
    """Open the window and run until it is closed; the exit code. One window a data folder: a second start
    brings the first one to the front.
    """
    from app.ui.running import display_problem

    missing = display_problem()
    if missing:
        print(missing, file=sys.stderr)  # noqa: T201 - there is no window to say it in
        return 3
    folder = (home or default_home()).absolute()
    try:
        usable_folder(folder)
        with exclusive_file(folder / "locks" / "window.lock") as mine:
            return _run_alone(folder) if mine else _raise_other(folder)
    except ProblemError as error:
        from app.ui.running import show_and_quit

        return show_and_quit(error.problem)


def _run_alone(folder: Path) -> int:
    with logging_to(folder):
        window = build_window(open_desk(folder))
        window.answer_others(folder)
        try:
            return window.exec()
        finally:
            close_window(window)


def _raise_other(folder: Path) -> int:
    from app.ui.running import OPEN_ALREADY, qt_application, show_and_quit

    qt_application()
    with contextlib.suppress(ImportError):  # Qt's network part needs libraries that a small system may lack
        from app.ui.one_window import ring

        if ring(folder):
            return 0
    return show_and_quit(OPEN_ALREADY)


def build_window(desk: Desk) -> RunningWindow:
    """The window over a desk, shown, with the scheduler about to start in the bridge's thread."""
    from app.ui.running import RunningWindow

    window = RunningWindow(desk)
    window.bridge.submit(_run_background(desk, window))
    return window


async def _run_background(desk: Desk, window: RunningWindow) -> None:
    from app.operations.check_dataset import keep_check_ready
    from app.scheduler.clock import Scheduler

    scheduler = Scheduler(desk, deliver=window.deliver)
    window.scheduler = scheduler
    await start_background(desk, scheduler)
    await asyncio.sleep(READY_AFTER_S)  # the window is for the person first
    await keep_check_ready(desk)


def close_window(window: RunningWindow) -> None:
    """Stop visits, cancel tasks, wait three seconds at most, close the store."""
    from app.genotypes.worker import keep_no_process

    desk = window.desk
    desk.closing = True
    window.close_down()
    keep_no_process()
    if desk.practice is not None:
        asyncio.run(desk.practice.stop())
    desk.store.close()
