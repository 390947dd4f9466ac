"""`services set-up`: what it does."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from app.cli.program import Session
from app.cli.work.desk import with_desk
from app.cli.work.find import find_service
from app.domain.parameter import Parameter
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.service_setup import change_setup, setup_fields


def set_up(session: Session, named: str, pairs: Sequence[str]) -> None:
    """Change what is said of a service, and show it with what may be said."""
    said = dict(_pair(each) for each in pairs)

    async def work(desk: Desk) -> tuple[Service, tuple[Parameter, ...]]:
        service = await find_service(desk, named)
        fields = await setup_fields(desk, service.id)
        if said:
            await change_setup(desk, service.id, said)
        return await desk.service(service.id), fields

    service, fields = with_desk(session, work)
    lines = [line for field in fields for line in _lines(field, service.setup.get(field.id, ""))]
    session.out.answer(
        {"service": service.id, "setup": service.setup, "known": {f.id: f.help for f in fields}},
        lines or ["There is nothing to say of this kind of service but its address."],
    )


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise typer.BadParameter(f"'{text}' is no NAME=VALUE")
    return name, value.replace("\\n", "\n")


def _lines(field: Parameter, value: str) -> list[str]:
    return [f"{field.id} = {value or '–'}", f"  {field.label}. {field.help}"]
