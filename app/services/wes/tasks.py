"""The tasks of a run by a question of their own: WES 1.1. Source: ga4gh.md 1.1; few servers answer it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from app.domain.problem import ProblemError
from app.services.contract import Connection
from app.services.wes.asking import Asker
from app.services.wes.node import Node
from app.services.wes.problems import dictionary, status_of

PAGE_SIZE = 100
MOST_PAGES = 3
_NOT_THERE = frozenset({400, 403, 404, 405, 501})


class TaskLists:
    """Asks for tasks where the server says 1.1; one that once did not know the question is spared it."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._without: set[str] = set()

    async def of(self, connection: Connection, node: Node, run: dict[str, Any]) -> dict[str, Any]:
        """The run with its tasks; as it was where it has them already, or where nobody tells them."""
        run_id = run.get("run_id")
        if run.get("task_logs") or not says_1_1(node) or not isinstance(run_id, str):
            return run
        if node.base in self._without:
            return run
        try:
            found = await self._pages(connection, node, run_id)
        except ProblemError:  # they are no reason to lose the run
            return run
        return {**run, "task_logs": found} if found else run

    async def _pages(self, connection: Connection, node: Node, run_id: str) -> list[Any]:
        found: list[Any] = []
        token = ""
        for _ in range(MOST_PAGES):
            query = {"page_size": str(PAGE_SIZE)} | ({"page_token": token} if token else {})
            url = f"{node.base}/runs/{quote(run_id, safe='')}/tasks?{urlencode(query)}"
            reply = await self._asker.get(connection, url, attempts=1)
            told = dictionary(reply.json)
            if not 200 <= status_of(reply) < 300 or not isinstance(told.get("task_logs"), list):
                if status_of(reply) in _NOT_THERE and not found:
                    self._without.add(node.base)
                break
            found += told["task_logs"]
            following = told.get("next_page_token")
            if not isinstance(following, str) or not following or following == token:
                break
            token = following
        return found


def says_1_1(node: Node) -> bool:
    """Whether a server says that it knows WES 1.1; Sapporo counts its versions otherwise, and has none."""
    return any(each.lower().lstrip("v").startswith("1.1") for each in node.wes_versions)
