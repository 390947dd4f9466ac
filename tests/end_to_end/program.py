"""The whole program without a window, and practice servers for it to talk to.

Waiting is by condition, with generous limits: a busy machine may be slow, but nothing here sleeps and hopes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr

from app.application import open_desk, start_background
from app.domain.changes import Noun
from app.domain.job import Job, JobState
from app.domain.notice import Notice
from app.domain.panel import Panel
from app.domain.result import Result, ResultState
from app.domain.service import Limits
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.check_dataset import check_dataset
from app.operations.deliver_notices import NoticeDelivery
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.sync_panels import sync_panels
from app.practice.server import PracticeServer
from app.scheduler.clock import Scheduler
from app.store import results, services
from app.store.secrets import Secrets

T = TypeVar("T")
LIMIT_S = 240.0
MIN_POLL_S = 1.0


@dataclass
class Program:
    """A desk, and a scheduler that looks after it as in the real program."""

    desk: Desk
    scheduler: Scheduler
    told: list[Notice] = field(default_factory=list)

    async def start(self) -> None:
        """What the program does once its window stands: adopt what was left, then look after everything."""
        await start_background(self.desk, self.scheduler)

    async def add(self, server: PracticeServer) -> str:
        """Add a server with its token and read its panels; the id of the service."""
        return await self.add_address(server.base_url, server.token())

    async def add_address(self, url: str, token: str) -> str:
        """As `add`, for a server in another process. It is added as any service of a stranger is."""
        added = await add_service(self.desk, "Cohort service", url, token=SecretStr(token))
        service_id = added.ids(Noun.SERVICE)[0]
        limits = Limits(min_poll_s=MIN_POLL_S, retention_days=7)
        await self.desk.update_service(service_id, limits=limits)
        await sync_panels(self.desk, (service_id,))
        return service_id

    async def checked(self, files: tuple[Path, ...], service_id: str) -> str:
        """Add files as a dataset and check them; the id of the dataset."""
        dataset_id = (await add_dataset(self.desk, files)).ids(Noun.DATASET)[0]
        await check_dataset(self.desk, dataset_id, service_id)
        return dataset_id

    async def draft(self, service_id: str, dataset_id: str, panel_id: str = "", **more: Any) -> JobDraft:
        """A job with all terms ticked, for the first panel or the one that is named."""
        panels: tuple[Panel, ...] = await self.desk.store.read(lambda c: services.panels(c, service_id))
        panel = next(p for p in panels if not panel_id or panel_id in p.id)
        stored = await self.desk.store.read(lambda c: services.form(c, service_id, panel.app_id))
        assert stored is not None
        terms = {p.id: p.label for p in stored.form.parameters if p.type == "terms"}
        options = {"population": panel.populations[-1].id, "build": "hg19"} | more.pop("options", {})
        return JobDraft(
            dataset_id=dataset_id,
            service_id=service_id,
            app_id=panel.app_id,
            panel_id=panel.id,
            options=options,
            terms=terms,
            **more,
        )

    async def result(self, job_id: str) -> Result | None:
        """The result of a job, as it is stored now."""
        return await self.desk.store.read(lambda c: results.result_of_job(c, job_id))

    async def until_state(self, job_id: str, *states: JobState, limit_s: float = LIMIT_S) -> Job:
        """Wait for a state of a job."""

        async def reached() -> Job | None:
            job = await self.desk.job(job_id)
            return job if job.state in states else None

        return await until(reached, f"the job is {' or '.join(states)}", limit_s)

    async def until_verified(self, job_id: str, limit_s: float = LIMIT_S) -> Result:
        """Wait until the result lies verified on the disk."""

        async def verified() -> Result | None:
            found = await self.result(job_id)
            return found if found is not None and found.state is ResultState.VERIFIED else None

        return await until(verified, "the result is verified", limit_s)


async def until(look: Callable[[], Awaitable[T | None]], what: str, limit_s: float = LIMIT_S) -> T:
    """Ask again and again until there is an answer that is not None, False or empty."""
    end = time.monotonic() + limit_s
    while not (found := await look()):
        assert time.monotonic() < end, f"not within {limit_s:.0f} s: {what}"
        await asyncio.sleep(0.03)
    return found


@asynccontextmanager
async def running(
    home: Path, secrets: Secrets | None = None, *, background: bool = True
) -> AsyncIterator[Program]:
    """Open a data folder as the program does; with `background` its scheduler runs, too."""
    desk = open_desk(home)
    if secrets is not None:
        desk.secrets = secrets
    told: list[Notice] = []

    async def send(notice: Notice) -> bool:
        told.append(notice)
        return True

    scheduler = Scheduler(desk, deliver=NoticeDelivery(desk, send).deliver)
    program = Program(desk, scheduler, told)
    try:
        if background:
            await program.start()
        yield program
    finally:
        desk.closing = True
        await scheduler.stop()
        if desk.practice is not None:
            await desk.practice.stop()
        desk.store.close()


def left_over(folder: Path) -> list[str]:
    """Files that a finished program must not leave: half-written ones and archives."""
    return sorted(
        each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.suffix in {".part", ".zip"}
    )
