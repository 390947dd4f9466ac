"""What views read, from the real store; its functions take the connection, which is not looked into here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.domain.dataset import Dataset
from app.domain.guided import GuidedSheet
from app.domain.job import Consent, Event, Job, JobState
from app.domain.panel import Panel, PanelChange
from app.domain.preset import Preset
from app.domain.problem import Problem, ProblemError
from app.domain.residency import Residency
from app.domain.result import Result
from app.domain.service import Health, Service, StoredForm
from app.domain.settings import Settings
from app.domain.standing import PERIODS, LookPoint, Standing
from app.operations.tasks import Task
from app.store import benchmarks, datasets, jobs, pages, results, services, settings
from app.ui.attention import DELETION_WARNING, FAILED_JOB_SHOWN, AtHand
from app.ui.models.query import PageSource, TableQuery

if TYPE_CHECKING:
    from app.domain.benchmark import Benchmark
    from app.domain.chain import ChainFile, ChainOffer
    from app.domain.ledger import ResultLedger
    from app.domain.panel_overlap import PanelOverlap
    from app.domain.panel_sites import PanelSiteList
    from app.genotypes.figures import Figures
    from app.operations.catalogues import Installed
    from app.operations.desk import Desk, Looks
    from app.operations.fail_over import Mirror
    from app.results.figures.measuring import Measured
    from app.store.store import Store

MOST_NAMED = 100


class StorePages:
    """Rows of a noun for a table of any length."""

    def __init__(self, store: Store, noun: str) -> None:
        self._store = store
        self._noun = noun
        self.columns: Sequence[str] = pages.COLUMNS[noun]

    async def ids(self, query: TableQuery) -> Sequence[str]:
        """All ids that match, in order."""
        asked = pages.TableQuery.parse(self._noun, query.text, query.sort, query.descending)
        return await self._store.read(lambda c: pages.ids(c, self._noun, asked))

    async def rows(self, ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """The rows of some ids."""
        found = await self._store.read(lambda c: pages.rows(c, self._noun, ids))
        return dict(found)


class ResultPages(StorePages):
    """Results; those of an older version get the word of their books when their row is first seen."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.store, "result")
        self._desk = desk
        self._complete = self.columns.index("complete")

    async def rows(self, ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """The rows of some ids."""
        from app.operations.result_ledger import note_completeness

        found = await super().rows(ids)
        silent = [each for each, row in found.items() if row[self._complete] is None]
        noted = await note_completeness(self._desk, silent)
        return {**found, **await super().rows(noted)} if noted else found


class StoreLibrary:
    """`Library` over the desk's store."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._store = desk.store

    async def services(self) -> tuple[Service, ...]:
        """All services, by name."""
        from app.operations.residency import as_here

        return tuple(as_here(self._desk, each) for each in await self._store.read(services.services))

    async def service(self, service_id: str) -> Service | None:
        """One service."""
        from app.operations.residency import as_here

        found = await self._store.read(lambda c: services.service(c, service_id))
        return as_here(self._desk, found) if found is not None else None

    async def why_not(self, service_id: str) -> dict[str, str]:
        """What the family of a service cannot do, with the reasons."""
        service = await self.service(service_id)
        if service is None:
            return {}
        told = await asyncio.to_thread(lambda: self._desk.family(service).capabilities)
        return {name: why for name, why in told.why_not.items() if not getattr(told, name)}

    async def health(self, service_id: str, limit: int = 200) -> tuple[Health, ...]:
        """The last looks, newest first."""
        return await self._store.read(lambda c: services.health_history(c, service_id, limit))

    async def standing(self, service_id: str, now: datetime) -> Standing | None:
        """How well a service stands, by its looks of the last 30 days; None when it is gone."""
        from app.operations.check_services import standing_of

        def read(c: Any) -> Standing | None:
            found = services.service(c, service_id)
            if found is None:
                return None
            return standing_of(found, services.health_points(c, service_id, now - PERIODS[-1]), now)

        return await self._desk.store.read(read)

    async def health_points(self, service_id: str, since: datetime) -> tuple[LookPoint, ...]:
        """What counts of the looks since then, oldest first."""
        return await self._store.read(lambda c: services.health_points(c, service_id, since))

    async def form(self, service_id: str, app_id: str) -> StoredForm | None:
        """The form of an application as it was last read."""
        return await self._store.read(lambda c: services.form(c, service_id, app_id))

    async def presets(self) -> tuple[Preset, ...]:
        """The services of the catalogue."""
        from app.operations.catalogues import known_presets

        return await known_presets(self._desk)

    async def stopped(self, service_id: str) -> Problem | None:
        """Why the catalogue of an institution lets a service take no new jobs."""
        from app.operations.institution_stop import stopped_by_institution

        service = await self.service(service_id)
        return await stopped_by_institution(self._desk, service) if service is not None else None

    async def catalogues(self) -> tuple[Installed, ...]:
        """The catalogues of institutions."""
        from app.operations.catalogues import installed_catalogues

        return await installed_catalogues(self._desk)

    async def panels(self, service_id: str | None = None) -> tuple[Panel, ...]:
        """All panels, or those of a service."""
        return await self._store.read(lambda c: services.panels(c, service_id))

    async def panel_overlaps(self, dataset_id: str) -> dict[str, PanelOverlap]:
        """How many sites of a dataset are in the panels whose sites are known, by their keys."""
        from app.operations.panel_overlap import panel_overlaps

        return await panel_overlaps(self._desk, dataset_id)

    async def lifting_families(self) -> frozenset[str]:
        """The families of services whose servers move positions between builds themselves."""

        def read() -> frozenset[str]:
            registry = self._desk.registry
            return frozenset(name for name in registry.names() if registry.family(name).capabilities.lifts)

        return await asyncio.to_thread(read)

    async def favourite_panels(self) -> frozenset[str]:
        """Keys of the marked panels, without versions."""
        from app.operations.favourite_panels import favourite_panels

        return await favourite_panels(self._desk)

    async def panel_changes(self, service_id: str | None = None) -> tuple[PanelChange, ...]:
        """What changed, newest first."""
        return await self._store.read(lambda c: services.panel_changes(c, service_id))

    async def datasets(self) -> tuple[Dataset, ...]:
        """All datasets, newest first."""
        return await self._store.read(datasets.datasets)

    async def dataset_names(self) -> tuple[tuple[str, str], ...]:
        """Names and ids of all datasets, newest first."""
        return await self._store.read(datasets.dataset_names)

    async def dataset(self, dataset_id: str) -> Dataset | None:
        """One dataset."""
        return await self._store.read(lambda c: datasets.dataset(c, dataset_id))

    async def residency(self, dataset_id: str) -> Residency | None:
        """Where a dataset may go by all that was said of it; None for no rule, and when it is gone."""
        from app.operations.residency import rule_for

        found = await self.dataset(dataset_id)
        return await rule_for(self._desk, found, found.files) if found is not None else None

    async def at_hand(self, now: datetime) -> AtHand:
        """Jobs and results that may need a person now; never all of them: there may be 100,000."""
        failed_since, expire_before = now - FAILED_JOB_SHOWN, now + DELETION_WARNING

        def look(c: Any) -> AtHand:
            found = jobs.jobs_at_hand(c, now, failed_since, expire_before)
            known = {job.id for job in found}
            mine = results.results_at_hand(c, known)
            others = (jobs.job(c, each.job_id) for each in mine[:MOST_NAMED] if each.job_id not in known)
            return AtHand((*found, *(job for job in others if job is not None)), mine, jobs.has_jobs(c))

        return await self._store.read(look)

    async def jobs(
        self, states: frozenset[JobState] | None = None, service_id: str | None = None
    ) -> tuple[Job, ...]:
        """Jobs, newest first."""
        return await self._store.read(lambda c: jobs.jobs(c, states, service_id))

    async def job(self, job_id: str) -> Job | None:
        """One job."""
        return await self._store.read(lambda c: jobs.job(c, job_id))

    async def group_jobs(self, group: str) -> tuple[Job, ...]:
        """The jobs that were sent together."""
        return await self._store.read(lambda c: jobs.group_jobs(c, group))

    async def group_words(self, groups: Collection[str]) -> dict[str, str]:
        """How some groups of jobs stand, such as `2 done, 1 failed`."""
        found = await self._store.read(lambda c: jobs.group_states(c, groups))
        return {group: state.words() for group, state in found.items()}

    async def mirrors(self, job_id: str) -> tuple[Mirror, ...]:
        """Where a job that waits could go instead, best first."""
        from app.operations.fail_over import mirrors_of

        return await mirrors_of(self._desk, job_id)

    async def guided_sheet(self, job_id: str) -> GuidedSheet | None:
        """What leads a person through a web page; None for other jobs, and where it cannot be read."""
        from app.operations.tell_job import guided_sheet

        with contextlib.suppress(ProblemError):
            return await guided_sheet(self._desk, job_id)
        return None

    async def consents(self, job_id: str) -> tuple[Consent, ...]:
        """The terms that were ticked for a job."""
        return await self._store.read(lambda c: jobs.consents(c, job_id))

    async def benchmarks(self) -> tuple[Benchmark, ...]:
        """All masked benchmarks, newest first."""
        return await self._store.read(benchmarks.benchmarks)

    async def results(self) -> tuple[Result, ...]:
        """All results, newest first."""
        return await self._store.read(results.results)

    async def result(self, result_id: str) -> Result | None:
        """One result."""
        return await self._store.read(lambda c: results.result(c, result_id))

    async def result_of_job(self, job_id: str) -> Result | None:
        """The result of a job."""
        return await self._store.read(lambda c: results.result_of_job(c, job_id))

    async def events(
        self,
        job_id: str | None = None,
        service_id: str | None = None,
        dataset_id: str | None = None,
        limit: int = 500,
    ) -> tuple[Event, ...]:
        """The timeline, newest first."""
        return await self._store.read(lambda c: jobs.events(c, job_id, service_id, dataset_id, limit))

    async def settings(self) -> Settings:
        """The settings as they are now."""
        return await self._store.read(settings.load_settings)

    async def figures(self, dataset_id: str) -> Figures | None:
        """What the plots of a dataset are drawn from."""
        from app.operations.cohort_folder import dataset_figures

        return await dataset_figures(self._desk, dataset_id)

    async def quality(self, result_id: str, panel: Sequence[Path] = ()) -> Measured | None:
        """What was measured of a result; None when nobody has yet."""
        from app.operations.show_quality import quality_of

        return await quality_of(self._desk, result_id, tuple(panel))

    async def ledger(self, result_id: str) -> ResultLedger | None:
        """The books of a result."""
        from app.operations.result_ledger import ledger_of

        return await ledger_of(self._desk, result_id)

    async def panel_site_lists(self) -> tuple[PanelSiteList, ...]:
        """The lists of panel sites on this computer."""
        from app.operations.panel_sites import list_panel_sites

        return await list_panel_sites(self._desk)

    async def chains(self) -> tuple[ChainFile, ...]:
        """The chain files on this computer."""
        from app.operations.chains import list_chains

        return await list_chains(self._desk)

    async def chain_offer(self, from_build: str, to_build: str) -> ChainOffer | None:
        """The chain file that could be downloaded for a direction."""
        from app.operations.chains import chain_offer

        return await asyncio.to_thread(chain_offer, from_build, to_build)

    def pages(self, noun: str) -> PageSource:
        """Rows of a noun for a table."""
        if noun == "result":
            return ResultPages(self._desk)
        return StorePages(self._store, noun)

    def tasks(self) -> tuple[Task, ...]:
        """Running and recently ended tasks of this program."""
        return self._desk.tasks.all()

    def looks(self) -> Looks:
        """When the program looks at a service next, or why it does not."""
        return self._desk.looks

    def practice_url(self) -> str | None:
        """The address of the practice server while it runs."""
        return self._desk.practice.base_url if self._desk.practice is not None else None
