"""A job in words: its stages, its trouble, its facts, what was sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.domain.job import OPEN_STATES, Consent, Event, Job, JobFile, JobState, MessageKind, SendPhase
from app.domain.parameter import Form, Parameter
from app.domain.problem import Kind, Problem
from app.domain.result import Result, ResultState
from app.ui import status, text
from app.ui.colours import Status
from app.ui.models.table import Column
from app.ui.status import Shown
from app.ui.text import plural
from app.ui.views.jobs.remedies import Remedy, Source, Trouble
from app.ui.views.jobs.stages import JobStage, Note, StageName, StageState
from app.ui.widgets.progress import Stage

_DAY = 86400
Pairs = list[tuple[str, str]]


def _t(words: str) -> str:
    return QCoreApplication.translate("Jobs", words)


def _n(words: str, n: int) -> str:
    return plural(QCoreApplication.translate("Jobs", words, None, n), n)


# Stages.


def stage_shown(state: StageState) -> Shown:
    """The sign of a stage."""
    return {
        StageState.WAITING: Shown(Status.WAITING, _t("Not yet")),
        StageState.RUNNING: Shown(Status.RUNNING, _t("Running")),
        StageState.DONE: Shown(Status.DONE, _t("Done")),
        StageState.WARNING: Shown(Status.WARNING, _t("With warnings")),
        StageState.FAILED: Shown(Status.FAILED, _t("Failed")),
        StageState.ENDED: Shown(Status.WAITING, _t("Ended"), "off"),
    }[state]


def stage_words(stage: JobStage) -> Stage:
    """A stage for the row of signs."""
    names = {
        StageName.PREPARED: _t("Prepared"),
        StageName.UPLOADED: _t("Uploaded"),
        StageName.QUEUED: _t("Queued"),
        StageName.CHECKED: _t("Checked by the server"),
        StageName.IMPUTED: _t("Phased and imputed"),
        StageName.EXPORTED: _t("Exported"),
        StageName.FETCHED: _t("Fetched"),
        StageName.VERIFIED: _t("Verified"),
    }
    return Stage(names[stage.name], stage_shown(stage.state), stage.at, stage.progress, _note(stage))


def _note(stage: JobStage) -> str:
    number = "" if stage.number is None else text.number(stage.number)
    return {
        Note.NONE: "",
        Note.STARTS_SOON: _t("starts soon"),
        Note.WAITS: _t("waits"),
        Note.AWAITS_ANSWER: _t("awaits the answer"),
        Note.POSITION: _t("position {0}").format(number) if stage.number else _t("next"),
        Note.CANCELLED: _t("cancelled"),
        Note.UNKNOWN: _t("unknown ({0})").format(number or "–"),
        Note.GONE: _t("gone"),
        Note.LOST: _t("lost by the server"),
    }[stage.note]


# The heading.


def countdown(seconds: float) -> str:
    """`6 days 20 h`, `17:59:42`, `0:00:09`: exact when it is near."""
    whole = max(0, int(seconds))
    if whole >= _DAY:
        return f"{_n('%Ln day(s)', whole // _DAY)} {_t('{0} h').format(whole % _DAY // 3600)}"
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"


def expiry_words(job: Job, result: Result | None, now: datetime) -> str:
    """When the service deletes the result, counted down; nothing while there is nothing to delete."""
    if job.expires is None or job.state in {JobState.DELETED, JobState.EXPIRED}:
        return ""
    left = (job.expires - now).total_seconds()
    if left <= 0:
        return _t("deleted at the service by now")
    words = _t("deleted at the service in {0}").format(countdown(left))
    fetched = result is not None and result.state is ResultState.VERIFIED
    return words + (_t(", it is fetched") if fetched else "")


def heading_words(job: Job, service: str, result: Result | None, now: datetime) -> str:
    """The line beside the name of a job."""
    parts = [service, job.panel_name or job.panel_id]
    if job.state is JobState.QUEUED and job.queue_position is not None:
        place = _t("position {0} in the queue").format(text.number(job.queue_position))
        parts.append(place if job.queue_position else _t("next in the queue"))
    if job.state is JobState.WAITING and job.next_visit is not None and job.next_visit > now:
        parts.append(_t("next try in {0}").format(countdown((job.next_visit - now).total_seconds())))
    expiry = expiry_words(job, result, now)
    return " · ".join([*parts, expiry] if expiry else parts)


# Trouble.


def trouble_problem(trouble: Trouble, job: Job, service: str) -> Problem:
    """Cause in plain words, the server's own words, what to do."""
    if trouble.problem is not None and trouble.source is Source.JOB:
        return trouble.problem
    title, happened, do = {
        Source.RESULT: (
            _t("The result is not complete"),
            trouble.text or _t("Fetching ended early."),
            _t("What came so far is kept. Fetching goes on where it ended."),
        ),
        Source.GONE: (
            _t("The result is gone at the service"),
            _t("{0} has deleted it before it was fetched.").format(service),
            _t("Send the same files again."),
        ),
        Source.LOST: (
            _t("The server has lost the job in a restart"),
            _t("{0} calls it pending and does not go on by itself.").format(service),
            _t("Ask the server to start it again; nothing is uploaded twice."),
        ),
        Source.JOB: (_t("The job needs you"), "", ""),
    }[trouble.source]
    return Problem(
        kind=Kind.REFUSED,
        title=title,
        what_happened=happened,
        what_you_can_do=do,
        subject=job.name,
        details=trouble.problem.details if trouble.problem else "",
    )


