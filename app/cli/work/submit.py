"""`submit`: checks files, looks at everything that can stop a job, and sends to one or more services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import typer
from pydantic import SecretStr

from app.cli.output import table
from app.cli.program import Session
from app.cli.work.desk import give_secret, keeps_nothing, with_desk
from app.cli.work.find import find_service, pick_panel
from app.cli.work.jobs import end_with
from app.cli.work.refusal import Refused
from app.cli.work.shapes import sent_row
from app.cli.work.stdin import optional_secret
from app.cli.work.watch import watch
from app.domain.changes import Noun
from app.domain.job import Job
from app.domain.names import new_id
from app.domain.panel import Panel
from app.domain.parameter import Form, ParameterType
from app.domain.problem import Problem, ProblemError
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
from app.store import services
from app.store.secrets import token_name

ACCEPTED = "accepted"
BUILD_FIELDS = ("build",)


@dataclass(frozen=True)
class Order:
    """What is to be sent, and where: pairs of a service and a panel as they were typed."""

    files: tuple[Path, ...]
    pairs: tuple[tuple[str, str], ...]
    options: dict[str, str] = field(default_factory=dict)
    app: str = ""
    name: str = ""
    wait: bool = False
    skip_check: bool = False
    override_reason: str = ""
    only_to: str = ""
    phase_with: str = ""


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
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"--option {each}: write it as name=value")
        found[name.strip()] = value
    return found


def submit(session: Session, order: Order, *, token_stdin: bool, password_stdin: bool) -> None:
    """Send the files of an order; the answer names the jobs."""
    token = optional_secret(token_stdin, "token")
    password = optional_secret(password_stdin, "password")

    async def work(desk: Desk) -> tuple[Job, ...]:
        return await _submit(desk, session, order, token, password)

    sent = with_desk(session, work)
    answer: dict[str, object] = {"job": sent_row(sent[0])}
    if len(sent) > 1:
        answer["jobs"] = [sent_row(job) for job in sent]
    rows = [(j.id, j.remote_id, j.service_id, j.panel_name or j.panel_id, j.state) for j in sent]
    session.out.answer(answer, table(("id", "at the server", "service", "panel", "state"), rows))
    if order.wait:
        end_with(sent)


async def _submit(
    desk: Desk, session: Session, order: Order, token: SecretStr | None, password: SecretStr | None
) -> tuple[Job, ...]:
    targets = [await _target(desk, each, order.app, token) for each in order.pairs]
    changes = await add_dataset(desk, tuple(order.files), order.name or None)
    dataset_id = changes.ids(Noun.DATASET)[0]
    if order.only_to:
        await state_residency(desk, dataset_id, order.only_to)
    group = new_id("group") if len(targets) > 1 else None
    drafts = [await _draft(desk, order, dataset_id, *target, group) for target in targets]
    await _refuse(desk, session, order, drafts)
    made = (await create_group(desk, drafts, password, phase_with=order.phase_with)).job_ids
    return await _send(desk, session, made, order.wait, own_password=password is not None)


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
    desk: Desk, order: Order, dataset_id: str, service: Service, panel: Panel, group: str | None
) -> JobDraft:
    form = await _form(desk, service, panel.app_id)
    accepted = {
        p.id: p.label
        for p in form.of_type(ParameterType.TERMS)
        if order.options.get(p.id, "").strip().lower() == ACCEPTED
    }
    known_terms = {p.id for p in form.of_type(ParameterType.TERMS)}
    return JobDraft(
        name=order.name,
        dataset_id=dataset_id,
        service_id=service.id,
        app_id=panel.app_id,
        panel_id=panel.id,
        options={k: v for k, v in order.options.items() if k not in known_terms},
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


async def _refuse(desk: Desk, session: Session, order: Order, drafts: Sequence[JobDraft]) -> None:
    """Look at everything for every service; all that stands in the way is told at once."""
    found: dict[str, Problem] = {}
    for draft in drafts:
        if not order.skip_check:
            build = next((order.options[k] for k in BUILD_FIELDS if k in order.options), None)
            await check_dataset(desk, draft.dataset_id, draft.service_id, draft.panel_id, build)
        looked = await preflight(desk, draft)
        for obstacle in looked.obstacles:
            found.setdefault(obstacle.problem.sentence(), obstacle.problem)
        for caution in looked.cautions:
            session.out.note(caution.problem.sentence())
    if found:
        raise Refused(tuple(found.values()))


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
    for job_id in made:
        await send_job(desk, job_id)
    sent = tuple([await desk.job(job_id) for job_id in made])
    for job in sent:
        if job.is_to_send:
            session.out.note(f"{job.id} waits; 'jobs watch {job.id}' or the window sends it when it can.")
    return sent
