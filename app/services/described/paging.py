"""Where the next page of a list of jobs is, in each way that a description can say it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from app.services.described.answers import pick, text
from app.services.described.description import JobList
from app.services.described.problems import does_not_fit
from app.services.described.wire import Line
from app.transport.address import origin

_NEXT = re.compile(r"<([^<>]*)>\s*((?:;[^,<]*)*)")
_REL = re.compile(r";\s*rel\s*=\s*\"?\s*next\s*\"?\s*(?:;|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """A page as it came: its header Link, its JSON, its jobs, those of all so far, and how many pages."""

    link: str
    data: Any
    jobs: int
    counted: int
    pages: int


def next_page(line: Line, listed: JobList, page: Page) -> str | None:
    """The address of the next page, None on the last one. ProblemError when it is not at the service."""
    pages = listed.pages
    if pages is None:
        return None
    if pages.number is not None:
        return _counted(line, listed, page, pages.number, pages.first + page.pages)
    if pages.offset is not None:
        return _counted(line, listed, page, pages.offset, page.counted)
    told = _linked(page.link) if pages.link else text(page.data, pages.next)
    if not told:
        return None
    if pages.query is not None:
        return _with(line, listed, pages.query, told)
    url = line.named(told)
    if origin(url) != origin(line.base):
        raise does_not_fit("Its next page is at another server", origin(line.base))
    return url


def _counted(line: Line, listed: JobList, page: Page, query: str, value: int) -> str | None:
    more = listed.pages.more if listed.pages is not None else None
    if page.jobs == 0 or (more is not None and pick(page.data, more) is not True):
        return None
    return _with(line, listed, query, str(value))


def _with(line: Line, listed: JobList, query: str, value: str) -> str:
    return line.address(listed.call.model_copy(update={"query": {**listed.call.query, query: value}}))


def _linked(header: str) -> str:
    """The address that a header Link calls the next (RFC 8288)."""
    return next((found[1] for found in _NEXT.finditer(header) if _REL.search(found[2])), "")
