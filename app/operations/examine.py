"""Doctor: every component with its state and the milliseconds it took."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from pydantic import SecretStr

from app.domain.model import Model
from app.domain.problem import ProblemError
from app.domain.progress import Progress, Report
from app.operations.desk import Desk
from app.store import services


class Examination(Model):
    """One component: `state` is ok, missing or failed; `detail` a sentence."""

    component: str
    state: str
    ms: float
    detail: str = ""


async def examine(desk: Desk) -> tuple[Examination, ...]:
    """Look at the database, the keyring, the disk, the kernels, the engines and the services."""
    parts: tuple[tuple[str, Callable[[], Awaitable[str]]], ...] = (
        ("database", lambda: _database(desk)),
        ("keyring", lambda: _keyring(desk)),
        ("disk", lambda: asyncio.to_thread(_disk, desk.home)),
        ("decryption kernel", lambda: asyncio.to_thread(_kernel)),
        ("resources", lambda: asyncio.to_thread(_resources)),
        ("genotype process", _process),
        ("imputation engines", lambda: asyncio.to_thread(_engines)),
        ("services", lambda: _services(desk)),
    )
    return tuple([await _timed(name, look) for name, look in parts])


async def _timed(name: str, look: Callable[[], Awaitable[str]]) -> Examination:
    began = time.perf_counter()
    try:
        detail, state = await look(), "ok"
    except ProblemError as error:
        detail, state = error.problem.sentence(), "failed"
    except Exception as error:  # noqa: BLE001 - the doctor reports every fault instead of dying of it
        detail, state = f"{type(error).__name__}: {error}", "failed"
    return Examination(component=name, state=state, ms=(time.perf_counter() - began) * 1000, detail=detail)


async def _database(desk: Desk) -> str:
    count = len(await desk.store.read(services.services))
    return f"{count} services, data folder {desk.home}."


async def _keyring(desk: Desk) -> str:
    name = "doctor:probe"
    await desk.keep_secret(name, SecretStr("probe"))
    back = await desk.secret(name)
    await desk.forget_secret(name)
    if back is None or back.get_secret_value() != "probe":
        raise RuntimeError("a secret did not come back")
    return "A secret was kept, read and removed."


def _disk(home: Path) -> str:
    return f"{shutil.disk_usage(home).free / 1e9:,.1f} GB free in {home}."


def _kernel() -> str:
    from app.results import zipcrypto

    return "Compiled." if zipcrypto.has_kernel() else "Not compiled: old archives are opened slowly."


def _resources() -> str:
    from app.services import catalogue

    return f"{len(catalogue.presets())} services in the catalogue."


async def _process() -> str:
    from app.genotypes.worker import run_in_process

    return f"A process of its own answered {await run_in_process(_answer)}."


def _answer(report: Report) -> str:
    report(Progress(done=1, total=1))
    return "and reported"


def _engines() -> str:
    from app.imputation.engines import engines

    return ", ".join(f"{e.name} {e.version}".strip() for e in engines() if e.present) + "."


async def _services(desk: Desk) -> str:
    known = await desk.store.read(services.services)
    return ", ".join(f"{s.name}: {s.state}" for s in known) or "No services yet."