def remedy_words(remedy: Remedy, job: Job, tries_now: bool) -> str:
    """What a button says."""
    return {
        Remedy.AGAIN: _again(job, tries_now),
        Remedy.SET_TOKEN: _t("Set token…"),
        Remedy.CHECK_FILES: _t("Check the files again"),
        Remedy.FETCH: _t("Fetch what is missing"),
        Remedy.FETCH_TO: _t("Fetch to another folder…"),
        Remedy.FETCH_PASSWORD: _t("Fetch with another password…"),
        Remedy.RESULT: _t("Open result"),
        Remedy.NEW_JOB: _t("New job"),
    }[remedy]


def _again(job: Job, tries_now: bool) -> str:
    if job.raw_state == -1:
        return _t("Start it again")
    return _t("Try now") if tries_now else _t("Send again")


# Facts.


def fact_pairs(job: Job, result: Result | None, now: datetime, cannot_cancel: str = "") -> Pairs:
    """Where the job stands; `cannot_cancel` is why its service can stop no job."""
    there = job.phase is SendPhase.ANSWERED and job.state in OPEN_STATES
    named = (
        (_t("State"), _state_words(job)),
        (_t("Step"), job.step if job.state not in {JobState.SUCCESS, JobState.FAILED} else ""),
        (_t("Job at the service"), job.remote_id or _t("none yet")),
        (_t("Made"), when(job.created, now)),
        (_t("Sent"), when(job.submitted, now)),
        (_t("Started"), when(job.started, now)),
        (_t("Ended"), when(job.ended, now)),
        (_t("Deleted there"), when(job.expires, now)),
        (_t("Last look"), when(job.last_visit, now)),
        (_t("Next look"), when(job.next_visit, now)),
        (_t("Failed looks"), text.number(job.failed_visits) if job.failed_visits else ""),
        (_t("Cannot be stopped"), cannot_cancel if there else ""),
        (_t("Result"), result.folder if result is not None else ""),
    )
    return [(name, value) for name, value in named if value]


def _state_words(job: Job) -> str:
    word = status.job_shown(job).word
    if job.raw_state is None or job.state is JobState.UNKNOWN:
        return word
    return _t("{0} (the server says {1})").format(word, text.number(job.raw_state))


def when(at: datetime | None, now: datetime) -> str:
    """Relative and exact; nothing for None."""
    return "" if at is None else f"{text.relative(at, now)} ({text.exact(at)})"


