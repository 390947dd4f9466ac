"""The states of a run. Source: ga4gh.md 1.4. A word that is not known is never taken for success."""

from __future__ import annotations

from app.domain.job import JobState
from app.services.plain_text import plain_line

_STATES = {
    "QUEUED": JobState.QUEUED,
    "INITIALIZING": JobState.QUEUED,
    "RUNNING": JobState.RUNNING,
    "PAUSED": JobState.RUNNING,
    "CANCELING": JobState.RUNNING,
    "CANCELLING": JobState.RUNNING,
    "COMPLETE": JobState.SUCCESS,
    "EXECUTOR_ERROR": JobState.FAILED,
    "SYSTEM_ERROR": JobState.FAILED,
    "PREEMPTED": JobState.FAILED,
    "CANCELED": JobState.CANCELLED,
    "CANCELLED": JobState.CANCELLED,
    "DELETING": JobState.DELETED,
    "DELETED": JobState.DELETED,
    "UNKNOWN": JobState.UNKNOWN,
}
_STEPS = {
    "QUEUED": "Waiting in the queue of the service",
    "INITIALIZING": "Being made ready",
    "RUNNING": "The workflow runs",
    "PAUSED": "Paused by the service",
    "CANCELING": "Being cancelled",
    "CANCELLING": "Being cancelled",
    "PREEMPTED": "Stopped by the service, which needed the room",
    "SYSTEM_ERROR": "The service failed",
    "EXECUTOR_ERROR": "The workflow failed",
    "UNKNOWN": "The service does not know the state",
}
RETRY_STATES = frozenset({"SYSTEM_ERROR", "PREEMPTED"})
"""The service's own fault: the same run may do well another time."""


def state_of(raw: object) -> tuple[JobState, str, str]:
    """The state, the server's word for it in capitals, and a phrase for people."""
    word = plain_line(str(raw), 60).strip().upper() if isinstance(raw, str) else ""
    state = _STATES.get(word)
    if state is None:
        return JobState.UNKNOWN, word, f"unknown (raw {word or 'nothing'})"
    return state, word, _STEPS.get(word, "")
