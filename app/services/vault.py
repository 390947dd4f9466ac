"""A place for what a family has to remember over the end of the program, and that nobody may read."""

from __future__ import annotations

from typing import Protocol

from pydantic import SecretStr


class Vault(Protocol):
    """Secrets by name; `operations` gives the keyring. All calls may raise ProblemError."""

    async def get(self, name: str) -> SecretStr | None:
        """What lies there."""
        ...

    async def keep(self, name: str, secret: SecretStr) -> None:
        """Put it there, in place of the one before."""
        ...

    async def forget(self, name: str) -> None:
        """Remove it; it need not be there."""
        ...
