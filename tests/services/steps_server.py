"""A REST service on loopback where a job is made, filled and started by calls of their own.

Written from `resources/described/example-steps.yaml`. A test says what goes wrong: `lose` holds the calls
whose answer never comes (`make`, `file`, `start`), `refuse` gives a status to the next of them, `cut_after`
ends the connection in the middle of the next file, and jobs are made only while `hold` is set (`asked`: one
waits).
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import unquote

from tests.services.rest_server import Seen, WebRequest, WebServer

KEY = "good-token"
ENDS = "2099-01-01T00:00:00Z"


@dataclass
class StepsJob:
    """A job; `word` is `draft` until it is started."""

    id: str
    title: str
    told: dict[str, Any]
    word: str = "draft"
    got: list[tuple[str, bytes]] = field(default_factory=list)
    knobs: dict[str, Any] = field(default_factory=dict)
    results: dict[str, bytes] = field(default_factory=dict)


class StepsServer:
    """Use in a `with`. `dropped` are the ids of jobs that were taken away."""

    def __init__(self) -> None:
        self.jobs: dict[str, StepsJob] = {}
        self.dropped: list[str] = []
        self.seen: list[Seen] = []
        self.starts = 0
        self.made = 0
        self.lose: list[str] = []
        self.refuse: dict[str, int] = {}
        self.cut_after: int | None = None
        self.hold = threading.Event()
        self.hold.set()
        self.asked = threading.Event()
        self._server = WebServer(self._answer)
        self.url = self._server.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Answer nothing any more."""
        self._server.stop()

    @property
    def started(self) -> list[StepsJob]:
        """The jobs that do work, or did."""
        return [job for job in self.jobs.values() if job.word != "draft"]

    def paths(self, method: str, pattern: str) -> list[str]:
        """The paths of requests so far."""
        return [each.path for each in self.seen if each.method == method and re.search(pattern, each.path)]

    def _answer(self, request: WebRequest) -> None:
        self.seen.append(request.seen)
        path = request.path.removeprefix("/steps/v2")
        one = re.fullmatch(r"/jobs/([^/]+)(/[a-z]+)?(/[^/]+)?", path)
        if path == "/health":
            request.json({"version": "7"})
        elif request.headers.get("authorization") != f"Token {KEY}":
            request.body()
            request.json({"message": "who are you?"}, 401)
        elif path == "/me":
            request.json({"mail": "ann@example.org", "until": _millis(ENDS)})
        elif path == "/jobs" and request.method == "POST":
            self._make(request)
        elif path == "/jobs":
            skip, every = int(request.query.get("skip", "0")), list(self.jobs.values())
            shown = [_shown(job) for job in every[skip : skip + 2]]
            request.json({"jobs": shown, "more": skip + 2 < len(every)})
        elif one and (job := self.jobs.get(unquote(one[1]))) is not None:
            self._of_one(request, job, one[2] or "", unquote((one[3] or "")[1:]))
        else:
            request.body()
            request.json({"message": "no such job"}, 404)

    def _make(self, request: WebRequest) -> None:
        told = json.loads(request.body())
        if self._refused(request, "make"):
            return
        self.asked.set()
        self.hold.wait(60)
        self.made += 1
        job = StepsJob(f"d/{self.made}", told.get("title", ""), told)
        self.jobs[job.id] = job
        self._reply(request, "make", {"id": job.id}, 201)

    def _of_one(self, request: WebRequest, job: StepsJob, what: str, name: str) -> None:
        if what == "/files":
            self._take(request, job, name)
        elif what == "/start":
            self._start(request, job)
        elif what == "/stop":
            job.word = "stopped"
            request.json({})
        elif what == "/results" and name:
            request.send(200, job.results[name])
        elif what == "/results":
            request.json({"results": list(job.results)})
        elif what == "/log":
            request.json({"lines": ["one", "two"]})
        elif request.method == "DELETE":
            del self.jobs[job.id]
            self.dropped.append(job.id)
            request.send(204, b"")
        else:
            request.json(_shown(job))

    def _take(self, request: WebRequest, job: StepsJob, name: str) -> None:
        if self.cut_after is not None:
            request.rfile.read(self.cut_after)
            self.cut_after = None
            request.connection.close()
            request.hang_up()
            return
        got = [(name, request.body())] if request.method == "PUT" else list(request.form()[1].items())
        if self._refused(request, "file"):
            return
        if request.method == "PUT":
            job.got = [each for each in job.got if each[0] != name]
        job.got += got
        self._reply(request, "file", None, 204)

    def _start(self, request: WebRequest, job: StepsJob) -> None:
        job.knobs = json.loads(request.body() or b"{}")
        if self._refused(request, "start"):
            return
        if job.word != "draft":
            request.json({"message": "it was started already"}, 409)
            return
        self.starts += 1
        job.word = "queued"
        self._reply(request, "start", {}, 202)

    def _refused(self, request: WebRequest, what: str) -> bool:
        status = self.refuse.pop(what, None)
        if status is not None:
            request.json({"message": f"no {what} now"}, status)
        return status is not None

    def _reply(self, request: WebRequest, what: str, data: object, status: int) -> None:
        if what in self.lose:
            self.lose.remove(what)
            request.hang_up()
        elif data is None:
            request.send(status, b"")
        else:
            request.json(data, status)


def _shown(job: StepsJob) -> dict[str, Any]:
    waits = 0 if job.word == "queued" else None
    status = {"word": job.word, "part": 0.4, "before": waits, "why": []}
    return {"id": job.id, "title": job.title, "status": status, "times": {"started": 1_790_000_000_000}}


def _millis(text: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(text).timestamp() * 1000)
