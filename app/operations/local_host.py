"""This computer as a host of jobs: which engines it has, and the process that works on the queue."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

from app.domain.problem import ProblemError
from app.domain.processors import usable_processors
from app.domain.settings import LocalImputation
from app.imputation.contract import Tools
from app.operations.exclusive import exclusive_file
from app.services.local.host import FoundEngine
from app.store import settings
from app.store.store import Store

log = logging.getLogger(__name__)

RUN = "run-local-jobs"
LOCK, LOG = "runner.lock", "runner.log"
_TITLES = {"builtin": "Built-in", "minimac4": "Minimac4", "beagle": "Beagle"}
_LOG_BYTES = 1 << 20
_LONGEST_REST_S = 300.0
_FEW_PROCESSORS = 2


class ThisComputer:
    """Given to the family `local`. The runner is a process of its own: it lives on when the program ends."""

    def __init__(self, home: Path, store: Store) -> None:
        self._home = home
        self._store = store
        self._children: list[subprocess.Popen[bytes]] = []
        self._failures = 0
        self._rests_until = 0.0

    @property
    def folder(self) -> Path:
        """Where panels and jobs are."""
        return self._home / "local"

    async def engines(self) -> tuple[FoundEngine, ...]:
        """The engines that are there, with the paths that the settings name."""
        from app.imputation.engines import engines

        wanted = (await self._store.read(settings.load_settings)).local
        found = await asyncio.to_thread(engines, tools_of(wanted))
        return tuple(
            FoundEngine(name=each.name, title=_TITLES[each.name], version=each.version)
            for each in found
            if each.present
        )

    def wake(self) -> None:
        """Start a runner unless one is at work; after one that failed only when a growing pause is over."""
        ended = [child for child in self._children if child.poll() is not None]
        self._children = [child for child in self._children if child not in ended]
        if any(child.returncode for child in ended):
            self._failures += 1
            self._rests_until = time.monotonic() + min(2.0**self._failures, _LONGEST_REST_S)
        elif ended:
            self._failures = 0
        if time.monotonic() < self._rests_until:
            return
        try:
            with exclusive_file(self.folder / LOCK) as free:
                pass
            if free and not self._children:
                self._children.append(self._start())
        except (OSError, ProblemError) as error:
            log.warning("The runner of local jobs could not be started: %s", error)

    def _start(self) -> subprocess.Popen[bytes]:
        path = self.folder / LOG
        fresh = not path.exists() or path.stat().st_size > _LOG_BYTES
        with path.open("wb" if fresh else "ab") as output:
            return subprocess.Popen(
                [*program_command(), "--home", str(self._home), "--quiet", RUN],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._home,
                env=_environment(),
                start_new_session=True,
                creationflags=_DETACHED,
            )


_DETACHED = 0x00000208 if sys.platform == "win32" else 0  # a group of its own, no window


def program_command() -> list[str]:
    """How this program is started anew, from a checkout, an installed wheel or frozen."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "app"]


def _environment() -> dict[str, str]:
    """That of this process; a checkout that is not installed must be found from another folder."""
    import app

    root = str(Path(app.__file__).resolve().parents[1])
    paths = [root, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def tools_of(wanted: LocalImputation) -> Tools:
    """The programs that the settings name."""
    return Tools(minimac4=wanted.minimac4, java=wanted.java, beagle_jar=wanted.beagle_jar)


def memory_of(wanted: LocalImputation) -> int:
    """Megabytes that imputation may take: as set, else half of the computer's memory."""
    return wanted.memory_mb or max(512, total_memory_mb() // 2)


def threads_of(wanted: LocalImputation) -> int:
    """Processors that imputation may use: as set, else all but one for the window where there are several."""
    processors = usable_processors()
    return wanted.threads or (processors - 1 if processors > _FEW_PROCESSORS else processors)


def total_memory_mb() -> int:
    """The memory of this computer; 4 GB where the system does not tell."""
    if sys.platform == "win32":
        return _windows_memory_mb()
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    except (OSError, ValueError):
        return 4096


def _windows_memory_mb() -> int:
    import ctypes

    kilobytes = ctypes.c_ulonglong(0)
    told = ctypes.WinDLL("kernel32").GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))  # type: ignore[attr-defined,unused-ignore]
    return kilobytes.value >> 10 if told else 4096
