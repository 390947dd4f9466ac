"""Where files may be sent within a block: a service could else name any address, as in a signed one.

A rule may be stated while files are on their way: it holds from then on, for what is being sent as well.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import ContextVar
from urllib.parse import urlsplit

from app.domain.problem import Kind, problem
from app.domain.residency import place_on_the_net
from app.transport.address import proxy_for

Hosts = frozenset[str] | None
"""Names of hosts, `*.example.org` for all below that, `127.0.0.1:80` for one port; None for no limit."""


class Confinement:
    """The hosts to which files may be sent. A limit may come at any time, and then stays.

    Used from one event loop.
    """

    def __init__(self, hosts: Hosts) -> None:
        self.hosts = hosts
        self._asked: Callable[[], Awaitable[Hosts]] | None = None
        self._under_way: list[str] = []

    def asks(self, look: Callable[[], Awaitable[Hosts]]) -> None:
        """Ask this for the hosts before each file: None for those that are known already."""
        self._asked = look

    async def look(self) -> None:
        """Ask now. ProblemError (refused) for a file that is under way to another host, or of the asking."""
        found = await self._asked() if self._asked is not None else None
        if found is None or found == self.hosts:
            return
        self.hosts = found
        for url in self._under_way:
            _refuse(self.hosts, url)

    @contextlib.contextmanager
    def under_way(self, url: str) -> Iterator[None]:
        """A file is sent to an address within the block."""
        _refuse(self.hosts, url)
        self._under_way.append(url)
        try:
            yield
        finally:
            self._under_way.remove(url)


_LIMIT: ContextVar[Confinement | None] = ContextVar("where files under a rule may be sent", default=None)
_RECEIVED: ContextVar[set[str] | None] = ContextVar("hosts that gave files", default=None)


@contextlib.contextmanager
def confined(limit: Confinement) -> Iterator[None]:
    """Send files to these hosts only within the block, also in tasks that begin in it."""
    token = _LIMIT.set(limit)
    try:
        yield
    finally:
        _LIMIT.reset(token)


@contextlib.asynccontextmanager
async def sending_to(url: str) -> AsyncIterator[None]:
    """A file is sent to an address within the block.

    ProblemError (refused) for one that is not where the data may go, before anything is sent.
    """
    limit = _LIMIT.get()
    if limit is None:
        yield
        return
    await limit.look()
    with limit.under_way(url):
        yield


@contextlib.contextmanager
def received() -> Iterator[set[str]]:
    """The hosts from which files come within the block, also in tasks that begin in it."""
    found: set[str] = set()
    token = _RECEIVED.set(found)
    try:
        yield found
    finally:
        _RECEIVED.reset(token)


def receives_from(url: str) -> None:
    """A file comes from an address: see `received`."""
    found = _RECEIVED.get()
    if found is not None:
        found.add(place_on_the_net(url))


def is_among(place: str, hosts: frozenset[str]) -> bool:
    """Whether a place, as of `place_on_the_net`, is one of these hosts."""
    host = place.rpartition(":")[0] or place
    return any(each == place or _is_one(host, each) for each in hosts)


def _refuse(hosts: Hosts, url: str) -> None:
    if hosts is None:
        return
    host = place_on_the_net(url)
    if not is_among(host, hosts):
        raise problem(
            Kind.REFUSED,
            "These data may not go there",
            f"The service wants the files at {host or 'no host'}. Where that keeps them is not known, "
            "and a rule says where these data may go.",
            "Nothing more is sent there. Choose a service that takes the files itself.",
            subject=host,
        )
    if urlsplit(url).scheme == "http" and proxy_for(url) is not None:
        raise problem(
            Kind.REFUSED,
            "These data may not go through a proxy unencrypted",
            f"{host} is reached through the proxy of this computer without encryption. The proxy could read "
            "them, and a rule says where these data may go.",
            "Nothing more is sent. Use an https address, or a network without that proxy.",
            subject=host,
        )


def _is_one(host: str, allowed: str) -> bool:
    return host.endswith(allowed.removeprefix("*")) if allowed.startswith("*.") else host == allowed
