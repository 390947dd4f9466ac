"""The Cloudgene family against servers and proxies that answer what nobody wrote down."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.domain.dataset import DataFile
from app.domain.job import JobFile
from app.domain.parameter import Form
from app.domain.problem import Kind, Problem, ProblemError
from app.domain.progress import silent
from app.domain.service import HealthState, Limits
from app.services.cloudgene import Cloudgene, describing, job_reading
from app.services.cloudgene.job_reading import locator
from app.services.contract import Connection, RemoteFile, Submission
from app.transport.client import Looker
from app.transport.limits import Pace
from tests.services.family_contract import fetch
from tests.unit.services.cloudgene.samples import sample
from tests.unit.transport.scripted import Call, Script, Scripted, scripted

TOKEN = "secret-header.secret-claims.secret-signature"


def connection(server: Scripted, generation: str = "cg3") -> Connection:
    return Connection(
        service_id="s",
        base_url=server.url,
        token=SecretStr(TOKEN),
        generation=generation,
        limits=Limits(min_poll_s=0.0),
    )


def family() -> Cloudgene:
    async def at_once(_: float) -> None:
        """No waiting between attempts."""

    return Cloudgene(looker=Looker(Pace(), sleep=at_once))


def failing(what: Coroutine[Any, Any, object]) -> Problem:
    with pytest.raises(ProblemError) as caught:
        asyncio.run(what)
    found = caught.value.problem
    assert TOKEN not in found.model_dump_json()
    assert "<" not in found.sentence()
    return found


def sends(status: int, body: bytes | str, kind: str = "application/json", **headers: str) -> Script:
    return lambda call: call.send(status, body, kind, **headers)


JOBS = sample("jobs-cg3")


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (
            sends(502, "<html><head><title>502</title></head><h1>Bad Gateway</h1></html>", "text/html"),
            Kind.BUSY,
        ),
        (sends(502, b"<p>" + b"x" * 10_000_000, "text/html"), Kind.BUSY),
        (sends(200, json.dumps(JOBS)[:-20]), Kind.BUSY),
        (sends(200, ""), Kind.BUSY),
        (sends(200, "[" * 100_000), Kind.BUSY),
        (sends(200, '{"data": 3}'), Kind.BUSY),
        (sends(200, "<html>Welcome to the hotel</html>", "text/html"), Kind.BUSY),
        (sends(200, "<html>Welcome</html>", "application/json"), Kind.BUSY),
        (sends(200, '{"success": false, "message": "no"}'), Kind.REFUSED),
        (sends(401, "Unauthorized", "text/plain"), Kind.SIGN_IN),
        (sends(403, "\xff\x00", "application/octet-stream"), Kind.SIGN_IN),
        (lambda call: call.sock.sendall(b"SSH-2.0-OpenSSH\r\n\r\n"), Kind.NO_NETWORK),
        (lambda call: call.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"), Kind.NO_NETWORK),
        (
            lambda call: call.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[{},"),
            Kind.NO_NETWORK,
        ),
        (Call.reset, Kind.NO_NETWORK),
    ],
)
def test_odd_lists(script: Script, kind: Kind) -> None:
    with scripted(script) as server:
        assert failing(family().jobs(connection(server))).kind is kind
    assert len(server.calls) == 1, "a list is never asked for again by itself"


def job_lines(count: int) -> list[dict[str, Any]]:
    return [{"id": f"job-{number}", "state": 2, "name": "n"} for number in range(count)]


def pages(lines: list[dict[str, Any]], size: int, *, deaf: bool = False, **more: Any) -> Script:
    """A server that gives its list only in pages; a deaf one gives the first whatever it is asked for."""

    def script(call: Call) -> None:
        page = 1 if deaf else int(call.target.partition("page=")[2] or "1")
        part = lines[(page - 1) * size : page * size]
        call.json({"count": len(lines), "page": page, "pageSize": size, "data": part, **more})

    return script


def test_a_list_in_pages_is_read_to_its_end_at_the_same_pace() -> None:
    with scripted(pages(job_lines(5), 2)) as server:
        paced = connection(server).model_copy(update={"limits": Limits(min_poll_s=0.2)})
        found = asyncio.run(family().jobs(paced))
    assert [job.remote_id for job in found] == [f"job-{number}" for number in range(5)]
    assert server.targets == ["/api/v2/jobs", "/api/v2/jobs?page=2", "/api/v2/jobs?page=3"]
    assert all(later - earlier > 0.18 for earlier, later in zip(server.at, server.at[1:], strict=False))


def test_a_count_that_takes_in_deleted_jobs_is_no_page() -> None:
    with scripted(pages(job_lines(5), 7, count=7)) as server:
        assert len(asyncio.run(family().jobs(connection(server)))) == 5
    with scripted(pages(job_lines(5), 5, pageSize=2)) as server:
        assert len(asyncio.run(family().jobs(connection(server)))) == 5


@pytest.mark.parametrize(
    "script",
    [
        pages(job_lines(5), 2, deaf=True),
        pages(job_lines(5), 2, page=2),
        pages(job_lines(4), 2, count=6),
        pages(job_lines(5), 2, count=10**12),
        lambda call: call.json({"count": 9, "data": job_lines(3)}),
    ],
)
def test_a_list_that_cannot_be_read_whole_proves_nothing(script: Script) -> None:
    with scripted(script) as server:
        found = failing(family().jobs(connection(server)))
    assert (found.kind, found.retry) == (Kind.BUSY, True)
    assert "not complete" in found.title


def test_answers_that_are_too_long() -> None:
    endless = b'{"id": "x", "state": 2, "data": [' + b'{"id": "a", "state": 2},' * 400_000
    with scripted(sends(200, endless)) as server:
        for ask in (family().jobs(connection(server)), family().job(connection(server), "x")):
            found = failing(ask)
            assert (found.kind, "too long" in found.title) == (Kind.BUSY, True)


def test_a_long_list_is_read_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[int] = set()
    read = job_reading.job_page

    def noted(data: Any) -> Any:
        threads.add(threading.get_ident())
        return read(data)

    monkeypatch.setattr(job_reading, "job_page", noted)
    with scripted(sends(200, json.dumps(job_lines(6000)))) as server:
        assert len(asyncio.run(family().jobs(connection(server)))) == 6000
    assert threading.get_ident() not in threads


def test_a_wrong_content_type_does_not_matter() -> None:
    with scripted(sends(200, json.dumps(JOBS), "text/html")) as server:
        assert len(asyncio.run(family().jobs(connection(server)))) == 4


@pytest.mark.parametrize(
    "ask",
    [
        lambda f, c: f.describe(c),
        lambda f, c: f.form(c, "a"),
        lambda f, c: f.job(c, "j"),
        lambda f, c: f.cancel(c, "j"),
        lambda f, c: f.restart(c, "j"),
        lambda f, c: f.verify_token(c),
        lambda f, c: f.jobs(c),
    ],
)
def test_a_redirect_to_another_host_never_carries_the_token(
    ask: Callable[[Cloudgene, Connection], Coroutine[Any, Any, object]],
) -> None:
    with scripted(sends(200, "{}")) as other:
        with scripted(sends(302, "", Location=other.url + "/login")) as server:
            found = failing(ask(family(), connection(server)))
        assert found.kind is Kind.REFUSED
        assert other.url in found.what_happened
        assert other.calls == []


@pytest.mark.parametrize("location", ["http://[bad", "https://host:99999/x", "javascript:x"])
def test_redirects_to_nowhere(location: str) -> None:
    with scripted(sends(302, "", Location=location)) as server:
        assert failing(family().describe(connection(server))).kind is Kind.REFUSED
        assert failing(fetch(family(), connection(server), remote())).kind is Kind.REFUSED


def test_a_mistake_of_the_program_is_a_problem_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError(TOKEN)

    for name in ("job", "job_list"):
        monkeypatch.setattr(job_reading, name, broken)
    monkeypatch.setattr(describing, "server_info", broken)
    monkeypatch.setattr(describing, "panels", broken)
    with scripted(sends(200, '{"id": "x", "state": 1, "name": "n", "apps": []}')) as server:
        f, c = family(), connection(server)
        for asked in (f.job(c, "x"), f.jobs(c), f.describe(c), f.recognise(c), f.cancel(c, "x")):
            found = failing(asked)
            assert found.kind is Kind.BUG
            assert "KeyError" in found.details
        bad_file = RemoteFile(file=JobFile(name="x"), locator=SecretStr(TOKEN))
        assert failing(fetch(f, c, bad_file)).kind is Kind.BUG
    with pytest.raises(ProblemError):
        f.panels(c, Form(app_id="a", app_name="a"), datetime.now(UTC))


@pytest.mark.parametrize("proxy", ["socks://127.0.0.1:1080/", "socks5://127.0.0.1:1080"])
def test_a_socks_proxy(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setenv("all_proxy", proxy)
    far = Connection(service_id="s", base_url="https://far.example", token=SecretStr(TOKEN))
    for asked in (family().describe(far), fetch(family(), far, remote())):
        found = failing(asked)
        assert (found.kind, "proxy" in found.title) == (Kind.NO_NETWORK, True)
    health = asyncio.run(family().health(far))
    assert (health.state, "HTTP proxies" in health.detail) == (HealthState.UNKNOWN, True)


@pytest.mark.parametrize(
    ("body", "what"),
    [("[]", "describe"), ('{"name": 3}', "describe"), ("{}", "form"), ("{}", "job"), ('{"id": "x"}', "job")],
)
def test_json_of_something_else(body: str, what: str) -> None:
    with scripted(sends(200, body)) as server:
        f, c = family(), connection(server)
        asked = {
            "describe": lambda: f.describe(c),
            "form": lambda: f.form(c, "a"),
            "job": lambda: f.job(c, "j"),
        }
        assert failing(asked[what]()).kind is Kind.BUSY


def test_ids_cannot_leave_their_place() -> None:
    with scripted(sends(404, "{}")) as server:
        failing(family().job(connection(server), "../../admin?x=1#y"))
        failing(family().form(connection(server), "a/../b@1"))
    assert server.targets == ["/api/v2/jobs/..%2F..%2Fadmin%3Fx%3D1%23y", "/api/v2/server/apps/a%2F..%2Fb@1"]


def test_plain_http_needs_leave() -> None:
    far = Connection(service_id="s", base_url="http://far.example", token=SecretStr(TOKEN))
    assert failing(family().jobs(far)).kind is Kind.REFUSED
    health = asyncio.run(family().health(far))
    assert (health.state, health.status_code) == (HealthState.UNKNOWN, None)


@pytest.mark.parametrize(
    ("script", "state"),
    [
        (sends(401, ""), HealthState.UP),
        (sends(403, ""), HealthState.UP),
        (sends(429, ""), HealthState.UP),
        (sends(500, ""), HealthState.DOWN),
        (sends(502, "<html></html>", "text/html"), HealthState.DOWN),
        (sends(503, '{"message": "under maintenance"}'), HealthState.MAINTENANCE),
        (sends(200, "<html>hotel</html>", "text/html"), HealthState.DOWN),
        (sends(302, "", Location="https://login.example"), HealthState.DOWN),
        (lambda call: call.sock.sendall(b"what?\r\n\r\n"), HealthState.DOWN),
        (sends(200, json.dumps(sample("server-cg3-maintenance"))), HealthState.MAINTENANCE),
    ],
)
def test_health(script: Script, state: HealthState) -> None:
    with scripted(script) as server:
        health = asyncio.run(family().health(connection(server)))
    assert health.state is state
    assert health.detail
    looks = [call for call in server.calls if b"/counters" not in call.head]
    assert len(looks) == 1
    assert len(server.calls) == (2 if health.status_code == 200 and state is HealthState.UP else 1)
    assert "x-auth-token" not in server.calls[0].headers


def test_the_health_of_a_service_that_wants_a_pause_is_not_known() -> None:
    with scripted(sends(503, "<html>overload</html>", "text/html", Retry_After="3600")) as server:
        f = family()
        first, second = (asyncio.run(f.health(connection(server))) for _ in range(2))
    assert (first.state, second.state) == (HealthState.DOWN, HealthState.UNKNOWN)
    assert "pause" in second.detail
    assert len(server.calls) == 1


# --- submitting -----------------------------------------------------------------------------------------


def submission(folder: Path, size: int = 16_000_000) -> Submission:
    file = folder / "chr20.vcf.gz"
    file.write_bytes(bytes(size))
    seen = file.stat()
    told = DataFile(path=str(file), name=file.name, size=size, modified=seen.st_mtime_ns)
    return Submission(
        app_id="imputationserver2", remote_name="study.abc", files=(told,), options={"build": "hg38"}
    )


def with_form(answer: Script) -> Script:
    """Serve the form, and do something to the submission."""

    def script(call: Call) -> None:
        if call.head.startswith(b"GET"):
            call.json(sample("app-cg3"))
        else:
            answer(call)

    return script


def after_body(answer: Script) -> Script:
    def script(call: Call) -> None:
        call.body()
        answer(call)

    return script


@pytest.mark.parametrize(
    ("answer", "kind", "sealed"),
    [
        (after_body(sends(200, '{"success": true, "message": "x"}')), Kind.BUSY, 1),
        (after_body(sends(200, "<html>queued</html>", "text/html")), Kind.BUSY, 1),
        (after_body(sends(502, "<html>Bad Gateway</html>", "text/html")), Kind.BUSY, 1),
        (after_body(sends(504, "<html>Timeout</html>", "text/html")), Kind.BUSY, 1),
        (after_body(sends(502, "<html>exceeds the maximum allowed time</html>", "text/html")), Kind.BUSY, 1),
        (after_body(sends(400, "java.io.IOException: no space", "text/plain")), Kind.REFUSED, 1),
        (after_body(Call.reset), Kind.NO_NETWORK, 1),
        (after_body(lambda call: None), Kind.NO_NETWORK, 1),
        (sends(413, "<html><h1>413 Request Entity Too Large</h1></html>", "text/html"), Kind.REFUSED, 0),
        (sends(401, "{}"), Kind.SIGN_IN, 0),
        (Call.reset, Kind.NO_NETWORK, 0),
    ],
)
def test_submissions_that_fail_are_sent_once(tmp_path: Path, answer: Script, kind: Kind, sealed: int) -> None:
    seals: list[int] = []

    async def seal() -> None:
        seals.append(1)

    with scripted(with_form(answer)) as server:
        order = submission(tmp_path)
        found = failing(family().submit(connection(server), order, silent, seal))
    assert (found.kind, len(seals)) == (kind, sealed)
    assert [call.head[:4] for call in server.calls] == [b"GET ", b"POST"]


def test_a_submission_is_not_sent_after_a_redirect(tmp_path: Path) -> None:
    with scripted(sends(200, "{}")) as other:
        moved = after_body(sends(307, "", Location=other.url + "/submit"))
        with scripted(with_form(moved)) as server:
            found = failing(family().submit(connection(server), submission(tmp_path), silent, _seal))
        assert found.kind is Kind.BUSY
        assert other.calls == []


async def _seal() -> None:
    """Nothing to write."""


# --- downloading ----------------------------------------------------------------------------------------


def remote(name: str = "chr_20.zip", ways: list[tuple[str, bool]] | None = None) -> RemoteFile:
    return RemoteFile(
        file=JobFile(name=name), locator=locator(ways or [("/share/results/abc/chr_20.zip", False)])
    )


def get(server: Scripted, name: str = "chr_20.zip", **how: Any) -> bytes:
    return asyncio.run(fetch(family(), connection(server), remote(name, **how)))[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_object_stores_never_see_the_token(status: int) -> None:
    def store(call: Call) -> None:
        call.send(200, b"PK data", "binary/octet-stream", ETag='"abc"')

    with (
        scripted(store) as other,
        scripted(sends(status, "", Location=other.url + "/b/k?X-Amz-Signature=s")) as server,
    ):
        data, resume, offset, total = asyncio.run(fetch(family(), connection(server), remote()))
        assert (data, offset, total) == (b"PK data", 0, 7)
        assert resume is not None
        assert json.loads(resume.get_secret_value())["tag"] == '"abc"'
        assert other.targets == ["/b/k?X-Amz-Signature=s"]
        assert "x-auth-token" not in other.calls[0].headers
        assert len(server.calls) == 1
        assert "x-auth-token" not in server.calls[0].headers


def test_a_resume_asks_only_the_store() -> None:
    def store(call: Call) -> None:
        start = int(call.headers["range"].removeprefix("bytes=").rstrip("-"))
        assert call.headers["if-range"] == '"abc"'
        call.send(206, b"0123456789"[start:], "x/y", Content_Range=f"bytes {start}-9/10")

    with scripted(store) as other, scripted(sends(500, "")) as server:
        resume = SecretStr(json.dumps({"url": other.url + "/b", "tag": '"abc"'}))
        data, again, offset, total = asyncio.run(fetch(family(), connection(server), remote(), 4, resume))
        assert (data, offset, total) == (b"456789", 4, 10)
        assert again is not None
        assert server.calls == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, Kind.NOT_FOUND), (404, Kind.NOT_FOUND), (416, Kind.NOT_FOUND), (503, Kind.BUSY)],
)
def test_resumes_that_fail(status: int, kind: Kind) -> None:
    with scripted(sends(status, "<Error><Code>AccessDenied</Code></Error>", "application/xml")) as other:
        resume = SecretStr(json.dumps({"url": other.url + "/b", "tag": ""}))
        assert failing(fetch(family(), connection(other), remote(), 4, resume)).kind is kind


def test_a_store_that_sends_another_part() -> None:
    with scripted(sends(206, b"xx", Content_Range="bytes 0-1/10")) as other:
        resume = SecretStr(json.dumps({"url": other.url + "/b", "tag": ""}))
        assert failing(fetch(family(), connection(other), remote(), 4, resume)).kind is Kind.NOT_FOUND


def test_a_store_that_starts_anew() -> None:
    with scripted(sends(200, b"0123456789", "x/y")) as other:
        resume = SecretStr(json.dumps({"url": other.url + "/b", "tag": ""}))
        data, _, offset, total = asyncio.run(fetch(family(), connection(other), remote(), 4, resume))
        assert (data, offset, total) == (b"0123456789", 0, 10)


@pytest.mark.parametrize("kind", ["application/json", "application/octet-stream"])
def test_a_message_in_place_of_a_file(kind: str) -> None:
    body = '{"success":false,"message":"number of max downloads exceeded."}'
    with scripted(sends(200, body, kind)) as server:
        found = failing(fetch(family(), connection(server), remote()))
    assert (found.kind, "as often as" in found.title) == (Kind.REFUSED, True)


@pytest.mark.parametrize(("status", "kind"), [(403, Kind.NOT_FOUND), (404, Kind.NOT_FOUND), (503, Kind.BUSY)])
def test_a_store_that_refuses_does_not_blame_the_token(status: int, kind: Kind) -> None:
    store = scripted(sends(status, "<Error/>", "application/xml"))
    with store as other, scripted(sends(301, "", Location=other.url + "/b")) as server:
        assert failing(fetch(family(), connection(server), remote())).kind is kind


def test_a_json_file_is_a_file() -> None:
    with scripted(sends(200, '{"success": true}')) as server:
        assert get(server, "report.json") == b'{"success": true}'


def test_a_page_in_place_of_an_archive() -> None:
    with scripted(sends(200, "<html>hotel</html>", "text/html")) as server:
        assert failing(fetch(family(), connection(server), remote())).kind is Kind.BUSY
        assert get(server, "quality-control.html") == b"<html>hotel</html>"


@pytest.mark.parametrize("head", ["Transfer-Encoding: chunked", "Content-Length: 5000000"])
def test_a_download_cut_in_the_middle(head: str) -> None:
    def script(call: Call) -> None:
        data = bytes(2_000_000)
        lead = b"%x\r\n" % 3_000_000 if "chunked" in head else b""
        call.sock.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + lead + data)

    with scripted(script) as server:
        assert failing(fetch(family(), connection(server), remote())).kind is Kind.NO_NETWORK
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 502])
def test_a_link_is_asked_once(status: int) -> None:
    with scripted(sends(status, '{"success":false,"message":"x"}')) as server:
        failing(fetch(family(), connection(server), remote()))
    assert len(server.calls) == 1


def test_links_in_a_circle_end() -> None:
    with scripted(sends(302, "", Location="/again")) as server:
        failing(fetch(family(), connection(server), remote()))
    assert len(server.calls) == 6


def test_plain_http_after_a_redirect_is_refused() -> None:
    with scripted(sends(302, "", Location="http://far.example/x")) as server:
        assert failing(fetch(family(), connection(server), remote())).kind is Kind.REFUSED


WAYS = [("/share/jd/h/f.zip", False), ("/share/results/h/f.zip", False), ("/results/j/7/f.zip", True)]


def test_generation_2_tries_the_next_way_only_when_the_last_was_not_there() -> None:
    def script(call: Call) -> None:
        if call.target.startswith("/results"):
            call.send(200, b"PK", "x/y")
        else:
            call.send(404, "download not found.", "text/plain")

    with scripted(script) as server:
        assert get(server, ways=WAYS) == b"PK"
    assert server.targets == [path for path, _ in WAYS]
    assert [call.headers.get("x-auth-token") for call in server.calls] == [None, None, TOKEN]


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, "number of max downloads exceeded."), (404, "File not found in workspace."), (500, "x")],
)
def test_generation_2_stops_when_trying_would_cost_something(status: int, body: str) -> None:
    with scripted(sends(status, body, "text/plain")) as server:
        failing(fetch(family(), connection(server), remote(ways=WAYS)))
    assert len(server.calls) == 1


def test_leaving_early_closes_the_connection() -> None:
    closed = threading.Event()

    def script(call: Call) -> None:
        call.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n")
        try:
            while True:
                call.sock.sendall(bytes(1_000_000))
        except OSError:
            closed.set()

    async def main(server: Scripted) -> bool:
        async with family().download(connection(server), remote(), 0, None) as (download, _):
            async for _piece in download.chunks():
                break
        return await asyncio.to_thread(closed.wait, 60)

    with scripted(script) as server:
        assert asyncio.run(main(server))
