"""Where files may be sent within a block: a service could else name any address, as in a signed one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from urllib.parse import urlsplit

from app.domain.problem import Kind, problem
from app.transport.address import proxy_for

_HOSTS: ContextVar[frozenset[str] | None] = ContextVar("hosts of files under a rule", default=None)


@contextlib.contextmanager
def confined(hosts: frozenset[str] | None) -> Iterator[None]:
    """Send files to these hosts only within the block, also in tasks that begin in it; None for no limit.

    `*.example.org` are all hosts below that.
    """
    token = _HOSTS.set(hosts)
    try:
        yield
    finally:
        _HOSTS.reset(token)


def refuse_outside(url: str) -> None:
    """ProblemError (refused) for an address that is not where the data may go, before anything is sent."""
    hosts = _HOSTS.get()
    if hosts is None:
        return
    parts = urlsplit(url)
    host = (parts.hostname or "").lower().rstrip(".")
    if not any(_is_one(host, each) for each in hosts):
        raise problem(
            Kind.REFUSED,
            "These data may not go there",
            f"The service wants the files at {host or 'no host'}. Where that keeps them is not known, "
            "and a rule says where these data may go.",
            "Nothing was sent there. Choose a service that takes the files itself.",
            subject=host,
        )
    if parts.scheme == "http" and proxy_for(url) is not None:
        raise problem(
            Kind.REFUSED,
            "These data may not go through a proxy unencrypted",
            f"{host} is reached through the proxy of this computer without encryption. The proxy could read "
            "them, and a rule says where these data may go.",
            "Nothing was sent. Use an https address, or a network without that proxy.",
            subject=host,
        )


def _is_one(host: str, allowed: str) -> bool:
    return host.endswith(allowed.removeprefix("*")) if allowed.startswith("*.") else host == allowed
