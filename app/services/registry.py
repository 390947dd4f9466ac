"""Which families there are, and which one an address belongs to."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.problem import Kind, ProblemError, problem
from app.services.contract import Connection, ServiceFamily
from app.transport.address import normalise

if TYPE_CHECKING:
    from app.services.guided.host import Host as Pages
    from app.services.local.host import Host
    from app.services.notes import Notes
    from app.services.vault import Vault


class Registry:
    """The families by name. One object for the whole program: families keep the pace of their servers.

    They are made when the first one is asked for: the window need not wait for their HTTP client.
    """

    def __init__(
        self,
        families: tuple[ServiceFamily, ...] | None = None,
        local: Host | None = None,
        pages: Pages | None = None,
        workflows: Path | None = None,
        descriptions: Path | None = None,
        vault: Vault | None = None,
        notes: Notes | None = None,
    ) -> None:
        self._given = families
        self._local = local
        self._pages = pages
        self._workflows = workflows
        self._descriptions = descriptions
        self._vault = vault
        self._notes = notes

    @cached_property
    def _families(self) -> dict[str, ServiceFamily]:
        given = self._given
        if given is None:
            given = _all(
                self._local, self._pages, self._workflows, self._descriptions, self._vault, self._notes
            )
        return {family.name: family for family in given}

    def names(self) -> tuple[str, ...]:
        """The families, in the order in which an address is tried with them."""
        return tuple(self._families)

    def family(self, name: str) -> ServiceFamily:
        """A family by its name; ProblemError (input) when there is none."""
        found = self._families.get(name)
        if found is None:
            raise problem(
                Kind.INPUT,
                "This kind of service is not known",
                f"“{name}” is none of: {', '.join(self._families)}",
                "Leave the kind out: the program finds it by looking at the address",
            )
        return found

    async def detect(self, base_url: str, *, plain_http_allowed: bool = False) -> ServiceFamily:
        """The family that an address speaks; ProblemError (input, refused, not found, busy, no network)."""
        url = normalise(base_url)
        connection = Connection(service_id="", base_url=url, plain_http_allowed=plain_http_allowed)
        failure: ProblemError | None = None
        near_first = sorted(self._families.values(), key=lambda family: family.capabilities.network)
        for family in near_first:
            try:
                await family.recognise(connection)
            except ProblemError as error:
                if family.capabilities.network:
                    failure = failure or error
            else:
                return family
        raise failure or problem(Kind.BUG, "No family of services is there", "The list of families is empty")


def _all(
    local: Host | None,
    pages: Pages | None,
    workflows: Path | None,
    descriptions: Path | None,
    vault: Vault | None,
    notes: Notes | None,
) -> tuple[ServiceFamily, ...]:
    from app.services.cloudgene import Cloudgene
    from app.services.described import Described
    from app.services.guided import Guided
    from app.services.local import Local
    from app.services.teaspoons import Teaspoons
    from app.services.wes import Wes

    return (
        Cloudgene(),
        Teaspoons(vault=vault),
        Wes(workflows),
        Local(local),
        Guided(pages),
        Described(descriptions, notes=notes),
    )
