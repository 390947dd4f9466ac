"""What the catalogue of an institution says of services that were added before it: they get no new jobs.

They stay in the list, their running jobs are watched and their results fetched: nothing is lost that was sent
while it was allowed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from app.domain.changes import Changes, Noun
from app.domain.job import Event
from app.domain.preset import Preset
from app.domain.problem import Kind, Problem, ProblemError, problem
from app.domain.residency import STORE, STORE_COUNTRY
from app.domain.service import Service
from app.operations.catalogues import Installed, installed_catalogues, known_presets
from app.operations.desk import Desk
from app.services import catalogue
from app.store import services
from app.transport.address import normalise, same_place

_GOES_ON = "Its running jobs go on and their results can be fetched."


async def stopped_by_institution(desk: Desk, service: Service) -> Problem | None:
    """Why a service gets no new jobs, by the catalogues that are installed now; None where it does."""
    return (await stopped_of(desk, (service,)))[0]


async def stopped_of(desk: Desk, found: Sequence[Service]) -> list[Problem | None]:
    """As `stopped_by_institution`, of several services; the catalogues are read and verified once."""
    installed = await installed_catalogues(desk)
    return await asyncio.to_thread(lambda: [_why_stopped(installed, each) for each in found])


async def refuse_stopped(desk: Desk, service: Service) -> None:
    """ProblemError (refused) for a service that gets no new jobs."""
    found = await stopped_by_institution(desk, service)
    if found is not None:
        raise ProblemError(found)


def _why_stopped(installed: Sequence[Installed], service: Service) -> Problem | None:
    broken = None if service.is_here else unverified(installed)
    return broken or _hidden(installed, service) or _off_or_elsewhere(installed, service)


def unverified(installed: Iterable[Installed]) -> Problem | None:
    """What a catalogue hides and locks is not known while it cannot be verified."""
    for each in installed:
        if each.problem is not None:
            return Problem(
                kind=Kind.REFUSED,
                title="A catalogue of your institution cannot be verified",
                what_happened=f"{each.key}: {each.problem.sentence()}",
                what_you_can_do="Install it again, or remove it, in the settings or by "
                "“haplodesk catalogue”.",
                subject=each.key,
            )
    return None


def leads_to(preset: Preset, address: str) -> bool:
    """Whether a tidy address is that of a preset, by whatever way."""
    return any(same_place(address, each) for each in (preset.base_url, *preset.alt_urls) if each)


async def refuse_locked(desk: Desk, service: Service, setup: Mapping[str, str]) -> None:
    """ProblemError (refused) for words that the catalogue of an institution fixes otherwise."""
    for preset in await known_presets(desk):
        if not preset.locked or not (preset.id == service.preset_id or leads_to(preset, service.base_url)):
            continue
        fixed = {STORE: "", STORE_COUNTRY: "", **preset.setup}
        wrong = [name for name in setup if name in fixed and setup[name].strip() != fixed[name]]
        if wrong:
            raise problem(
                Kind.REFUSED,
                "This cannot be changed",
                f"The catalogue of {preset.of} fixes “{wrong[0]}” of {preset.name}.",
                "Leave it out, or ask those who sign the catalogue.",
                subject=service.name,
            )


def _hidden(installed: Iterable[Installed], service: Service) -> Problem | None:
    known = [each.catalogue for each in installed if each.catalogue is not None]
    theirs = {preset.id for each in known for preset in each.services}
    for each in known:
        hidden = set(each.hide) - theirs
        named = any(p.id in hidden and leads_to(p, service.base_url) for p in catalogue.presets())
        if named or service.preset_id in hidden:
            return _stopped(service, f"The catalogue of {each.institution} hides it.")
    return None


def _off_or_elsewhere(installed: Iterable[Installed], service: Service) -> Problem | None:
    for each in installed:
        for preset in each.catalogue.services if each.catalogue is not None else ():
            if preset.id != service.preset_id and not leads_to(preset, service.base_url):
                continue
            of = f"The catalogue of {each.catalogue.institution if each.catalogue else ''}"
            if not preset.enabled:
                return _stopped(service, f"{of} has switched it off: {preset.off_reason}")
            fixed = preset.base_url.rstrip("/")
            if preset.locked and fixed and service.base_url.rstrip("/") != normalise(fixed):
                return _stopped(service, f"{of} allows only {fixed}, and here it is {service.base_url}.")
            if preset.locked and _differs(preset, service):
                return _stopped(service, f"{of} fixes where it keeps data, and here something else is said.")
    return None


def _differs(preset: Preset, service: Service) -> bool:
    """Whether another place is said of it: data under a rule would go there, or not go there, by that."""
    places = preset.jurisdictions or tuple(filter(None, (preset.country,)))
    said = service.jurisdictions or tuple(filter(None, (service.country,)))
    fixed = {STORE: "", STORE_COUNTRY: "", **preset.setup}
    words = all(service.setup.get(name, "") == value for name, value in fixed.items())
    return set(places) != set(said) or bool(places and service.here_at) or not words


def _stopped(service: Service, why: str) -> Problem:
    return Problem(
        kind=Kind.REFUSED,
        title=f"{service.name} takes no new jobs",
        what_happened=f"{why} {_GOES_ON}",
        what_you_can_do="Choose another service, or ask those who sign the catalogue. One that is in it "
        "can be added from it after this one is removed.",
        subject=service.name,
    )


@contextlib.asynccontextmanager
async def told_of_stops(desk: Desk) -> AsyncIterator[None]:
    """Catalogues are changed within the block; the history of a service says what that means for it."""
    before = await _stops(desk)
    yield
    now = await _stops(desk)
    for service_id, why in now.items():
        if why != before.get(service_id, ""):
            text = f"It takes no new jobs. {why}" if why else "It takes new jobs again."
            await desk.note(Event(at=desk.clock.now(), kind="service", text=text, service_id=service_id))
            desk.announce(Changes.of(Noun.SERVICE, service_id))


async def _stops(desk: Desk) -> dict[str, str]:
    """By service, why it takes no new jobs; empty where it does."""
    known = await desk.store.read(services.services)
    stopped = await stopped_of(desk, known)
    return {
        service.id: each.what_happened if each is not None else ""
        for service, each in zip(known, stopped, strict=True)
    }
