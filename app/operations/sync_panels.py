"""Read the panels of services and say what changed since last time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime

from app.domain.changes import Changes, Noun
from app.domain.job import Event
from app.domain.notice import Notice, NoticeKind
from app.domain.panel import Panel, PanelChange, SyncKind
from app.domain.parameter import Form
from app.domain.problem import Kind, ProblemError, problem
from app.domain.service import Service, StoredForm
from app.operations.catalogues import known_preset
from app.operations.desk import Desk, write_news
from app.operations.look_at_service import store_token_info, what_it_says
from app.operations.offered_panels import offered_panels
from app.operations.service_news import learn
from app.operations.tell import notice
from app.services.catalogue import with_documented
from app.store import services
from app.store.store import Connection as StoreConnection


async def sync_panels(desk: Desk, service_ids: tuple[str, ...] = ()) -> Changes:
    """Read the panels of the given services, or of all that are on and have a token, all at once.

    A problem with one service, or one that hangs, keeps no other from being read; the first is raised at the
    end.
    """
    known = await desk.store.read(services.services)
    chosen = [s for s in known if (s.id in service_ids if service_ids else s.enabled and s.token.present)]
    found = await asyncio.gather(*(_sync(desk, service) for service in chosen), return_exceptions=True)
    changes = Changes()
    for each in found:
        if isinstance(each, BaseException):
            raise each
        changes |= each
    return changes


async def _sync(desk: Desk, service: Service) -> Changes:
    if not service.token.present and not desk.family(service).capabilities.token_needed:
        service = await store_token_info(desk, service)
        await desk.update_service(service.id, token=service.token)
    if not service.token.present:
        raise problem(
            Kind.SIGN_IN,
            "A token is needed",
            f"{service.name} shows its panels only to users who are signed in.",
            "Set a token for it first.",
            subject=service.name,
        )
    told = await what_it_says(desk, service)
    service = service.model_copy(update=told)
    now = desk.clock.now()
    forms, silent = await _forms(desk, service)
    connection = await desk.connection(service)
    preset = await known_preset(desk, service.preset_id or "")
    family = desk.family(service)
    told_panels = (p for form in forms for p in offered_panels(desk, family, connection, form))
    panels = [with_documented(p, preset) for p in told_panels]
    before = await desk.store.read(lambda c: services.panels(c, service.id))
    panels += [p for p in before if p.app_id in silent]
    if await learn(desk, service.id, **told, last_synced=now) is None:
        return Changes()

    def write(c: StoreConnection) -> tuple[tuple[PanelChange, ...], list[str]]:
        found = _write(c, service.id, forms, tuple(panels), now)
        return found, write_news(c, _news(service, found, now)) if before else []

    found, told_ids = await desk.store.write(write)
    for app_id in silent:
        text = f"{app_id} could not be read; what was known of its panels is kept."
        await desk.note(Event(at=now, kind="panels", text=text, service_id=service.id))
    changes = Changes.of(Noun.SERVICE, service.id) | Changes.of(Noun.NOTICE, *told_ids)
    changes |= Changes.of(Noun.EVENT, service.id) | Changes.of(Noun.PANEL, *(p.key for p in panels))
    return desk.announce(changes | Changes.of(Noun.PANEL, *(f"{service.id}/{c.panel_id}" for c in found)))


async def _forms(desk: Desk, service: Service) -> tuple[tuple[Form, ...], tuple[str, ...]]:
    """The forms of the applications, and those that the service lists and does not have or show."""
    connection = await desk.connection(service)
    family = desk.family(service)
    forms: list[Form] = []
    silent: dict[str, ProblemError] = {}
    for app in service.apps:
        try:
            forms.append(await family.form(connection, app.id))
        except ProblemError as error:
            if error.problem.kind is not Kind.NOT_FOUND:
                raise
            silent[app.id] = error
    if silent and not forms:
        raise next(iter(silent.values()))
    return tuple(forms), tuple(silent)


def _write(
    c: StoreConnection, service_id: str, forms: tuple[Form, ...], panels: tuple[Panel, ...], at: datetime
) -> tuple[PanelChange, ...]:
    if services.service(c, service_id) is None:  # removed meanwhile
        return ()
    for form in forms:
        services.save_form(c, StoredForm(service_id=service_id, form=form, as_of=at))
    return services.replace_panels(c, service_id, panels, at)


def _news(service: Service, found: tuple[PanelChange, ...], now: datetime) -> Iterator[Event | Notice]:
    """Written with the panels, so that no end of the program comes between the two."""
    if not found:
        return
    numbers = {kind: sum(c.kind is kind for c in found) for kind in SyncKind}
    text = ", ".join(f"{number} {kind}" for kind, number in numbers.items() if number)
    yield Event(at=now, kind="panels", text=f"Panels: {text}.", service_id=service.id)
    yield notice(
        now,
        NoticeKind.PANELS_CHANGED,
        f"The panels of {service.name} changed",
        text.capitalize() + ".",
        key=f"panels:{service.id}:{now.isoformat()}",
        service_id=service.id,
    )


async def read_form(desk: Desk, service_id: str, app_id: str) -> Form:
    """The parameters of an application as the service describes them now; they are stored too."""
    service = await desk.service(service_id)
    form = await desk.family(service).form(await desk.connection(service), app_id)
    stored = StoredForm(service_id=service_id, form=form, as_of=desk.clock.now())
    await desk.store.write(lambda c: services.save_form(c, stored))
    return form
