"""A plain client for the practice server: one request a call, nothing clever."""

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

BOUNDARY = "practice-boundary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


class Reachable(Protocol):
    """A server in this process or in another."""

    @property
    def base_url(self) -> str: ...

    def token(self) -> str: ...


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(
    server: Reachable,
    method: str,
    path: str,
    *,
    token: str | None = "",
    body: Any = None,
    **headers: str,
) -> Answer:
    """One request; `token` "" sends the active one, None none. Keywords are headers with _ for -."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        sent["X-Auth-Token"] = token or server.token()
    return send(path if path.startswith("http") else server.base_url + path, method, sent, body)


def send(url: str, method: str, headers: dict[str, str], body: Any = None) -> Answer:
    parts = urlsplit(url)
    with contextlib.closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)) as line:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        line.request(method, target, body=body, headers=headers)
        answer = line.getresponse()
        return Answer(
            answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()
        )


def form(fields: list[tuple[str, str]], files: Sequence[tuple[str, str, bytes]] = ()) -> bytes:
    """A multipart body."""
    parts = []
    for name, text in fields:
        parts.append(f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + text.encode())
    for name, file, data in files:
        head = f'Content-Disposition: form-data; name="{name}"; filename="{file}"\r\n'
        parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + data)
    mark = f"--{BOUNDARY}\r\n".encode()
    return b"".join(mark + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def submit(
    server: Reachable,
    fields: dict[str, str] | None = None,
    files: list[tuple[str, str, bytes]] | None = None,
    app: str = "imputationserver2",
    token: str | None = "",
) -> Answer:
    """Send a job; small files that are no genotypes unless others are given."""
    told = {"refpanel": "apps@tiny@1.0.0", "population": "one", "job-name": "study"} | (fields or {})
    sent = [("files", "a.vcf.gz", b"nothing")] if files is None else files
    body = form(list(told.items()), sent)
    return call(server, "POST", f"/api/v2/jobs/submit/{app}", token=token, body=body, Content_Type=FORM)


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """Look until it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def wait_for_end(server: Reachable, job_id: str, seconds: float = 100) -> dict[str, Any]:
    """The job once it has ended."""

    def ended() -> Any:
        job = call(server, "GET", f"/api/v2/jobs/{job_id}").json
        return job if job["state"] not in (1, 2, 3) else None

    found: dict[str, Any] = wait_for(ended, seconds)
    return found


@contextlib.contextmanager
def raw_connection(server: Reachable) -> Iterator[http.client.HTTPConnection]:
    """A connection that a test may leave half-used."""
    parts = urlsplit(server.base_url)
    with contextlib.closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)) as line:
        yield line
