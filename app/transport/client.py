"""The one httpx client of the program, for looks: small questions whose answers fit into memory.

Transfers of files do not come through here (`wire.py`, `upload.py`, `download.py`).
"""

from __future__ import annotations

import asyncio
import functools
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

import httpx

from app.transport.address import origin, proxy_for, redirected
from app.transport.limits import Pace
from app.transport.reply import SMALL_BODY, AnswerError, Reply
from app.transport.tls import tls_context

CONNECT_S = 30.0
READ_S = 10.0
WHOLE_LOOK_S = 90.0
LARGEST_BODY = 8 * 1024 * 1024
"""Ten thousand jobs, or a job with all its messages; nothing honest is larger."""
_RETRIED_STATUS = frozenset({502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3

# These loggers write whole addresses, and some addresses of a service are secrets.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@functools.cache
def user_agent() -> str:
    """How the program names itself to servers."""
    try:
        return f"Haplodesk/{version('haplodesk')}"
    except PackageNotFoundError:
        return "Haplodesk/0"


def open_client(url: str, *, read_s: float = READ_S) -> httpx.AsyncClient:
    """A client for one server: HTTP/1.1, the system's certificates and proxies, no redirects by itself.

    The proxy is looked up here: httpx would fail on any proxy of the system that it does not know, even
    on one that is not needed. Raises ProblemError for a proxy that cannot be used.
    """
    return httpx.AsyncClient(
        verify=tls_context(),
        http2=False,
        follow_redirects=False,
        proxy=proxy_for(url),
        trust_env=False,
        event_hooks={"response": [_keep_location]},
        timeout=httpx.Timeout(read_s, connect=CONNECT_S),
        headers={"User-Agent": user_agent(), "Accept": "application/json, */*;q=0.5"},
    )


async def _keep_location(response: httpx.Response) -> None:
    """Hide a redirect from httpx, which would read its address, and raise, though it follows none."""
    response.extensions["location"] = response.headers.pop("location", "")


@dataclass(frozen=True)
class Question:
    """A look at a server. `headers` hold the token, if any; `form` or `json` makes it a POST.

    `method` says another one, in capitals.
    `attempts` > 1 only for a question that changes nothing at the server.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    attempts: int = 3
    read_s: float = READ_S
    json: Mapping[str, object] | None = None
    method: str = ""

    @property
    def posts(self) -> bool:
        """Whether it may change something at the server."""
        return self.form is not None or self.json is not None or self.method not in {"", "GET"}


class Looker:
    """Asks questions: paced, repeated when that can help, within limits of size and time."""

    def __init__(
        self,
        pace: Pace,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.pace = pace
        self._sleep = sleep
        self._jitter = jitter

    async def ask(self, question: Question) -> Reply:
        """The answer, whatever its status.

        Raises httpx.HTTPError, TimeoutError, ValueError (an address that cannot be sent), AnswerError (a
        redirect to another origin) or ProblemError (the server asked for a pause or failed several times
        in a row, a strange proxy).
        """
        server, breaker = origin(question.url), self.pace.breaker
        self.pace.refuse_broken(server)
        try:
            reply = await self._ask(question)
        except (httpx.TransportError, TimeoutError):
            breaker.failed(server)
            raise
        except BaseException:
            breaker.not_told(server)
            raise
        if _worth_repeating(reply):
            breaker.failed(server)
        else:
            breaker.answered(server)
        return reply

    async def _ask(self, question: Question) -> Reply:
        async with open_client(question.url, read_s=question.read_s) as client:
            for attempt in range(1, question.attempts + 1):
                last = attempt == question.attempts
                try:
                    reply = await self._once(client, question)
                except httpx.TimeoutException:
                    raise  # it has taken its time already; three times that would be minutes
                except httpx.TransportError:
                    if last:
                        raise
                else:
                    if last or not _worth_repeating(reply):
                        return reply
                await self._sleep(0.5 * 3 ** (attempt - 1) * (1 + 0.3 * self._jitter()))
        raise AssertionError("a question needs at least one attempt")

    async def _once(self, client: httpx.AsyncClient, question: Question) -> Reply:
        server = origin(question.url)
        await self.pace.before(server)
        async with asyncio.timeout(WHOLE_LOOK_S):
            reply = await _follow(client, question)
        self.pace.note(server, reply.status, reply.headers)
        return reply


def _worth_repeating(reply: Reply) -> bool:
    """A 503 in JSON is the service's own word (maintenance), and a Retry-After is an order: no repeating."""
    if reply.status not in _RETRIED_STATUS or "retry-after" in reply.headers:
        return False
    return not (reply.status == 503 and reply.body.lstrip().startswith(b"{"))


async def _follow(client: httpx.AsyncClient, question: Question) -> Reply:
    """One exchange; a GET follows redirects within its origin, the token never leaves it."""
    url = question.url
    for _ in range(_MOST_REDIRECTS + 1):
        reply = await _exchange(client, question, url)
        location = reply.headers["location"]
        if reply.status not in _REDIRECTS or not location:
            return reply
        try:
            target = redirected(url, location)
        except ValueError:
            raise AnswerError(reply, "points to something that is no web address") from None
        if question.posts or origin(target) != origin(question.url):
            raise AnswerError(reply, f"points to {origin(target)}")
        url = target
    raise AnswerError(reply, "points to itself in a circle")


async def _exchange(client: httpx.AsyncClient, question: Question, url: str) -> Reply:
    method = question.method or ("POST" if question.posts else "GET")
    async with client.stream(
        method, url, headers=question.headers, data=question.form, json=question.json
    ) as response:
        most = LARGEST_BODY if response.is_success else SMALL_BODY
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > most:
                break
        headers = {name.lower(): value for name, value in response.headers.items()}
        headers["location"] = response.extensions["location"]
        return Reply(response.status_code, headers, bytes(body[:most]), cut=len(body) > most)
