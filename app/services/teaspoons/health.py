"""What a look at a server says of its health. Pure functions."""

from __future__ import annotations

from datetime import datetime

from app.domain.problem import Problem
from app.domain.service import Health, HealthState
from app.transport.probe import Look


def health_of(service_id: str, at: datetime, found: Look | Problem) -> Health:
    """The health; a Problem is a look that was not made: too early, or not allowed, so nobody knows."""
    if isinstance(found, Problem):
        return Health(service_id=service_id, at=at, state=HealthState.UNKNOWN, detail=found.sentence())
    if found.reply is None:
        return _failed(service_id, at, found)
    state, detail = _judged(found.reply.status)
    return Health(
        service_id=service_id,
        at=at,
        state=state,
        phases=found.phases,
        status_code=found.reply.status,
        failed_phase="first_byte" if state is HealthState.DOWN else None,
        detail=detail,
    )


def _failed(service_id: str, at: datetime, look: Look) -> Health:
    words = "This computer has no network: " if look.offline else ""
    detail = f"{words}{look.reason}."
    return Health(
        service_id=service_id,
        at=at,
        state=HealthState.OFFLINE if look.offline else HealthState.DOWN,
        phases=look.phases,
        failed_phase=look.failed_phase,
        detail=detail[:1].upper() + detail[1:],
    )


def _judged(status: int) -> tuple[HealthState, str]:
    """The service answers with 200 when all that it needs works, else with 503."""
    if 200 <= status < 300:
        return HealthState.UP, "The service answers."
    if status == 429:
        return HealthState.UP, "The service answers, and asks for a pause."
    if status == 503:
        return HealthState.DOWN, "The service answers that something it needs does not work."
    if status >= 500:
        return HealthState.DOWN, f"The server answers with an error (status {status})."
    return HealthState.DOWN, f"Something else answers at this address (status {status})."
