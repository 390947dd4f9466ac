"""The numbers that Cloudgene gives the states of a job. Source: cloudgene.md 4.2."""

from __future__ import annotations

from app.domain.job import JobState

_STATES = {
    -1: JobState.SUBMITTED,  # the server was restarted; it calls this pending, and can start it again
    1: JobState.QUEUED,
    2: JobState.RUNNING,
    3: JobState.EXPORTING,
    4: JobState.SUCCESS,
    5: JobState.FAILED,
    6: JobState.CANCELLED,
    7: JobState.EXPIRED,
    8: JobState.SUCCESS,  # a reminder of the deletion was mailed
    9: JobState.FAILED,  # the same of a failed or cancelled job
    10: JobState.DELETED,
}
PENDING = -1


def job_state(raw: object) -> tuple[JobState, int | None]:
    """Our state and the server's number; a number never seen is unknown, never a success."""
    if isinstance(raw, bool) or not isinstance(raw, int):
        return JobState.UNKNOWN, None
    return _STATES.get(raw, JobState.UNKNOWN), raw
