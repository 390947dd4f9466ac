"""Where data may go: the rule of their owner, looked at before anything else and again before the first byte.

A rule comes from four places, and what counts is what all of them allow: the dataset, a file
`haplodesk-only-to.txt` beside the data or in a folder above, the settings, and what was stated earlier of the
same files or of those they were made of (`residency_memory`).
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterable, Sequence
from functools import partial

from app.domain.changes import Changes, Noun
from app.domain.dataset import DataFile, Dataset
from app.domain.job import REMOTE_OPEN_STATES, Event, Job
from app.domain.problem import Kind, Problem, ProblemError
from app.domain.residency import (
    STORE,
    Residency,
    combined,
    on_loopback,
    place_on_the_net,
    places_of,
    residency_of,
    why_forbidden,
)
from app.domain.service import Service
from app.operations.check_dataset import dataset_of
from app.operations.desk import Desk
from app.operations.draft_job import Obstacle
from app.operations.known_result import KnownResult, places_of_files, results_with
from app.operations.residency_memory import (
    known_files,
    made_files,
    note_made,
    rules,
    rules_of_files,
    state_rule,
    twins,
    with_sources,
)
from app.operations.rule_files import understood
from app.services.abilities import UsesStores
from app.services.contract import Connection
from app.store import datasets, jobs, services
from app.store.store import Connection as StoreConnection


async def state_residency(desk: Desk, dataset_id: str, text: str) -> Changes:
    """State where a dataset may go; an empty text takes the statement back. ProblemError for unknown places.

    The rule is remembered for the files, and every statement stands in the timeline with who made it. What
    was stated of another dataset with the same content stays.
    """
    dataset = await dataset_of(desk, dataset_id)
    rule = residency_of(text) if text.strip() else None
    files = await asyncio.to_thread(known_files, dataset.files, dataset.prints)
    copies = await asyncio.to_thread(twins, await desk.store.read(rules), files)

    def write(c: StoreConnection) -> None:
        found = datasets.dataset(c, dataset_id)
        if found is not None:
            datasets.save_dataset(c, found.model_copy(update={"residency": rule}))
        state_rule(c, files, rule, copies)

    await desk.store.write(write)
    said = f"they may go only to {rule.words()}" if rule else "no rule of its own says where they may go"
    text = f"{desk.person()} stated of {dataset.name}: {said}."
    await desk.note(Event(at=desk.clock.now(), kind="decision", text=text, dataset_id=dataset_id))
    changes = desk.announce(Changes.of(Noun.DATASET, dataset_id))
    return changes if rule is None else changes | await _tell_sent_before(desk)


async def _tell_sent_before(desk: Desk) -> Changes:
    """Say in the timeline of each job that goes on at a service that its data may not be there now.

    What has been sent cannot be taken back; only a person can cancel it.
    """
    away = await desk.store.read(lambda c: jobs.jobs(c, states=REMOTE_OPEN_STATES))
    told = Changes()
    for job in away:
        service = await desk.store.read(partial(services.service, service_id=job.service_id))
        rule = await rule_of_job(desk, job)
        why = why_forbidden(rule, as_here(desk, service)) if service is not None else None
        known = await desk.store.read(partial(jobs.events, job_id=job.id))
        text = f"It was sent before the rule. {why} Cancel the job if its data may not stay there."
        if why is not None and all(each.text != text for each in known):
            await desk.update_job(job.id, text)
            told |= Changes.of(Noun.JOB, job.id)
    return told


async def inherit_residency(desk: Desk, made: Dataset, source: Dataset) -> Dataset:
    """The dataset that was made from another one, under the same rule; the rule holds for its files too."""
    rule = await rule_for(desk, source, source.files)
    await keep_rule(desk, rule, made.files, source.files)
    return made if rule is None else made.model_copy(update={"residency": rule})


async def keep_rule(
    desk: Desk, rule: Residency | None, made: Sequence[DataFile], of: Sequence[DataFile]
) -> None:
    """Remember of what files were made, and the rule under which they are. Both must be on the disk."""
    files = await asyncio.to_thread(known_files, made)
    sources = await asyncio.to_thread(known_files, of)
    copies = await asyncio.to_thread(twins, await desk.store.read(rules), files)

    def write(c: StoreConnection) -> None:
        note_made(c, (files, sources))
        if rule is not None:
            state_rule(c, files, rule, copies)

    await desk.store.write(write)


async def rule_for(
    desk: Desk, dataset: Dataset | None, files: Iterable[DataFile], *more: Residency | None
) -> Residency | None:
    """What holds for these files now, by all that was said of them; None when there is no rule at all.

    What was said of the data that a dataset was made from holds for it too, whenever it was said.
    """
    files = tuple(files)
    line = await desk.store.read(lambda c: with_sources(c, dataset))
    known, made = await desk.store.read(lambda c: (rules(c), made_files(c)))
    everywhere = (await desk.settings()).data.only_to
    found = [*more, *(each.residency for each in line)]
    found += [understood(everywhere)] if everywhere.strip() else []
    looked = (*files, *(file for each in line[1:] for file in each.files))
    of_results = await _results_of(desk, looked)
    found += [rule for each in of_results for rule in each.stated]
    looked = (*looked, *(file for each in of_results for file in each.sources))
    found += await asyncio.to_thread(rules_of_files, looked, known, made)
    return combined(found)


async def _results_of(desk: Desk, files: Sequence[DataFile]) -> tuple[KnownResult, ...]:
    """The results of which files are, or of which they were exported, and those of what was sent for them.

    So a result is under the rule of what was sent also where nobody remembered its files.
    """
    found: dict[str, KnownResult] = {}
    waiting: Sequence[DataFile] = files
    while waiting:
        places = await asyncio.to_thread(places_of_files, waiting)
        near = await desk.store.read(partial(results_with, folders=places[0], paths=places[1]))
        new = {each.result.id: each for each in near if each.result and each.result.id not in found}
        found |= new
        waiting = [file for each in new.values() for file in each.sources]
    return tuple(found.values())


def as_here(desk: Desk, service: Service) -> Service:
    """The service, known to be this computer if it is the practice server that this program runs now.

    Its address alone proves nothing: another program, or a tunnel, may have the port.
    """
    running = desk.practice.base_url if desk.practice is not None else None
    if not service.practice or not running or running.rstrip("/") != service.base_url.rstrip("/"):
        return service
    return service.model_copy(update={"here_at": service.base_url})


async def hosts_for(
    desk: Desk, service: Service, job: Job, others: tuple[DataFile, ...] = ()
) -> frozenset[str] | None:
    """To which hosts the files of a job, and `others` that go along, may be sent; None where no rule holds.

    These are the service, the store that a person named with it, and those that its family or its description
    is known to use: no answer of a server can send files under a rule elsewhere. What is said to be this
    computer uses none.
    """
    if await rule_of_job(desk, job, others) is None:
        return None
    hosts = {place_on_the_net(each) for each in (service.base_url, service.setup.get(STORE, ""))}
    family = desk.family(service)
    if isinstance(family, UsesStores) and not on_loopback(service.base_url):
        hosts |= set(family.store_hosts(_address_of(service)))
    return frozenset(each.lower() for each in hosts if each)


def _address_of(service: Service) -> Connection:
    """How a service is reached, without secrets: where its stores are is none, and is asked often."""
    return Connection(service_id=service.id, base_url=service.base_url, setup=service.setup)


async def residency_obstacle(desk: Desk, service: Service, dataset: Dataset) -> Obstacle | None:
    """What stands against sending a dataset to a service; asks nobody."""
    rule = await rule_for(desk, dataset, dataset.files)
    found = _problem(rule, as_here(desk, service), dataset.name)
    return Obstacle(field="service", problem=found) if found is not None else None


async def rule_of_job(desk: Desk, job: Job, others: tuple[DataFile, ...] = ()) -> Residency | None:
    """What holds for the data of a job now; `others` are files that go along and are not of the dataset."""
    dataset = await desk.store.read(lambda c: datasets.dataset(c, job.dataset_id or ""))
    return await rule_for(desk, dataset, (*job.files, *others), job.residency)


async def refuse_forbidden(desk: Desk, service: Service, job: Job, others: tuple[DataFile, ...] = ()) -> None:
    """The last look, right before bytes leave; ProblemError (refused) where a rule forbids it.

    `others` are files that go along and are not of the dataset.
    """
    rule = await rule_of_job(desk, job, others)
    found = _problem(rule, as_here(desk, service), job.name)
    if found is not None:
        raise ProblemError(found)


def _how_here(service: Service) -> str:
    """How a server of this computer is told from a tunnel that begins here: only a person knows."""
    if not on_loopback(service.base_url) or places_of(service) is not None:
        return ""
    return (
        f"If {service.base_url} runs on this computer and is no tunnel to another one, say so by “State the "
        f"country” in Services, or by 'haplodesk services set-country {shlex.quote(service.name)} here'. "
    )


def _problem(rule: Residency | None, service: Service, subject: str) -> Problem | None:
    why = why_forbidden(rule, service)
    if why is None:
        return None
    return Problem(
        kind=Kind.REFUSED,
        title="These data may not go there",
        what_happened=why,
        what_you_can_do=f"{_how_here(service)}Choose a service in an allowed country, or this computer. "
        "The country of a service stands in Services; the rule of the data in Uploads, in the settings and "
        "in files beside the data.",
        subject=subject,
    )
