"""A family that can do as little as a family may: no panel list, no tokens, no cancel, no second start."""

from __future__ import annotations

from datetime import datetime

from app.domain.panel import Panel
from app.domain.parameter import Form, ParameterType
from app.domain.problem import Kind, problem
from app.domain.service import TokenInfo
from app.services.contract import Capabilities, Connection, RemoteJob, ServerInfo
from tests.services.new_family.pigeon import Pigeon

WHY_NOT = {
    "passwords": "An owl keeps no secrets.",
    "token": "An owl asks nobody for a name.",
    "token_needed": "An owl asks nobody for a name.",
    "panels": "An owl does not say which panel it uses.",
    "cancel": "An owl does not turn back.",
    "restart": "An owl flies once.",
    "delete": "Nothing is ever thrown away in the barn.",
}


class Owl(Pigeon):
    """A family of `contract.ServiceFamily`; what a pigeon shares with it is not the point here."""

    name = "owl"
    capabilities = Capabilities(
        passwords=False,
        token=False,
        token_needed=False,
        panels=False,
        cancel=False,
        restart=False,
        why_not=WHY_NOT,
    )

    def _fly(self, connection: Connection, *, signed: bool = True) -> None:
        super()._fly(connection, signed=False)

    async def recognise(self, connection: Connection) -> ServerInfo:
        """It lives at one address."""
        self._fly(connection)
        if "owl" not in connection.base_url:
            raise problem(Kind.NOT_FOUND, "There is no barn here", "No owl came")
        told = connection.model_copy(update={"base_url": "pigeon"})
        return (await super().recognise(told)).model_copy(update={"generation": "owl", "logged_in": True})

    describe = recognise

    async def verify_token(self, connection: Connection) -> TokenInfo:
        """As if one were there."""
        self._fly(connection)
        return TokenInfo(present=True, valid=True)

    async def form(self, connection: Connection, app_id: str) -> Form:
        """Nothing about panels."""
        told = await super().form(connection, app_id)
        kept = tuple(each for each in told.parameters if each.type is not ParameterType.PANEL)
        return told.model_copy(update={"parameters": kept})

    def panels(self, connection: Connection, form: Form, at: datetime) -> tuple[Panel, ...]:
        """None is told."""
        return ()

    async def cancel(self, connection: Connection, remote_id: str) -> RemoteJob:
        """Not to be had."""
        raise problem(Kind.REFUSED, "It cannot be stopped", WHY_NOT["cancel"])

    async def restart(self, connection: Connection, remote_id: str) -> None:
        """Not to be had."""
        raise problem(Kind.REFUSED, "It cannot be sent again", WHY_NOT["restart"])
