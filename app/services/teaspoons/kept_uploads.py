"""Uploads that go on after the program ended: their sessions, in the keyring, as long as they are good.

The address of a session lets anybody write the file, so it is a secret. Nothing of the data is kept.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from pydantic import SecretStr, ValidationError

from app.domain.dataset import DataFile
from app.domain.model import Model
from app.domain.problem import ProblemError
from app.domain.redaction import register
from app.services.contract import Connection
from app.services.vault import Vault

URL_GOOD_FOR = timedelta(hours=7)  # the service gives 8
SESSION_GOOD_FOR = timedelta(days=6)  # the store gives 7


@dataclass
class Prepared:
    """A run that waits for its file. `url` is a secret, and empty once it is lost; so is `session`."""

    run_id: str
    url: str
    file: DataFile
    at: datetime
    resumable: bool
    session: str = ""
    sent: bool = False

    def usable(self, file: DataFile, now: datetime) -> bool:
        """Whether this file can still be sent to it."""
        return self.file == file and not self.lapsed(now)

    def lapsed(self, now: datetime) -> bool:
        """Whether the address, or the session, has lived as long as it can."""
        return now - self.at >= (SESSION_GOOD_FOR if self.session or self.sent else URL_GOOD_FOR)

    def take_all(self) -> None:
        """The whole file is there: what let it in is used up."""
        self.sent, self.url, self.session = True, "", ""


class _Record(Model):
    run_id: str
    file: str
    at: datetime
    session: str
    sent: bool


class KeptUploads:
    """The sessions by job. A keyring that cannot be used costs no more than the going on after a restart."""

    def __init__(self, vault: Vault | None) -> None:
        self._vault = vault

    async def keep(self, connection: Connection, remote_name: str, prepared: Prepared) -> None:
        """Remember a session, or that all of the file is there; a session that was lost is forgotten."""
        register(prepared.session)
        if self._vault is None or not prepared.resumable:
            return
        if not prepared.session and not prepared.sent:
            await self.forget(connection, remote_name)
            return
        record = _Record(
            run_id=prepared.run_id,
            file=_mark(prepared.file),
            at=prepared.at,
            session=prepared.session,
            sent=prepared.sent,
        )
        with contextlib.suppress(ProblemError):
            await self._vault.keep(_name(connection, remote_name), SecretStr(record.model_dump_json()))

    async def of(
        self, connection: Connection, remote_name: str, file: DataFile, now: datetime
    ) -> Prepared | None:
        """As an earlier run of the program left the upload of a job; None for another file, or an old one."""
        if self._vault is None:
            return None
        with contextlib.suppress(ProblemError, ValidationError):
            kept = await self._vault.get(_name(connection, remote_name))
            if kept is None:
                return None
            told = _Record.model_validate_json(kept.get_secret_value())
            found = Prepared(told.run_id, "", file, told.at, True, told.session, told.sent)
            if told.file == _mark(file) and (told.session or told.sent) and found.usable(file, now):
                return found
        await self.forget(connection, remote_name)
        return None

    async def forget_lapsed(self, connection: Connection, remote_name: str, now: datetime) -> None:
        """Remove a session that is of no use any more, and what cannot be read; one that is good stays."""
        if self._vault is None:
            return
        with contextlib.suppress(ProblemError):
            kept = await self._vault.get(_name(connection, remote_name))
            if kept is not None and _is_over(kept, now):
                await self.forget(connection, remote_name)

    async def forget(self, connection: Connection, remote_name: str) -> None:
        """The run is started, or the job given up."""
        if self._vault is not None:
            with contextlib.suppress(ProblemError):
                await self._vault.forget(_name(connection, remote_name))


def _is_over(kept: SecretStr, now: datetime) -> bool:
    try:
        return now - _Record.model_validate_json(kept.get_secret_value()).at >= SESSION_GOOD_FOR
    except ValidationError:
        return True


def _name(connection: Connection, remote_name: str) -> str:
    return f"upload:{connection.service_id}:{remote_name}"


def _mark(file: DataFile) -> str:
    """By it a file is known again, without its name or place."""
    return sha256(file.model_dump_json().encode()).hexdigest()
