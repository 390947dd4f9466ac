"""Looks: what is repeated, what is not, and where a token may go."""

import asyncio
import logging
from dataclasses import replace

import httpx
import pytest

from app.domain.problem import ProblemError
from app.transport.client import LARGEST_BODY, Looker, Question, open_client, user_agent
from app.transport.limits import Pace
from app.transport.reply import SMALL_BODY, AnswerError, Reply
from tests.unit.transport.scripted import Call, Script, scripted

TOKEN = {"X-Auth-Token": "secret.token.text"}


def answers(*scripts: Script) -> Script:
    """One script a request, the last for all that follow."""
    left = list(scripts)

    def script(call: Call) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(call)

    return script


def ok(call: Call) -> None:
    call.json({"fine": True})


def status(number: int, body: str = "<h1>no</h1>", kind: str = "text/html", **headers: str) -> Script:
    return lambda call: call.send(number, body, kind, **headers)


def ask(url: str, slept: list[float] | None = None, **how: object) -> Reply:
    async def sleep(seconds: float) -> None:
        if slept is not None:
            slept.append(seconds)

    looker = Looker(Pace(), sleep=sleep, jitter=lambda: 0.0)
    return asyncio.run(looker.ask(replace(Question(url, TOKEN), **how)))  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [502, 503, 504])
def test_a_get_is_repeated(number: int) -> None:
    slept: list[float] = []
    with scripted(answers(status(number), Call.reset, ok)) as server:
        assert ask(server.url + "/x", slept).body == b'{"fine": true}'
    assert len(server.calls) == 3
    assert slept == [0.5, 1.5]


def test_repeating_has_an_end() -> None:
    with scripted(status(502)) as server:
        assert ask(server.url).status == 502
    assert len(server.calls) == 3
    with scripted(Call.reset) as server, pytest.raises(httpx.TransportError):
        ask(server.url)
    assert len(server.calls) == 3


@pytest.mark.parametrize(
    "script",
    [
        status(400),
        status(401),
        status(404),
        status(500),
        status(503, '{"success":false,"message":"This functionality is currently under maintenance."}'),
        status(503, Retry_After="60"),
    ],
)
def test_what_is_not_repeated(script: Script) -> None:
    with scripted(script) as server:
        ask(server.url)
    assert len(server.calls) == 1


def test_one_attempt_is_one() -> None:
    with scripted(status(502)) as server:
        ask(server.url, attempts=1)
    assert len(server.calls) == 1


def test_retry_after_is_obeyed_by_the_next_question() -> None:
    looker = Looker(Pace())
    with scripted(status(429, "{}", Retry_After="60")) as server:
        assert asyncio.run(looker.ask(Question(server.url))).status == 429
        with pytest.raises(ProblemError, match="pause"):
            asyncio.run(looker.ask(Question(server.url)))
    assert len(server.calls) == 1


def test_a_redirect_within_the_server_is_followed() -> None:
    with scripted(answers(status(301, Location="/y?z=1"), ok)) as server:
        assert ask(server.url + "/x").status == 200
    assert server.targets == ["/x", "/y?z=1"]
    assert all(call.headers["x-auth-token"] == TOKEN["X-Auth-Token"] for call in server.calls)


@pytest.mark.parametrize("number", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_not(number: int) -> None:
    with scripted(ok) as other, scripted(status(number, Location=other.url + "/x")) as server:
        with pytest.raises(AnswerError) as caught:
            ask(server.url + "/x")
        assert other.url in str(caught.value)
    assert other.calls == []


@pytest.mark.parametrize(
    "location", ["http://[bad", "https://host:99999/x", "ftp://x.example", "javascript:x"]
)
def test_a_redirect_to_nowhere_is_an_error_of_the_answer(location: str) -> None:
    with scripted(status(302, Location=location)) as server, pytest.raises(AnswerError, match="no web"):
        ask(server.url + "/x")


def test_a_proxy_for_everything_does_not_spoil_the_one_that_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A desktop names a SOCKS proxy for all schemes beside the HTTP proxy."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with scripted(ok) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("all_proxy", "socks://127.0.0.1:1080/")
        assert ask("http://far.example/x").status == 200
    assert proxy.targets == ["http://far.example/x"]


def test_a_post_is_never_sent_on_and_circles_end() -> None:
    with scripted(status(307, Location="/y")) as server:
        with pytest.raises(AnswerError):
            ask(server.url + "/x", form={"token": "t"})
        assert len(server.calls) == 1
        with pytest.raises(AnswerError, match="circle"):
            ask(server.url + "/x")


def test_a_large_error_page_is_cut() -> None:
    with scripted(status(502, "x" * 10_000_000)) as server:
        reply = ask(server.url, attempts=1)
    assert (len(reply.body), reply.cut) == (SMALL_BODY, True)
    assert LARGEST_BODY > SMALL_BODY


def test_a_slow_server_ends_at_the_limit() -> None:
    with scripted(Call.until_hung_up) as server, pytest.raises(httpx.ReadTimeout):
        ask(server.url, read_s=0.2)
    assert len(server.calls) == 1


def test_truncated_answers() -> None:
    def script(call: Call) -> None:
        call.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

    with scripted(script) as server, pytest.raises(httpx.RemoteProtocolError):
        ask(server.url, attempts=1)


def test_the_client_is_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with scripted(ok) as server:
        assert ask(server.url).status == 200
    assert server.calls[0].headers["user-agent"] == user_agent()
    assert user_agent().startswith("Haplodesk/")

    async def timeouts() -> httpx.Timeout:
        async with open_client("https://x.example") as client:
            assert not client.follow_redirects
            return client.timeout

    assert asyncio.run(timeouts()) == httpx.Timeout(10.0, connect=30.0)


@pytest.mark.parametrize("name", ["httpx", "httpcore"])
def test_addresses_are_not_logged(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with scripted(ok) as server:
        ask(server.url + "/share/results/abc/x")
    assert logging.getLogger(name).getEffectiveLevel() > logging.INFO
    assert "share" not in caplog.text
