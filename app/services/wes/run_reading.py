"""Runs as the servers tell them, in a list or by themselves. Source: ga4gh.md 1.1, 1.6 (c), (g)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.domain.job import JobState, JobStep, MessageKind, StepMessage, StepState
from app.domain.model import Model
from app.domain.problem import Kind, Problem, problem
from app.services.contract import RemoteFile, RemoteJob
from app.services.plain_text import plain_line, plain_name, safe_block, safe_line
from app.services.wes.order import MARK, MARK_TEMPLATE
from app.services.wes.problems import dictionary
from app.services.wes.states import RETRY_STATES, state_of

_TAIL = 3000
_MOST_STEPS = 300
_STEP_NAME = "Workflow run"


class RunPage(Model):
    """A page of the list: lines of runs, and the token of the next page, empty at the end."""

    runs: tuple[RemoteJob, ...]
    next_token: str = ""


def run_page(told: Any) -> RunPage | None:
    """A page of the list, None when it is none: the key is `runs` or `workflows`, or it is a bare list."""
    if isinstance(told, list):
        listed: Any = told
        token: Any = ""
    else:
        data = dictionary(told)
        listed = next((data[key] for key in ("runs", "workflows") if isinstance(data.get(key), list)), None)
        if listed is None:
            return None
        token = data.get("next_page_token")
    lines = [_line(each) for each in listed if isinstance(each, dict) and run_id_of(each)]
    return RunPage(runs=tuple(lines), next_token=token if isinstance(token, str) else "")


def run_id_of(told: Mapping[str, Any]) -> str:
    """The id of a run."""
    value = next((told[key] for key in ("run_id", "workflow_id", "id") if key in told), "")
    return plain_name(value) if isinstance(value, str) else ""


def _line(told: Mapping[str, Any]) -> RemoteJob:
    state, _, step = state_of(told.get("state"))
    return RemoteJob(
        remote_id=run_id_of(told),
        name=name_of(told),
        state=state,
        step=step,
        started=moment(told.get("start_time")),
        ended=moment(told.get("end_time")),
        complete=False,
    )


def tags_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """The tags of a run: of a line, or of its request; some keep them as text."""
    for holder in (told, dictionary(told.get("request")), dictionary(told.get("run_log"))):
        tags = holder.get("tags")
        if isinstance(tags, str):
            try:
                tags = json.loads(tags)
            except ValueError:
                continue
        if isinstance(tags, dict) and tags:
            return tags
    return {}


def name_of(told: Mapping[str, Any]) -> str:
    """Our name of the job, from our mark; empty where the server does not tell tags here."""
    value = tags_of(told).get(MARK)
    return plain_name(value) if isinstance(value, str) else ""


def template_of(told: Mapping[str, Any]) -> str:
    """The workflow that a run was made of, as we marked it."""
    value = tags_of(told).get(MARK_TEMPLATE)
    return value if isinstance(value, str) else ""


def moment(value: Any) -> datetime | None:
    """A time with or without zone and fraction; without one it is UTC. None for what is no time."""
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def remote_job(told: Mapping[str, Any], files: tuple[RemoteFile, ...], texts: Mapping[str, str]) -> RemoteJob:
    """A run by itself. `texts` are its logs: the last lines of the error output say why it failed."""
    state, word, step = state_of(told.get("state"))
    log = dictionary(told.get("run_log"))
    return RemoteJob(
        remote_id=run_id_of(told),
        name=name_of(told),
        state=state,
        step=step,
        steps=(*_tasks(told), _whole_run(state, word, log, texts)),
        submitted=moment(log.get("start_time")) or moment(told.get("start_time")),
        started=moment(log.get("start_time")),
        ended=moment(log.get("end_time")),
        queue_position=None,
        files=files,
        complete=True,
    )


_STEP_STATES = {
    JobState.SUCCESS: StepState.DONE,
    JobState.FAILED: StepState.FAILED,
    JobState.CANCELLED: StepState.WARNING,
    JobState.DELETED: StepState.WARNING,
    JobState.QUEUED: StepState.WAITING,
}


def _whole_run(state: JobState, word: str, log: Mapping[str, Any], texts: Mapping[str, str]) -> JobStep:
    messages = []
    if state is JobState.FAILED:
        messages.append(StepMessage(kind=MessageKind.ERROR, text=_reason(word, log, texts)))
    return JobStep(
        name=_STEP_NAME, state=_STEP_STATES.get(state, StepState.RUNNING), messages=tuple(messages)
    )


def _reason(word: str, log: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    code = log.get("exit_code")
    if word == "PREEMPTED":
        return "The service stopped the run because it needed the room for others. Send it again."
    ended = f" (exit code {code})" if type(code) is int else ""
    blame = (
        f"The service failed{ended}, not your files. Send it again; if it fails again, ask the service."
        if word in RETRY_STATES
        else f"The workflow failed{ended}."
    )
    tail = last_lines(texts.get("stderr", "") or texts.get("stdout", ""))
    return f"{blame} Its last words:\n{tail}" if tail else blame


def failure_of(word: str, told: Mapping[str, Any], texts: Mapping[str, str]) -> Problem:
    """Why a run failed, and whether it is worth while to send the same again."""
    run_id = run_id_of(told)
    if word in RETRY_STATES:
        title = "The service stopped the run" if word == "PREEMPTED" else "The service failed"
        return problem(
            Kind.BUSY,
            title,
            "It is not the fault of your files" + (f": {cause}" if (cause := cause_in(texts)) else ""),
            "Send the job again; if it fails again, ask the operator of the service",
            subject=run_id,
        ).problem
    code = dictionary(told.get("run_log")).get("exit_code")
    ended = f"It ended with exit code {code}" if type(code) is int else "It gives no reason"
    return problem(
        Kind.REFUSED,
        "The workflow failed at the service",
        cause_in(texts) or ended,
        "Look at the log of the run, mend what it names, and send a new job",
        subject=run_id,
        details=ended,
    ).problem


_CAUSE = re.compile(r"error|fail|not found|no such|denied|exception|cannot|invalid", re.IGNORECASE)


def cause_in(texts: Mapping[str, str]) -> str:
    """The first line near the end of the error output that sounds like a cause, else the last one."""
    lines = last_lines(texts.get("stderr", "") or texts.get("stdout", "")).splitlines()
    return safe_line(next((line for line in lines if _CAUSE.search(line)), lines[-1] if lines else ""))


def last_lines(text: str, most: int = _TAIL) -> str:
    """The end of a text, from the start of a line, without colours and secrets."""
    clean = safe_block(text[-20_000:], 20_000).strip()
    if len(clean) <= most:
        return clean
    cut = clean[-most:]
    return cut[cut.index("\n") + 1 :] if "\n" in cut else cut


def _tasks(told: Mapping[str, Any]) -> tuple[JobStep, ...]:
    listed = told.get("task_logs")
    tasks = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return tuple(_task(each) for each in tasks[:_MOST_STEPS])


def _task(told: Mapping[str, Any]) -> JobStep:
    code = told.get("exit_code")
    if type(code) is int:
        state = StepState.DONE if code == 0 else StepState.FAILED
    else:
        state = (
            StepState.RUNNING if told.get("start_time") and not told.get("end_time") else StepState.WAITING
        )
    name = plain_line(str(told.get("name") or "task"), 120)
    return JobStep(name=name, state=state)
