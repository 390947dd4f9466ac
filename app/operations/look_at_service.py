"""Read what a service says of itself: name, dialect, applications, maintenance; verify its token."""

from __future__ import annotations

from app.domain.problem import Kind, ProblemError, problem
from app.domain.service import HealthState, Limits, Service
from app.operations.desk import Desk
from app.services.abilities import KeepsLogs


async def what_it_says(desk: Desk, service: Service) -> dict[str, object]:
    """The fields of a service that the server tells: name, dialect, applications, facts, maintenance."""
    family = desk.family(service)
    info = await family.describe(await desk.connection(service))
    return {
        "generation": info.generation,
        "server_name": info.name,
        "apps": info.apps or service.apps,
        "facts": info.facts,
        "keeps_logs": isinstance(family, KeepsLogs),
        "limits": _limits(service.limits, info.limits),
        "operator": service.operator or info.operator,
        "country": service.country or info.country,
        "maintenance_text": info.maintenance_text if info.maintenance else "",
        "state": HealthState.MAINTENANCE if info.maintenance else HealthState.UP,
        "last_checked": desk.clock.now(),
        "down_since": None,
        "down_seen_s": 0.0,
    }


def _limits(known: Limits, told: Limits | None) -> Limits:
    """What the service tells wins; where it is silent what was known stays."""
    if told is None:
        return known
    fields = told.model_dump(exclude_unset=True)
    return known.model_copy(update={name: value for name, value in fields.items() if value not in (None, ())})


async def look_at_service(desk: Desk, service: Service) -> Service:
    """The service with what the server tells of itself now."""
    return service.model_copy(update=await what_it_says(desk, service))


def refuse_bad_token(service: Service) -> None:
    """ProblemError when the service did not take the token, or the account, that it was just asked about."""
    if service.token.valid is not False:
        return
    title, what, do = (
        "The token is not accepted",
        f"{service.name} does not accept the token.",
        "Make a new token on the profile page of the service and paste it whole.",
    )
    if service.signs_in:
        title, what, do = (
            "The service does not know this account",
            f"{service.name} does not accept the sign-in.",
            "Register on the web site of the service, then sign in again.",
        )
    raise problem(Kind.SIGN_IN, title, service.token.detail or what, do, subject=service.name)


async def store_token_info(desk: Desk, service: Service, *, renew: bool = True) -> Service:
    """The service with what is known of its token now; the caller stores it.

    An access token may be refused before its end, when the provider changes its keys or takes it back: then
    it is renewed once, unless `renew` is False or it was refused before.
    """
    info = await desk.family(service).verify_token(await desk.connection(service))
    if info.valid is False and renew and service.token.valid and await desk.sign_ins.lapse(service.id):
        info = await desk.family(service).verify_token(await desk.connection(service))
    record = await desk.sign_ins.record(service.id) if info.valid else None
    if record is not None and record.refresh is not None:  # it is renewed by itself: no end to warn of
        info = info.model_copy(update={"expires": None, "detail": info.detail or "Signed in in the browser."})
    return service.model_copy(update={"token": info.model_copy(update={"checked": desk.clock.now()})})


async def learn_token(desk: Desk, service: Service) -> None:
    """Ask about the token at once: a stored `valid` from before would let the same be tried again."""
    try:
        token = (await store_token_info(desk, service)).token
    except ProblemError:
        return
    await desk.update_service(service.id, token=token)
