"""`submit`: checks files, looks at everything that can stop a job, and sends to one or more services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import typer
from pydantic import SecretStr

from app.cli.output import table
from app.cli.program import Session
from app.cli.work.desk import give_secret, keeps_nothing, with_desk
from app.cli.work.find import find_service, pick_panel
from app.cli.work.jobs import end_with
from app.cli.work.refusal import Refused
from app.cli.work.shapes import sent_row
from app.cli.work.side_by_side import at_each_service
from app.cli.work.stdin import optional_secret
from app.cli.work.watch import watch
from app.domain.changes import Noun
from app.domain.job import Job
from app.domain.names import new_id
from app.domain.panel import Panel
from app.domain.parameter import Form, ParameterType
from app.domain.problem import Kind, Problem, ProblemError, problem
from app.domain.service import Service
from app.operations.add_dataset import add_dataset
from app.operations.check_dataset import check_dataset
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.job_group import create_group
from app.operations.preflight import preflight
from app.operations.residency import state_residency
from app.operations.send_job import send_job
from app.operations.sync_panels import read_form, sync_panels
from app.store import datasets, jobs, services
from app.store.secrets import token_name

ACCEPTED = "accepted"
BUILD_FIELDS = ("build",)


@dataclass(frozen=True)
class Order:
    """What is to be sent, and where: pairs of a service and a panel as they were typed.

    `own` are options of one service only, by its name as it was typed, without regard to case. `group` is one
    that the jobs join; without files they send what that group sent.
    """

    files: tuple[Path, ...]
    pairs: tuple[tuple[str, str], ...]
    options: dict[str, str] = field(default_factory=dict)
    own: dict[str, dict[str, str]] = field(default_factory=dict)
    app: str = ""
    name: str = ""
    wait: bool = False
    skip_check: bool = False
    override_reason: str = ""
    only_to: str = ""
    phase_with: str = ""
    phase_by: str = ""
    send_others: bool = False
    group: str = ""

    def options_for(self, named: str) -> dict[str, str]:
        """The options of a service as it was typed: those of all, and its own, which win."""
        return self.options | self.own.get(named.strip().casefold(), {})


def pairs_of(service: Sequence[str], panel: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Services and panels in the order in which they were given; one service serves several panels."""
    if len(service) == 1:
        service = list(service) * len(panel)
    if len(service) != len(panel):
        raise typer.BadParameter(
            f"{len(service)} --service and {len(panel)} --panel: give a panel for each service"
        )
    return tuple(zip(service, panel, strict=True))


def options_of(given: Sequence[str]) -> dict[str, str]:
    """`k=v` as a dictionary; the last of a name counts."""
    return options_by_service(given, ())[0]


