"""The store as the families know it: see `services.notes`."""

from __future__ import annotations

from app.store import settings
from app.store.store import Store


class StoreNotes:
    """Notes among what the program keeps of its own, under names that begin with `note:`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, name: str) -> str | None:
        """See `Notes`."""
        return await self._store.read(lambda c: settings.state(c, f"note:{name}"))

    async def keep(self, name: str, text: str | None) -> None:
        """See `Notes`."""
        await self._store.write(lambda c: settings.set_state(c, f"note:{name}", text))
