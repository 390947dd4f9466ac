"""`panels …`: what the commands do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.cli.output import table
from app.cli.program import Session
from app.cli.work.desk import give_secret, with_desk
from app.cli.work.find import find_service, find_services
from app.cli.work.shapes import change_row, panel_row
from app.cli.work.stdin import optional_secret
from app.domain.panel import Panel, PanelChange, SyncKind
from app.domain.problem import Kind, problem
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.sync_panels import sync_panels
from app.store import services
from app.store.secrets import token_name

HEADS = ("service", "id", "name", "build", "populations", "samples", "as of")


def list_panels(session: Session, service: str) -> None:
    """The panels as they were last read."""

    async def work(desk: Desk) -> tuple[Panel, ...]:
        chosen = (await find_service(desk, service)).id if service else None
        return await desk.store.read(lambda c: services.panels(c, chosen))

    found = with_desk(session, work)
    rows = [
        (p.service_id, p.id, p.name, p.build, " ".join(each.id for each in p.populations), p.samples, p.as_of)
        for p in found
    ]
    lines = table(HEADS, rows, "No panels yet. Read them by 'panels sync'.")
    session.out.answer({"panels": [panel_row(p) for p in found]}, lines)


def sync(session: Session, names: Sequence[str], token_stdin: bool) -> None:
    """Read the panels again and say what changed."""
    token = optional_secret(token_stdin, "token")

    async def work(desk: Desk) -> tuple[PanelChange, ...]:
        chosen = await find_services(desk, names) if names else ()
        if not names:
            _refuse_without_tokens(await desk.store.read(services.services))
        if token is not None:
            give_secret(desk, token_name(chosen[0].id), token)
        began = desk.clock.now()
        await sync_panels(desk, tuple(s.id for s in chosen))
        return await desk.store.read(lambda c: _since(services.panel_changes(c, limit=10_000), began))

    _answer_changes(session, with_desk(session, work))


def _refuse_without_tokens(known: Sequence[Service]) -> None:
    """Nothing would be read, which is not the same as that nothing changed."""
    on = [s for s in known if s.enabled]
    if on and not any(s.token.present for s in on):
        raise problem(
            Kind.SIGN_IN,
            "A token is needed",
            "Services show their panels only to users who are signed in, and none of yours has a token.",
            f"Set one by 'services set-token {on[0].id}'.",
        )


def _since(changes: tuple[PanelChange, ...], began: datetime) -> tuple[PanelChange, ...]:
    return tuple(change for change in changes if change.at >= began)


def _answer_changes(session: Session, changes: tuple[PanelChange, ...]) -> None:
    in_order = sorted(changes, key=lambda c: (c.service_id, c.panel_id))
    by_kind = {kind: [c for c in in_order if c.kind is kind] for kind in SyncKind}
    rows = [(c.kind, c.service_id, c.panel_id, c.name, c.what) for found in by_kind.values() for c in found]
    lines = table(("what", "service", "id", "name", "detail"), rows, "Nothing changed.")
    data: dict[str, object] = {str(kind): [change_row(c) for c in found] for kind, found in by_kind.items()}
    session.out.answer(data, lines)
