"""Add an imputation service, look at it, and take its token."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.job import Event
from app.domain.names import new_id
from app.domain.preset import Preset
from app.domain.problem import Kind, ProblemError, problem
from app.domain.service import HealthState, Service
from app.operations.catalogues import hidden_addresses, installed_catalogues, known_presets
from app.operations.check_services import check_services
from app.operations.desk import Desk
from app.operations.institution_stop import leads_to, refuse_locked, unverified
from app.operations.look_at_service import look_at_service, refuse_bad_token, store_token_info
from app.operations.service_setup import secret_names
from app.store import jobs, services
from app.store.secrets import token_name
from app.transport.address import normalise, same_place


async def add_service(
    desk: Desk,
    name: str,
    url: str = "",
    family: str | None = None,
    token: SecretStr | None = None,
    preset_id: str | None = None,
    plain_http_allowed: bool = False,
    setup: Mapping[str, str] | None = None,
) -> Changes:
    """Add a service by address or preset; its id is in the changes.

    `setup` is what the family needs beyond the address, added to that of the preset.
    The service is stored even when it cannot be reached now: it may be down. A token that the service
    refuses is a Problem, and then nothing is stored.
    """
    preset = await _preset(desk, preset_id, url)
    service = await _new_service(desk, name, url, family, preset, plain_http_allowed)
    await refuse_locked(desk, service, setup or {})
    service = service.model_copy(update={"setup": {**service.setup, **(setup or {})}})
    service = await _of_a_family(desk, service)
    refuse_secret_words(desk, service)
    if token is not None:
        await desk.keep_secret(token_name(service.id), cleaned_token(token))
    try:
        service = await _first_look(desk, service, token is not None)
    except BaseException:
        await desk.forget_secret(token_name(service.id))
        raise
    await desk.store.write(lambda c: services.save_service(c, service))
    await check_services(desk, (service.id,))
    await desk.note(
        Event(at=desk.clock.now(), kind="service", text=f"Added {service.name}.", service_id=service.id)
    )
    return desk.announce(Changes.of(Noun.SERVICE, service.id))


def cleaned_token(token: SecretStr) -> SecretStr:
    """A pasted token without the white space and quotes that come along with pasting."""
    return SecretStr(re.sub(r"\s+", "", token.get_secret_value()).strip("\"'"))


async def _refuse_unverified(desk: Desk) -> None:
    found = unverified(await installed_catalogues(desk))
    if found is not None:
        raise ProblemError(found)


async def _preset(desk: Desk, preset_id: str | None, url: str) -> Preset | None:
    """The preset of an id or of an address; what an institution hides cannot be added either way."""
    await _refuse_unverified(desk)
    presets = await known_presets(desk)
    await _refuse_hidden(desk, url)
    fixed = next((p for p in presets if url and p.locked and leads_to(p, normalise(url))), None)
    if fixed is not None and preset_id is None:
        preset_id = fixed.id
    if fixed is not None and preset_id != fixed.id:
        raise _is_fixed(fixed)
    if preset_id is not None:
        found = next((p for p in presets if p.id == preset_id), None)
        if found is None:
            raise problem(Kind.NOT_FOUND, "No such preset", f"The catalogue has no service '{preset_id}'.")
        if not found.enabled:
            after = next((p.name for p in presets if p.id == found.successor), "")
            raise problem(
                Kind.REFUSED,
                f"{found.name} is switched off in the catalogue",
                found.off_reason,
                f"Use {after} instead." if after else "",
                subject=found.name,
            )
        if found.locked and url and normalise(url) != found.base_url.rstrip("/"):
            raise _is_fixed(found)
        return found
    cleaned = normalise(url) if url else None
    return next((p for p in presets if cleaned in (p.base_url.rstrip("/"), *p.alt_urls)), None)


async def _refuse_hidden(desk: Desk, url: str) -> None:
    """Whatever preset the address is named with, and by whatever way it leads to a hidden service."""
    if url and any(same_place(normalise(url), each) for each in await hidden_addresses(desk)):
        raise problem(
            Kind.REFUSED,
            "This service is not for you",
            f"The catalogue of your institution hides {normalise(url)}.",
            "Ask those who sign the catalogue.",
            subject=normalise(url),
        )


def _is_fixed(preset: Preset) -> ProblemError:
    return problem(
        Kind.REFUSED,
        f"{preset.name} has a fixed address",
        f"The catalogue of {preset.of} allows only {preset.base_url}.",
        subject=preset.name,
    )


async def _new_service(
    desk: Desk, name: str, url: str, family: str | None, preset: Preset | None, plain_http: bool
) -> Service:
    address = normalise(url or (preset.base_url if preset else ""))
    known = await desk.store.read(services.services)
    _refuse_twins(known, name, address)
    jobs_there = await desk.store.read(jobs.service_ids)
    service = Service(
        id=_service_id(name, {s.id for s in known} | set(jobs_there)),
        name=name.strip(),
        family=family or (preset.family if preset else ""),
        base_url=address,
        added=desk.clock.now(),
        plain_http_allowed=plain_http,
    )
    if preset is not None:
        there = _is_of(preset, address)  # nobody knows in which country another address keeps data
        service = service.model_copy(
            update={
                "preset_id": preset.id,
                "country": preset.country if there else "",
                "jurisdictions": preset.jurisdictions if there else (),
                "operator": preset.operator if there else "",
                "limits": preset.limits,
                "setup": preset.setup,
                "practice": preset.id == "practice",
            }
        )
    return service


def _is_of(preset: Preset, address: str) -> bool:
    return address in {normalise(each) for each in (preset.base_url, *preset.alt_urls) if each}


def _refuse_twins(known: tuple[Service, ...], name: str, address: str) -> None:
    if not name.strip():
        raise problem(Kind.INPUT, "No name", "The service has no name.", "Give it one.")
    for service in known:
        if service.name.casefold() == name.strip().casefold() or service.base_url == address:
            raise problem(
                Kind.INPUT,
                "Already there",
                f"{service.name} ({service.base_url}) was added before.",
                "Set a new token for it, or remove it first.",
                subject=service.name,
            )


def _service_id(name: str, taken: set[str]) -> str:
    """A readable id, such as `michigan-imputation-server`; never one that jobs of a removed service carry."""
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or new_id("service")
    number, unique = 2, base
    while unique in taken:
        unique = f"{base}-{number}"
        number += 1
    return unique


async def _of_a_family(desk: Desk, service: Service) -> Service:
    """With the family that its address speaks, where nobody said it."""
    if service.family:
        return service
    family = await desk.registry.detect(service.base_url, plain_http_allowed=service.plain_http_allowed)
    return service.model_copy(update={"family": family.name})


def refuse_secret_words(desk: Desk, service: Service) -> None:
    """Secrets lie in the keyring, never in the database: neither a preset nor a person may put them there."""
    secret = set(service.setup) & secret_names(desk, service)
    if secret:
        raise problem(
            Kind.INPUT,
            "A secret is said after the service is added",
            f"“{min(secret)}” is kept in the keyring.",
            "Leave it out here, and say it under “How it works…” or by “services set-up”.",
            subject=service.name,
        )


async def _first_look(desk: Desk, service: Service, with_token: bool) -> Service:
    """Read name and applications, verify the token; a service that is down is kept."""
    try:
        service = await look_at_service(desk, service)
    except ProblemError as error:
        if error.problem.kind not in {Kind.NO_NETWORK, Kind.BUSY} or not service.family:
            raise
        return service.model_copy(update={"state": HealthState.DOWN, "last_checked": desk.clock.now()})
    told = desk.family(service).capabilities
    if not told.token or (not with_token and not told.token_needed):
        return await store_token_info(desk, service)
    if with_token:
        service = await store_token_info(desk, service)
        refuse_bad_token(service)
        service = await look_at_service(desk, service)
    return service
