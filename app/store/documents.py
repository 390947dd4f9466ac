"""Putting a noun into its table, and reading its document back."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json, to_json
from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import sqlite

from app.domain.model import Model

M = TypeVar("M", bound=Model)

_GOES = 20


def upsert(c: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row, or change the columns named in `row` of the one with the same primary key."""
    keys = [column.name for column in table.primary_key]
    changed = {name: value for name, value in row.items() if name not in keys}
    if c.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # 60 ms that a file of one's own does not need

        into_postgresql = postgresql.insert(table).values(dict(row))
        c.execute(into_postgresql.on_conflict_do_update(index_elements=keys, set_=changed))
    else:
        into_sqlite = sqlite.insert(table).values(dict(row))
        c.execute(into_sqlite.on_conflict_do_update(index_elements=keys, set_=changed))


def insert_new(c: Connection, table: Table, row: Mapping[str, Any], key: str) -> bool:
    """Insert a row unless one with the same unique `key` is there; tell whether it was inserted."""
    values = dict(row)
    if c.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        into_postgresql = postgresql.insert(table).values(values)
        return c.execute(into_postgresql.on_conflict_do_nothing(index_elements=[key])).rowcount == 1
    into_sqlite = sqlite.insert(table).values(values)
    return c.execute(into_sqlite.on_conflict_do_nothing(index_elements=[key])).rowcount == 1


def document_of(c: Connection, documents: Table, model: type[M], item_id: str) -> M | None:
    """The noun with that id, or None."""
    text = c.scalar(select(documents.c.document).where(documents.c.id == item_id))
    return None if text is None else parse(model, text)


def parse_all(model: type[M], texts: Iterable[str]) -> tuple[M, ...]:
    """Read many documents."""
    return tuple(parse(model, text) for text in texts)


def parse(model: type[M], text: str) -> M:
    """Read a document; fields that the model no longer has are left out, all else must fit."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        if any(each["type"] != "extra_forbidden" for each in error.errors()):
            raise
    return parse_softly(model, text)


def parse_softly(model: type[M], text: str) -> M:
    """Read a document and leave out every field that does not fit, so that its default is used."""
    data = _object(text)
    for _ in range(_GOES):
        try:
            return model.model_validate_json(to_json(data))
        except ValidationError as error:
            for each in error.errors():
                _drop(data, each["loc"])
    return model.model_validate_json(to_json(data))


def _object(text: str) -> Any:
    try:
        data = from_json(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _drop(data: Any, place: tuple[int | str, ...]) -> None:
    """Take out the deepest part of `place` that exists; pydantic's own markers in it are passed over."""
    holder: Any = None
    last: Any = None
    for part in place:
        if isinstance(data, dict):
            there = part in data
        else:
            there = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if there:
            holder, last, data = data, part, data[part]
    if holder is not None:
        del holder[last]


def search_text(*parts: object) -> str:
    """What the filter box looks through: all words of a row, casefolded."""
    return " ".join(str(part) for part in parts if part not in (None, "")).casefold()
