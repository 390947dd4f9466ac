"""What a person says of a service beyond its address, for families that cannot learn it by asking."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.parameter import Parameter, ParameterType
from app.domain.problem import Kind, ProblemError, problem
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.institution_stop import refuse_locked
from app.operations.look_at_service import look_at_service, store_token_info
from app.services.abilities import TakesSetup
from app.store.secrets import setup_name


async def setup_fields(desk: Desk, service_id: str) -> tuple[Parameter, ...]:
    """What may be said of a service; empty where there is nothing but its address."""
    family = desk.family(await desk.service(service_id))
    return family.setup_fields() if isinstance(family, TakesSetup) else ()


def secret_names(desk: Desk, service: Service) -> set[str]:
    """What may be said of a service and lies in the keyring."""
    family = desk.family(service)
    fields = family.setup_fields() if isinstance(family, TakesSetup) else ()
    return {field.id for field in fields if field.type is ParameterType.SECRET}


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
    await refuse_locked(desk, service, setup)
    secret = secret_names(desk, service)
    kept = {name: each.get_secret_value() for name, each in (await desk.setup_secrets(service)).items()}
    told = {
        name: value.strip() for name, value in {**service.setup, **kept, **setup}.items() if value.strip()
    }
    family.check_setup(told)
    changed = {name: value for name, value in told.items() if name not in secret}
    now = tuple(sorted(secret & set(told)))
    await _keep_secrets(desk, service, {name: told.get(name, "") for name in secret & set(setup)})
    seen = service.model_copy(update={"setup": changed, "secret_setup": now})
    with contextlib.suppress(ProblemError):  # it may be down now: what was said holds all the same
        seen = await store_token_info(desk, await look_at_service(desk, seen))
    learned_of = ("setup", "secret_setup", "token", "apps", "facts", "generation")
    learned = {name: getattr(seen, name) for name in learned_of}
    await desk.update_service(service_id, "What is said of it was changed.", **learned)
    return Changes.of(Noun.SERVICE, service_id)


async def _keep_secrets(desk: Desk, service: Service, said: Mapping[str, str]) -> None:
    """In the keyring, as a token is; an empty one is taken back."""
    for name, value in said.items():
        if value:
            await desk.keep_secret(setup_name(service.id, name), SecretStr(value))
        else:
            await desk.forget_secret(setup_name(service.id, name))
