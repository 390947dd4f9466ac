"""Things that a person should be told."""

from datetime import datetime
from enum import StrEnum

from app.domain.model import Model

COMPARE = "compare:"
"""How the key of a notice begins that asks to compare results; their ids follow, with commas."""


class NoticeKind(StrEnum):
    """What the notice is about; each has a level of its own in the settings."""

    JOB_DONE = "job_done"
    JOB_FAILED = "job_failed"
    RESULT_READY = "result_ready"
    DELETION_NEAR = "deletion_near"
    TOKEN_EXPIRES = "token_expires"
    SERVICE_DOWN = "service_down"
    SERVICE_OFF = "service_off"
    PANELS_CHANGED = "panels_changed"
    SERVICE_CHANGED = "service_changed"


class NoticeLevel(StrEnum):
    """How loudly a notice is given."""

    OFF = "off"
    WINDOW = "window"
    DESKTOP = "desktop"


class Notice(Model):
    """A notice. `key` says what it is about, so that the same thing is told once."""

    id: str
    key: str
    kind: NoticeKind
    title: str
    body: str
    at: datetime
    job_id: str | None = None
    service_id: str | None = None
    sent: datetime | None = None
    seen: bool = False

    @property
    def compares(self) -> str:
        """The ids of the results, with commas, that it asks to compare; empty for other notices."""
        return self.key.removeprefix(COMPARE) if self.key.startswith(COMPARE) else ""
