"""The texts that a run left: its error output and its output. Source: ga4gh.md 1.6 (f), 2.2."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from app.domain.redaction import redact
from app.services.abilities import RunLog
from app.services.plain_text import without_controls
from app.services.wes.node import Node

LONGEST = 1024 * 1024
TEXTS = ("stderr", "stdout")
_HINTS = ("/stdout", "/stderr", "/logs/", "log", ".txt", "stdout", "stderr")


def address_in(told: Any, run_url: str) -> str | None:
    """The address that a value means; None when it is the text itself, or nothing.

    Several lines or blanks make a text; a relative path is joined to the address of the run.
    """
    if not isinstance(told, str) or not told.strip():
        return None
    bare = told.strip()
    if "\n" in bare or " " in bare or len(bare) > 2000:
        return None
    if bare.startswith(("https://", "http://")):
        return bare
    if "://" in bare or not any(hint in bare for hint in _HINTS):
        return None
    return urljoin(run_url, bare) if "/" in bare else None


def weskit_address(node: Node, run_id: str, name: str) -> str:
    """WESkit tells a path of its disk; the text is at an interface of its own, outside of WES."""
    parts = urlsplit(node.base)
    prefix = parts.path.removesuffix("/").removesuffix("/ga4gh/wes/v1")
    return f"{parts.scheme}://{parts.netloc}{prefix}/weskit/v1/runs/{quote(run_id, safe='')}/{name}"


def plain_log(name: str, text: str, *, cut: bool = False) -> RunLog:
    """A text to show: the end of a long one, without what makes a terminal act, and without secrets."""
    raw = text.encode("utf-8", "replace")
    if len(raw) > LONGEST:
        text, cut = raw[-LONGEST:].decode("utf-8", "ignore"), True
    return RunLog(name=name, text=redact(without_controls(text)), cut=cut)