def sent_pairs(
    job: Job,
    service: str,
    consents: Sequence[Consent],
    now: datetime,
    form: Form | None = None,
    *,
    packs: bool = True,
) -> Pairs:
    """What went to the service, and what a person agreed to; `form` lends options their words.

    `packs`: the service packs results with a password.
    """
    pairs: Pairs = [
        (_t("To"), service),
        (_t("Application"), job.app_id),
        (_t("Panel"), f"{job.panel_name} ({job.panel_id})" if job.panel_name else job.panel_id),
        (_t("Job name there"), job.remote_name),
        (_t("Files"), _files(job)),
    ]
    pairs += option_pairs(job, form, {c.parameter_id for c in consents})
    password = _t("made here, kept in the keyring") if job.password_set else _t("made by the service")
    if packs or job.password_set:
        pairs.append((_t("Password"), password))
    if job.override_reason:
        pairs.append((_t("Sent in spite of findings"), job.override_reason))
    for consent in consents:
        accepted = _t("{0}, {1}: {2}").format(consent.person, when(consent.at, now), consent.text)
        pairs.append((_t("Terms accepted"), accepted))
    return pairs


def _files(job: Job) -> str:
    names = ", ".join(f.name for f in job.files[:3])
    more = ", …" if len(job.files) > 3 else ""
    amount = f"{_n('%Ln file(s)', len(job.files))}, {text.size(sum(f.size for f in job.files))}"
    return f"{amount}: {names}{more}" if names else amount


def option_pairs(job: Job, form: Form | None, told: Collection[str]) -> Pairs:
    """The options in the words of the service; those in `told`, and the panel, are said elsewhere."""
    pairs: Pairs = []
    for name, value in job.options.items():
        parameter = form.parameter(name) if form is not None else None
        if name not in told and value != job.panel_id:
            label = parameter.label.rstrip(" :") if parameter is not None and parameter.label else name
            pairs.append((label, _option(value, parameter, job.panel_id)))
    return pairs


def _option(value: str | bool, parameter: Parameter | None, panel_id: str) -> str:
    if isinstance(value, bool):
        return _t("on") if value else _t("off")
    if parameter is None:
        return value
    offered = (*parameter.choices, *parameter.bound_choices.get(panel_id, ()))
    return next((choice.label for choice in offered if choice.key == value), value)


# Files and events as rows.


def file_columns() -> tuple[Column, ...]:
    """The result files at the service."""
    return (
        Column("name", _t("File"), 150),
        Column("state", _t("State"), 120, status=status.file_state),
        Column("size", _t("Size"), 70, numeric=True),
        Column("left", _t("Downloads left"), 108, show=downloads_words, numeric=True),
        Column("problem", _t("Why not"), 260),
    )


def file_row(file: JobFile) -> tuple[Any, ...]:
    """A file as a row."""
    size = text.size(file.bytes) if file.bytes is not None else file.size_text or "–"
    return (file.name, file.state, size, file.downloads_left, file.problem)


def downloads_words(left: int | None) -> str:
    """A counter of the service."""
    if left is None:
        return "–"
    return _t("no limit") if left < 0 else text.number(left)


def event_columns() -> tuple[Column, ...]:
    """The timeline."""
    return (
        Column("at", _t("When"), 145, show=text.exact),
        Column("kind", _t("Kind"), 80, show=event_kind),
        Column("text", _t("What"), 400),
    )


def event_row(event: Event) -> tuple[Any, ...]:
    """A line of the timeline as a row."""
    return (event.at, event.kind, event.text)


def event_kind(kind: str) -> str:
    """The kind of an event in words."""
    return {
        "request": _t("Request"),
        "state": _t("State"),
        "decision": _t("Decision"),
        "download": _t("Download"),
        "check": _t("Check"),
    }.get(kind, kind.capitalize())


def message_shown(kind: MessageKind) -> Shown | None:
    """The badge of a message of the server; none for plain ones."""
    return {
        MessageKind.ERROR: Shown(Status.FAILED, _t("Error")),
        MessageKind.WARNING: Shown(Status.WARNING, _t("Warning")),
    }.get(kind)
