"""All runs of a list with pages, and a run of ours among them. Source: ga4gh.md 1.1, 1.6 (c), (j)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from app.domain.job import REMOTE_OPEN_STATES
from app.domain.model import Model
from app.domain.problem import Kind, ProblemError, problem
from app.services.abilities import UNSEARCHABLE
from app.services.border import unreadable
from app.services.contract import Connection, RemoteJob
from app.services.wes.asking import LIST_READ_S, Asker
from app.services.wes.node import Node
from app.services.wes.problems import dictionary, refuse_failure
from app.services.wes.run_reading import RunPage, name_of, run_page
from app.transport.address import origin

PAGE_SIZE = 200
MOST_PAGES = 50
MOST_LOOKS = 200
_SLACK = timedelta(hours=26)
"""The clocks of a server and of this computer may differ, and some tell a local time without its zone: a run
that is passed over as too old would be sent a second time.
"""


class Listed(Model):
    """The runs of a list; `whole` when there is no further page."""

    jobs: tuple[RemoteJob, ...]
    whole: bool = True


async def list_runs(asker: Asker, connection: Connection) -> Listed:
    """All pages, each run once. A server that repeats a page, or never ends, is not followed for ever."""
    node = await asker.node(connection)
    found: dict[str, RemoteJob] = {}
    token, seen = "", set[str]()
    for _ in range(MOST_PAGES):
        page = await _page(asker, connection, node, token)
        before = len(found)
        for each in page.runs:
            found.setdefault(each.remote_id, each)
        if not page.next_token:
            return Listed(jobs=tuple(found.values()))
        if page.next_token in seen or (page.runs and len(found) == before):
            return Listed(jobs=tuple(found.values()), whole=False)
        token = page.next_token
        seen.add(token)
    return Listed(jobs=tuple(found.values()), whole=False)


async def _page(asker: Asker, connection: Connection, node: Node, token: str) -> RunPage:
    query = {"page_size": str(PAGE_SIZE)} | ({"page_token": token} if token else {})
    url = f"{node.base}/runs?{urlencode(query)}"
    reply = await asker.get(connection, url, attempts=1, read_s=LIST_READ_S)
    refuse_failure(reply, origin(connection.base_url))
    page = run_page(reply.json)
    if page is None:
        raise unreadable(reply, origin(connection.base_url))
    return page


async def find_run(
    asker: Asker, connection: Connection, node: Node, listed: Listed, name: str, since: datetime
) -> RemoteJob | None:
    """The run that carries our name. Lines without names are asked about one by one; all of them exist.

    Raises ProblemError (busy) when the search could not come to an end: then nobody may send again.
    """
    named = [each for each in listed.jobs if each.name == name]
    if named:
        return next((each for each in named if each.state in REMOTE_OPEN_STATES), named[0])
    nameless = [each for each in listed.jobs if not each.name and not _older(each, since)]
    for each in nameless[:MOST_LOOKS]:
        told = dictionary(
            await asker.json(connection, f"{node.base}/runs/{quote(each.remote_id, safe='')}", each.remote_id)
        )
        if name_of(told) == name or speaks_of(told, name):
            return each
    if not node.dialect.keeps_tags or len(nameless) > MOST_LOOKS or not listed.whole:
        raise _not_sure(node)
    return None


def speaks_of(told: Mapping[str, Any], name: str) -> bool:
    """Whether a run was asked for with files that were put into the store for the job of that name.

    Where tags are thrown away this is all that is left of ours: no two jobs have the same name.
    """
    params = dictionary(told.get("request")).get("workflow_params")
    text = params if isinstance(params, str) else json.dumps(params)
    return f"/{name}/" in text


def _older(job: RemoteJob, since: datetime) -> bool:
    return job.started is not None and job.started < since - _SLACK


def _not_sure(node: Node) -> ProblemError:
    why = "The service does not let its runs be searched to the end by name"
    if not node.dialect.lists_open:
        why = (
            f"A server of the kind {node.dialect.title} lists a run only when it has ended well and was "
            "asked for by its id, which was lost with the answer"
        )
    return problem(
        Kind.BUSY,
        "It is not certain whether the run exists",
        why,
        "Ask the operator of the service; if the run is not there, cancel the job here and send it again",
        details=UNSEARCHABLE,
    )
