"""Settings, and the small things that the program remembers: layouts, drafts, cursors."""

from sqlalchemy import Connection, delete, func, select

from app.domain.settings import Settings
from app.store import tables as t
from app.store.documents import parse_softly, upsert

_SETTINGS = "settings"


def load_settings(c: Connection) -> Settings:
    """The settings; what is unknown, old or out of range is left out and its default used."""
    text = state(c, _SETTINGS)
    return Settings() if text is None else parse_softly(Settings, text)


def save_settings(c: Connection, settings: Settings) -> None:
    """Keep the settings."""
    set_state(c, _SETTINGS, settings.model_dump_json())


def state(c: Connection, key: str) -> str | None:
    """What was kept under that key."""
    return c.scalar(select(t.state.c.text).where(t.state.c.key == key))


def state_to_change(c: Connection, key: str) -> str | None:
    """As `state`, for a text that is written back in this transaction: nobody else changes it meanwhile.

    A write to a file of SQLite is alone anyway; in PostgreSQL two could read the same and one be lost.
    """
    if c.dialect.name == "postgresql":
        c.execute(select(func.pg_advisory_xact_lock(func.hashtext(key))))
    return state(c, key)


def set_state(c: Connection, key: str, text: str | None) -> None:
    """Keep a text under a key; None forgets it."""
    if text is None:
        c.execute(delete(t.state).where(t.state.c.key == key))
    else:
        upsert(c, t.state, {"key": key, "text": text})
