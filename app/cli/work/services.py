"""`services …`: what the commands do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import typer

from app.cli.output import pairs, table
from app.cli.program import Session
from app.cli.work.desk import keeps_nothing, with_desk
from app.cli.work.find import find_service, find_services
from app.cli.work.shapes import health_row, preset_row, service_row
from app.cli.work.stdin import optional_secret, read_secret
from app.domain.changes import Changes, Noun
from app.domain.problem import Kind, problem
from app.domain.service import Health, HealthState, Service
from app.operations import add_service, change_service, check_services
from app.operations.desk import Desk
from app.store import services
from app.store.store import Connection
from app.transport.address import is_loopback, normalise

HEADS = ("id", "name", "state", "ms", "token", "panels", "address")
GOOD = {HealthState.UP, HealthState.MAINTENANCE}
LOST = (
    "The token is kept in memory only and is gone when this command ends (HAPLODESK_KEYRING=memory). "
    "Give it again by --token-stdin to the commands that need it."
)

Counted = tuple[Service, int]


def _counted(c: Connection) -> tuple[Counted, ...]:
    offered = [p.service_id for p in services.panels(c)]
    return tuple((s, offered.count(s.id)) for s in services.services(c))


def list_services(session: Session, catalogue: bool) -> None:
    """The services that were added, or those of the catalogue."""
    if catalogue:
        _list_catalogue(session)
        return
    known = with_desk(session, lambda desk: desk.store.read(_counted))
    _answer(session, known)


def _list_catalogue(session: Session) -> None:
    from app.operations.catalogues import presets_of

    known = presets_of(session.home)
    lines = table(
        ("id", "name", "country", "address"), ((p.id, p.name, p.country, p.base_url) for p in known)
    )
    session.out.answer({"services": [preset_row(p) for p in known]}, lines)


def _answer(session: Session, known: Sequence[Counted]) -> None:
    rows = [(s.id, s.name, s.state, s.response_ms, _token_text(s), panels, s.base_url) for s, panels in known]
    empty = "No services yet. Add one by 'services add'; 'services list --catalogue' shows known ones."
    session.out.answer({"services": [service_row(*each) for each in known]}, table(HEADS, rows, empty))


def _token_text(service: Service) -> str:
    if service.is_here or service.is_by_hand:
        return "not needed"
    if not service.token.present:
        return "none"
    if service.token.valid is False:
        return "not accepted"
    expires = service.token.expires
    return f"until {expires:%Y-%m-%d}" if expires else "there"


@dataclass(frozen=True)
class NewService:
    """What was told of a service to add."""

    name: str
    url: str
    family: str
    preset: str
    plain_http: bool
    setup: Mapping[str, str] = field(default_factory=dict)


def setup_of(pairs: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE pairs; the path of a file becomes a whole one, as the program may run elsewhere then."""
    found = {}
    for each in pairs:
        name, mark, value = each.partition("=")
        if not mark or not name or not value:
            raise typer.BadParameter(f"'{each}' is no NAME=VALUE")
        far = value.startswith(("//", "\\\\"))  # Windows would sign in at another computer to look
        path = Path(value).expanduser()
        found[name] = str(path.absolute()) if not far and path.is_file() else value
    return found


def add(session: Session, new: NewService, token_stdin: bool) -> None:
    """Add a service and show it."""
    if new.url:
        refuse_bare_name(new.url)
    token = optional_secret(token_stdin, "token")

    async def work(desk: Desk) -> tuple[Counted, ...]:
        changes = await add_service.add_service(
            desk,
            new.name,
            new.url,
            new.family or ("described" if "described" in new.setup else None),
            token,
            new.preset or None,
            new.plain_http,
            new.setup,
        )
        if token is not None and keeps_nothing():
            session.out.note(LOST)
        return await _touched(desk, changes)

    _answer(session, with_desk(session, work))


