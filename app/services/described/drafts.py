"""Jobs that were made at a service and wait there for their files: which they are, and what they have.

Written down before each call that cannot be taken back, so that after any end of the program the same job
goes on. It is no secret, and nothing of the data is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from pydantic import ValidationError

from app.domain.dataset import DataFile
from app.domain.model import Model
from app.services.contract import Connection
from app.services.notes import Notes


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
    """The drafts by the name of their job."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    async def of(self, connection: Connection, remote_name: str) -> Draft | None:
        """As it was left, by this program or another one at the same store. ProblemError."""
        noted = await self._notes.get(_name(connection, remote_name))
        try:
            return Draft.model_validate_json(noted) if noted is not None else None
        except ValidationError:
            return None

    async def keep(self, connection: Connection, remote_name: str, draft: Draft) -> Draft:
        """Remember it as it is now. ProblemError: then the next step may not be taken."""
        noted = draft.model_dump_json(exclude_defaults=True)
        await self._notes.keep(_name(connection, remote_name), noted)
        return draft

    async def forget(self, connection: Connection, remote_name: str) -> None:
        """It is started, or taken away."""
        await self._notes.keep(_name(connection, remote_name), None)


def mark_of(files: Sequence[DataFile]) -> str:
    """By it files are known again, without their names or places."""
    told = "\n".join(file.model_dump_json() for file in files)
    return sha256(told.encode()).hexdigest()


def _name(connection: Connection, remote_name: str) -> str:
    return f"draft:{connection.service_id}:{remote_name}"
