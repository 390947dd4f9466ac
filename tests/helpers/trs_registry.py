"""A registry of workflows on loopback that answers as TRS 2.0 says, and nothing else.

No real one can be had: that of Galaxy (galaxy-tool-shed) holds no texts of workflows, others need a database
server or are not packaged. Source: GA4GH Tool Registry Service 2.0, `ga4gh-tool-discovery.yaml`; ga4gh.md 6.
"""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit

ROOT = "/ga4gh/trs/v2"
PLAIN = "PLAIN_"


class TrsRegistry:
    """One version of one workflow; use it as a context. `texts` are its files by their path, the first is
    the main one. `asked` are the paths that were asked for.
    """

    def __init__(self, tool_id: str, version: str, language: str, texts: dict[str, str]) -> None:
        self.tool_id, self.version, self.language, self.texts = tool_id, version, language, texts
        self.asked: list[str] = []
        handler = type("Handler", (_Handler,), {"registry": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def server(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def trs(self) -> str:
        """The address of the workflow for those who ask registries by themselves."""
        tool, main = quote(self.tool_id, safe=""), next(iter(self.texts))
        return f"trs://{self.server}/{tool}/{self.version}/{self.language}/{main}"

    def __enter__(self) -> TrsRegistry:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, type and content. The id and the version are one part of the path each, in percent code."""
        parts = path.removeprefix(ROOT).strip("/").split("/", 6)
        if not path.startswith(ROOT + "/tools/") or unquote(parts[1]) != self.tool_id:
            return _error(404, "There is no such tool")
        told = {"id": self.tool_id, "versions": [self._version()], "toolclass": {"name": "Workflow"}}
        if len(parts) == 2:
            return _json(told)
        if parts[2] != "versions" or (len(parts) > 3 and unquote(parts[3]) != self.version):
            return _error(404, "There is no such version")
        if len(parts) < 5:
            return _json([self._version()] if len(parts) == 3 else self._version())
        return self._of_type(parts[4], parts[5:])

    def _version(self) -> dict[str, object]:
        return {"id": self.version, "descriptor_type": [self.language]}

    def _of_type(self, kind: str, rest: list[str]) -> tuple[int, str, bytes]:
        if kind.removeprefix(PLAIN) != self.language or rest[:1] not in (["descriptor"], ["files"]):
            return _error(404, "There is no such descriptor")
        if rest[0] == "files":
            names = list(self.texts)
            kinds = ["PRIMARY_DESCRIPTOR", *["SECONDARY_DESCRIPTOR"] * (len(names) - 1)]
            return _json([{"path": p, "file_type": k} for p, k in zip(names, kinds, strict=True)])
        path = unquote(rest[1]) if len(rest) > 1 else next(iter(self.texts))
        if path not in self.texts:
            return _error(404, "There is no such file")
        text = self.texts[path]
        if kind.startswith(PLAIN):
            return 200, "text/plain", text.encode()
        checksum = {"type": "sha-256", "checksum": hashlib.sha256(text.encode()).hexdigest()}
        return _json({"content": text, "checksum": [checksum]})


class _Handler(BaseHTTPRequestHandler):
    registry: TrsRegistry

    def log_message(self, *_: object) -> None:
        """Nothing on the screen."""

    def do_GET(self) -> None:
        """Look."""
        path = urlsplit(self.path).path
        self.registry.asked.append(path)
        status, kind, content = self.registry.answer(path)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_HEAD(self) -> None:
        """Whether it is there."""
        status, kind, content = self.registry.answer(urlsplit(self.path).path)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()


def _json(told: object) -> tuple[int, str, bytes]:
    return 200, "application/json", json.dumps(told).encode()


def _error(code: int, message: str) -> tuple[int, str, bytes]:
    return code, "application/json", json.dumps({"code": code, "message": message}).encode()
