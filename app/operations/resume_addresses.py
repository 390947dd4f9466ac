"""Addresses by which a broken download goes on at no cost; they are secrets and live in memory only."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from app.domain.clock import Clock

GOOD_FOR = timedelta(days=1)


class ResumeAddresses:
    """The address of the rest of each `.part` file, for a day after the server gave it.

    One that lapses sooner is refused by the server when it is used, which costs nothing.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, Path], tuple[datetime, SecretStr]] = {}

    def keep(self, job_id: str, part: Path, address: SecretStr | None) -> None:
        """Remember the newest address; None forgets it."""
        if address is None:
            self._known.pop((job_id, part), None)
        else:
            self._known[job_id, part] = (self._clock.now(), address)

    def of(self, job_id: str, part: Path) -> SecretStr | None:
        """The address, if it is there and not too old."""
        at, address = self._known.get((job_id, part), (None, None))
        return address if at is not None and self._clock.now() - at < GOOD_FOR else None
