"""`services set-up`: what it does."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from app.cli.program import Session
from app.cli.work.desk import with_desk
from app.cli.work.find import find_service
from app.cli.work.stdin import read_secret
from app.domain.parameter import Parameter, ParameterType
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
            await change_setup(desk, service.id, _with_secrets(fields, said))
        return await desk.service(service.id), fields

    service, fields = with_desk(session, work)
    lines = [line for field in fields for line in _lines(field, _shown(service, field))]
    session.out.answer(
        {
            "service": service.id,
            "setup": service.setup,
            "secrets": list(service.secret_setup),
            "known": {f.id: f.help for f in fields},
        },
        lines or ["There is nothing to say of this kind of service but its address."],
    )


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise typer.BadParameter(f"'{text}' is no NAME=VALUE")
    return name, value.replace("\\n", "\n")


def _with_secrets(fields: Sequence[Parameter], said: dict[str, str]) -> dict[str, str]:
    """Secrets come from standard input: arguments can be read by others."""
    secret = {field.id for field in fields if field.type is ParameterType.SECRET}
    for name in secret & set(said):
        if said[name] not in {"", "-"}:
            raise typer.BadParameter(f"say {name}=- and give the secret on standard input")
        if said[name]:
            said = {**said, name: read_secret(name).get_secret_value()}
    return said


def _shown(service: Service, field: Parameter) -> str:
    if field.type is ParameterType.SECRET:
        return "kept in the keyring" if field.id in service.secret_setup else ""
    return service.setup.get(field.id, "")


def _lines(field: Parameter, value: str) -> list[str]:
    return [f"{field.id} = {value or '–'}", f"  {field.label}. {field.help}"]
