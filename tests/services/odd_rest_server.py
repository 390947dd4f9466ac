"""A small service with habits of its own, such as an institution may have; it shares nothing with examples.

A word before the token, envelopes around everything, numbers for states, pages by number, files one by one in
a form, results that are only named, and refusals with the status of a success.
"""

from __future__ import annotations

import json
import re
import threading
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

KEY = "k-4711"

DESCRIPTION = """
schema: 1
id: alpine
name: Alpine genotype desk
source: The desk's own page
as_of: "2026-11-26"
country: CH
base_path: /desk/rest
refusal: fault.words
auth: {kind: header, header: Authorization, prefix: Token, help: Ask the desk for a key.}
limits: {min_poll_s: 0.02, max_samples: 900}
health:
  call: {get: /ping}
  up: light == 'green'
  version: build
account:
  call: {get: /whoami}
  user: payload.person.mail
  expires: payload.key.until
apps:
  - id: fill-in
    name: Fill in genotypes
    panel_field: reference
    panel_list:
      call: {get: /refs}
      items: payload.refs[]
      id: code
      name: caption
      build: coord
    parameters:
      - {id: cut, label: Smallest quality, type: number, minimum: 0, maximum: 1}
submit:
  upload:
    call: {post: /blobs}
    files: blob
    reference: payload.blob
  call:
    post: /tasks
    body: {label: $name, reference: $panel, blobs: $files, knobs: {cut: $option.cut}}
  id: payload.no
list:
  call: {get: /tasks, query: {per: "2"}}
  items: payload.rows[]
  pages: {number: p, first: 0, more: "sum([payload.p, `1`]) < payload.of"}
status:
  call: {get: "/tasks/{id}"}
  job: payload
job:
  id: no
  name: label
  state: phase
  progress: pct
  error: complaints[].words
  submitted: at.came
  ended: at.left
  times: seconds
states: {0: queued, 1: running, 2: exporting, 3: success, 7: failed, 9: cancelled}
cancel: {delete: "/tasks/{id}"}
files:
  call: {get: "/tasks/{id}/made"}
  items: "payload.made[].{name: @}"
  name: name
  download: {get: "/tasks/{id}/made/{name}"}
logs:
  - {name: Diary, call: {get: "/tasks/{id}/diary"}, text: payload.diary}
"""


class OddRestServer:
    """Use in a `with`; `tasks` is all that it knows."""

    def __init__(self) -> None:
        self.tasks: list[dict[str, Any]] = []
        self.blobs: dict[str, bytes] = {}
        self.made: dict[int, dict[str, bytes]] = {}
        self.full = False
        self.lists = 0
        owner = self
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Desk,), {"owner": owner}))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Desk(BaseHTTPRequestHandler):
    owner: OddRestServer

    def log_message(self, *_: object) -> None:
        """Silent."""

    def do_GET(self) -> None:  # noqa: N802
        path, _, query = self.path.removeprefix("/desk/rest").partition("?")
        if path == "/ping":
            self._answer({"light": "green", "build": 7})
        elif self._knows():
            self._get(path, {name: found[0] for name, found in parse_qs(query).items()})

    def _get(self, path: str, query: dict[str, str]) -> None:
        owner = self.owner
        if path == "/whoami":
            person = {"person": {"mail": "reto@desk.example"}, "key": {"until": "4102444800"}}
            self._answer({"payload": person})
        elif path == "/refs":
            refs = [{"code": "A2", "caption": "Alpine 2k", "coord": "hg38"}]
            self._answer({"payload": {"refs": refs}})
        elif path == "/tasks":
            owner.lists += 1
            at, per = int(query.get("p", "0")), int(query["per"])
            rows = owner.tasks[at * per : (at + 1) * per]
            self._answer({"payload": {"rows": rows, "p": at, "of": -(-len(owner.tasks) // per)}})
        elif found := re.fullmatch(r"/tasks/(\d+)(?:/(made|diary))?(?:/(.+))?", path):
            self._task(int(found[1]), found[2], found[3])
        else:
            self._refuse("no such place")

    def _task(self, number: int, what: str | None, name: str | None) -> None:
        made = self.owner.made.get(number, {})
        if what is None:
            self._answer({"payload": self.owner.tasks[number - 1]})
        elif what == "diary":
            self._answer({"payload": {"diary": "sorted\nfilled in"}})
        elif name is None:
            self._answer({"payload": {"made": list(made)}})
        else:
            self._bytes(made[name], "application/octet-stream")

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = urlsplit(self.path).path.removeprefix("/desk/rest")
        if not self._knows():
            return
        if path == "/blobs":
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            (part,) = BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()  # type: ignore[attr-defined]
            assert part.get_param("name", header="content-disposition") == "blob"
            reference = f"b{len(self.owner.blobs) + 1}"
            self.owner.blobs[reference] = part.get_payload(decode=True)
            self._answer({"payload": {"blob": reference}})
        elif self.owner.full:
            self._refuse("the desk is closed until Monday")
        else:
            asked = json.loads(body)
            number = len(self.owner.tasks) + 1
            task = {"no": number, "phase": 0, "pct": "0 %", "at": {"came": "1760000000"}, **asked}
            self.owner.tasks.append(task)
            self._answer({"payload": {"no": number}}, 202)

    def do_DELETE(self) -> None:  # noqa: N802
        if self._knows():
            self.owner.tasks[int(self.path.rpartition("/")[2]) - 1]["phase"] = 9
            self._answer({"payload": None})

    def _knows(self) -> bool:
        if self.headers.get("Authorization") == f"Token {KEY}":
            return True
        self._answer({"fault": {"words": "who are you"}}, 401)
        return False

    def _refuse(self, words: str) -> None:
        self._answer({"fault": {"words": words}})

    def _answer(self, data: dict[str, Any], status: int = 200) -> None:
        self._bytes(json.dumps(data).encode(), "application/json", status)

    def _bytes(self, data: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
