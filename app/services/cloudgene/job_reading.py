"""Jobs as a server tells them: both shapes of the list, states, messages, files. Pure functions.

Source: cloudgene.md 4.
"""

from __future__ import annotations

import html
import json
import math
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from app.domain.job import (
    ENDED_STATES,
    LOG_GROUP,
    JobFile,
    JobState,
    JobStep,
    MessageKind,
    StepMessage,
    StepState,
)
from app.services.cloudgene.passwords import WHERE_THE_PASSWORD_IS, without_password
from app.services.cloudgene.reading import moment, number, objects, text
from app.services.cloudgene.states import job_state
from app.services.contract import RemoteFile, RemoteJob
from app.services.plain_text import plain_line, plain_name, safe_block

_GROUPS = {"cloudgene_logs": LOG_GROUP}
_KINDS = {
    0: MessageKind.OK,
    1: MessageKind.ERROR,
    2: MessageKind.WARNING,
    3: MessageKind.RUNNING,
    4: MessageKind.ERROR,
}
_COUNTED = re.compile(r"\((\d{1,9})\s*/\s*(\d{1,9})\)")
_MOST_PARTS = 1_000_000
"""More parts than a genome has chunks: not a count of them."""
MOST_JOBS = 20_000
MOST_STEPS, MOST_MESSAGES, LONGEST_MESSAGE = 50, 200, 4_000
_WIDTH = re.compile(r"width:\s*(\d{1,3}(?:\.\d{1,9})?)\s*%")


def job_list(data: Any) -> tuple[RemoteJob, ...] | None:
    """The jobs of a list: a bare array, or pages with `data`; None when it is neither.

    More lines than anybody has jobs are no list either: only reading them would take minutes.
    """
    lines = data.get("data") if isinstance(data, dict) else data
    if not isinstance(lines, list) or len(lines) > MOST_JOBS:
        return None
    found = (job(each, "", complete=False) for each in lines if isinstance(each, dict) and text(each, "id"))
    return tuple(found)


@dataclass(frozen=True)
class Page:
    """A part of the list of jobs: the page `number` of `last`, of `count` jobs in all."""

    jobs: tuple[RemoteJob, ...]
    number: int = 1
    last: int = 1
    count: int = 0


def job_page(data: Any) -> Page | None:
    """The list with its place among the pages.

    A server that gives all jobs calls that one page as long as its count. The count may be larger than
    the list, because it takes in deleted jobs; without a length of pages it is what the lines are held
    against.
    """
    found = job_list(data)
    if found is None or not isinstance(data, dict):
        return None if found is None else Page(found, count=len(found))
    count, at = number(data, "count") or len(found), number(data, "page") or 1
    size = number(data, "pageSize") or len(found) or 1
    if len(found) >= count:
        return Page(found, count=count)
    return Page(found, max(1, at), max(1, math.ceil(count / max(1, size))), count)


def job(data: dict[str, Any], generation: str, *, complete: bool = True) -> RemoteJob:
    """One job; `complete` False for a line of a list, which leaves out steps and files."""
    state, raw = job_state(number(data, "state"))
    steps = tuple(_step(each, state) for each in objects(data, "steps")[-MOST_STEPS:])
    current = _current(steps)
    return RemoteJob(
        remote_id=text(data, "id"),
        name=plain_name(html.unescape(text(data, "name"))) or text(data, "id"),
        state=state,
        raw_state=raw,
        progress=_progress(data, state, current),
        step=current.name if current and state not in ENDED_STATES else "",
        steps=steps,
        queue_position=_position(data, state),
        submitted=moment(data, "submittedOn"),
        started=moment(data, "startTime"),
        ended=moment(data, "endTime") or moment(data, "finishedOn"),
        expires=moment(data, "deletedOn"),
        files=files(data, generation) if complete else (),
        complete=complete,
    )


def _position(data: dict[str, Any], state: JobState) -> int | None:
    place = number(data, "positionInQueue")
    return place if state is JobState.QUEUED and place is not None and place >= 0 else None


def _current(steps: tuple[JobStep, ...]) -> JobStep | None:
    running = [step for step in steps if step.state is StepState.RUNNING]
    return (running or list(steps))[-1] if steps else None


def _progress(data: dict[str, Any], state: JobState, current: JobStep | None) -> float | None:
    """Between 0 and 1: of generation 2 its own per cent, else that of the step that runs."""
    if state is JobState.SUCCESS:
        return 1.0
    if state in ENDED_STATES:
        return None
    told = number(data, "progress")
    if told is not None and 0 < told <= 100:
        return told / 100
    return current.progress if current else None


