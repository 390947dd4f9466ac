"""One look at a server that tells name, connection, encryption and answer apart, in milliseconds."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.domain.problem import Kind, ProblemError, problem
from app.domain.service import Phases
from app.transport.address import is_loopback, proxy_for
from app.transport.reply import Reply
from app.transport.wire import ProxyError, StoppedError, Wire, reply_of
from app.transport.worker import Worker

_NOWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses kept for documentation (RFC 5737, RFC 3849): routed like any other, owned by nobody."""
PROBE_CONNECT_S = 8.0
PROBE_READ_S = 6.0
"""A look at the health of a service is over in 15 seconds, whatever the server does."""
TIMEOUT = "timeout"
_FRESH_S = 600.0
_NAMES_S = 5.0
_LARGEST_LOOK = 1024 * 1024


@dataclass(frozen=True)
class Look:
    """What a probe found. `reply` None: it failed at `failed_phase` for `reason` (a sentence).

    A step that took too long fails as `TIMEOUT`; the reason says which it was.

    `offline` means that this computer has no network, as well as that can be told from here.
    """

    phases: Phases = field(default_factory=Phases)
    reply: Reply | None = None
    failed_phase: str | None = None
    reason: str = ""
    offline: bool = False


def has_route() -> bool:
    """Whether the system has a way out. A UDP socket is given an address, nothing is sent to anybody."""
    for family, address in _NOWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.connect((address, 443))
                return True
        except OSError:
            continue
    return False


class NetworkSense:
    """Tells "no network here" from "that server is down", from what was seen of all servers.

    A name that cannot be looked up speaks against this computer when the name server itself does not
    answer, or when no other known name is found either. `names` are servers that surely exist: they are
    looked up, never spoken to, and only when there is no fresher knowledge.
    """

    def __init__(
        self,
        names: tuple[str, ...] = (),
        route: Callable[[], bool] = has_route,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._names = names
        self._route = route
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, bool]] = {}

    def found(self, host: str) -> None:
        """A name was looked up, or a connection to it was made."""
        self._note(host, True)

    async def offline(self, host: str, error: BaseException) -> bool:
        """Whether this failure is the fault of this computer's network."""
        name_failed = isinstance(error, socket.gaierror)
        self._note(host, not name_failed)
        if not self._route():
            return True
        if not name_failed or any(self._others(host)):
            return False
        if error.args[0] == socket.EAI_AGAIN:
            return True
        asked = tuple(name for name in self._names if name != host)
        if asked:
            return not await self._one_is_found(asked)
        return bool(self._others(host))

    async def _one_is_found(self, names: tuple[str, ...]) -> bool:
        worker = Worker("names")
        try:
            async with asyncio.timeout(_NAMES_S):
                return await worker.call(lambda: any(self._look_up(name) for name in names))
        except TimeoutError:
            return False
        finally:
            await asyncio.shield(worker.stop())

    def _look_up(self, name: str) -> bool:
        try:
            found = bool(socket.getaddrinfo(name, 443, 0, socket.SOCK_STREAM))
        except OSError:
            found = False
        self._note(name, found)
        return found

    def _note(self, host: str, found: bool) -> None:
        with self._lock:
            self._seen[host] = (self._monotonic(), found)

    def _others(self, host: str) -> list[bool]:
        with self._lock:
            since = self._monotonic() - _FRESH_S
            return [found for name, (at, found) in self._seen.items() if name != host and at >= since]


async def probe(
    url: str,
    sense: NetworkSense,
    headers: Mapping[str, str] | None = None,
    *,
    connect_s: float = PROBE_CONNECT_S,
    read_s: float = PROBE_READ_S,
) -> Look:
    """Ask for an address once, without repeating and without following redirects. Never raises for a
    server that is down; `connect_s` bounds name, connection and encryption, `read_s` the answer.
    Raises ProblemError (input, no network) for an address or a proxy that cannot be used at all.
    """
    try:
        wire = Wire(url, connect_s=connect_s, stall_s=read_s)
    except ValueError:
        raise bad_address() from None
    worker = Worker("probe")
    try:
        async with asyncio.timeout(connect_s):
            await worker.call(wire.open)
        async with asyncio.timeout(read_s):
            reply = await worker.call(lambda: _ask(wire, headers or {}))
    except (OSError, http.client.HTTPException, StoppedError) as error:
        return await _failed(url, wire, sense, error)
    except ValueError:  # after OSError: a certificate that is refused is both
        raise bad_address() from None
    finally:
        wire.stop()
        worker.submit(wire.close)
        await asyncio.shield(worker.stop())
    sense.found(_asked_host(url))
    return Look(wire.phases, reply)


def bad_address(subject: str | None = None, details: str = "") -> ProblemError:
    """The problem of an address that the libraries cannot make a request of."""
    return problem(
        Kind.NO_NETWORK,
        "The address cannot be used",
        "No request can be made of the address of this service or of the proxy of this computer",
        "Check the address in the settings of the service, and the proxy in those of this computer",
        subject=subject,
        details=details,
    )


def _ask(wire: Wire, headers: Mapping[str, str]) -> Reply:
    wire.send_head("GET", {"Accept": "application/json", "Accept-Encoding": "identity", **headers})
    return reply_of(wire.answer(), _LARGEST_LOOK)


async def _failed(url: str, wire: Wire, sense: NetworkSense, error: Exception) -> Look:
    offline = not is_loopback(url) and await sense.offline(_asked_host(url), error)
    failed = TIMEOUT if isinstance(error, TimeoutError) else wire.phase
    return Look(wire.phases, None, failed, reason_of(error, wire.phase), offline)


def _asked_host(url: str) -> str:
    return urlsplit(proxy_for(url) or url).hostname or ""


_WAITED = {
    "dns": "the name server did not answer in time",
    "tcp": "the server did not accept a connection in time",
    "tls": "the encryption was not agreed upon in time",
    "first_byte": "the server accepted the connection but did not answer in time",
}


def reason_of(error: BaseException, phase: str = "first_byte") -> str:
    """Why a connection failed, as part of a sentence; holds no address."""
    if isinstance(error, TimeoutError):
        return _WAITED.get(phase, _WAITED["first_byte"])
    if isinstance(error, socket.gaierror):
        return "the name of the server could not be looked up"
    if isinstance(error, ssl.SSLCertVerificationError):
        said = getattr(error, "verify_message", "") or "unknown reason"
        return f"the certificate of the server is not trusted ({said})"
    if isinstance(error, ssl.SSLError):
        return "the encryption could not be agreed upon"
    if isinstance(error, ProxyError):
        return str(error)
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens at that address"
    if isinstance(error, ConnectionError):
        return "the connection was cut"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return "the connection was cut"
