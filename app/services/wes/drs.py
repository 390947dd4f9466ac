"""Objects of a Data Repository Service (DRS 1.x): where the bytes of a `drs://` address are.

Source: ga4gh.md 5 and 6. Our token goes only to the origin of the service that was asked for the run.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from app.domain.model import Model
from app.domain.problem import Kind, ProblemError, problem
from app.services.border import unreadable
from app.services.contract import Connection
from app.services.wes.checksums import of_drs
from app.services.wes.problems import dictionary, refuse_failure
from app.services.wes.setup import auth_headers, plain_hosts, refuse_elsewhere
from app.transport.address import is_loopback, origin
from app.transport.limits import retry_after_s
from app.transport.reply import Reply

API = "/ga4gh/drs/v1/objects/"
LONGEST_WAIT_S = 600.0
_FIRST_WAIT_S = 5.0


class Ask(Protocol):
    """A GET of a small answer, whatever its status, and a pause."""

    sleep: Callable[[float], Awaitable[object]]

    async def __call__(self, url: str, headers: dict[str, str]) -> Reply:
        """The answer."""
        ...


class DrsPlace(Model):
    """Where the bytes are, what has to be sent along, and what they have to be."""

    url: str
    headers: dict[str, str] = {}
    size: int | None = None
    checksum: tuple[str, str] | None = None


async def resolve(connection: Connection, address: str, ask: Ask, name: str) -> DrsPlace:
    """Ask for the object and choose a way: https, else http, s3 signed as https, and a path only here."""
    base = _base_of(connection, address, name)
    url = base + API + quote(_object_id(address, name), safe="")
    refuse_elsewhere(connection, url)
    told = await _patient(connection, url, ask, name)
    place = DrsPlace(
        url="",
        size=told.get("size") if type(told.get("size")) is int and told["size"] > 0 else None,
        checksum=of_drs(told.get("checksums")),
    )
    for method in _methods(told):
        found = await _by(connection, url, method, ask, name)
        if found is not None:
            return place.model_copy(update=found)
    raise problem(
        Kind.REFUSED,
        "The object cannot be fetched",
        f"{name}: its repository offers no way that this program can use",
        "Ask the service how its results are fetched",
        subject=name,
    )


def _base_of(connection: Connection, address: str, name: str) -> str:
    """A host speaks https, unless it is this computer, the service by plain http, or named to do so."""
    host = urlsplit(address).netloc
    if not host or "@" in host:
        raise _no_address(address, name)
    if ":" in host and not host.rpartition(":")[2].isdigit():
        raise problem(
            Kind.REFUSED,
            "The object is named by a short name",
            f"{address[:120]} can only be looked up in a registry of short names",
            "Ask the service for a full address",
            subject=name,
        )
    home = urlsplit(connection.base_url)
    plain = is_loopback(f"http://{host}") or (
        home.scheme == "http" and urlsplit(f"//{host}").hostname in {home.hostname, *plain_hosts(connection)}
    )
    return f"{'http' if plain else 'https'}://{host}"


def _object_id(address: str, name: str) -> str:
    found = unquote(urlsplit(address).path.lstrip("/"))
    if not found:
        raise _no_address(address, name)
    return found


def _no_address(address: str, name: str) -> ProblemError:
    what = f"{address[:120]} names no object"
    return problem(Kind.REFUSED, "The address of the result cannot be used", what, subject=name)


async def _patient(connection: Connection, url: str, ask: Ask, name: str) -> dict[str, Any]:
    """The object; 202 means that it is being made ready, and how long to wait."""
    waited = 0.0
    while True:
        reply = await ask(url, _headers(connection, url))
        if reply.status != 202:
            break
        wait = _wait_of(reply)
        waited += wait
        if waited > LONGEST_WAIT_S:
            raise problem(
                Kind.BUSY,
                "The result is not ready",
                f"{name}: the repository has been making it ready for {round(waited / 60)} minutes",
                "It is fetched again by itself",
                subject=name,
            )
        await ask.sleep(wait)
    refuse_failure(reply, name)
    told = dictionary(reply.json)
    if not told:
        raise unreadable(reply, name)
    return told


def _wait_of(reply: Reply) -> float:
    told = retry_after_s(reply.headers, datetime.now(UTC))
    return min(max(told if told is not None else _FIRST_WAIT_S, 0.5), LONGEST_WAIT_S)


def _headers(connection: Connection, url: str) -> dict[str, str]:
    return auth_headers(connection) if origin(url) == origin(connection.base_url) else {}


_ORDER = ("https", "http", "s3", "gs", "file")


def _methods(told: dict[str, Any]) -> list[dict[str, Any]]:
    listed = told.get("access_methods")
    methods = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    usable = [each for each in methods if each.get("type") in _ORDER]
    return sorted(usable, key=lambda each: _ORDER.index(each["type"]))


async def _by(
    connection: Connection, url: str, method: dict[str, Any], ask: Ask, name: str
) -> dict[str, Any] | None:
    """The address of a way: told at once, or by a further question with the id of the way."""
    found = _access(method.get("access_url"))
    access_id = method.get("access_id")
    if found is None and isinstance(access_id, str) and access_id:
        reply = await ask(f"{url}/access/{quote(access_id, safe='')}", _headers(connection, url))
        refuse_failure(reply, name)
        found = _access(reply.json)
    if found is None:
        return None
    address = found["url"]
    if address.startswith(("https://", "http://")):
        return found
    return found if method["type"] == "file" and is_loopback(connection.base_url) else None


def _access(told: Any) -> dict[str, Any] | None:
    data = dictionary(told)
    url = data.get("url") if data else told if isinstance(told, str) else None
    if not isinstance(url, str) or not url.strip():
        return None
    return {"url": url.strip(), "headers": _told_headers(data.get("headers"))}


_SENT = re.compile(
    r"authorization|accept|date|x-api-key|x-auth-token|x-(amz|goog|ms|oss|obs|cos)-[a-z0-9-]+", re.IGNORECASE
)
_MOST_HEADERS, _LONGEST_HEADER = 20, 8192


def _told_headers(told: Any) -> dict[str, str]:
    """`Name: value` in a list (the standard), or an object.

    Only what a store needs to know who may read; anything else could turn the question into another one.
    """
    pairs: list[tuple[str, str]] = []
    if isinstance(told, dict):
        pairs = [(str(name), str(value)) for name, value in told.items()]
    elif isinstance(told, list):
        halves = (each.partition(":") for each in told if isinstance(each, str))
        pairs = [(name.strip(), value.strip()) for name, _, value in halves]
    kept = [(name, value) for name, value in pairs if _SENT.fullmatch(name) and _is_value(value)]
    return dict(kept[:_MOST_HEADERS])


def _is_value(text: str) -> bool:
    return text.isascii() and text.isprintable() and len(text) <= _LONGEST_HEADER
