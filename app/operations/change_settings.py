"""Change settings; remember what the user has seen and noted."""

from __future__ import annotations

from app.domain.changes import Changes, Noun
from app.domain.settings import Settings
from app.operations.desk import Desk
from app.store import results, settings
from app.store.store import Connection as StoreConnection


async def save_settings(desk: Desk, changed: Settings) -> Changes:
    """Keep new settings; the scheduler and the window follow at once."""
    await desk.store.write(lambda c: settings.save_settings(c, changed))
    return desk.announce(Changes.of(Noun.SETTING, "settings"))


async def mark_result_seen(desk: Desk, result_id: str) -> Changes:
    """The user has looked at a result: it is not counted as new any more."""

    def write(c: StoreConnection) -> bool:
        found = results.result(c, result_id)
        if found is None or found.seen:
            return False
        results.save_result(c, found.model_copy(update={"seen": True}))
        return True

    changed = await desk.store.write(write)
    return desk.announce(Changes.of(Noun.RESULT, result_id)) if changed else Changes()


async def note_price(desk: Desk, result_id: str, price: str) -> Changes:
    """Keep in words what a result has cost (`120 €`, `2 credits`), for comparisons; empty: not known."""
    words = " ".join(price.split())

    def write(c: StoreConnection) -> bool:
        found = results.result(c, result_id)
        if found is None or found.price == words:
            return False
        results.save_result(c, found.model_copy(update={"price": words}))
        return True

    changed = await desk.store.write(write)
    return desk.announce(Changes.of(Noun.RESULT, result_id)) if changed else Changes()
