"""What tables of 100,000 rows ask: the ordered ids, how many, and the visible rows.

Text, sorting, filters and counts are SQL; a table holds the ids and fetches `rows` of the page it shows.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    Text,
    and_,
    cast,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.sql.expression import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from app.domain.changes import Noun
from app.domain.model import Model
from app.store import tables as t

Cell = str | int | float | bool | datetime | None
"""What a row holds."""

_TYPED = re.compile(r'\w+:"[^"]*"|\S+')
_PAGE = 500
_ALL = 2**60
_BETWEEN = "\x1f"


def split_typed(typed: str) -> list[str]:
    """The words and terms of a filter; quotes hold the value of a term together."""
    return _TYPED.findall(typed)


class TableQuery(Model):
    """What a table shows: rows that contain every word of `text`, and satisfy the `terms`.

    Terms are pairs of a column and a value (`state`, `failed`); values of one column are alternatives.
    `sort` names a column, empty: the noun's own order (newest first, or by name); `descending` None: as
    that order has it.
    """

    text: str = ""
    terms: tuple[tuple[str, str], ...] = ()
    sort: str = ""
    descending: bool | None = None

    @classmethod
    def parse(
        cls, noun: Noun | str, typed: str, sort: str = "", descending: bool | None = None
    ) -> "TableQuery":
        """Read what a person typed: `state:failed service:michigan heart`; unknown terms are words.

        A value with blanks stands in quotes: `access:"open to users"`.
        """
        known = _pages(noun).terms
        words: list[str] = []
        terms: list[tuple[str, str]] = []
        for word in split_typed(typed):
            name, colon, value = word.partition(":")
            bare = value.strip('"')
            if colon and bare and name.lower() in known:
                terms.append((name.lower(), bare))
            else:
                words += word.split()
        return cls(text=" ".join(words), terms=tuple(terms), sort=sort, descending=descending)


@dataclass(frozen=True)
class _Pages:
    """How a noun is shown: its table, its own order, its columns, and what sorts and filters them.

    `sort_as` has the casefolded twins of names. Terms named in `words` are equal to the column of ours
    (a state, an id); `service` is by id or by a part of the name, both answered by an index.
    """

    table: Table
    order: str
    descending: bool
    columns: Mapping[str, ColumnElement[Any]]
    sort_as: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    words: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)

    @property
    def terms(self) -> frozenset[str]:
        return frozenset(self.columns) | frozenset(self.words)


def _plain(table: Table, names: str) -> dict[str, ColumnElement[Any]]:
    return {name: table.c[name] for name in names.split()}


def _name_of(table: Table, key: ColumnElement[Any]) -> ColumnElement[Any]:
    """The name of the row that a column points to; only for what is shown."""
    return func.coalesce(select(table.c.name).where(table.c.id == key).scalar_subquery(), "")


def _job_pages() -> _Pages:
    j = t.jobs.c
    names = (
        "id name state raw_state service service_id panel group_id remote_id dataset_id phase progress step"
        " queue_position size problem created submitted started ended expires last_visit"
    )
    sort_as = {"name": j.name_key, "service": j.service_key, "panel": j.panel_key}
    words = {"state": j.state, "group": j.group_id, "dataset": j.dataset_id, "service": j.service_id}
    return _Pages(t.jobs, "created", True, _plain(t.jobs, names), sort_as, words)


def _dataset_pages() -> _Pages:
    d = t.datasets.c
    names = (
        "id name state files size samples variants build chromosomes accepted severe warnings added checked"
        " outcome verdict"
    )
    words = {"state": d.state, "build": d.build, "outcome": d.outcome}
    return _Pages(t.datasets, "added", True, _plain(t.datasets, names), {"name": d.name_key}, words)


def _panel_pages() -> _Pages:
    p = t.panels.c
    names = (
        "id panel_id name service_id app_id build populations samples variants version source ancestry access"
        " as_of"
    )
    columns = {**_plain(t.panels, names), "service": _name_of(t.services, p.service_id)}
    words = {
        "service": p.service_id,
        "build": p.build,
        "app": p.app_id,
    }
    return _Pages(t.panels, "name", False, columns, {"name": p.name_key}, words)


def _service_pages() -> _Pages:
    s = t.services.c
    names = (
        "id name family base_url country operator generation state enabled practice response_ms score"
        " last_day panels token_present token_expires last_checked last_synced down_since added"
    )
    words = {"state": s.state, "family": s.family}
    return _Pages(t.services, "name", False, _plain(t.services, names), {"name": s.name_key}, words)


def _result_pages() -> _Pages:
    r = t.results.c
    names = (
        "id job_id job service folder state files size samples variants mean_r2 verdict seen started verified"
        " panel good elsewhere complete"
    )
    sort_as = {"job": r.job_key, "panel": r.panel_key}
    return _Pages(t.results, "started", True, _plain(t.results, names), sort_as, {"state": r.state})


def _event_pages() -> _Pages:
    e = t.events.c
    columns = {
        "id": cast(e.id, String),
        **_plain(t.events, "at kind text job_id service_id dataset_id"),
        "job": _name_of(t.jobs, e.job_id),
        "service": _name_of(t.services, e.service_id),
        "dataset": _name_of(t.datasets, e.dataset_id),
    }
    words = {"kind": e.kind, "job": e.job_id, "service": e.service_id, "dataset": e.dataset_id}
    return _Pages(t.events, "at", True, columns, {"id": e.id}, words)


_NOUNS: dict[str, _Pages] = {
    Noun.JOB: _job_pages(),
    Noun.DATASET: _dataset_pages(),
    Noun.PANEL: _panel_pages(),
    Noun.SERVICE: _service_pages(),
    Noun.RESULT: _result_pages(),
    Noun.EVENT: _event_pages(),
}

COLUMNS: dict[str, tuple[str, ...]] = {noun: tuple(pages.columns) for noun, pages in _NOUNS.items()}
"""The columns of each noun, in the order of the tuples of `rows`."""


def _pages(noun: Noun | str) -> _Pages:
    return _NOUNS[noun]


def ids(c: Connection, noun: Noun | str, query: TableQuery | None = None) -> list[str]:
    """The ids of all rows that fit, in order.

    The database joins them to one text: that takes half the time of 100,000 rows, and holds up no other
    thread. The limit keeps it from throwing the order of the inner query away.
    """
    inner = ordered_ids(c, noun, query or TableQuery()).limit(_ALL).subquery()
    joined = c.scalar(select(func.aggregate_strings(cast(inner.c.id, Text), _BETWEEN)))
    return joined.split(_BETWEEN) if joined else []


def ordered_ids(c: Connection, noun: Noun | str, query: TableQuery) -> Select[Any]:
    """The question behind `ids`; a test asks the database how it would answer it."""
    pages = _pages(noun)
    return select(pages.table.c.id).where(_fits(pages, query)).order_by(*_order(c, pages, query))


def count(c: Connection, noun: Noun | str, query: TableQuery | None = None) -> int:
    """How many rows fit."""
    pages = _pages(noun)
    return (
        c.scalar(select(func.count()).select_from(pages.table).where(_fits(pages, query or TableQuery())))
        or 0
    )


def rows(c: Connection, noun: Noun | str, wanted: Collection[str]) -> dict[str, tuple[Cell, ...]]:
    """The cells of rows by id, in the order of `COLUMNS`; ids that are gone are left out."""
    pages = _pages(noun)
    key = pages.table.c.id
    chosen: list[Any] = [int(each) if pages.table is t.events else each for each in wanted]
    found: dict[str, tuple[Cell, ...]] = {}
    for start in range(0, len(chosen), _PAGE):
        query = select(*pages.columns.values()).where(key.in_(chosen[start : start + _PAGE]))
        found.update((row[0], tuple(row)) for row in c.execute(query))
    return found


def _order(c: Connection, pages: _Pages, query: TableQuery) -> tuple[ColumnElement[Any], ...]:
    """By the asked column and then by id, so that the order is the same each time; empty cells are lowest."""
    name = query.sort if query.sort in pages.columns else pages.order
    down = query.descending
    if down is None:
        down = pages.descending if name == pages.order else False
    column = pages.sort_as.get(name, pages.columns[name])
    on_postgresql = c.dialect.name == "postgresql"
    if query.text and not on_postgresql:
        column = _plus(column)
    first = column.desc() if down else column.asc()
    if on_postgresql:
        first = first.nulls_last() if down else first.nulls_first()
    return first, (pages.table.c.id.desc() if down else pages.table.c.id.asc())


def _plus(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """SQLite's way to say: not by the index. To look for text, reading the table once is twice as fast."""
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def _fits(pages: _Pages, query: TableQuery) -> ColumnElement[bool]:
    words = query.text.casefold().split()
    conditions = [pages.table.c.search.contains(word, autoescape=True) for word in words]
    alternatives: dict[str, list[str]] = defaultdict(list)
    for name, value in query.terms:
        alternatives[name].append(value)
    conditions += [or_(*(_term(pages, name, v) for v in values)) for name, values in alternatives.items()]
    return and_(True, *conditions)


def _term(pages: _Pages, name: str, value: str) -> ColumnElement[bool]:
    """One term: equal for states and ids, a part of the text elsewhere, yes or no for marks."""
    word = pages.words.get(name)
    if word is not None:
        return _in_service(word, value) if name == "service" else word == value
    column = pages.columns.get(name)
    if column is None:
        return false()
    kind = column.type.python_type
    if kind is bool:
        return column.is_(value.lower() in ("yes", "true", "1"))
    if kind in (int, float):
        return cast(column, String) == value
    if kind is not str or name == "id" or name.endswith("_id"):
        return column == value if kind is str else false()
    return pages.sort_as.get(name, func.lower(column)).contains(value.casefold(), autoescape=True)


def _in_service(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    s = t.services.c
    named = select(s.id).where(s.name_key.contains(value.casefold(), autoescape=True))
    return or_(column == value, column.in_(named))