def options_by_service(
    given: Sequence[str], services: Sequence[str]
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """`k=v` for all services, and `service:k=v` for one of those named; the last of a name counts."""
    named = {each.strip().casefold() for each in services}
    shared: dict[str, str] = {}
    own: dict[str, dict[str, str]] = {}
    for each in given:
        name, equals, value = each.partition("=")
        service, colon, key = name.partition(":")
        ours = bool(colon) and service.strip().casefold() in named
        if not equals or not name.strip() or (ours and not key.strip()):
            raise typer.BadParameter(f"--option {each}: write it as name=value or service:name=value")
        if ours:
            own.setdefault(service.strip().casefold(), {})[key.strip()] = value
        else:
            shared[name.strip()] = value
    return shared, own


def submit(session: Session, order: Order, *, token_stdin: bool, password_stdin: bool) -> None:
    """Send the files of an order; the answer names the jobs."""
    token = optional_secret(token_stdin, "token")
    password = optional_secret(password_stdin, "password")

    async def work(desk: Desk) -> tuple[tuple[Job, ...], tuple[Left, ...]]:
        return await _submit(desk, session, order, token, password)

    sent, left = with_desk(session, work)
    answer: dict[str, object] = {"job": sent_row(sent[0])}
    if len(sent) > 1:
        answer["jobs"] = [sent_row(job) for job in sent]
    if left:
        answer["not_sent"] = [each._asdict() for each in left]
    rows = [(j.id, j.remote_id, j.service_id, j.panel_name or j.panel_id, j.state) for j in sent]
    lines = table(("id", "at the server", "service", "panel", "state"), rows)
    session.out.answer(answer, [*lines, *(f"Not sent: {e.service}, {e.panel}: {e.why}" for e in left)])
    if order.wait:
        end_with(sent)
    if left:
        raise typer.Exit(1)


class Left(NamedTuple):
    """A service that could not be sent to while others could, and why."""

    service: str
    panel: str
    why: str


async def _submit(
    desk: Desk, session: Session, order: Order, token: SecretStr | None, password: SecretStr | None
) -> tuple[tuple[Job, ...], tuple[Left, ...]]:
    targets = [await _target(desk, each, order.app, token) for each in order.pairs]
    dataset_id = await _data(desk, order)
    if order.only_to:
        await state_residency(desk, dataset_id, order.only_to)
    group = order.group or (new_id("group") if len(targets) > 1 else None)
    drafts = [
        await _draft(desk, order, order.options_for(pair[0]), dataset_id, *target, group)
        for pair, target in zip(order.pairs, targets, strict=True)
    ]
    await _look(desk, session, order, drafts)
    made = await create_group(
        desk,
        drafts,
        password,
        send_others=order.send_others,
        phase_with=order.phase_with,
        phase_by=order.phase_by,
    )
    left = tuple(
        Left(d.service_id, d.panel_id, " ".join(each.problem.sentence() for each in why))
        for d, why in zip(drafts, made.obstacles, strict=True)
        if why
    )
    return await _send(desk, session, made.job_ids, order.wait, own_password=password is not None), left


async def _data(desk: Desk, order: Order) -> str:
    """The files as a dataset; without files that of the group which is joined."""
    together = await desk.store.read(lambda c: jobs.group_jobs(c, order.group)) if order.group else ()
    if order.group and not together:
        raise problem(
            Kind.NOT_FOUND,
            "No such group",
            f"No jobs were sent together as '{order.group}'.",
            "See the groups by 'jobs list'.",
            subject=order.group,
        )
    if order.files:
        return (await add_dataset(desk, tuple(order.files), order.name or None)).ids(Noun.DATASET)[0]
    known = {each.id for each in await desk.store.read(datasets.datasets)}
    found = next((job.dataset_id for job in together if job.dataset_id in known), None)
    if found is None:
        raise problem(
            Kind.NOT_FOUND,
            "The data of the group are not there",
            f"The dataset that '{order.group}' sent was removed.",
            "Name its files.",
            subject=order.group,
        )
    return found


async def _target(
    desk: Desk, pair: tuple[str, str], app: str, token: SecretStr | None
) -> tuple[Service, Panel]:
    """The service and panel that a pair names; panels are read first where that never happened."""
    service = await find_service(desk, pair[0])
    give_secret(desk, token_name(service.id), token)
    known = await desk.store.read(lambda c: services.panels(c, service.id))
    if not known:
        await sync_panels(desk, (service.id,))
        known = await desk.store.read(lambda c: services.panels(c, service.id))
    return service, pick_panel(known, await desk.service(service.id), pair[1], app)


async def _draft(
    desk: Desk,
    order: Order,
    options: dict[str, str],
    dataset_id: str,
    service: Service,
    panel: Panel,
    group: str | None,
) -> JobDraft:
    form = await _form(desk, service, panel.app_id)
    accepted = {
        p.id: p.label
        for p in form.of_type(ParameterType.TERMS)
        if options.get(p.id, "").strip().lower() == ACCEPTED
    }
    known_terms = {p.id for p in form.of_type(ParameterType.TERMS)}
    return JobDraft(
        name=order.name,
        dataset_id=dataset_id,
        service_id=service.id,
        app_id=panel.app_id,
        panel_id=panel.id,
        options={k: v for k, v in options.items() if k not in known_terms},
        terms=accepted,
        override_reason=order.override_reason,
        skip_check=order.skip_check,
        group=group,
    )


async def _form(desk: Desk, service: Service, app_id: str) -> Form:
    """The form as it is now; the last one known where the service does not answer (told later)."""
    try:
        return await read_form(desk, service.id, app_id)
    except ProblemError:
        stored = await desk.store.read(lambda c: services.form(c, service.id, app_id))
        return stored.form if stored else Form(app_id=app_id, app_name="")


async def _look(desk: Desk, session: Session, order: Order, drafts: Sequence[JobDraft]) -> None:
    """Look at everything for every service; all that stands in the way is told at once, unless the others
    are to be sent all the same.
    """
    found: dict[str, Problem] = {}
    for draft in drafts:
        if not order.skip_check:
            build = next((str(draft.options[k]) for k in BUILD_FIELDS if k in draft.options), None)
            await check_dataset(desk, draft.dataset_id, draft.service_id, draft.panel_id, build)
        looked = await preflight(desk, draft, to_phase=bool(order.phase_with))
        for obstacle in looked.obstacles:
            said = _at(looked.service, obstacle.problem) if len(drafts) > 1 else obstacle.problem
            found.setdefault(said.sentence(), said)
        for caution in looked.cautions:
            session.out.note(caution.problem.sentence())
    if found and not order.send_others:
        if len(drafts) > 1:
            session.out.note("Nothing was sent. --send-others sends those that nothing stands in the way of.")
        raise Refused(tuple(found.values()))


def _at(service: Service, told: Problem) -> Problem:
    """The Problem of one service among several, with its name in front."""
    return told.model_copy(update={"title": f"{service.name}: {told.title}"})


async def _send(
    desk: Desk, session: Session, made: tuple[str, ...], wait: bool, *, own_password: bool
) -> tuple[Job, ...]:
    made_here = [(await desk.job(job_id)).password_set for job_id in made]
    if keeps_nothing() and not own_password and any(made_here):
        session.out.note(
            "The password of the result is kept in memory only (HAPLODESK_KEYRING=memory) "
            "and is gone when this command ends; give your own by --password-stdin."
        )
    if wait:
        return await watch(desk, made, session.out.note)

    async def send(job: Job) -> None:
        await send_job(desk, job.id)

    failed = await at_each_service([await desk.job(job_id) for job_id in made], send)
    sent = tuple([await desk.job(job_id) for job_id in made])
    for job in sent:
        if job.is_to_send:
            session.out.note(f"{job.id} waits; 'jobs watch {job.id}' or the window sends it when it can.")
    if failed is not None:
        raise failed
    return sent
