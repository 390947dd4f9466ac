"""Jobs for which a person speaks: who they are, what their files were prepared for, and whether these fit."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset
from app.domain.job import Job
from app.domain.panel import Panel
from app.domain.problem import Kind, Problem
from app.domain.service import Service
from app.operations.add_dataset import data_files
from app.operations.desk import Desk
from app.operations.draft_job import Obstacle
from app.operations.residency import keep_rule, rule_of_job
from app.operations.sent_record import SentRecord, keep_record, sent_record
from app.operations.visit_jobs import merged
from app.operations.web_pages import build_of
from app.services.abilities import ToldByUser
from app.services.contract import RemoteJob
from app.services.guides import Guide, guide_for

Ways = frozenset[tuple[str, str]]
"""Pairs of builds, from and to."""


def by_hand(desk: Desk, service: Service) -> ToldByUser | None:
    """The family of a service where nobody but the person can tell of its jobs; None for all others."""
    family = desk.family(service)
    return family if isinstance(family, ToldByUser) else None


async def take_word(desk: Desk, service: Service, job: Job, remote: RemoteJob, line: str) -> Job:
    """Store what a person told of a job; an answer that was asked for before does not undo it."""
    now = desk.clock.now()

    def change(current: Job) -> Job:
        told = {
            "submitted": remote.submitted,
            "started": remote.started,
            "ended": remote.ended,
            "expires": remote.expires,
            "decided": now,
            "last_visit": now,
            "fetch_wanted": False,
        }
        return merged(current, remote, service).model_copy(update=told)

    return await desk.change_job(job.id, change, line, kind="decision")


async def show_prepared(desk: Desk, service: Service, job: Job) -> Changes:
    """After the files were prepared: the job waits for the person, and what is sent are these files."""
    told = by_hand(desk, service)
    if told is None or job.remote_id is None:
        return Changes()
    connection = await desk.connection(service)
    sheet = await told.sheet(connection, job.remote_id)
    paths = tuple(Path(sheet.folder) / name for name in sheet.files)
    files = await asyncio.to_thread(data_files, paths)
    record = await sent_record(desk, job.id) or SentRecord()
    await keep_record(desk, job.id, replace(record, sites=sheet.sites))
    remote = await desk.family(service).job(connection, job.remote_id)
    line = f"Prepared {sheet.written}, in {sheet.folder}."
    job = await take_word(desk, service, job, remote, line)
    await keep_rule(desk, await rule_of_job(desk, job), files, job.files)
    await desk.update_job(job.id, files=files)
    return Changes.of(Noun.JOB, job.id)


async def ways_of(desk: Desk, service: Service) -> Ways:
    """Between which builds files are lifted over while they are prepared for a page."""
    if not service.is_by_hand:
        return frozenset()
    from app.operations.chains import list_chains

    return frozenset((each.from_build, each.to_build) for each in await list_chains(desk))


def page_obstacles(
    service: Service, dataset: Dataset, panel: Panel | None, ways: Ways = frozenset()
) -> tuple[Obstacle, ...]:
    """Why files do not fit a web page, as far as its guide tells; nothing for other services."""
    guide = (
        guide_for(service.base_url, service.setup.get("guide", "")) if service.family == "guided" else None
    )
    if guide is None or dataset.report is None:  # files that were not checked are told of elsewhere
        return ()
    return (*_of_build(guide, dataset, panel, ways), *_of_people(guide, dataset))


def _of_build(guide: Guide, dataset: Dataset, panel: Panel | None, ways: Ways) -> tuple[Obstacle, ...]:
    wanted: tuple[str, ...] = (panel.build,) if panel is not None and panel.build is not None else ()
    if not wanted and guide.wanted.builds is not None:
        wanted = guide.wanted.builds.value
    found = build_of(dataset)
    if not wanted or found in wanted or (len(wanted) == 1 and (found, wanted[0]) in ways):
        return ()
    what = (
        f"{guide.name} wants {' or '.join(wanted)}; the files are {found or 'of a build that is not known'}."
    )
    do = "Add a chain file in the settings: then they are lifted over, or state their build with the dataset."
    return (_obstacle("The build does not fit", what, do),)


def _of_people(guide: Guide, dataset: Dataset) -> tuple[Obstacle, ...]:
    people = dataset.report.samples if dataset.report is not None else 0
    fewest, most = guide.wanted.min_samples, guide.wanted.max_samples
    if people and fewest is not None and people < fewest.value:
        what = f"There are {people:,}; {guide.name} takes at least {fewest.value:,}."
        return (_obstacle("Too few people", what, "Choose another service."),)
    if people and most is not None and people > most.value:
        what = f"There are {people:,}; {guide.name} takes at most {most.value:,}."
        return (_obstacle("Too many people", what, "Send them in several jobs."),)
    return ()


def _obstacle(title: str, what: str, do: str) -> Obstacle:
    found = Problem(kind=Kind.INPUT, title=title, what_happened=what, what_you_can_do=do)
    return Obstacle(field="dataset", problem=found)
