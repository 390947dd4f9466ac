"""What a look at a server says of its health. Pure functions."""

from __future__ import annotations

from datetime import datetime

from app.domain.problem import Problem
from app.domain.service import Health, HealthState
from app.services.wes.dialect import looks_like_wes
from app.transport.probe import Look
from app.transport.reply import Reply


def health_of(service_id: str, at: datetime, found: Look | Problem) -> Health:
    """The health; a Problem is a look that was not made, so nobody knows."""
    if isinstance(found, Problem):
        return Health(service_id=service_id, at=at, state=HealthState.UNKNOWN, detail=found.sentence())
    if found.reply is None:
        return _failed(service_id, at, found)
    state, detail = _judged(found.reply)
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
    if look.offline:
        state, detail = HealthState.OFFLINE, f"This computer has no network: {look.reason}."
    else:
        state, detail = HealthState.DOWN, look.reason[:1].upper() + look.reason[1:] + "."
    return Health(
        service_id=service_id,
        at=at,
        state=state,
        phases=look.phases,
        failed_phase=look.failed_phase,
        detail=detail,
    )


def _judged(reply: Reply) -> tuple[HealthState, str]:
    if reply.ok and looks_like_wes(reply.json):
        return HealthState.UP, "The service answers."
    if reply.status in {401, 403}:
        return HealthState.UP, "The service answers, and wants a token."
    if reply.status == 429:
        return HealthState.UP, "The service answers, and asks for a pause."
    if reply.status >= 500:
        return HealthState.DOWN, f"The server answers with an error (status {reply.status})."
    return HealthState.DOWN, f"Something else answers at this address (status {reply.status})."
