"""Jobs that were made at a service and wait there for their files: which they are, and what they have.

Written down before each call that cannot be taken back, so that after any end of the program the same job
goes on. It lies in the keyring, as the sessions of other uploads do. Nothing of the data is kept.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from hashlib import sha256

from pydantic import SecretStr, ValidationError

from app.domain.dataset import DataFile
from app.domain.model import Model
from app.domain.problem import ProblemError
from app.services.contract import Connection
from app.services.vault import Vault


class Draft(Model):
    """A job that is not started. `files` is a mark of its files, `done` how many uploads of it are there.

    Without an `id` the service was asked for it, and nobody saw the answer. `doubt`: the last bytes of a form
    have left and nobody saw the answer; were it sent again, its files could be there twice. `sealed`: the
    call that starts it may have left.
    """

    files: str
    id: str = ""
    done: int = 0
    doubt: bool = False
    sealed: bool = False


class Drafts:
    """The drafts by the name of their job. Without a keyring none outlives the program."""

    def __init__(self, vault: Vault | None) -> None:
        self._vault = vault
        self._here: dict[str, Draft] = {}

    async def of(self, connection: Connection, remote_name: str) -> Draft | None:
        """As it was left, by this program or another one at the same keyring."""
        name = _name(connection, remote_name)
        if self._vault is not None and name not in self._here:
            with contextlib.suppress(ProblemError):
                return _read(await self._vault.get(name))
        return self._here.get(name)

    async def keep(self, connection: Connection, remote_name: str, draft: Draft) -> Draft:
        """Remember it as it is now."""
        name = _name(connection, remote_name)
        self._here[name] = draft
        if self._vault is not None:
            with contextlib.suppress(ProblemError):
                await self._vault.keep(name, SecretStr(draft.model_dump_json(exclude_defaults=True)))
                del self._here[name]
        return draft

    async def forget(self, connection: Connection, remote_name: str) -> None:
        """It is started, or taken away."""
        name = _name(connection, remote_name)
        self._here.pop(name, None)
        if self._vault is not None:
            with contextlib.suppress(ProblemError):
                await self._vault.forget(name)


def mark_of(files: Sequence[DataFile]) -> str:
    """By it files are known again, without their names or places."""
    told = "\n".join(file.model_dump_json() for file in files)
    return sha256(told.encode()).hexdigest()


def _read(kept: SecretStr | None) -> Draft | None:
    try:
        return Draft.model_validate_json(kept.get_secret_value()) if kept is not None else None
    except ValidationError:
        return None


def _name(connection: Connection, remote_name: str) -> str:
    return f"upload:{connection.service_id}:{remote_name}"
