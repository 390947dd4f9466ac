"""The keyring as the families know it: see `services.vault`."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from app.domain.redaction import register
from app.store.secrets import Secrets


class KeyringVault:
    """The keyring may be slow, so it is asked in a thread; no log line can show what went through here."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    async def get(self, name: str) -> SecretStr | None:
        """See `Vault`."""
        found = await asyncio.to_thread(self._secrets.get, name)
        if found is not None:
            register(found)
        return found

    async def keep(self, name: str, secret: SecretStr) -> None:
        """See `Vault`."""
        register(secret)
        await asyncio.to_thread(self._secrets.set, name, secret)

    async def forget(self, name: str) -> None:
        """See `Vault`."""
        await asyncio.to_thread(self._secrets.delete, name)
