"""Runs as the service tells them, in its list and one by one. Pure functions. Source: services.md 2.3.

A run that is only prepared is no job: it costs nothing, and nobody works on it before it is started.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from app.domain.job import JobFile, JobState, JobStep, MessageKind, StepMessage, StepState
from app.services.contract import RemoteFile, RemoteJob
from app.services.plain_text import plain_name, safe_block
from app.services.teaspoons.problems import said
from app.services.teaspoons.reading import inner, moment, number, objects, raw_text, text

PREPARING = "PREPARING"
_STATES = {"RUNNING": JobState.RUNNING, "SUCCEEDED": JobState.SUCCESS, "FAILED": JobState.FAILED}
_MOST_FILES = 500
_FILE_NAME = re.compile(r".+\.[A-Za-z][A-Za-z0-9]*")


def runs(data: dict[str, Any], now: datetime) -> tuple[RemoteJob, ...]:
    """The started runs of one page of the list."""
    found = (each for each in objects(data, "results") if text(each, "jobId"))
    return tuple(_line(each, now) for each in found if text(each, "status") != PREPARING)


def _line(data: dict[str, Any], now: datetime) -> RemoteJob:
    expires = moment(data, "outputExpirationDate")
    return RemoteJob(
        remote_id=text(data, "jobId"),
        name=plain_name(raw_text(data, "description")),
        state=_state(text(data, "status"), expires, now),
        submitted=moment(data, "timeSubmitted"),
        ended=moment(data, "timeCompleted"),
        expires=expires,
        complete=False,
    )


def _state(word: str, expires: datetime | None, now: datetime) -> JobState:
    state = _STATES.get(word, JobState.UNKNOWN)
    if state is JobState.SUCCESS and expires is not None and expires <= now:
        return JobState.EXPIRED
    return state


def run(data: dict[str, Any], now: datetime) -> RemoteJob:
    """One run with its messages and files."""
    told, report = inner(data, "jobReport"), inner(data, "pipelineRunReport")
    expires = moment(report, "outputExpirationDate")
    state = _state(text(told, "status"), expires, now)
    remote_id = text(told, "id")
    return RemoteJob(
        remote_id=remote_id,
        name=plain_name(raw_text(told, "description")),
        state=state,
        steps=_steps(data, report, state),
        submitted=moment(told, "submitted"),
        ended=moment(told, "completed"),
        expires=expires,
        files=_files(remote_id, inner(report, "outputs")) if state is JobState.SUCCESS else (),
    )


def _steps(data: dict[str, Any], report: dict[str, Any], state: JobState) -> tuple[JobStep, ...]:
    """The service tells no steps; what it says of the run is shown as one."""
    messages = [StepMessage(kind=kind, text=words) for kind, words in _messages(data, report) if words]
    states = {JobState.SUCCESS: StepState.DONE, JobState.FAILED: StepState.FAILED}
    name = text(report, "pipelineName") or "Pipeline"
    return (JobStep(name=name, state=states.get(state, StepState.RUNNING), messages=tuple(messages)),)


def _messages(data: dict[str, Any], report: dict[str, Any]) -> list[tuple[MessageKind, str]]:
    tool, citation = text(report, "toolVersion"), text(report, "citation")
    size, used = number(report, "inputSize"), number(report, "quotaConsumed")
    unit = text(report, "inputSizeUnits")
    delivery = inner(report, "dataDeliveryReport")
    return [
        (MessageKind.ERROR, safe_block(said(inner(data, "errorReport")), 4000)),
        (MessageKind.INFO, f"Version of the tool: {tool}" if tool else ""),
        (MessageKind.INFO, f"Read: {size:,.0f} {unit}".strip() if size is not None else ""),
        (MessageKind.INFO, f"Charged to your quota: {used:,.0f} {unit}".strip() if used is not None else ""),
        (MessageKind.INFO, f"Delivery to the cloud: {text(delivery, 'status')}" if delivery else ""),
        (MessageKind.INFO, f"To cite: {citation}" if citation else ""),
    ]


def _files(remote_id: str, outputs: dict[str, Any]) -> tuple[RemoteFile, ...]:
    """Outputs that are files: their value is the name, or the whole path in older answers.

    Only files have a size; one whose size was not written down is known by its ending.
    """
    found: list[RemoteFile] = []
    for key, value in list(outputs.items())[:_MOST_FILES]:
        told = value if isinstance(value, dict) else {"value": value}
        name = plain_name(raw_text(told, "value")).removeprefix("gs://")
        if isinstance(value, str):
            name = name.rpartition("/")[2]
        size = number(inner(told, "metadata"), "sizeInBytes")
        if not name or (size is None and not _FILE_NAME.fullmatch(name)):
            continue
        file = JobFile(name=name, size_text=f"{size:.0f} bytes" if size is not None else "")
        locator = {"run": remote_id, "output": key, "size": int(size) if size is not None else None}
        found.append(RemoteFile(file=file, locator=SecretStr(json.dumps(locator))))
    return tuple(found)
