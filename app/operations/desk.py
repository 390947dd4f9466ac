"""What every operation works with: the store, the secrets, the families, the clock.

`application.py` builds one; tests build one with a store in a temporary folder and secrets in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.clock import Clock, SystemClock
from app.domain.job import Event, Job
from app.domain.model import Model
from app.domain.notice import Notice
from app.domain.problem import Kind, problem
from app.domain.redaction import register
from app.domain.service import HealthState, Service
from app.domain.settings import Settings
from app.operations.exclusive import exclusive_file
from app.operations.resume_addresses import ResumeAddresses
from app.operations.signed_in import SignIns
from app.operations.tasks import Tasks
from app.services.contract import Connection, RemoteJob, ServiceFamily
from app.services.registry import Registry
from app.store import jobs, notices, services, settings
from app.store.secrets import Secrets, setup_name
from app.store.store import Connection as StoreConnection
from app.store.store import Store

log = logging.getLogger(__name__)


class PracticeHost(Protocol):
    """The practice server, as far as operations know it; given by `application.py`."""

    @property
    def base_url(self) -> str | None:
        """Its address, None while it is stopped."""
        ...

    async def start(self) -> tuple[str, SecretStr]:
        """Start it if need be; its address and a token."""
        ...

    async def stop(self) -> None:
        """Stop it; its jobs are kept."""
        ...

    async def make_data(self, folder: Path) -> tuple[Path, ...]:
        """Write the practice cohort and return its files."""
        ...

    def panel_sites(self, panel_id: str) -> tuple[Path, ...]:
        """The site lists of a panel that the server offers; reads the disk. None where it has no such."""
        ...


class Looks(Model):
    """What the scheduler is about to do: the next look at a service, or why there is none."""

    paused: str = ""
    next_at: datetime | None = None
    next_service: str | None = None


@dataclass(frozen=True)
class ListAnswer:
    """The last list of jobs of a service: when it was asked for, and for which token (a hash)."""

    at: datetime
    who: str
    jobs: tuple[RemoteJob, ...]


class Desk:
    """The working place of all operations."""

    def __init__(
        self,
        home: Path,
        store: Store,
        secrets: Secrets,
        registry: Registry,
        clock: Clock | None = None,
        practice: PracticeHost | None = None,
    ) -> None:
        self.home = home
        self.store = store
        self.secrets = secrets
        self.registry = registry
        self.clock: Clock = clock or SystemClock()
        self.resumes = ResumeAddresses(self.clock)
        self.sign_ins = SignIns(self)
        self.practice = practice
        self.closing = False
        self.looks = Looks()
        self.last_lists: dict[str, ListAnswer] = {}
        self._listeners: list[Callable[[Changes], None]] = []
        self.tasks = Tasks(self._tell)

    def listen(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        """Call `listener` with the changes of every operation, from the thread that made them.

        What is given back ends that.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self, changes: Changes) -> None:
        self.announce(changes)

    def announce(self, changes: Changes) -> Changes:
        """Tell all listeners; gives the changes back."""
        if changes:
            for listener in list(self._listeners):
                listener(changes)
        return changes

    # What operations need again and again.

    async def service(self, service_id: str) -> Service:
        """The service, or a Problem."""
        found = await self.store.read(lambda c: services.service(c, service_id))
        if found is None:
            raise problem(
                Kind.NOT_FOUND,
                "No such service",
                f"There is no service '{service_id}'.",
                "See 'services list'.",
                subject=service_id,
            )
        return found

    async def job(self, job_id: str) -> Job:
        """The job, or a Problem."""
        found = await self.store.read(lambda c: jobs.job(c, job_id))
        if found is None:
            raise problem(
                Kind.NOT_FOUND,
                "No such job",
                f"There is no job '{job_id}'.",
                "See 'jobs list'.",
                subject=job_id,
            )
        return found

    async def settings(self) -> Settings:
        """The settings as they are now."""
        return await self.store.read(settings.load_settings)

    def family(self, service: Service) -> ServiceFamily:
        """The family that speaks with a service."""
        return self.registry.family(service.family)

    async def connection(self, service: Service, *, renew: bool = True) -> Connection:
        """How to reach a service, with its token from the keyring.

        The token of a sign-in is renewed before it ends, which can fail: see `SignIns.token`. With `renew`
        False it is taken as it is.
        """
        wanted = self.family(service).capabilities.token
        token = await self.sign_ins.token(service, renew=renew) if wanted else None
        return Connection(
            service_id=service.id,
            base_url=service.base_url,
            token=token,
            generation=service.generation,
            limits=service.limits,
            plain_http_allowed=service.plain_http_allowed,
            setup=service.setup,
            secrets=await self.setup_secrets(service),
        )

    async def setup_secrets(self, service: Service) -> dict[str, SecretStr]:
        """What was said of a service and lies in the keyring; what is not there any more is left out."""
        found = {name: await self.secret(setup_name(service.id, name)) for name in service.secret_setup}
        return {name: each for name, each in found.items() if each is not None}

    def forget_list(self, service_id: str) -> None:
        """A decision makes the last list out of date; the next question is a real one."""
        self.last_lists.pop(service_id, None)

    async def secret(self, name: str) -> SecretStr | None:
        """A secret of the keyring; the keyring may be slow, so it is asked in a thread."""
        found = await asyncio.to_thread(self.secrets.get, name)
        if found is not None:
            register(found.get_secret_value())
        return found

    async def keep_secret(self, name: str, value: SecretStr) -> None:
        """Put a secret into the keyring; from now on no log line can show it."""
        register(value.get_secret_value())
        await asyncio.to_thread(self.secrets.set, name, value)

    async def forget_secret(self, name: str) -> None:
        """Remove a secret from the keyring; it need not be there."""
        await asyncio.to_thread(self.secrets.delete, name)

    async def change_job(
        self,
        job_id: str,
        change: Callable[[Job], Job],
        *events: str,
        kind: str = "state",
        also: Callable[[Job, Job], Iterable[Event | Notice]] | None = None,
    ) -> Job:
        """Change a job as it is in the store now, with lines of its timeline, in one transaction.

        Visits, transfers and the user work on the same job at once; none of them may write back what it
        read a while ago. `also` gives what the change from one job to the other has to tell: it is written
        with the change, so that no end of the program comes between the two.
        """
        at = self.clock.now()
        told: list[str] = []

        def write(c: StoreConnection) -> Job | None:
            current = jobs.job(c, job_id)
            if current is None:
                return None
            changed = change(current)
            jobs.save_job(c, changed)
            for text in events:
                line = Event(at=at, kind=kind, text=text, job_id=job_id, service_id=changed.service_id)
                jobs.add_event(c, line)
            told.extend(write_news(c, also(current, changed) if also is not None else ()))
            return changed

        changed = await self.store.write(write)
        if changed is None:
            return await self.job(job_id)  # raises: it was removed meanwhile
        lines = [job_id] if events or also is not None else []
        news = Changes.of(Noun.EVENT, *lines) | Changes.of(Noun.NOTICE, *told)
        self.announce(Changes.of(Noun.JOB, job_id) | news)
        return changed

    async def update_job(self, job_id: str, *events: str, kind: str = "state", **fields: object) -> Job:
        """Set fields of a job as it is in the store now."""
        return await self.change_job(job_id, lambda job: job.model_copy(update=fields), *events, kind=kind)

    async def update_service(self, service_id: str, *events: str, **fields: object) -> Service | None:
        """Set fields of a service as it is in the store now; None when it was removed meanwhile."""
        return await self.change_service(service_id, lambda s: s.model_copy(update=fields), *events)

    async def change_service(
        self,
        service_id: str,
        change: Callable[[Service], Service],
        *events: str,
        also: Callable[[Service, Service], Iterable[Event | Notice]] | None = None,
    ) -> Service | None:
        """Change a service as it is in the store now; None when it was removed meanwhile.

        What was learned over the network is old by now: it may not bring back what the user has changed or
        removed. One that is switched off stays so, whatever is learned of its state. `also` gives what the
        change from one to the other has to tell; it is written with the change.
        """
        at = self.clock.now()
        told: list[str] = []

        def write(c: StoreConnection) -> Service | None:
            current = services.service(c, service_id)
            if current is None:
                return None
            changed = change(current)
            if not changed.enabled:
                changed = changed.model_copy(update={"state": HealthState.OFF})
            services.save_service(c, changed)
            lines = (Event(at=at, kind="service", text=t, service_id=service_id) for t in events)
            told.extend(write_news(c, (*lines, *(also(current, changed) if also is not None else ()))))
            return changed

        changed = await self.store.write(write)
        lines = Changes.of(Noun.EVENT, *([service_id] if events or told else []))
        self.announce(Changes.of(Noun.SERVICE, service_id) | lines | Changes.of(Noun.NOTICE, *told))
        return changed

    async def note(self, event: Event) -> None:
        """Write a line of the timeline."""
        await self.store.write(lambda c: jobs.add_event(c, event))
        self.announce(Changes.of(Noun.EVENT, event.job_id or event.service_id or event.dataset_id or ""))

    @contextlib.asynccontextmanager
    async def only_one(self, item_id: str) -> AsyncIterator[bool]:
        """True for the one process and task that may work on this job or dataset now; False for any other.

        The lock lies in a file of the data folder and dies with the process, however it dies.
        """
        with exclusive_file(self.locks_folder / f"{item_id}.lock") as mine:
            yield mine

    @property
    def locks_folder(self) -> Path:
        """Where the lock files are."""
        return self.home / "locks"

    def results_folder(self, settings: Settings) -> Path:
        """Where results are put."""
        named = settings.storage.results_folder
        return Path(named).expanduser() if named else self.home / "results"

    async def pause(self, seconds: float) -> None:
        """Wait; tests let the clock go on instead."""
        await asyncio.sleep(seconds)

    def person(self) -> str:
        """Who sits at this computer, for the record of consents."""
        try:
            return getpass.getuser()
        except (KeyError, OSError):  # an account without a name, as in some containers
            return "unnamed user"


def write_news(c: StoreConnection, news: Iterable[Event | Notice]) -> list[str]:
    """Write lines of the timeline and notices; the ids of the notices that were not told before."""
    told = []
    for each in news:
        if isinstance(each, Event):
            jobs.add_event(c, each)
        elif notices.add_notice(c, each):
            told.append(each.id)
    return told