def _step(data: dict[str, Any], state_of_job: JobState) -> JobStep:
    entries = objects(data, "logMessages")[-MOST_MESSAGES:]
    raw = "\n".join(text(each, "message")[:LONGEST_MESSAGE] for each in entries if number(each, "type") == 3)
    messages = tuple(_message(each) for each in entries)
    return JobStep(
        name=plain_line(text(data, "name")),
        state=_step_state(messages, state_of_job),
        progress=step_progress(raw),
        messages=messages,
    )


def _message(data: dict[str, Any]) -> StepMessage:
    """A message without secrets: jobs are kept on disk, and the password belongs into the keyring."""
    kind = _KINDS.get(number(data, "type") or 0, MessageKind.INFO)
    told, hidden = without_password(text(data, "message")[: 5 * LONGEST_MESSAGE])
    shown = safe_block(told, LONGEST_MESSAGE)
    return StepMessage(
        kind=kind, text=f"{shown}\n{WHERE_THE_PASSWORD_IS}" if hidden else shown, at=moment(data, "time")
    )


def _step_state(messages: tuple[StepMessage, ...], state_of_job: JobState) -> StepState:
    kinds = {message.kind for message in messages}
    if MessageKind.ERROR in kinds:
        return StepState.FAILED
    if MessageKind.RUNNING in kinds and state_of_job is not JobState.SUCCESS:
        return StepState.FAILED if state_of_job in ENDED_STATES else StepState.RUNNING
    if not kinds:
        return StepState.WAITING
    return StepState.WARNING if MessageKind.WARNING in kinds else StepState.DONE


def step_progress(message: str) -> float | None:
    """Between 0 and 1 from `(done/total)`, all of them together, else from the width of a bar."""
    counted = [(int(done), int(total)) for done, total in _COUNTED.findall(message)]
    counted = [(done, total) for done, total in counted if total <= _MOST_PARTS]
    total = sum(each for _, each in counted)
    if total:
        return _share(sum(done for done, _ in counted) / total)
    widths = [float(each) for each in _WIDTH.findall(message)]
    return _share(widths[-1] / 100) if widths else None


def _share(told: float) -> float:
    """Between 0 and 1, in steps that mean something: a billionth would make an end in a thousand years."""
    return round(min(1.0, max(0.0, told)), 4)


def files(data: dict[str, Any], generation: str) -> tuple[RemoteFile, ...]:
    """The result files of all groups with the ways to them; folders have none."""
    return tuple(
        _file(entry, group, data, generation)
        for group in objects(data, "outputParams")
        for entry in objects(group, "files")
        if plain_name(text(entry, "name"))
    )


def _file(
    entry: dict[str, Any], group: dict[str, Any], job_data: dict[str, Any], generation: str
) -> RemoteFile:
    name = text(group, "name")
    told = JobFile(
        name=plain_name(text(entry, "name")),
        group=_GROUPS.get(name, name or "output"),
        size_text=plain_line(text(entry, "size"), 40),
        downloads_left=number(entry, "count"),
    )
    return RemoteFile(file=told, locator=locator(_ways(entry, group, job_data, generation)))


def _ways(
    entry: dict[str, Any], group: dict[str, Any], job_data: dict[str, Any], generation: str
) -> list[tuple[str, bool]]:
    """Paths below the base address, each with whether it needs the token, in the order of trying.

    Generation 3 has one, so that one GET is made. Of generation 2 nobody can know which a server has.
    """
    name = quote(text(entry, "name"), safe="/")
    digest, job_id, user = (quote(text(*of), safe="") for of in _keys(entry, job_data))
    if generation != "cg2":
        return [(f"/share/results/{digest}/{name}", False)] if digest else []
    ways = []
    if digest and user:
        ways.append((f"/share/{user}/{digest}/{name}", False))
    if digest:
        ways += [(f"/share/results/{digest}/{name}", False), (f"/downloads/{job_id}/{digest}/{name}", False)]
    parameter = number(entry, "parameterId") or number(group, "id") or 0
    return [*ways, (f"/results/{job_id}/{parameter}/{name}", True)]


def _keys(entry: dict[str, Any], job_data: dict[str, Any]) -> tuple[tuple[dict[str, Any], str], ...]:
    return (entry, "hash"), (job_data, "id"), (job_data, "username")


def locator(ways: list[tuple[str, bool]]) -> SecretStr:
    """The ways in as one secret."""
    return SecretStr(json.dumps(ways))
