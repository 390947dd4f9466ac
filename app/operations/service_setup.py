"""What a person says of a service beyond its address, for families that cannot learn it by asking."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from app.domain.changes import Changes, Noun
from app.domain.parameter import Parameter
from app.domain.problem import Kind, ProblemError, problem
from app.operations.desk import Desk
from app.operations.look_at_service import look_at_service, store_token_info
from app.services.abilities import TakesSetup


async def setup_fields(desk: Desk, service_id: str) -> tuple[Parameter, ...]:
    """What may be said of a service; empty where there is nothing but its address."""
    family = desk.family(await desk.service(service_id))
    return family.setup_fields() if isinstance(family, TakesSetup) else ()


async def change_setup(desk: Desk, service_id: str, setup: Mapping[str, str]) -> Changes:
    """Say it; an empty value takes a word back, and what is not named stays. The service is looked at again.

    Raises ProblemError for words that the family does not know or that make no sense; then nothing changes.
    """
    service = await desk.service(service_id)
    family = desk.family(service)
    known = {field.id for field in await setup_fields(desk, service_id)}
    strange = sorted(set(setup) - known)
    if strange or not isinstance(family, TakesSetup):
        words = ", ".join(sorted(known)) or "nothing"
        raise problem(
            Kind.INPUT,
            "This cannot be said of the service",
            f"It knows no “{strange[0][:60] if strange else ''}”; known: {words}",
            "Leave it out.",
            subject=service.name,
        )
    changed = {name: value.strip() for name, value in {**service.setup, **setup}.items() if value.strip()}
    family.check_setup(changed)
    seen = service.model_copy(update={"setup": changed})
    with contextlib.suppress(ProblemError):  # it may be down now: what was said holds all the same
        seen = await store_token_info(desk, await look_at_service(desk, seen))
    learned = {name: getattr(seen, name) for name in ("setup", "token", "apps", "facts", "generation")}
    await desk.update_service(service_id, "What is said of it was changed.", **learned)
    return Changes.of(Noun.SERVICE, service_id)
