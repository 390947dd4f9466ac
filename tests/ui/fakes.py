"""A library in memory and operations that only remember that they were called."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from app.domain.benchmark import Benchmark
from app.domain.changes import Changes
from app.domain.dataset import Dataset
from app.domain.guided import GuidedSheet
from app.domain.job import Consent, Event, Job, JobState
from app.domain.job_group import group_state
from app.domain.panel import Panel, PanelChange
from app.domain.panel_overlap import PanelOverlap
from app.domain.preset import Preset
from app.domain.problem import Problem, ProblemError
from app.domain.residency import Residency
from app.domain.result import Result
from app.domain.service import Health, Service, StoredForm
from app.domain.settings import Settings
from app.domain.standing import LookPoint, Standing
from app.genotypes.figures import Figures
from app.operations.check_services import standing_of
from app.operations.desk import Looks
from app.operations.fail_over import Mirror
from app.operations.tasks import Task
from app.store.pages import COLUMNS, split_typed
from app.ui.attention import AtHand
from app.ui.models.query import TableQuery


class FakePages:
    """Rows in memory: `made` maps ids to tuples in the order of `columns`."""

    def __init__(self, columns: Sequence[str], made: dict[str, tuple[Any, ...]]) -> None:
        self.columns = columns
        self.made = made
        self.asked: list[TableQuery] = []
        self.pages_read = 0
        self.delay = 0.0

    async def ids(self, query: TableQuery) -> Sequence[str]:
        self.asked.append(query)
        if self.delay:
            await asyncio.sleep(self.delay)
        found = [each for each, row in self.made.items() if self._fits(row, query.text)]
        if query.sort:
            place = list(self.columns).index(query.sort)
            found.sort(key=lambda each: (self.made[each][place] is None, self.made[each][place]))
            if query.descending:
                found.reverse()
        return found

    def _fits(self, row: tuple[Any, ...], typed: str) -> bool:
        for word in split_typed(typed):
            name, colon, value = word.replace('"', "").partition(":")
            if colon and name in self.columns:
                if value.lower() not in str(row[list(self.columns).index(name)]).lower():
                    return False
            elif word.lower() not in " ".join(map(str, row)).lower():
                return False
        return True

    async def rows(self, ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        self.pages_read += 1
        return {each: self.made[each] for each in ids if each in self.made}


class FakeLibrary:
    """Fill the lists; tables are made from them."""

    def __init__(self) -> None:
        self.all_services: list[Service] = []
        self.reasons: dict[str, dict[str, str]] = {}
        self.all_presets: list[Preset] = []
        self.overlaps: dict[str, PanelOverlap] = {}
        self.all_health: list[Health] = []
        self.all_forms: dict[tuple[str, str], StoredForm] = {}
        self.all_panels: list[Panel] = []
        self.all_panel_changes: list[PanelChange] = []
        self.marked_panels: frozenset[str] = frozenset()
        self.all_catalogues: list[Any] = []
        self.all_stops: dict[str, Problem] = {}
        self.all_datasets: list[Dataset] = []
        self.all_jobs: list[Job] = []
        self.all_consents: list[Consent] = []
        self.all_results: list[Result] = []
        self.all_benchmarks: list[Benchmark] = []
        self.all_events: list[Event] = []
        self.all_tasks: list[Task] = []
        self.settings_now = Settings()
        self.practice: str | None = None
        self.looks_now = Looks()
        self.all_figures: dict[str, Figures] = {}
        self.all_quality: dict[str, Any] = {}
        self.all_sheets: dict[str, GuidedSheet] = {}
        self.all_ledgers: dict[str, Any] = {}
        self.all_site_lists: list[Any] = []
        self.all_chains: list[Any] = []
        self.offer: Any = None
        self.all_mirrors: list[Mirror] = []
        self.asked_groups: list[tuple[str, ...]] = []

    async def services(self) -> tuple[Service, ...]:
        return tuple(self.all_services)

    async def service(self, service_id: str) -> Service | None:
        return _found(self.all_services, service_id)

    async def why_not(self, service_id: str) -> dict[str, str]:
        return self.reasons.get(service_id, {})

    async def standing(self, service_id: str, now: datetime) -> Standing | None:
        service = _found(self.all_services, service_id)
        looks = [h for h in self.all_health if h.service_id == service_id]
        points = [LookPoint(h.at, h.state, h.phases.total, h.failed_phase, h.queue) for h in looks]
        return standing_of(service, points, now) if service is not None else None

    async def health(self, service_id: str, limit: int = 200) -> tuple[Health, ...]:
        return tuple(h for h in self.all_health if h.service_id == service_id)[:limit]

    async def health_points(self, service_id: str, since: datetime) -> tuple[LookPoint, ...]:
        looks = [h for h in self.all_health if h.service_id == service_id and h.at >= since]
        return tuple(LookPoint(h.at, h.state, h.phases.total, h.failed_phase, h.queue) for h in looks)

    async def form(self, service_id: str, app_id: str) -> StoredForm | None:
        return self.all_forms.get((service_id, app_id))

    async def presets(self) -> tuple[Preset, ...]:
        return tuple(self.all_presets)

    async def panels(self, service_id: str | None = None) -> tuple[Panel, ...]:
        return tuple(p for p in self.all_panels if service_id in (None, p.service_id))

    async def panel_overlaps(self, dataset_id: str) -> dict[str, PanelOverlap]:
        return self.overlaps

    async def lifting_families(self) -> frozenset[str]:
        return frozenset({"cloudgene"})

    async def favourite_panels(self) -> frozenset[str]:
        return self.marked_panels

    async def stopped(self, service_id: str) -> Problem | None:
        return self.all_stops.get(service_id)

    async def catalogues(self) -> tuple[Any, ...]:
        return tuple(self.all_catalogues)

    async def panel_changes(self, service_id: str | None = None) -> tuple[PanelChange, ...]:
        return tuple(c for c in self.all_panel_changes if service_id in (None, c.service_id))

    async def datasets(self) -> tuple[Dataset, ...]:
        return tuple(self.all_datasets)

    async def dataset_names(self) -> tuple[tuple[str, str], ...]:
        return tuple((each.name, each.id) for each in self.all_datasets)

    async def residency(self, dataset_id: str) -> Residency | None:
        found = _found(self.all_datasets, dataset_id)
        return found.residency if found is not None else None

    async def dataset(self, dataset_id: str) -> Dataset | None:
        return _found(self.all_datasets, dataset_id)

    async def at_hand(self, now: datetime) -> AtHand:
        return AtHand(tuple(self.all_jobs), tuple(self.all_results), bool(self.all_jobs))

    async def jobs(
        self, states: frozenset[JobState] | None = None, service_id: str | None = None
    ) -> tuple[Job, ...]:
        return tuple(
            j
            for j in self.all_jobs
            if (states is None or j.state in states) and service_id in (None, j.service_id)
        )

    async def job(self, job_id: str) -> Job | None:
        return _found(self.all_jobs, job_id)

    async def group_jobs(self, group: str) -> tuple[Job, ...]:
        return tuple(j for j in self.all_jobs if j.group == group)

    async def group_words(self, groups: Collection[str]) -> dict[str, str]:
        self.asked_groups.append(tuple(sorted(groups)))
        return {each: group_state(await self.group_jobs(each)).words() for each in groups}

    async def mirrors(self, job_id: str) -> tuple[Mirror, ...]:
        return tuple(self.all_mirrors)

    async def guided_sheet(self, job_id: str) -> GuidedSheet | None:
        return self.all_sheets.get(job_id)

    async def consents(self, job_id: str) -> tuple[Consent, ...]:
        return tuple(c for c in self.all_consents if c.job_id == job_id)

    async def benchmarks(self) -> tuple[Benchmark, ...]:
        return tuple(self.all_benchmarks)

    async def results(self) -> tuple[Result, ...]:
        return tuple(self.all_results)

    async def result(self, result_id: str) -> Result | None:
        return _found(self.all_results, result_id)

    async def result_of_job(self, job_id: str) -> Result | None:
        return next((r for r in self.all_results if r.job_id == job_id), None)

    async def events(
        self,
        job_id: str | None = None,
        service_id: str | None = None,
        dataset_id: str | None = None,
        limit: int = 500,
    ) -> tuple[Event, ...]:
        return tuple(
            e
            for e in self.all_events
            if job_id in (None, e.job_id)
            and service_id in (None, e.service_id)
            and dataset_id in (None, e.dataset_id)
        )[:limit]

    async def settings(self) -> Settings:
        return self.settings_now

    async def figures(self, dataset_id: str) -> Figures | None:
        return self.all_figures.get(dataset_id)

    async def quality(self, result_id: str, panel: Sequence[Any] = ()) -> Any:
        return self.all_quality.get(result_id)

    async def ledger(self, result_id: str) -> Any:
        return self.all_ledgers.get(result_id)

    async def panel_site_lists(self) -> tuple[Any, ...]:
        return tuple(self.all_site_lists)

    async def chains(self) -> tuple[Any, ...]:
        return tuple(self.all_chains)

    async def chain_offer(self, from_build: str, to_build: str) -> Any:
        return self.offer

    def pages(self, noun: str) -> FakePages:
        columns = COLUMNS[noun]
        return FakePages(columns, {row[0]: row for row in self._rows(noun, columns)})

    def _rows(self, noun: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        nouns: dict[str, Sequence[Any]] = {
            "service": self.all_services,
            "panel": self.all_panels,
            "dataset": self.all_datasets,
            "job": self.all_jobs,
            "result": self.all_results,
            "event": self.all_events,
        }
        names = {s.id: s.name for s in self.all_services} | {j.id: j.name for j in self.all_jobs}
        return [
            tuple(_value(each, column, n, names) for column in columns) for n, each in enumerate(nouns[noun])
        ]

    def tasks(self) -> tuple[Task, ...]:
        return tuple(self.all_tasks)

    def looks(self) -> Looks:
        return self.looks_now

    def practice_url(self) -> str | None:
        return self.practice


def _found(among: Sequence[Any], wanted: str) -> Any:
    return next((each for each in among if each.id == wanted), None)


def _value(thing: Any, column: str, number: int, names: dict[str, str]) -> Any:
    special = {
        "service": lambda: names.get(getattr(thing, "service_id", None) or "", ""),
        "job": lambda: names.get(getattr(thing, "job_id", None) or "", getattr(thing, "name", "")),
        "panel": lambda: getattr(thing, "panel_name", ""),
        "good": lambda: thing.quality.good if thing.quality else None,
        "elsewhere": lambda: not thing.job_id,
        "group_id": lambda: thing.group,
        "files": lambda: len(thing.files),
        "token_present": lambda: thing.token.present,
        "token_expires": lambda: thing.token.expires,
        "panel_id": lambda: thing.id,
        "mean_r2": lambda: thing.quality.by_chromosome[0].mean_r2 if thing.quality else None,
        "populations": lambda: ", ".join(p.name for p in thing.populations),
        "ancestry": lambda: ", ".join(thing.ancestry),
        "problem": lambda: (
            thing.problem.title if getattr(thing.problem, "title", None) else thing.problem or ""
        ),
    }
    if column == "id":
        return thing.key if isinstance(thing, Panel) else getattr(thing, "id", str(number + 1))
    if column == "panel_id" and isinstance(thing, Job):
        return thing.panel_id
    if column in special:
        return special[column]()
    report = getattr(thing, "report", None)
    of_report = {"samples": "samples", "variants": "snps", "accepted": "accepted"}
    if isinstance(thing, Dataset) and column in of_report:
        return getattr(report, of_report[column], None)
    if isinstance(thing, Dataset) and column in ("outcome", "verdict"):
        names_of = {"outcome": "outcome", "verdict": "headline"}
        return getattr(thing.verdicts[0], names_of[column]) if thing.verdicts else ""
    if isinstance(thing, Dataset) and column == "build":
        return report.build.value if report else None
    if isinstance(thing, Dataset) and column == "chromosomes":
        return ", ".join(report.chromosomes) if report else ""
    if isinstance(thing, Result) and column in ("samples", "variants"):
        return getattr(thing.quality, column, None)
    if isinstance(thing, Job | Result) and column == "size":
        return sum(f.size for f in thing.files)
    return getattr(thing, column, 0 if column in ("panels", "severe", "warnings") else None)


class FakeOperations:
    """Every operation is `async` and remembered in `calls` as (name, args, kwargs).

    `answers[name]` is a `Changes` to give, or a `Problem` to raise.
    """

    def __init__(self, library: FakeLibrary) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.answers: dict[str, Any] = {}
        self._library = library

    def names(self) -> list[str]:
        """The names of the operations called, in order."""
        return [name for name, _, _ in self.calls]

    async def save_settings(self, settings: Settings) -> Changes:
        self.calls.append(("save_settings", (settings,), {}))
        self._library.settings_now = settings
        return Changes()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        async def operation(*args: Any, **more: Any) -> Any:
            self.calls.append((name, args, more))
            answer = self.answers.get(name, Changes())
            if isinstance(answer, Problem):
                raise ProblemError(answer)
            return answer

        return operation
