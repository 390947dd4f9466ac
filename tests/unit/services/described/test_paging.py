"""Further pages of a list, in each way that a description can say it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.domain.problem import ProblemError
from app.domain.resources import resource
from app.services.contract import Connection
from app.services.described.paging import Page, next_page
from app.services.described.reading import parsed
from app.services.described.wire import Line
from app.transport.client import Looker
from app.transport.limits import Pace

BASE = "https://imputation.example.org"
JOBS = f"{BASE}/api/v1/jobs?mine=true"


def line(pages: str) -> Line:
    text = resource("described", "example-rest.yaml").read_text("utf-8")
    found = parsed(text.replace("pages: {next: next}", f"pages: {pages}"), Path("mine.yaml"))
    return Line(Connection(service_id="s", base_url=BASE), found, Looker(Pace()))


def next_of(
    pages: str, data: Any = None, link: str = "", jobs: int = 2, counted: int = 2, seen: int = 1
) -> Any:
    at = line(pages)
    return next_page(at, at.description.list, Page(link, data or {}, jobs, counted, seen))


@pytest.mark.parametrize(
    ("pages", "page", "wanted"),
    [
        ("{next: next}", {"data": {"next": "/api/v1/jobs?c=2"}}, f"{BASE}/api/v1/jobs?c=2"),
        ("{next: next}", {"data": {"next": None}}, None),
        ("{next: token, query: t}", {"data": {"token": "a b"}}, f"{JOBS}&t=a%20b"),
        ("{number: page}", {}, f"{JOBS}&page=2"),
        ("{number: page, first: 0}", {}, f"{JOBS}&page=1"),
        ("{number: page}", {"seen": 3}, f"{JOBS}&page=4"),
        ("{number: page}", {"jobs": 0}, None),
        ("{number: page, more: page < pages}", {"data": {"page": 1, "pages": 2}}, f"{JOBS}&page=2"),
        ("{number: page, more: page < pages}", {"data": {"page": 2, "pages": 2}}, None),
        ("{number: page, more: page < pages}", {"data": {"page": 2}}, None),
        ("{offset: skip}", {"counted": 7}, f"{JOBS}&skip=7"),
        ("{offset: skip}", {"counted": 7, "jobs": 0}, None),
        ("{link: true}", {"link": '<https://x.example/a>; rel="prev", </api/v1/jobs?p=2>; rel="next"'},
         f"{BASE}/api/v1/jobs?p=2"),
        ("{link: true}", {"link": '<https://x.example/next>; rel="last"; title="next"'}, None),
        ("{link: true}", {"link": "no address"}, None),
    ],
)  # fmt: skip
def test_where_the_next_page_is(pages: str, page: dict[str, Any], wanted: str | None) -> None:
    assert next_of(pages, **page) == wanted


@pytest.mark.parametrize("pages", ["{next: next}", "{link: true}"])
def test_a_page_at_another_server_is_refused(pages: str) -> None:
    """The token would go along."""
    far = "https://other.example/jobs"
    with pytest.raises(ProblemError, match="another server"):
        next_of(pages, {"next": far}, f"<{far}>; rel=next")
