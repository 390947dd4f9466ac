"""Make a job out of a draft. Sending it is `send_job`."""

from __future__ import annotations

from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.job import Consent, Event, Job, JobState, SendPhase
from app.domain.names import new_id, new_password, remote_job_name, safe_password
from app.domain.parameter import Form, ParameterType
from app.domain.problem import Kind, ProblemError, problem
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft, Obstacle, Preflight, is_aes, panel_fields, text_hash
from app.operations.folder_rules import remember_folder_rules
from app.operations.one_file import with_one_file
from app.operations.preflight import preflight
from app.operations.residency import rule_for
from app.operations.send_job import send_job
from app.operations.sent_record import keep_sent
from app.store import jobs
from app.store.secrets import password_name
from app.store.store import Connection as StoreConnection


async def submit_job(desk: Desk, draft: JobDraft, password: SecretStr | None = None) -> Changes:
    """Check everything, make the job and send it."""
    changes = await create_job(desk, draft, password)
    for job_id in changes.ids(Noun.JOB):
        changes |= await send_job(desk, job_id)
    return changes


async def create_job(desk: Desk, draft: JobDraft, password: SecretStr | None = None) -> Changes:
    """Check everything and write the job down with its consents; nothing is sent yet.

    `password` opens the result; without it one is made, or the service makes it if the draft says so. It is
    in the keyring before anybody can see the job. Raises ProblemError with the first obstacle. From here on
    the job is not lost: if the program ends, the next start sends it.
    """
    refuse_password(password)
    draft = await with_one_file(desk, draft)
    found = await preflight(desk, draft)
    if found.obstacles:
        raise refusal(found.obstacles)
    return await write_job(desk, draft, found, password)


async def write_job(
    desk: Desk, draft: JobDraft, found: Preflight, password: SecretStr | None = None
) -> Changes:
    """Write down the job of a draft in whose way nothing stands, as `preflight` has just `found`."""
    assert not found.obstacles
    assert found.form is not None
    assert found.panel is not None
    if not desk.family(found.service).capabilities.passwords:
        draft = draft.model_copy(update={"own_password": False})
    await remember_folder_rules(desk, found.dataset.files)
    rule = await rule_for(desk, found.dataset, found.dataset.files)
    job = _job(desk, draft, found, found.form).model_copy(update={"residency": rule})
    if job.password_set:
        await desk.keep_secret(password_name(job.id), password or SecretStr(new_password()))
    consents = _consents(desk, draft, job)
    events = _events(desk, draft, job, found)

    def write(c: StoreConnection) -> None:
        jobs.save_job(c, job)
        for consent in consents:
            jobs.save_consent(c, consent)
        for event in events:
            jobs.add_event(c, event)

    try:
        await desk.store.write(write)
    except ProblemError:
        await desk.forget_secret(password_name(job.id))  # there is no job of it
        raise
    await keep_sent(desk, job, found.dataset)
    return desk.announce(Changes.of(Noun.JOB, job.id) | Changes.of(Noun.EVENT, job.id))


def refuse_password(password: SecretStr | None) -> None:
    """A password that a server would change on its way is refused; see `safe_password`."""
    if password is not None and not safe_password(password.get_secret_value()):
        raise problem(
            Kind.INPUT,
            "The password would not survive the way",
            "A server may change other characters, and then nobody could open the result.",
            "Use 12 to 40 letters, digits, dots, underscores and dashes, with a letter, no dash in front.",
        )


def refusal(obstacles: tuple[Obstacle, ...]) -> ProblemError:
    """All obstacles as one Problem, the first in front."""
    first = obstacles[0].problem
    if len(obstacles) == 1:
        return ProblemError(first)
    rest = " ".join(o.problem.sentence() for o in obstacles[1:])
    return ProblemError(first.model_copy(update={"details": f"{first.details} Also: {rest}".strip()}))


def _job(desk: Desk, draft: JobDraft, found: Preflight, form: Form) -> Job:
    job_id = new_id("job")
    name = draft.name.strip() or found.dataset.name
    assert found.panel is not None
    return Job(
        id=job_id,
        name=name,
        group=draft.group,
        remote_name=remote_job_name(name, job_id),
        service_id=draft.service_id,
        app_id=draft.app_id,
        panel_id=draft.panel_id,
        panel_name=found.panel.name,
        dataset_id=draft.dataset_id,
        files=found.dataset.files,
        options=sent_options(draft, form),
        password_set=draft.own_password,
        override_reason=draft.override_reason.strip(),
        state=JobState.PREPARING,
        phase=SendPhase.CHECKED,
        created=desk.clock.now(),
    )


def sent_options(draft: JobDraft, form: Form) -> dict[str, str | bool]:
    """What is sent: choices with their defaults, ticked boxes only, accepted terms, filled text only.

    The strong encryption of the result is asked for unless the user says no. A checkbox is on at the
    server whenever its name is present, so one that is not ticked is left out.
    """
    panels = panel_fields(form)
    sent: dict[str, str | bool] = {}
    for parameter in form.parameters:
        value = draft.options.get(parameter.id)
        if parameter.id in panels[:1]:
            sent[parameter.id] = draft.panel_id
        elif parameter.type is ParameterType.TERMS:
            sent[parameter.id] = "accepted"
        elif parameter.type is ParameterType.CHECKBOX:
            if is_ticked(is_aes(parameter) if value is None else value):
                sent[parameter.id] = True
        elif parameter.type in {ParameterType.CHOICE, ParameterType.BOUND_CHOICE, ParameterType.PANEL}:
            chosen = value or parameter.default
            if chosen:
                sent[parameter.id] = str(chosen)
        elif value not in (None, "", False):
            sent[parameter.id] = str(value)
    return sent


def is_ticked(value: object) -> bool:
    """Whether a box is ticked: True, or the words that a person types for it."""
    return value is True or str(value).strip().lower() in {"true", "yes", "on", "1"}


def _consents(desk: Desk, draft: JobDraft, job: Job) -> list[Consent]:
    return [
        Consent(
            job_id=job.id,
            service_id=job.service_id,
            parameter_id=parameter_id,
            text=text,
            text_sha256=text_hash(text),
            person=desk.person(),
            at=desk.clock.now(),
        )
        for parameter_id, text in draft.terms.items()
    ]


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def _short(text: str, letters: int = 120) -> str:
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


def _events(desk: Desk, draft: JobDraft, job: Job, found: Preflight) -> list[Event]:
    texts = [f"Job made: {_files(len(job.files))} for {found.service.name}, panel {job.panel_name}."]
    texts += [f"{desk.person()} accepted: “{_short(text)}”" for text in draft.terms.values()]
    if job.override_reason:
        texts.append(f"Sent in spite of severe findings. Reason: {job.override_reason}")
    if draft.skip_check:
        texts.append("The checks of the genotypes were left out by the user.")
    return [
        Event(at=desk.clock.now(), kind="decision", text=t, job_id=job.id, service_id=job.service_id)
        for t in texts
    ]
