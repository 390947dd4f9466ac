"""A strict stand-in for Terra's pipelines service and its object store, each on a port of loopback.

Written from services.md 2.3 and the service's public API text. It refuses whatever the service would refuse,
and whatever a careful client would never do: a token sent to the store, a wrong Content-Type, a part of an
upload that does not fit. Faults are set by tests; time goes on only when a test says so.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote

from tests.helpers.teaspoons_store import Handler, Seen, Session, Store

KEPT = timedelta(days=14)
UPLOAD_LIVES, DOWNLOAD_LIVES = timedelta(hours=8), timedelta(hours=1)
TERMS = "# Terms\n\nYou may upload only what you are allowed to share."


def _input(name: str, kind: str, required: bool, **more: object) -> dict[str, object]:
    return {"name": name, "displayName": name, "type": kind, "isRequired": required, **more}


def _basename() -> dict[str, object]:
    return _input(
        "outputBasename",
        "STRING",
        True,
        displayName="output basename",
        description="The prefix of all files of the result.",
        validationRegex="^[a-zA-Z0-9_-]{1,255}$",
        validationRegexExplanation="takes only letters, digits, dashes and underscores",
    )


def _array(version: int) -> dict[str, Any]:
    return {
        "pipelineName": "array_imputation",
        "pipelineVersion": version,
        "displayName": "All of Us + AnVIL Array Imputation",
        "description": "Beagle with the All of Us + AnVIL reference panel of 515,579 samples.",
        "type": "imputation",
        "inputs": [
            _input("multiSampleVcf", "FILE", True, fileSuffix=".vcf.gz"),
            _basename(),
            _input("minDr2ForInclusion", "FLOAT", False, defaultValue="0.0", minValue=0.0, maxValue=1.0),
        ],
        "outputs": [],
    }


def _low_pass() -> dict[str, Any]:
    return {
        "pipelineName": "low_pass_imputation",
        "pipelineVersion": 1,
        "displayName": "All of Us + AnVIL Low Pass Imputation",
        "description": "GLIMPSE2 with the All of Us + AnVIL reference panel of 515,579 samples.",
        "type": "imputation",
        "inputs": [_input("cramManifest", "MANIFEST", True, fileSuffix=".tsv"), _basename()],
        "outputs": [],
    }


Answer = tuple[int, Any, list[tuple[str, str]]]
"""A status, what is told, and headers."""


@dataclass
class Run:
    """A pipeline run."""

    id: str
    pipeline: dict[str, Any]
    description: str
    inputs: dict[str, Any]
    created: datetime
    status: str = "PREPARING"
    updated: datetime | None = None
    uploads: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    error: dict[str, Any] | None = None


@dataclass
class Grant:
    """A signed address of the store."""

    method: str
    path: str
    until: datetime


@dataclass
class Faults:
    """What goes wrong; numbers count down."""

    drop_start_answer: int = 0
    drop_prepare_answer: int = 0
    cut_uploads_at: list[int] = field(default_factory=list)
    cut_downloads_at: list[int] = field(default_factory=list)
    lose_sessions: int = 0
    store_busy: int = 0
    retry_after_s: int | None = None
    broken: bool = False
    wrong_md5: bool = False
    unregistered: bool = False
    page_size: int = 100


class TeaspoonsServer:
    """The two servers and all that they know; use it as a context manager."""

    def __init__(self, accepts: Callable[[str], str | None] | None = None) -> None:
        self.secret = secrets.token_bytes(16)
        self.accepts = accepts or self._own_token
        self.offset = timedelta(0)
        self.lock = threading.RLock()
        self.pipelines = [_array(1), _array(2), _low_pass()]
        self.limits = {"array_imputation": (2500, 500, 10000), "low_pass_imputation": (300, 100, 1000)}
        self.used = {"array_imputation": 0, "low_pass_imputation": 0}
        self.runs: dict[str, Run] = {}
        self.objects: dict[str, bytes] = {}
        self.grants: dict[str, Grant] = {}
        self.sessions: dict[str, Session] = {}
        self.faults = Faults()
        self.seen: list[Seen] = []
        self.wrongs: list[str] = []
        self._servers = [_server(self, _Api), _server(self, Store)]
        self._threads = [
            threading.Thread(target=s.serve_forever, args=(0.02,), daemon=True) for s in self._servers
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        assert self.wrongs == []

    @property
    def base_url(self) -> str:
        """The address of the service."""
        return f"http://127.0.0.1:{self._servers[0].server_address[1]}"

    @property
    def store_url(self) -> str:
        """The address of its object store."""
        return f"http://127.0.0.1:{self._servers[1].server_address[1]}"

    def stop(self) -> None:
        """Stop answering."""
        for server, thread in zip(self._servers, self._threads, strict=True):
            if thread.is_alive():
                server.shutdown()
                thread.join()
            server.server_close()

    def now(self) -> datetime:
        """The time of the server."""
        return datetime.now(UTC) + self.offset

    def advance(self, by: timedelta) -> None:
        """Let time go on."""
        self.offset += by

    def token(self, lasts: timedelta = timedelta(hours=1), user: str = "ann@example.org") -> str:
        """A good token."""
        until = int((self.now() + lasts).timestamp())
        head, body = ({"alg": "HS256"}, {"email": user, "sub": "42", "exp": until})
        signed = ".".join(_b64(json.dumps(part).encode()) for part in (head, body))
        return f"{signed}.{_b64(hmac.digest(self.secret, signed.encode(), 'sha256'))}"

    def _own_token(self, token: str) -> str | None:
        """The user of a token that is good now."""
        signed, _, mark = token.rpartition(".")
        if mark != _b64(hmac.digest(self.secret, signed.encode(), "sha256")):
            return None
        part = signed.partition(".")[2]
        told = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return str(told["email"]) if told["exp"] > self.now().timestamp() else None

    def paths(self, method: str, path: str, server: str = "api") -> int:
        """How many requests came whose path begins so."""
        with self.lock:
            return sum(
                (s.server, s.method) == (server, method) and s.path.startswith(path) for s in self.seen
            )

    def finish(self, run_id: str, outputs: dict[str, tuple[str, bytes]], charged: int = 500) -> None:
        """Let a run succeed with these outputs: name of the file and its bytes."""
        run = self.runs[run_id]
        for key, (name, content) in outputs.items():
            run.outputs[key], run.names[key] = f"{run_id}/{key}", name
            self.objects[run.outputs[key]] = content
        run.status, run.updated = "SUCCEEDED", self.now()
        self.used[run.pipeline["pipelineName"]] += charged

    def fail(self, run_id: str, message: str, *causes: str) -> None:
        """Let a run fail."""
        run = self.runs[run_id]
        run.status, run.updated = "FAILED", self.now()
        run.error = {"message": message, "statusCode": 400, "causes": list(causes)}

    def uploaded(self, run_id: str, name: str = "multiSampleVcf") -> bytes:
        """What was sent for an input."""
        return self.objects[self.runs[run_id].uploads[name]]

    def sign(self, method: str, path: str, lives: timedelta) -> str:
        """A signed address."""
        mark = secrets.token_hex(16)
        self.grants[mark] = Grant(method, path, self.now() + lives)
        return f"{self.store_url}/bucket/{path}?X-Goog-Signature={mark}"

    def lapse(self) -> None:
        """Let all signed addresses lapse; time itself does not go on."""
        for grant in self.grants.values():
            grant.until = self.now() - timedelta(seconds=1)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _server(owner: TeaspoonsServer, kind: type[Handler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (kind,), {"owner": owner}))
    server.daemon_threads = True
    return server


class _RefusedError(Exception):
    """An answer with an error report."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Api(Handler):
    server_name = "api"

    def answer(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        try:
            with self.owner.lock:
                status, told, headers = self._route(method, body)
        except _RefusedError as error:
            report = {"message": str(error), "statusCode": error.status, "causes": []}
            status, told, headers = error.status, report, []
        if told is None:
            return  # the connection is closed without an answer
        data = told.encode() if isinstance(told, str) else json.dumps(told).encode()
        self.reply(status, data, [("Content-Type", "application/json"), *headers])

    def _route(self, method: str, body: bytes) -> Answer:
        owner, path = self.owner, self.url.path
        if owner.faults.broken:
            raise _RefusedError(503, "Internal server error. Please contact support.")
        if (method, path) == ("GET", "/status"):
            return 200, "", []
        if (method, path) == ("GET", "/version"):
            told = {"gitTag": "7.0.18", "gitHash": "0" * 7, "github": "https://example.org", "build": "7.0"}
            return 200, told, []
        if (method, path) == ("GET", "/docs"):
            if parse_qs(self.url.query).get("docType") != ["termsOfService"]:
                raise _RefusedError(400, "not a valid docType")
            return 200, TERMS, []
        self._signed()
        for wanted, pattern, call in self._routes():
            found = re.fullmatch(pattern, path)
            if wanted == method and found:
                return call(*(unquote(part) for part in found.groups()), **self._body(method, body))
        raise _RefusedError(404, "No resource is here.")

    def _routes(self) -> tuple[tuple[str, str, Callable[..., Answer]], ...]:
        runs = "/api/pipelineruns"
        return (
            ("GET", "/api/pipelines/v1", self._pipelines),
            ("POST", "/api/pipelines/v1/([^/]+)", self._describe),
            ("GET", "/api/quotas/v1/([^/]+)", self._quota),
            ("POST", f"{runs}/v3/prepare", self._prepare),
            ("POST", f"{runs}/v1/start", self._start),
            ("GET", f"{runs}/v3/result/([^/]+)", self._result),
            ("GET", f"{runs}/v2/result/([^/]+)/output/signed-urls", self._signed_urls),
            ("GET", f"{runs}/v2/pipelineruns", self._list),
        )

    def _body(self, method: str, body: bytes) -> dict[str, Any]:
        if method != "POST":
            return {}
        if self.headers.get("Content-Type", "").partition(";")[0] != "application/json":
            raise _RefusedError(415, "Unsupported media type")
        return {"body": json.loads(body)}

    def _signed(self) -> None:
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        user = self.owner.accepts(token) if kind == "Bearer" and token.count(".") == 2 else None
        if user is None:
            raise _RefusedError(401, "401 Unauthorized")
        if self.owner.faults.unregistered:
            raise _RefusedError(401, "User not found")

    def _pipelines(self) -> tuple[int, Any, list[tuple[str, str]]]:
        keys = ("pipelineName", "pipelineVersion", "displayName", "description")
        return 200, {"results": [{key: p[key] for key in keys} for p in self.owner.pipelines]}, []

    def _pipeline(self, name: str, version: object = None) -> dict[str, Any]:
        named = [p for p in self.owner.pipelines if p["pipelineName"] == name]
        if not named:
            raise _RefusedError(400, f"{name} is not a valid pipelineName")
        found = [p for p in named if version in {None, p["pipelineVersion"]}]
        if not found:
            raise _RefusedError(404, f"Pipeline {name} version {version} not found")
        return found[-1]

    def _describe(self, name: str, body: dict[str, Any]) -> tuple[int, Any, list[tuple[str, str]]]:
        pipeline = self._pipeline(name, body.get("pipelineVersion"))
        limit, least, most = self.owner.limits[name]
        quota = {"pipelineName": name, "defaultQuota": limit, "minQuotaConsumed": least}
        quota |= {"maxQuotaConsumed": most, "quotaUnits": "samples"}
        return 200, {**pipeline, "pipelineQuota": quota}, []

    def _quota(self, name: str) -> tuple[int, Any, list[tuple[str, str]]]:
        self._pipeline(name)
        limit, used = self.owner.limits[name][0], self.owner.used[name]
        told = {"pipelineName": name, "quotaLimit": limit, "quotaConsumed": used, "quotaUnits": "samples"}
        return 200, told, []

    def _prepare(self, body: dict[str, Any]) -> tuple[int, Any, list[tuple[str, str]]]:
        known = {"jobId", "pipelineName", "pipelineVersion", "pipelineInputs", "description"}
        known |= {"useResumableUploads", "agreeToTerms"}
        if set(body) - known:
            raise _RefusedError(400, "Request could not be parsed or was invalid")
        if body.get("agreeToTerms") is not True:
            raise _RefusedError(400, "You must agree to the terms of service. Please set 'agreeToTerms'.")
        pipeline = self._pipeline(body["pipelineName"], body.get("pipelineVersion"))
        _check_inputs(pipeline, body["pipelineInputs"])
        limit, least, _ = self.owner.limits[pipeline["pipelineName"]]
        left = limit - self.owner.used[pipeline["pipelineName"]]
        if left < least:
            raise _RefusedError(400, f"Insufficient quota to run the pipeline. Quota available: {left}")
        run_id = str(uuid.UUID(body["jobId"]))
        if run_id in self.owner.runs:
            raise _RefusedError(
                400, f"JobId {run_id} already exists. If you submitted this job, see its result"
            )
        run = Run(run_id, pipeline, body.get("description", ""), body["pipelineInputs"], self.owner.now())
        self.owner.runs[run_id] = run
        method = "POST" if body.get("useResumableUploads") else "PUT"
        urls = {}
        for each in pipeline["inputs"]:
            if each["type"] == "FILE":
                run.uploads[each["name"]] = f"{run_id}/{run.inputs[each['name']]}"
                url = self.owner.sign(method, run.uploads[each["name"]], UPLOAD_LIVES)
                urls[each["name"]] = {"signedUrl": url}
        if self.owner.faults.drop_prepare_answer:
            self.owner.faults.drop_prepare_answer -= 1
            return 0, None, []
        return 200, {"jobId": run_id, "fileInputUploadUrls": urls}, []

    def _start(self, body: dict[str, Any]) -> tuple[int, Any, list[tuple[str, str]]]:
        run = self._run(body["jobControl"]["id"])
        if run.status != "PREPARING":
            raise _RefusedError(
                400, f"JobId {run.id} is not in the PREPARING state. Cannot start pipeline run."
            )
        if any(path not in self.owner.objects for path in run.uploads.values()):
            self.wrong("started before its file was there")
        run.status = "RUNNING"
        if self.owner.faults.drop_start_answer:
            self.owner.faults.drop_start_answer -= 1
            return 0, None, []
        return self._told(run)

    def _run(self, run_id: str) -> Run:
        try:
            found = self.owner.runs.get(str(uuid.UUID(run_id)))
        except ValueError:
            raise _RefusedError(400, "Request could not be parsed or was invalid") from None
        if found is None:
            raise _RefusedError(404, f"Pipeline run {run_id} not found")
        return found

    def _result(self, run_id: str) -> tuple[int, Any, list[tuple[str, str]]]:
        run = self._run(run_id)
        if run.status == "PREPARING":
            raise _RefusedError(400, f"Pipeline run {run_id} is still preparing; it has to be started first")
        return self._told(run)

    def _told(self, run: Run) -> tuple[int, Any, list[tuple[str, str]]]:
        status = 202 if run.status == "RUNNING" else 200
        job = {"id": run.id, "description": run.description, "status": run.status, "statusCode": status}
        job |= {"submitted": _iso(run.created), "resultURL": f"{self.owner.base_url}/result/{run.id}"}
        report = {key: run.pipeline[key] for key in ("pipelineName", "pipelineVersion")}
        report |= {"toolVersion": "ImputationBeagle_v3.0.0", "userInputs": run.inputs}
        if run.updated is not None:
            job["completed"] = _iso(run.updated)
        if run.status == "SUCCEEDED" and run.updated is not None:
            report |= {"outputs": {k: self._output(run, k) for k in run.outputs}, "quotaConsumed": 500}
            report |= {"outputExpirationDate": _iso(run.updated + KEPT), "citation": "Cite the panel."}
            report |= {"inputSize": 120, "inputSizeUnits": "samples"}
        told: dict[str, Any] = {"jobReport": job, "pipelineRunReport": report}
        if run.error is not None:
            told["errorReport"] = run.error
        wait = self.owner.faults.retry_after_s
        headers = [("Retry-After", str(wait))] if wait is not None and status == 202 else []
        return status, told, headers

    def _output(self, run: Run, key: str) -> dict[str, Any]:
        size = len(self.owner.objects[run.outputs[key]])
        return {"value": run.names[key], "metadata": {"sizeInBytes": size}}

    def _signed_urls(self, run_id: str) -> tuple[int, Any, list[tuple[str, str]]]:
        run = self._run(run_id)
        if run.status != "SUCCEEDED" or run.updated is None:
            raise _RefusedError(400, f"Pipeline run {run_id} is not successful")
        if run.updated + KEPT < self.owner.now():
            raise _RefusedError(400, f"Outputs for pipeline run {run_id} have expired")
        urls = {key: self.owner.sign("GET", path, DOWNLOAD_LIVES) for key, path in run.outputs.items()}
        told = {"jobId": run_id, "outputSignedUrls": urls, "outputExpirationDate": _iso(run.updated + KEPT)}
        return 200, told, []

    def _list(self) -> tuple[int, Any, list[tuple[str, str]]]:
        asked = {name: values[0] for name, values in parse_qs(self.url.query).items()}
        size = min(int(asked.get("pageSize", 10)), 100, self.owner.faults.page_size)
        first = (int(asked.get("pageNumber", 1)) - 1) * size
        newest = sorted(self.owner.runs.values(), key=lambda run: run.created, reverse=True)
        lines = [self._line(run) for run in newest[first : first + size]]
        return 200, {"totalResults": len(newest), "totalFilteredResults": len(newest), "results": lines}, []

    def _line(self, run: Run) -> dict[str, Any]:
        line = {"jobId": run.id, "status": run.status, "description": run.description}
        line |= {key: run.pipeline[key] for key in ("pipelineName", "pipelineVersion")}
        line["timeSubmitted"] = _iso(run.created)
        if run.updated is not None:
            line["timeCompleted"] = _iso(run.updated)
        if run.status == "SUCCEEDED" and run.updated is not None:
            line["outputExpirationDate"] = _iso(run.updated + KEPT)
        return line


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _check_inputs(pipeline: dict[str, Any], given: dict[str, Any]) -> None:
    wrong = []
    known = {each["name"]: each for each in pipeline["inputs"]}
    for name, each in known.items():
        value = given.get(name)
        if value is None:
            wrong += [f"{name} is required"] if each["isRequired"] else []
        elif each["type"] == "FLOAT":
            fits = isinstance(value, int | float) and each["minValue"] <= value <= each["maxValue"]
            wrong += [] if fits else [f"{name} must be a number between the limits"]
        elif not isinstance(value, str) or not value.endswith(each.get("fileSuffix", "")):
            wrong.append(f"{name} must be a text with the right ending")
        elif "validationRegex" in each and not re.fullmatch(each["validationRegex"], value):
            wrong.append(f"{name} {each['validationRegexExplanation']}")
    wrong += [f"Found extra input: {name}" for name in set(given) - set(known)]
    if wrong:
        raise _RefusedError(400, "Problem with pipelineInputs: " + "; ".join(wrong))
