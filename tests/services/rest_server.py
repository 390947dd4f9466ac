"""Two small REST services on loopback, written from the shipped example descriptions, and an object store.

`/api/v1` takes one form with all files; `/ns` takes signed uploads, which go to the store at another port,
and then JSON. A test can hold the answer back, cut a download and look into every request.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

TOKEN = "good-token"
ENDS = "2099-01-01T00:00:00Z"


@dataclass
class RestJob:
    """A job of either service; `state` is the service's own word."""

    id: str
    name: str
    state: str
    fields: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    sent: dict[str, bytes] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


@dataclass
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]


class RestServer:
    """Both services and the store; use in a `with`."""

    def __init__(self) -> None:
        self.jobs: dict[str, RestJob] = {}
        self.uploads: dict[str, dict[str, Any]] = {}
        self.seen: list[Seen] = []
        self.stored: list[Seen] = []
        self.health: dict[str, Any] = {"status": "ok", "version": "1.2"}
        self.page_size = 100
        self.drop_answer = False
        self.cut_at: int | None = None
        self.ranges = True
        self.file_page: bytes | None = None
        self._server = WebServer(self._main)
        self._store = WebServer(self._put)
        self.url, self.store_url = self._server.url, self._store.url

    def __enter__(self) -> RestServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Answer nothing any more."""
        for each in (self._server, self._store):
            each.stop()

    def paths(self, method: str, pattern: str) -> list[str]:
        """The paths of requests so far."""
        return [each.path for each in self.seen if each.method == method and re.search(pattern, each.path)]

    # The requests.

    def _put(self, request: WebRequest) -> None:
        self.stored.append(request.seen)
        upload = self.uploads[request.path.rpartition("/")[2]]
        upload["bytes"] = request.body()
        request.send(200, b"")

    def _main(self, request: WebRequest) -> None:
        self.seen.append(request.seen)
        if request.path in ("/api/v1/health", "/ns/ga4gh/wes/v1/service-info"):
            request.json(self.health)
        elif request.headers.get("authorization") != f"Bearer {TOKEN}":
            request.body()
            request.json({"message": "who are you?"}, 401)
        elif request.path.startswith("/api/v1/"):
            self._plain(request, request.path.removeprefix("/api/v1"))
        elif request.path.startswith("/ns/"):
            self._signed(request, request.path.removeprefix("/ns"))
        elif request.path.startswith("/files/"):
            self._file(request)
        else:
            request.json({"message": "no such thing"}, 404)

    def _plain(self, request: WebRequest, path: str) -> None:
        made, one = re.fullmatch(r"/jobs", path), re.fullmatch(r"/jobs/([^/]+)(/\w+)?", path)
        if path == "/me":
            request.json({"login": "ann", "token_expires": ENDS})
        elif path == "/panels":
            panels = [{"id": "p1", "title": "Panel one", "assembly": "GRCh38"}]
            request.json({"panels": panels})
        elif made and request.method == "POST":
            fields, files = request.form()
            job = self._add(str(fields["name"]), "waiting", fields, files)
            self._answer(request, {"job": {"id": job.id}})
        elif made:
            request.json(self._page(request, "/api/v1/jobs"))
        elif one and (known := self.jobs.get(unquote(one[1]))) is not None:
            self._of_plain(request, known, one[2])
        else:
            request.json({"message": "no such job"}, 404)

    def _of_plain(self, request: WebRequest, job: RestJob, what: str | None) -> None:
        if what == "/cancel":
            job.state = "stopped"
            request.json({})
        elif what == "/files":
            files = [
                {"name": name, "bytes": len(data), "href": f"/files/{job.id}/{quote(name)}"}
                for name, data in job.files.items()
            ]
            request.json({"files": files})
        elif what == "/log":
            request.send(200, b"first line\nlast line\n", "text/plain")
        else:
            request.json({"job": _shown(job)})

    def _page(self, request: WebRequest, path: str) -> dict[str, Any]:
        at = int(request.query.get("at", "0"))
        every = [_shown(job) for job in self.jobs.values()]
        more = at + self.page_size < len(every)
        following = f"{path}?at={at + self.page_size}" if more else None
        return {"jobs": every[at : at + self.page_size], "next": following}

    def _signed(self, request: WebRequest, path: str) -> None:
        one = re.fullmatch(r"/ga4gh/wes/v1/runs/([^/]+)(/.+)?", path)
        if path == "/engines":
            request.json({"owner": "ann", "expires": ENDS})
        elif path == "/storage/uploads":
            told = json.loads(request.body())
            key = f"u{len(self.uploads)}"
            self.uploads[key] = told
            upload = {"uri": key, "url": f"{self.store_url}/bucket/{key}", "headers": {"x-kind": "vcf"}}
            request.json({"upload": upload})
        elif path.startswith("/storage/uploads/"):
            self.uploads[path.split("/")[3]]["complete"] = True
            request.json({})
        elif path == "/ga4gh/wes/v1/runs" and request.method == "POST":
            told = json.loads(request.body())
            job = self._add(told["tags"]["name"], "QUEUED", told, {})
            self._answer(request, {"run_id": job.id})
        elif path == "/ga4gh/wes/v1/runs":
            request.json({"runs": [_run(job, self.url) for job in self.jobs.values()]})
        elif one and (known := self.jobs.get(one[1])) is not None:
            if one[2] == "/cancel":
                known.state = "CANCELED"
            request.json(_run(known, self.url))
        else:
            request.json({"msg": "no such run"}, 404)

    def _add(self, name: str, state: str, fields: dict[str, Any], files: dict[str, bytes]) -> RestJob:
        job = RestJob(f"j{len(self.jobs) + 1}", name, state, fields, sent=files)
        self.jobs[job.id] = job
        return job

    def _answer(self, request: WebRequest, data: object) -> None:
        if self.drop_answer:
            request.hang_up()
        else:
            request.json(data, 201)

    def _file(self, request: WebRequest) -> None:
        _, _, job_id, name = request.path.split("/", 3)
        data = self.jobs[job_id].files[unquote(name)]
        if self.file_page is not None:
            request.send(200, self.file_page, "text/html")
            return
        start = 0
        extra = {"Accept-Ranges": "bytes", "ETag": '"v1"'} if self.ranges else {}
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        if asked and self.ranges:
            start = int(asked[1])
            extra["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        cut, self.cut_at = self.cut_at, None
        request.send(206 if asked and self.ranges else 200, data[start:], "application/gzip", extra, cut)


def _shown(job: RestJob) -> dict[str, Any]:
    shown = {"id": job.id, "name": job.name, "state": job.state, "percent": 40, "errors": job.errors}
    return shown | {"created": "2026-11-26T10:00:00Z", "position": 0 if job.state == "waiting" else None}


def _run(job: RestJob, url: str) -> dict[str, Any]:
    files = [
        {"name": name, "size": len(data), "url": f"{url}/files/{job.id}/{quote(name)}"}
        for name, data in job.files.items()
    ]
    run = {"run_id": job.id, "state": job.state, "tags": {"name": job.name}, "outputs": {"files": files}}
    return run | {"created_at": "2026-11-26T10:00:00Z"}


class _Http(ThreadingHTTPServer):
    """One that says nothing of connections which the other side ended."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class WebServer:
    """One listener with its thread."""

    def __init__(self, answer: Callable[[WebRequest], None]) -> None:
        class Handler(WebRequest):
            respond = staticmethod(answer)

        self._http = _Http(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread: threading.Thread | None = threading.Thread(
            target=self._http.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
            self._http.server_close()
            self._thread = None


class WebRequest(BaseHTTPRequestHandler):
    """A request and its answer."""

    respond: Callable[[WebRequest], None]

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is written."""

    def setup(self) -> None:
        super().setup()
        self.method, self.query = "", dict[str, str]()

    def _any(self) -> None:
        parts = urlsplit(self.path)
        self.method, self.path = self.command, parts.path
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.seen = Seen(
            self.method, parts.path, {name.lower(): value for name, value in self.headers.items()}
        )
        type(self).respond(self)

    do_GET = do_POST = do_PUT = do_DELETE = _any

    def body(self) -> bytes:
        """The whole body."""
        length = int(self.headers.get("content-length", "0"))
        data = self.rfile.read(length)
        if len(data) < length:
            raise ConnectionAbortedError("the body ended early")
        return data

    def form(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Fields and files of a multipart body."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        fields: dict[str, Any] = {}
        files: dict[str, bytes] = {}
        for part in BytesParser(policy=HTTP).parsebytes(head + self.body()).iter_parts():
            name = part.get_param("name", header="content-disposition")
            data = part.get_payload(decode=True)
            assert isinstance(data, bytes)
            if part.get_filename():
                files[str(part.get_filename())] = data
            else:
                fields[str(name)] = data.decode()
        return fields, files

    def json(self, data: object, status: int = 200) -> None:
        """An answer in JSON."""
        self.send(status, json.dumps(data).encode(), "application/json")

    def send(
        self,
        status: int,
        body: bytes,
        kind: str = "application/octet-stream",
        headers: dict[str, str] | None = None,
        cut: int | None = None,
    ) -> None:
        """An answer; with `cut` the connection ends after so many bytes."""
        self.send_response(status)
        told = {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if cut is None else body[:cut])
        self.wfile.flush()

    def hang_up(self) -> None:
        """No answer at all."""
        self.close_connection = True