def refuse_bare_name(url: str) -> None:
    """Raise ProblemError for one word without a dot or a port: it is a slip, not the address of a server."""
    parts = urlsplit(normalise(url))
    host = parts.hostname or ""
    named_alone = "." not in host and ":" not in host and parts.port is None and "://" not in url
    if named_alone and not is_loopback(parts.geturl()):
        raise problem(
            Kind.INPUT,
            "This is not the address of a service",
            f"“{url}” has neither a dot nor a port. An address looks like https://imputation.example.org.",
            "Copy it from the address line of your browser.",
            subject=url,
        )


async def _touched(desk: Desk, changes: Changes) -> tuple[Counted, ...]:
    known = await desk.store.read(_counted)
    return tuple(each for each in known if each[0].id in changes.ids(Noun.SERVICE))


def remove(session: Session, names: Sequence[str]) -> None:
    """Remove services."""

    async def work(desk: Desk) -> list[str]:
        found = await find_services(desk, names)
        for service in found:
            await change_service.remove_service(desk, service.id)
        return [service.id for service in found]

    removed = with_desk(session, work)
    session.out.answer({"removed": removed}, [f"Removed {each}." for each in removed])


def check(session: Session, names: Sequence[str]) -> None:
    """Look at services; ends with 1 when one of them does not answer."""

    async def work(desk: Desk) -> list[Health]:
        chosen = [s for s in await find_services(desk, names) if names or s.enabled]
        await check_services.check_services(desk, tuple(s.id for s in chosen))
        return list(await desk.store.read(lambda c: _last_looks(c, chosen)))

    looks = with_desk(session, work)
    rows = [
        (h.service_id, h.state, h.phases.dns, h.phases.tcp, h.phases.tls, h.phases.first_byte, h.detail)
        for h in looks
    ]
    heads = ("id", "state", "dns ms", "tcp ms", "tls ms", "first byte ms", "detail")
    lines = table(heads, rows, "No services to look at.")
    session.out.answer({"check": [health_row(h) for h in looks]}, lines)
    if any(h.state not in GOOD for h in looks):
        raise typer.Exit(1)


def _last_looks(c: Connection, chosen: Sequence[Service]) -> tuple[Health, ...]:
    return tuple(h for s in chosen for h in services.health_history(c, s.id, 1))


def set_token(session: Session, name: str) -> None:
    """Verify and keep a token from standard input."""
    token = read_secret("token")

    async def work(desk: Desk) -> tuple[Counted, ...]:
        service = await find_service(desk, name)
        changes = await change_service.set_token(desk, service.id, token)
        if keeps_nothing():
            session.out.note(LOST)
        return await _touched(desk, changes)

    _answer(session, with_desk(session, work))


def set_country(session: Session, name: str, country: str) -> None:
    """State in which country a service keeps data."""

    async def work(desk: Desk) -> tuple[Counted, ...]:
        service = await find_service(desk, name)
        return await _touched(desk, await change_service.state_country(desk, service.id, country))

    _answer(session, with_desk(session, work))


def switch(session: Session, name: str, on: bool) -> None:
    """Switch a service on or off."""

    async def work(desk: Desk) -> tuple[Counted, ...]:
        service = await find_service(desk, name)
        return await _touched(desk, await change_service.enable_service(desk, service.id, on))

    _answer(session, with_desk(session, work))


def export(session: Session, file: Path) -> None:
    """Write the list of services."""

    path = file.absolute()

    async def work(desk: Desk) -> int:
        await change_service.export_services(desk, path)
        return sum(not s.practice for s in await desk.store.read(services.services))

    number = with_desk(session, work)
    answer: dict[str, object] = {"file": str(path), "services": number}
    session.out.answer(answer, pairs([("written", file), ("services", number)]))


def import_services(session: Session, file: Path) -> None:
    """Add the services of a list; those already there stay as they are."""

    async def work(desk: Desk) -> tuple[Counted, ...]:
        return await _touched(desk, await change_service.import_services(desk, file))

    added = with_desk(session, work)
    session.out.note(f"{len(added)} added.")
    _answer(session, added)
