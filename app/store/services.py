"""Services, their health, forms and panels.

Health, forms and panels belong to a service: they go with it, and what arrives for a service that was
removed meanwhile is dropped.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from app.domain.panel import Panel, PanelChange, SyncKind
from app.domain.service import Health, HealthState, Service, StoredForm
from app.domain.standing import LookPoint
from app.store import tables as t
from app.store.documents import document_of, parse, parse_all, search_text, upsert
from app.store.jobs import follow_name

HEALTH_KEPT = timedelta(days=400)


def save_service(c: Connection, service: Service) -> None:
    """Insert or replace a service; jobs that show its name follow it."""
    upsert(c, t.services, _service_row(service))
    upsert(c, t.service_documents, {"id": service.id, "document": service.model_dump_json()})
    follow_name(c, service.id, service.name)


def _service_row(s: Service) -> dict[str, object]:
    return {
        "id": s.id,
        "name": s.name,
        "name_key": s.name.casefold(),
        "family": s.family,
        "base_url": s.base_url,
        "country": s.country,
        "operator": s.operator,
        "generation": s.generation,
        "state": s.state,
        "enabled": s.enabled,
        "practice": s.practice,
        "response_ms": s.response_ms,
        "score": s.score,
        "last_day": s.last_day,
        "token_present": s.token.present,
        "token_expires": s.token.expires,
        "last_checked": s.last_checked,
        "last_synced": s.last_synced,
        "down_since": s.down_since,
        "added": s.added,
        "search": search_text(s.name, s.base_url, s.country, s.operator, s.server_name, s.state, s.id),
    }


def service(c: Connection, service_id: str) -> Service | None:
    """The service of that id."""
    return document_of(c, t.service_documents, Service, service_id)


def services(c: Connection) -> tuple[Service, ...]:
    """All services by name."""
    d = t.service_documents
    query = select(d.c.document).join(t.services).order_by(t.services.c.name_key, t.services.c.id)
    return parse_all(Service, c.scalars(query))


def remove_service(c: Connection, service_id: str) -> None:
    """Remove a service with its health, forms and panels; jobs and the timeline stay."""
    c.execute(delete(t.services).where(t.services.c.id == service_id))


def _known(c: Connection, service_id: str) -> bool:
    return c.scalar(select(t.services.c.id).where(t.services.c.id == service_id)) is not None


def record_health(c: Connection, health: Health) -> None:
    """Add one look to the history of a service; looks older than 400 days are dropped."""
    if not _known(c, health.service_id):
        return
    row = {"service_id": health.service_id, "at": health.at, "document": health.model_dump_json()}
    c.execute(insert(t.health).values(row))
    old = (t.health.c.service_id == health.service_id) & (t.health.c.at < health.at - HEALTH_KEPT)
    c.execute(delete(t.health).where(old))


def health_history(c: Connection, service_id: str, limit: int = 500) -> tuple[Health, ...]:
    """The last looks at a service, newest first."""
    h = t.health.c
    query = (
        select(h.document).where(h.service_id == service_id).order_by(h.at.desc(), h.id.desc()).limit(limit)
    )
    return parse_all(Health, c.scalars(query))


def health_points(c: Connection, service_id: str, since: datetime) -> tuple[LookPoint, ...]:
    """What counts of the looks since then, oldest first; a month of them is read in a moment."""
    h = t.health.c
    query = select(h.at, h.document).where(h.service_id == service_id, h.at >= since).order_by(h.at)
    return tuple(_point(at, json.loads(text)) for at, text in c.execute(query))


def _point(at: datetime, look: dict[str, Any]) -> LookPoint:
    phases = look.get("phases") or {}
    spent = [phases.get(name) for name in ("dns", "tcp", "tls", "first_byte")]
    ms = sum(each for each in spent if each) if spent[-1] is not None else None
    return LookPoint(at, HealthState(look["state"]), ms, look.get("failed_phase"), look.get("queue"))


def save_form(c: Connection, stored: StoredForm) -> None:
    """Keep the form of an application as it was read."""
    if _known(c, stored.service_id):
        key = {"service_id": stored.service_id, "app_id": stored.form.app_id}
        upsert(c, t.forms, {**key, "document": stored.model_dump_json()})


def form(c: Connection, service_id: str, app_id: str) -> StoredForm | None:
    """The form of an application, or None when it was never read."""
    f = t.forms.c
    text = c.scalar(select(f.document).where(f.service_id == service_id, f.app_id == app_id))
    return None if text is None else parse(StoredForm, text)


def forms(c: Connection, service_id: str) -> tuple[StoredForm, ...]:
    """All forms of a service, by the id of the application."""
    f = t.forms.c
    return parse_all(
        StoredForm, c.scalars(select(f.document).where(f.service_id == service_id).order_by(f.app_id))
    )


def panels(c: Connection, service_id: str | None = None) -> tuple[Panel, ...]:
    """The panels of one service or of all, by name."""
    query = select(t.panel_documents.c.document).join(t.panels).order_by(t.panels.c.name_key, t.panels.c.id)
    if service_id is not None:
        query = query.where(t.panels.c.service_id == service_id)
    return parse_all(Panel, c.scalars(query))


def panel(c: Connection, service_id: str, panel_id: str, app_id: str = "") -> Panel | None:
    """A panel by the service's own id: the application's if that offers it, else the newest one's."""
    query = (
        select(t.panel_documents.c.document)
        .join(t.panels)
        .where(t.panels.c.service_id == service_id, t.panels.c.panel_id == panel_id)
        .order_by((t.panels.c.app_id != app_id), t.panels.c.app_id.desc())
        .limit(1)
    )
    text = c.scalar(query)
    return None if text is None else parse(Panel, text)


