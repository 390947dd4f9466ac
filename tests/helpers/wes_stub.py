"""A server of WES on loopback, as strict and as odd as the real ones. Source: ga4gh.md 1.6, 2.1, 2.2.

It runs nothing: a test says how each run goes on. `SAPPORO`, `WESKIT` and `STARTER_KIT` are what such servers
say of themselves; each takes and refuses what it really does.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

SAPPORO: dict[str, Any] = {
    "id": "sapporo-service",
    "name": "sapporo-service",
    "type": {"group": "sapporo-wes", "artifact": "wes", "version": "sapporo-wes-2.1.0"},
    "version": "2.4.0",
    "workflow_type_versions": {"CWL": {"workflow_type_version": ["v1.0", "v1.1", "v1.2"]}},
    "supported_wes_versions": ["sapporo-wes-2.1.0"],
    "supported_filesystem_protocols": ["file", "http", "https"],
    "workflow_engine_versions": {"cwltool": {"workflow_engine_version": ["3.3"]}},
    "default_workflow_engine_parameters": {"snakemake": [{"name": "--cores", "type": "int"}]},
    "system_state_counts": {"COMPLETE": 3, "RUNNING": 0},
    "tags": {},
}
WESKIT: dict[str, Any] = {
    "auth_instructions_url": "https://somewhere.org",
    "contact_info_url": "mailto:admin@example.org",
    "default_workflow_engine_parameters": [
        {"name": "NFL|22.10.0|max-memory", "type": "string", "default_value": "2g"},
        {"name": "SMK|6.10.0|max-memory", "type": "string", "default_value": "2g"},
    ],
    "supported_filesystem_protocols": ["file", "S3"],
    "supported_wes_versions": ["1.0.0"],
    "system_state_counts": {"COMPLETE": 14, "EXECUTOR_ERROR": 2},
    "tags": {"tag1": "value1"},
    "workflow_engine_versions": {"NFL": "22.10.0", "SMK": "6.10.0,6.11.0"},
    "workflow_type_versions": {
        "NFL": {"workflow_type_version": ["22.10.0"]},
        "SMK": {"workflow_type_version": ["6.10.0"]},
    },
}
STARTER_KIT: dict[str, Any] = {
    "id": "org.ga4gh.starterkit.wes",
    "name": "GA4GH Starter Kit WES Service",
    "version": "0.3.2",
    "type": {"group": "org.ga4gh", "artifact": "wes", "version": "1.0.1"},
    "workflow_type_versions": {"WDL": ["1.0"], "NEXTFLOW": ["21.04.0"]},
    "workflow_engine_versions": {"NATIVE": "1.0.0"},
}
CROMWELL: dict[str, Any] = {
    "auth_instructions_url": "https://wes.example.org",
    "contact_info_url": "https://wes.example.org",
    "supported_filesystem_protocols": ["http", "s3", "drs", "gs"],
    "supported_wes_versions": ["1.0"],
    "system_state_counts": {"RUNNING": 0},
    "tags": {},
    "workflow_engine_versions": {"Cromwell": "86"},
    "workflow_type_version": {"WDL": ["draft-2", "1.0"]},
    "default_workflow_engine_parameters": [],
}
FEDIMPUTE: dict[str, Any] = {
    "id": "org.afrigen-d.fedimpute.node",
    "type": {"group": "org.afrigen-d.fedimpute", "artifact": "wes", "version": "1.1.0"},
    "workflow_type_versions": {"NFL": {"workflow_type_version": ["25.04.0"]}},
    "supported_wes_versions": ["1.1.0"],
}
_KNOWN_FIELDS = {
    "workflow_params",
    "workflow_type",
    "workflow_type_version",
    "workflow_url",
    "workflow_attachment",
    "workflow_engine_parameters",
    "tags",
}


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, told: object) -> None:
        super().__init__(str(told))
        self.status, self.told = status, told


@dataclass
class Run:
    """A run as the server has it."""

    run_id: str
    fields: dict[str, str]
    attached: dict[str, bytes]
    state: str = "QUEUED"
    outputs: Any = None
    files: dict[str, bytes] = field(default_factory=dict)
    stderr: str = ""
    stdout: str = ""

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        found = json.loads(self.fields.get("tags", "{}"))
        assert isinstance(found, dict)
        return found


class WesStub:
    """The server; use it as a context. `prefix` is where it answers, `token` whom it lets in."""

    def __init__(self, info: dict[str, Any], *, prefix: str = "", token: str = "") -> None:
        self.info, self.prefix, self.token = info, prefix, token
        kinds = {"sapporo": SAPPORO, "weskit": WESKIT, "cromwell": CROMWELL, "fedimpute": FEDIMPUTE}
        self.kind = next((name for name, each in kinds.items() if info is each), "starter-kit")
        self.runs: dict[str, Run] = {}
        self.requests: list[str] = []
        self.heads: list[dict[str, str]] = []
        self.page_limit = 1000
        self.cut_answers = 0
        self.cancels = self.kind == "sapporo"
        self.lists_open = self.info is not STARTER_KIT
        self.broken_pages = 0
        self.not_yet = False
        self.extra: dict[str, tuple[int, dict[str, str], bytes]] = {}
        handler = type("Handler", (_Handler,), {"stub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Its address without the prefix."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def base(self) -> str:
        """Where WES answers."""
        return self.url + self.prefix

    def __enter__(self) -> WesStub:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop answering."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def only(self) -> Run:
        """The one run that there is."""
        (found,) = self.runs.values()
        return found

    def finish(self, run_id: str, files: dict[str, bytes]) -> None:
        """Let a run end well with files, as this kind of server lists them."""
        run = self.runs[run_id]
        run.state, run.files = "COMPLETE", files
        if self.kind == "sapporo":
            # The address it believes to be at, behind a proxy.
            listed = [
                {"file_name": name, "file_url": f"http://10.0.0.1:1122/runs/{run_id}/outputs/{name}"}
                for name in files
            ]
            run.outputs = listed
        elif self.kind == "fedimpute":  # names alone; they are at an address that the standard does not have
            run.outputs = {"files": list(files)}
        else:
            run.outputs = {"filesystem": list(files)}

    def take(self, fields: dict[str, str], attached: dict[str, bytes]) -> Run:
        """Judge a request as this kind of server does."""
        judges = {
            "sapporo": _as_sapporo,
            "weskit": _as_weskit,
            "cromwell": _as_cromwell,
            "fedimpute": _as_wes_1_1,
        }
        judges.get(self.kind, _as_starter_kit)(fields, attached)
        run = Run(str(uuid.uuid4()), fields, attached)
        if self.kind != "sapporo":
            run.state = "INITIALIZING" if self.kind == "weskit" else "RUNNING"
        self.runs[run.run_id] = run
        return run


def _as_sapporo(fields: dict[str, str], attached: dict[str, bytes]) -> None:
    for name in ("workflow_type", "workflow_type_version", "workflow_engine", "workflow_url"):
        if not fields.get(name):
            raise Refused(400, {"msg": f"{name} is required", "status_code": 400})
    if fields["workflow_engine"] not in {"cwltool"}:
        raise Refused(400, {"msg": "Invalid workflow_engine", "status_code": 400})
    json.loads(fields["workflow_params"])
    if "://" not in fields["workflow_url"] and fields["workflow_url"] not in attached:
        raise Refused(400, {"msg": "the workflow is not attached", "status_code": 400})


def _as_wes_1_1(fields: dict[str, str], attached: dict[str, bytes]) -> None:
    """By the letter of the standard: what has to be there, no part that is empty, JSON where it says JSON."""
    lacking = [
        name for name in ("workflow_type", "workflow_type_version", "workflow_url") if name not in fields
    ]
    strange = set(fields) - _KNOWN_FIELDS - {"workflow_engine", "workflow_engine_version"}
    if lacking or strange or "" in fields.values():
        raise Refused(400, {"msg": f"lacking {lacking}, not known {strange}", "status_code": 400})
    if "workflow_engine_version" in fields and "workflow_engine" not in fields:
        raise Refused(400, {"msg": "an engine version without an engine", "status_code": 400})
    versions = FEDIMPUTE["workflow_type_versions"].get(fields["workflow_type"], {})
    if fields["workflow_type_version"] not in versions.get("workflow_type_version", ()):
        raise Refused(400, {"msg": "the type of workflow is not supported", "status_code": 400})
    for name in ("workflow_params", "workflow_engine_parameters", "tags"):
        if not isinstance(json.loads(fields.get(name, "{}")), dict):
            raise Refused(400, {"msg": f"{name} is no object", "status_code": 400})
    if "://" not in fields["workflow_url"] and fields["workflow_url"] not in attached:
        raise Refused(400, {"msg": "the workflow is not attached", "status_code": 400})


def _as_weskit(fields: dict[str, str], attached: dict[str, bytes]) -> None:
    strange = sorted(set(fields) - _KNOWN_FIELDS)
    if strange:
        raise Refused(400, {"msg": {strange[0]: ["unknown field"]}, "status_code": 400})
    try:
        values = json.loads(fields["workflow_params"]).values()
        if not all(isinstance(value, str) for value in values):
            raise AttributeError("'list' object has no attribute 'split'")
    except (KeyError, ValueError, AttributeError):
        raise Refused(500, "<html><h1>Internal Server Error</h1></html>") from None
    if fields["workflow_type"] not in WESKIT["workflow_type_versions"]:
        raise Refused(400, {"msg": "Unknown workflow_type. Know ['NFL', 'SMK']", "status_code": 400})
    if fields["workflow_url"].startswith("http"):
        raise Refused(400, {"msg": "Only 'file:' (relative) and 'trs:' are allowed", "status_code": 400})
    if fields["workflow_url"].startswith("trs://"):
        _resolve_trs(fields["workflow_url"], fields["workflow_type"])
    if any("|" in name for name in json.loads(fields.get("workflow_engine_parameters", "{}"))):
        raise Refused(500, "<html><h1>Internal Server Error</h1></html>")


def _resolve_trs(address: str, kind: str) -> None:
    """Ask the registry for the text of the workflow, as the server does; the id is one part of the path."""
    server, tool, version, language, name = address.removeprefix("trs://").split("/", 4)
    if language != kind or "#" in tool or "%2F" not in tool.upper():
        raise Refused(500, "<html><h1>Internal Server Error</h1></html>")
    path = f"/ga4gh/trs/v2/tools/{tool}/versions/{version}/{language}/descriptor/{name}"
    with urllib.request.urlopen(f"http://{server}{path}", timeout=30) as answer:
        told = json.load(answer)
    if not told.get("content"):
        raise Refused(500, "<html><h1>Internal Server Error</h1></html>")


def _as_cromwell(fields: dict[str, str], attached: dict[str, bytes]) -> None:
    """The first attachment is the text of the workflow, and excludes an address; others are thrown away.

    What it refuses it says with status 200.
    """
    url = fields.get("workflow_url")
    if bool(attached) == (url is not None) or len(attached) > 1 or (url is not None and "://" not in url):
        raise Refused(200, {"msg": "Error(s): the workflow cannot be read", "status_code": 500})
    if fields["workflow_type"] != "WDL" or set(fields) - _KNOWN_FIELDS:
        raise Refused(200, {"msg": "Error(s): unknown workflow language", "status_code": 400})
    json.loads(fields["workflow_params"])


def _as_starter_kit(fields: dict[str, str], attached: dict[str, bytes]) -> None:
    """Attachments, tags and engine parameters are ignored without a word."""
    if not fields["workflow_url"].startswith("https://github.com/"):
        raise Refused(409, {"msg": "Could not register new WorkflowRun", "status_code": 409})
    for value in json.loads(fields["workflow_params"]).values():
        if not isinstance(value, str) or re.search(r"[\s\[\]{}]", value):
            raise Refused(409, {"msg": "Could not register new WorkflowRun", "status_code": 409})
    fields.pop("tags", None)


def jwt(user: str = "tester", lifetime_s: float = 3600.0) -> str:
    """A token that tells its user and its end; nobody checks its signature here."""

    def part(told: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")

    body = {"sub": user, "exp": int(time.time() + lifetime_s)}
    return f"{part({'alg': 'none'})}.{part(body)}.{'x' * 20}"


class _Handler(BaseHTTPRequestHandler):
    stub: WesStub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing on the screen."""

    def do_GET(self) -> None:
        """Look."""
        self._answer("GET", b"")

    def do_POST(self) -> None:
        """Submit or cancel."""
        self._answer("POST", self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def do_PUT(self) -> None:
        """Take a file, as an object store does."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.stub.requests.append(f"PUT {self.path}")
        self.stub.extra[self.path] = (200, {}, body)
        self._send(200, {})

    def _answer(self, method: str, body: bytes) -> None:
        parts = urlsplit(self.path)
        self.stub.requests.append(f"{method} {self.path}")
        self.stub.heads.append({name.lower(): value for name, value in self.headers.items()})
        if self.path in self.stub.extra:
            status, headers, content = self.stub.extra[self.path]
            return self._send_bytes(status, content, headers)
        try:
            if not parts.path.startswith(self.stub.prefix + "/"):
                raise Refused(404, {"msg": "no such page", "status_code": 404})
            self._route(method, parts.path.removeprefix(self.stub.prefix), parse_qs(parts.query), body)
        except Refused as refused:
            self._send(refused.status, refused.told)

    def _route(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> None:
        stub = self.stub
        if path == "/service-info":
            return self._send(200, stub.info)
        if stub.token and self.headers.get("Authorization") != f"Bearer {stub.token}":
            raise Refused(401, {"msg": "Not authenticated", "status_code": 401})
        if path == "/runs":
            return self._submit(body) if method == "POST" else self._list(query)
        match = re.fullmatch(r"/runs/([^/]+)(/.*)?", path)
        if match is None:
            raise Refused(404, {"msg": "no such page", "status_code": 404})
        run = stub.runs.get(unquote(match[1]))
        if run is None:
            raise self._unknown()
        return self._run(method, run, match[2] or "")

    def _unknown(self) -> Refused:
        if self.stub.kind == "weskit":
            return Refused(500, "<html><h1>Internal Server Error</h1></html>")
        if self.stub.kind == "cromwell":
            return Refused(200, {"msg": "The requested workflow run wasn't found", "status_code": 404})
        return Refused(404, {"msg": "Run is not found", "status_code": 404})

    def _run(self, method: str, run: Run, rest: str) -> None:
        if method == "POST" and rest == "/cancel":
            if self.stub.kind == "weskit":
                raise Refused(500, "<html>NotImplementedError</html>")
            if self.stub.kind == "cromwell":
                run.state = "CANCELING"  # for as long as its tasks take to stop
            elif self.stub.cancels:
                run.state = "CANCELED"
            if self.stub.kind == "starter-kit":  # which says nothing, and does nothing
                return self._send_bytes(200, b"", {})
            return self._send(200, {"run_id": run.run_id})
        if rest.startswith("/outputs/"):
            name = unquote(rest.removeprefix("/outputs/"))
            if name not in run.files:
                raise Refused(404, {"msg": "no such file", "status_code": 404})
            return self._file(run.files[name])
        if not rest and self.stub.not_yet:
            raise Refused(400, {"msg": "Could not load WES run log", "status_code": 400})
        if rest in {"", "/status"}:
            return self._send(200, self._log(run) if not rest else {"run_id": run.run_id, "state": run.state})
        raise Refused(404, {"msg": "no such page", "status_code": 404})

    def _log(self, run: Run) -> dict[str, Any]:
        request: dict[str, Any] = {**run.fields, "tags": run.tags}
        if self.stub.kind in {"starter-kit", "cromwell"}:
            request["workflow_params"] = json.loads(run.fields.get("workflow_params", "{}"))
        log = {
            "start_time": "2026-11-26T03:00:00Z",
            "end_time": "2026-11-26T03:01:00" if run.state not in {"QUEUED", "RUNNING"} else None,
            "stdout": run.stdout or None,
            "stderr": run.stderr or None,
            "exit_code": {"COMPLETE": 0, "EXECUTOR_ERROR": 1}.get(run.state),
        }
        if self.stub.kind == "cromwell":  # it tells those of the tasks only
            log |= {"stdout": None, "stderr": None, "exit_code": None}
        return {
            "run_id": run.run_id,
            "state": run.state,
            "request": request,
            "run_log": log,
            "task_logs": [],
            "outputs": run.outputs,
        }

    def _list(self, query: dict[str, list[str]]) -> None:
        if self.stub.broken_pages:
            self.stub.broken_pages -= 1
            raise Refused(500, "<html><h1>Internal Server Error</h1></html>")
        size = min(int(query.get("page_size", ["10"])[0]), self.stub.page_limit)
        start = int(query.get("page_token", ["0"])[0])
        found = list(self.stub.runs.values())
        if self.stub.kind == "starter-kit" and not self.stub.lists_open:
            found = [run for run in found if run.state == "COMPLETE"]
        if self.stub.kind == "cromwell":  # no pages at all, and no token of the next one
            whole = [{"run_id": run.run_id, "state": run.state} for run in found]
            self._send(200, {"runs": whole})
            return
        page = found[start : start + size]
        lines: list[dict[str, Any]] = [{"run_id": run.run_id, "state": run.state} for run in page]
        if self.stub.kind == "sapporo":
            for line, run in zip(lines, page, strict=True):
                line["tags"] = run.tags
        more = str(start + size) if start + size < len(found) else None
        self._send(200, {"runs": lines, "next_page_token": more if more else ("" if size % 2 else None)})

    def _submit(self, body: bytes) -> None:
        fields, attached = parse_form(self.headers.get("Content-Type", ""), body)
        run = self.stub.take(fields, attached)
        if self.stub.cut_answers:
            self.stub.cut_answers -= 1
            self.close_connection = True
            self.connection.close()
            return
        self._send(201 if self.stub.kind == "cromwell" else 200, {"run_id": run.run_id})

    def _file(self, content: bytes) -> None:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if match is None:
            return self._send_bytes(200, content, {"Content-Type": "text/vcard"})
        start = int(match[1])
        if start >= len(content):
            return self._send_bytes(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        told = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self._send_bytes(206, content[start:], {"Content-Range": told})

    def _send(self, status: int, told: object) -> None:
        if isinstance(told, str):
            return self._send_bytes(status, told.encode(), {"Content-Type": "text/html"})
        return self._send_bytes(status, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _send_bytes(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def parse_form(content_type: str, body: bytes) -> tuple[dict[str, str], dict[str, bytes]]:
    """Texts and files of a multipart body, which has to be whole."""
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    if not message.is_multipart() or not body.rstrip().endswith(b"--"):
        raise Refused(400, {"msg": "the body is not whole", "status_code": 400})
    fields: dict[str, str] = {}
    attached: dict[str, bytes] = {}
    for part in message.get_payload():
        assert not isinstance(part, str)
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = str(part.get_param("name", header="content-disposition"))
        if part.get_filename() is not None:
            attached[str(part.get_filename())] = content
        else:
            fields[name] = content.decode()
    return fields, attached
