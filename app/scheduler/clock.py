"""Runs the plan: visits, sending, fetching, health, panels. Lives in the asyncio thread.

APScheduler starts three kinds of work: the sweep every two seconds, which starts whatever is due; the look at
the health of services; the reading of panels, once a day or as soon after as the program runs. It only calls
functions that start tasks of our own: a task that APScheduler holds is cancelled by it at the end, perhaps
before its first step, and then logged as a failure. Everything started, the sweep too, is kept by a key, so
that nothing runs twice at once, and is cancelled at the end. Work that fails in an unforeseen way is left
alone for a while that grows.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from app.domain.changes import Changes, Noun
from app.domain.job import Job, JobState
from app.domain.problem import Kind, ProblemError
from app.domain.service import HealthState, Service, TokenInfo
from app.operations.benchmark_scores import refresh_benchmarks
from app.operations.check_services import check_services
from app.operations.desk import Desk, Looks
from app.operations.fetch_results import fetch_results, unfinished_results
from app.operations.kept_uploads import tidy_uploads
from app.operations.send_job import send_job
from app.operations.sync_panels import sync_panels
from app.operations.visit_jobs import remind, visit_jobs
from app.scheduler.pauses import Pauses
from app.scheduler.plan import Due, may_send, panels_due, plan_visits, slept
from app.store import jobs, services
from app.store.logs import job_context
from app.store.store import Connection as StoreConnection
from app.transport.address import is_loopback

log = logging.getLogger(__name__)

SWEEP_S = 2.0
REMIND_MIN = 10
PANELS_MIN = 60
BENCHMARKS_S = 15.0
OFFLINE_LOOK_S = 30.0
NO_NETWORK = "This computer has no network. Looks go on when it is back."
FETCH_RETRY_FIRST = timedelta(seconds=30)
FETCH_RETRY_LONGEST = timedelta(minutes=15)
STOP_WAIT_S = 3.0


class Scheduler:
    """Looks after everything while the program runs."""

    def __init__(self, desk: Desk, deliver: Callable[[], Awaitable[None]] | None = None) -> None:
        self._desk = desk
        self._deliver = deliver
        self._running: dict[str, asyncio.Task[None]] = {}
        self._last_list: dict[str, datetime] = {}
        self._fetch_again: dict[str, tuple[datetime | None, int]] = {}
        self._refused_tokens: dict[str, TokenInfo] = {}
        self._unfinished: tuple[str, ...] = ()
        self._pauses = Pauses(desk.clock)
        self._held: set[str] = set()
        self._offline_since: datetime | None = None
        self._offline_look = 0.0
        self._marks: tuple[float, float] | None = None
        self._scheduler: Any = None
        self._stopping = False

    async def start(self) -> None:
        """Start; open jobs and half-done transfers of an earlier run are adopted by the first sweep."""
        from apscheduler.executors.debug import DebugExecutor
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        settings = (await self._desk.settings()).visits
        self._unfinished = await unfinished_results(self._desk)
        scheduler = AsyncIOScheduler(
            executors={"default": DebugExecutor()},  # calls in the event loop, where tasks can be started
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        soon = datetime.now().astimezone()
        scheduler.add_job(self._sweeps, "interval", seconds=SWEEP_S, id="sweep", next_run_time=soon)
        scheduler.add_job(
            self._health, "interval", minutes=settings.health_every_minutes, id="health", next_run_time=soon
        )
        at = settings.sync_panels_at
        scheduler.add_job(self._remind, "interval", minutes=REMIND_MIN, id="remind", next_run_time=soon)
        scheduler.add_job(self._panels, "cron", hour=at.hour, minute=at.minute, id="panels")
        scheduler.add_job(self._panels, "interval", minutes=PANELS_MIN, id="late panels", next_run_time=soon)
        scheduler.add_job(
            self._benchmarks, "interval", seconds=BENCHMARKS_S, id="benchmarks", next_run_time=soon
        )
        # It would write two lines at every sweep.
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        scheduler.start()
        self._scheduler = scheduler

    async def follow_settings(self) -> None:
        """Take over changed times."""
        if self._scheduler is None:
            return
        settings = (await self._desk.settings()).visits
        self._scheduler.reschedule_job("health", trigger="interval", minutes=settings.health_every_minutes)
        at = settings.sync_panels_at
        self._scheduler.reschedule_job("panels", trigger="cron", hour=at.hour, minute=at.minute)

    async def stop(self) -> None:
        """Start nothing more, cancel what runs, wait at most three seconds."""
        self._stopping = True
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None
        running = list(self._running.values())
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=STOP_WAIT_S)

    def look_now(self) -> None:
        """Forget the pauses: the next sweep looks at everything. Called after sleep and by the user."""
        self._last_list.clear()
        self._fetch_again.clear()
        self._desk.last_lists.clear()
        self._pauses.forget()
        self._offline_look = 0.0
        self._start("health", self._look_at_services)

    def hold(self, service_ids: tuple[str, ...]) -> None:
        """Leave the jobs of these services alone until `release`: their server is being started."""
        self._held |= set(service_ids)

    def release(self) -> None:
        """Look after all services again, and now."""
        if self._held:
            self._held.clear()
            self.look_now()

    def _sweeps(self) -> None:
        self._start("sweep", self.sweep)

    async def sweep(self) -> None:
        """Start whatever is due."""
        self._notice_sleep()
        now = self._desk.clock.now()
        open_jobs, known = await self._desk.store.read(_open_jobs_and_services)
        known = {key: s for key, s in known.items() if key not in self._held}
        if self._offline_since is not None:
            self._look_for_network()
            known = {key: s for key, s in known.items() if _needs_no_network(s)}
        open_jobs = tuple(job for job in open_jobs if job.service_id in known)
        self._send_due(open_jobs, known, now)
        self._visit_due(open_jobs, known, now)
        await self._fetch_due(open_jobs, known, now)
        self._finish_due()
        if self._deliver is not None:
            self._start("notices", self._deliver)

    def _notice_sleep(self) -> None:
        wall, mono = time.time(), time.monotonic()
        if self._marks is not None and slept(wall - self._marks[0], mono - self._marks[1]):
            log.info("The computer slept; looking at everything now")
            self.look_now()
        self._marks = (wall, mono)

    def _send_due(self, open_jobs: tuple[Job, ...], known: dict[str, Service], now: datetime) -> None:
        """One upload a service at a time, oldest first."""
        for job in sorted(open_jobs, key=lambda j: j.created):
            service = known.get(job.service_id)
            if not job.is_to_send or service is None or not service.enabled:
                continue
            if _needs_token(job, service):
                continue
            if may_send(job, now):
                self._start(f"send:{service.id}", partial(send_job, self._desk, job.id), f"send:{job.id}")

    def _visit_due(self, open_jobs: tuple[Job, ...], known: dict[str, Service], now: datetime) -> None:
        due = plan_visits(open_jobs, tuple(known.values()), now, self._last_list)
        for each in due:
            if each.at <= now:
                self._start(f"visit:{each.service_id}", partial(self._visit, each))
        waiting = [d for d in due if d.at > now]
        self._say(Looks(
            paused=NO_NETWORK if self._offline_since is not None else "",
            next_at=waiting[0].at if waiting else None,
            next_service=known[waiting[0].service_id].name if waiting else None,
        ))  # fmt: skip

    async def _visit(self, due: Due) -> None:
        if due.fault:
            log.error("The next look at %s cannot be planned: %s", due.job_id, due.fault)
        self._last_list[due.service_id] = self._desk.clock.now()
        await visit_jobs(self._desk, due.service_id)

    async def _fetch_due(self, open_jobs: tuple[Job, ...], known: dict[str, Service], now: datetime) -> None:
        """One download a service at a time; a problem that only the user can mend stops the retries."""
        if not (await self._desk.settings()).visits.fetch_by_itself:
            return
        for job in open_jobs:
            if job.state is not JobState.SUCCESS or not job.fetch_wanted or job.is_fetched:
                continue
            self._allow_new_token(job.id, known[job.service_id].token)
            at, _ = self._fetch_again.get(job.id, (now, 0))
            if at is not None and at <= now:
                self._start(f"fetch:{job.service_id}", partial(self._fetch, job.id), f"fetch:{job.id}")

    def _allow_new_token(self, job_id: str, token: TokenInfo) -> None:
        """A good token that came after the service refused the old one ends the stop."""
        if token.valid and self._refused_tokens.get(job_id, token) != token:
            del self._refused_tokens[job_id]
            self._fetch_again.pop(job_id, None)

    def _finish_due(self) -> None:
        """Results that an earlier run fetched and did not judge any more; no service is asked for that."""
        for job_id in self._unfinished:
            self._start(f"finish:{job_id}", partial(self._finish, job_id))
        self._unfinished = ()

    async def _finish(self, job_id: str) -> None:
        """Who has it now may end before it is judged, as that run did: the next sweep looks again."""
        if not await self._fetch(job_id):
            self._unfinished = (*self._unfinished, job_id)

    async def _fetch(self, job_id: str) -> bool:
        """Whether nobody else had it."""
        try:
            with job_context(job_id):
                changes = await fetch_results(self._desk, job_id, unattended=True)
            # Empty changes: another process had it. Only files that are there end the tries.
            self._fetch_ended(job_id, retry=not changes and not (await self._desk.job(job_id)).is_fetched)
            return bool(changes)
        except asyncio.CancelledError:
            if not (self._stopping or self._desk.closing):
                self._fetch_again[job_id] = (None, 0)  # by the user, who may fetch it later
            raise
        except ProblemError as error:
            self._fetch_ended(job_id, retry=error.problem.retry)
            if error.problem.kind is Kind.SIGN_IN:
                job = await self._desk.job(job_id)
                self._refused_tokens[job_id] = (await self._desk.service(job.service_id)).token
            raise
        except Exception:
            self._fetch_ended(job_id, retry=True)
            raise

    def _fetch_ended(self, job_id: str, *, retry: bool) -> None:
        """Try again after a pause that doubles, or not by itself any more."""
        _, failures = self._fetch_again.get(job_id, (None, 0))
        pause = min(FETCH_RETRY_FIRST * 2 ** min(failures, 10), FETCH_RETRY_LONGEST)
        self._fetch_again[job_id] = (self._desk.clock.now() + pause, failures + 1) if retry else (None, 0)

    def _benchmarks(self) -> None:
        """Score results of masked benchmarks that arrived, also those of an earlier run."""
        self._start("benchmarks", partial(refresh_benchmarks, self._desk))

    def _health(self) -> None:
        self._start("health", self._look_at_services)

    async def _look_at_services(self) -> None:
        """Whatever fails in a look, the network may be back."""
        try:
            await check_services(self._desk)
        finally:
            if not self._stopping:
                await self._see_network()

    def _remind(self) -> None:
        """Deletion comes nearer, and uploads lapse, whether or not the service answers."""
        self._start("remind", partial(remind, self._desk))
        self._start("uploads", partial(tidy_uploads, self._desk))

    def _panels(self) -> None:
        self._start("panels", self._sync_panels)

    async def _sync_panels(self) -> None:
        """Read the panels that were not read since the last time of day for it."""
        at = (await self._desk.settings()).visits.sync_panels_at
        known = await self._desk.store.read(services.services)
        asked = tuple(s for s in known if not s.practice and self._offline_since is None)
        due = panels_due(asked, at, self._desk.clock.now().astimezone())
        if due:
            await sync_panels(self._desk, due)

    def _look_for_network(self) -> None:
        if time.monotonic() - self._offline_look >= OFFLINE_LOOK_S:
            self._offline_look = time.monotonic()
            self._start("health", self._look_at_services)

    def _start(self, key: str, work: Callable[[], Awaitable[object]], about: str | None = None) -> None:
        """Run some work unless the same is still running, or `about` failed in an unforeseen way just now.

        Nothing starts once the program ends.
        """
        about = about or key
        if not self._stopping and key not in self._running and not self._pauses.rests(about):
            task = asyncio.get_running_loop().create_task(self._run(key, work, about), name=key)
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))  # also before its first step

    async def _run(self, key: str, work: Callable[[], Awaitable[object]], about: str) -> None:
        try:
            await work()
            self._pauses.went_well(about)
        except ProblemError as error:
            log.info("%s: %s", key, error.problem.sentence())
            if error.problem.kind is Kind.NO_NETWORK:
                self._start("health", self._look_at_services)
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001 - a fault in one piece of work must not stop the others
            pause = self._pauses.failed(about)
            log.exception("%s failed; tried again in %d s", about, pause.total_seconds())

    async def _see_network(self) -> None:
        """Pause everything while this computer has no network, and say so.

        Services on this computer, and web pages that nobody asks, tell nothing of the network, and are looked
        after without it too.
        """
        known = await self._desk.store.read(services.services)
        states = {s.state for s in known if s.enabled and not _needs_no_network(s)}
        offline = HealthState.OFFLINE in states and not states & {HealthState.UP, HealthState.MAINTENANCE}
        if offline and self._offline_since is None:
            self._offline_since = self._desk.clock.now()
            self._say(Looks(paused=NO_NETWORK))
        elif not offline and self._offline_since is not None:
            self._offline_since = None
            self._last_list.clear()
            self._fetch_again.clear()

    def _say(self, looks: Looks) -> None:
        if looks != self._desk.looks:
            self._desk.looks = looks
            self._desk.announce(Changes.of(Noun.TASK, "scheduler"))


def _needs_no_network(service: Service) -> bool:
    return service.is_by_hand or is_loopback(service.base_url)


def _open_jobs_and_services(c: StoreConnection) -> tuple[tuple[Job, ...], dict[str, Service]]:
    return jobs.watched_jobs(c), {s.id: s for s in services.services(c)}


def _needs_token(job: Job, service: Service) -> bool:
    """Whether a job stopped for want of a token, and there is no good one yet."""
    stopped = job.problem is not None and job.problem.kind is Kind.SIGN_IN
    return stopped and service.token.valid is not True