def replace_panels(
    c: Connection, service_id: str, now_there: Iterable[Panel], at: datetime
) -> tuple[PanelChange, ...]:
    """Make the panels of a service what was just read; tell and keep what was added, changed and removed."""
    if not _known(c, service_id):
        return ()
    before = {p.key: p for p in panels(c, service_id)}
    after = {p.key: p for p in now_there}
    changes = panel_differences(service_id, before, after, at)
    gone = [key for key in before if key not in after]
    for start in range(0, len(gone), 500):
        c.execute(delete(t.panels).where(t.panels.c.id.in_(gone[start : start + 500])))
    for each in after.values():
        upsert(c, t.panels, _panel_row(each))
        upsert(c, t.panel_documents, {"id": each.key, "document": each.model_dump_json()})
    if changes:
        c.execute(insert(t.panel_changes), [change.model_dump() for change in changes])
    c.execute(update(t.services).where(t.services.c.id == service_id).values(panels=len(after)))
    return changes


def _panel_row(p: Panel) -> dict[str, object]:
    populations = ", ".join(each.name for each in p.populations)
    return {
        "id": p.key,
        "service_id": p.service_id,
        "app_id": p.app_id,
        "panel_id": p.id,
        "name": p.name,
        "name_key": p.name.casefold(),
        "build": p.build,
        "populations": populations,
        "samples": p.samples,
        "variants": p.variants,
        "version": p.version,
        "source": p.source,
        "ancestry": ", ".join(p.ancestry),
        "access": p.access,
        "as_of": p.as_of,
        "search": search_text(p.name, p.id, p.build, populations, p.version, p.app_id, *p.ancestry, p.access),
    }


def panel_changes(c: Connection, service_id: str | None = None, limit: int = 200) -> tuple[PanelChange, ...]:
    """The history of panels, newest first."""
    p = t.panel_changes.c
    query = select(p.service_id, p.panel_id, p.name, p.kind, p.what, p.at).order_by(p.at.desc(), p.id.desc())
    if service_id is not None:
        query = query.where(p.service_id == service_id)
    return tuple(PanelChange.model_validate(dict(row)) for row in c.execute(query.limit(limit)).mappings())


def panel_differences(
    service_id: str, before: dict[str, Panel], after: dict[str, Panel], at: datetime
) -> tuple[PanelChange, ...]:
    """What changed between two looks, keyed by `Panel.key`; added, changed, removed, each in order."""

    def change(p: Panel, kind: SyncKind, what: str = "") -> PanelChange:
        return PanelChange(service_id=service_id, panel_id=p.id, name=p.name, kind=kind, what=what, at=at)

    added = [change(p, SyncKind.ADDED, _offer(p)) for key, p in after.items() if key not in before]
    changed = [
        change(after[key], SyncKind.CHANGED, what)
        for key, old in before.items()
        if key in after and (what := _what_changed(old, after[key]))
    ]
    removed = [change(p, SyncKind.REMOVED) for key, p in before.items() if key not in after]
    return (*added, *changed, *removed)


def _offer(p: Panel) -> str:
    return "populations: " + ", ".join(each.name for each in p.populations) if p.populations else ""


def _what_changed(old: Panel, new: Panel) -> str:
    """Such as `populations: + EAS; name: A → B`; empty when nothing did. When it was read is no change."""
    parts = [
        _moved("populations", [f"{p.name}" for p in old.populations], [f"{p.name}" for p in new.populations]),
        _moved("chromosomes", list(old.chromosomes), list(new.chromosomes)),
    ]
    for name in ("name", "build", "samples", "variants", "version", "source"):
        one, other = getattr(old, name), getattr(new, name)
        if one != other:
            parts.append(f"{name}: {_shown(one)} → {_shown(other)}")
    if not any(parts) and old.populations != new.populations:
        parts.append("populations: " + ", ".join(f"{p.name} ({p.id})" for p in new.populations))
    return "; ".join(part for part in parts if part)


def _moved(word: str, old: list[str], new: list[str]) -> str:
    signs = [f"+ {each}" for each in new if each not in old] + [
        f"− {each}" for each in old if each not in new
    ]
    return f"{word}: {', '.join(signs)}" if signs else ""


def _shown(value: object) -> str:
    return "none" if value in (None, "") else str(value)
