"""Settings are typed, and forgiving to files of other versions."""

import json
from datetime import time
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import ClauseElement
from sqlalchemy.dialects import postgresql

from app.domain.notice import NoticeKind, NoticeLevel
from app.domain.settings import Appearance, Settings, Visits
from app.store.glance import glance
from app.store.settings import load_settings, save_settings, set_state, state, state_to_change
from app.store.store import Connection, Store


def test_a_new_store_has_the_defaults(store: Store) -> None:
    assert store.read_now(load_settings) == Settings()


def test_settings_come_back(store: Store) -> None:
    kept = Settings(
        appearance=Appearance(colour_scheme="dark"),
        visits=Visits(health_every_minutes=9, sync_panels_at=time(4, 30)),
    )
    kept.notifications.levels[NoticeKind.JOB_DONE] = NoticeLevel.WINDOW
    store.write_now(lambda c: save_settings(c, kept))
    assert store.read_now(load_settings) == kept


@pytest.mark.parametrize(
    "text",
    [
        {"appearance": {"colour_scheme": "dark", "old": 1}, "gone": {"a": 1}},
        {"appearance": {"colour_scheme": "dark"}, "visits": {"health_every_minutes": 0}},
        {
            "appearance": {"colour_scheme": "dark"},
            "visits": "often",
            "notifications": {"quiet_from": "25:99"},
        },
        {"appearance": {"colour_scheme": "dark"}, "notifications": {"levels": {"fax": "desktop"}}},
        {"appearance": {"colour_scheme": "dark"}, "notifications": {"levels": {"job_done": "loud"}}},
    ],
)
def test_what_does_not_fit_is_left_out_and_the_rest_kept(store: Store, text: dict[str, object]) -> None:
    store.write_now(lambda c: set_state(c, "settings", json.dumps(text)))
    found = store.read_now(load_settings)
    assert found.appearance.colour_scheme == "dark"
    assert found.visits == Visits()


@pytest.mark.parametrize("text", ["", "not json", "[]", "null", "3"])
def test_nonsense_gives_the_defaults(store: Store, text: str) -> None:
    store.write_now(lambda c: set_state(c, "settings", text))
    assert store.read_now(load_settings) == Settings()


def test_small_things_are_remembered_and_forgotten(store: Store) -> None:
    assert store.read_now(lambda c: state(c, "window")) is None
    for text in ("one", "two"):
        store.write_now(partial(set_state, key="window", text=text))
    assert store.read_now(lambda c: state(c, "window")) == "two"
    store.write_now(lambda c: set_state(c, "window", None))
    assert store.read_now(lambda c: state(c, "window")) is None


def test_a_glance_reads_what_the_store_keeps_and_nothing_else(store: Store, tmp_path: Path) -> None:
    store.write_now(lambda c: set_state(c, "residency", "[1]"))
    assert glance(tmp_path / "haplodesk.db", ("residency", "other")) == {"residency": "[1]"}
    assert glance(tmp_path / "none.db", ("residency",)) is None
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "broken.db").write_bytes(b"no database" * 1000)
    assert glance(tmp_path / "broken.db", ("residency",)) is None


def test_a_text_that_is_written_back_is_locked_in_postgresql() -> None:
    """Two people of a shared workspace who state rules at once would else lose one of them."""
    sent: list[str] = []

    class Postgres:
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]

        def execute(self, statement: ClauseElement) -> None:
            sent.append(str(statement.compile(dialect=self.dialect)))

        def scalar(self, statement: ClauseElement) -> str:
            self.execute(statement)
            return "kept"

    assert state_to_change(cast(Connection, Postgres()), "residency") == "kept"
    assert "pg_advisory_xact_lock" in sent[0]
    assert sent[1].startswith("SELECT state")


def test_a_text_is_read_to_be_changed(store: Store) -> None:
    store.write_now(lambda c: set_state(c, "key", "a"))
    store.write_now(lambda c: set_state(c, "key", f"{state_to_change(c, 'key')}b"))
    assert store.read_now(lambda c: state(c, "key")) == "ab"
