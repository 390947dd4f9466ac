"""`catalogue`: presets and the signed catalogues of institutions."""

from __future__ import annotations

import json
from pathlib import Path

from app.cli.output import table
from app.cli.program import Session
from app.cli.work.desk import with_desk
from app.operations.catalogues import (
    Installed,
    export_catalogue,
    install_catalogue,
    installed_catalogues,
    remove_catalogue,
)
from app.operations.desk import Desk


def list_catalogues(session: Session) -> None:
    """Key, institution, date and number of services; a problem instead where it is not used."""
    _answer(session, with_desk(session, installed_catalogues))


def _answer(session: Session, found: tuple[Installed, ...]) -> None:
    rows = [
        {
            "key": each.key,
            "institution": each.catalogue.institution if each.catalogue else None,
            "as_of": each.catalogue.as_of if each.catalogue else None,
            "services": len(each.catalogue.services) if each.catalogue else None,
            "hides": list(each.catalogue.hide) if each.catalogue else [],
            "problem": each.problem.sentence() if each.problem else None,
        }
        for each in found
    ]
    titles = ("key", "institution", "as of", "services", "problem")
    lines = table(
        titles, ((r["key"], r["institution"], r["as_of"], r["services"], r["problem"]) for r in rows)
    )
    session.out.answer({"catalogues": rows}, lines)


def add(session: Session, file: Path, key: str) -> None:
    """Verify, keep and show."""

    async def work(desk: Desk) -> tuple[Installed, ...]:
        await install_catalogue(desk, file, key)
        return await installed_catalogues(desk)

    _answer(session, with_desk(session, work))


def remove(session: Session, key: str) -> None:
    """Forget one and show the others."""

    async def work(desk: Desk) -> tuple[Installed, ...]:
        await remove_catalogue(desk, key)
        return await installed_catalogues(desk)

    _answer(session, with_desk(session, work))


def export(session: Session, file: Path, institution: str) -> None:
    """Write a new file; one that is there is left as it is."""
    number = with_desk(session, lambda desk: export_catalogue(desk, file, institution))
    session.out.answer({"file": str(file), "services": number}, [f"{number} services in {file}."])


def schema(session: Session) -> None:
    """Print the schema, as JSON in both modes."""
    from app.services.catalogue import catalogue_schema

    found = catalogue_schema()
    session.out.answer(found, json.dumps(found, indent=1).splitlines())
