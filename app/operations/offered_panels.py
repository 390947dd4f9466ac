"""The panels of an application, also where the service tells no list of them."""

from __future__ import annotations

from datetime import datetime

from app.domain.panel import Panel
from app.domain.parameter import Form, ParameterType
from app.operations.desk import Desk
from app.services.contract import Connection, ServiceFamily

UNLISTED = "not-told"


def offered_panels(
    desk: Desk, family: ServiceFamily, connection: Connection, form: Form
) -> tuple[Panel, ...]:
    """What a form offers, as of now.

    A family without a list of panels (`Capabilities.panels`) gets one for each application that takes files:
    a job is sent to it all the same, and says that nobody told the panel.
    """
    now = desk.clock.now()
    if family.capabilities.panels:
        return family.panels(connection, form, now)
    return (_unlisted(connection, form, now),) if form.of_type(ParameterType.FILES) else ()


def _unlisted(connection: Connection, form: Form, now: datetime) -> Panel:
    name = f"{form.app_name or form.app_id}: the panel is not told"
    return Panel(
        id=UNLISTED,
        service_id=connection.service_id,
        app_id=form.app_id,
        name=name,
        as_of=now,
        source="not told",
    )
