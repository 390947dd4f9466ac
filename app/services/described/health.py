"""What a look at a described service says of its health. Pure functions."""

from __future__ import annotations

from datetime import datetime

from app.domain.problem import Problem
from app.domain.service import Health, HealthState
from app.services.described.answers import pick, text
from app.services.described.description import HealthLook
from app.services.described.problems import message_of
from app.transport.probe import Look
from app.transport.reply import Reply


def health_of(service_id: str, at: datetime, found: Look | Problem, look: HealthLook | None) -> Health:
    """The health; a Problem is a look that was not made, so nobody knows."""
    if isinstance(found, Problem) or look is None:
        detail = found.sentence() if isinstance(found, Problem) else ""
        return Health(service_id=service_id, at=at, state=HealthState.UNKNOWN, detail=detail)
    if found.reply is None:
        offline = f"This computer has no network: {found.reason}."
        detail = offline if found.offline else found.reason[:1].upper() + found.reason[1:] + "."
        return Health(
            service_id=service_id,
            at=at,
            state=HealthState.OFFLINE if found.offline else HealthState.DOWN,
            phases=found.phases,
            failed_phase=found.failed_phase,
            detail=detail,
        )
    state, detail = _judged(found.reply, look)
    return Health(
        service_id=service_id,
        at=at,
        state=state,
        phases=found.phases,
        status_code=found.reply.status,
        failed_phase="first_byte" if state is HealthState.DOWN else None,
        detail=detail,
    )


def _judged(reply: Reply, look: HealthLook) -> tuple[HealthState, str]:
    if reply.status in {401, 403}:
        return HealthState.UP, "The service answers, and wants a token."
    if reply.status == 429:
        return HealthState.UP, "The service answers, and asks for a pause."
    if not reply.ok:
        said = message_of(reply)
        return HealthState.DOWN, said or f"The server answers with an error (status {reply.status})."
    told = text(reply.json, look.maintenance)
    if told and told not in {"false", "0"}:
        return HealthState.MAINTENANCE, told if told not in {
            "true",
            "1",
        } else "The service is under maintenance."
    if look.up is not None and pick(reply.json, look.up) is not True:
        return HealthState.DOWN, "It answers, but not that it works."
    return HealthState.UP, "The service answers."
