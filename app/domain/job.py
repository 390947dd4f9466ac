"""Imputation jobs at services."""

from datetime import datetime
from enum import StrEnum

from app.domain.dataset import DataFile
from app.domain.model import Model
from app.domain.problem import Problem
from app.domain.residency import Residency


class JobState(StrEnum):
    """Where a job is. The server's own number is kept beside it in `raw_state`."""

    PREPARING = "preparing"
    WAITING = "waiting"  # for a service that is down, a quota, or the user's network
    UPLOADING = "uploading"
    SUBMITTED = "submitted"
    QUEUED = "queued"
    RUNNING = "running"
    EXPORTING = "exporting"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DELETED = "deleted"
    UNKNOWN = "unknown"


LOCAL_STATES = frozenset({JobState.PREPARING, JobState.WAITING, JobState.UPLOADING})
REMOTE_OPEN_STATES = frozenset(
    {JobState.SUBMITTED, JobState.QUEUED, JobState.RUNNING, JobState.EXPORTING, JobState.UNKNOWN}
)
OPEN_STATES = LOCAL_STATES | REMOTE_OPEN_STATES
ENDED_STATES = frozenset(JobState) - OPEN_STATES


class SendPhase(StrEnum):
    """How far the sending of a job got; written to disk before each step that cannot be taken back.

    A server can make a job only from a whole body. The last bytes leave only after `SEALED` is on disk:
    so a job found in an earlier phase after a crash cannot exist at the server, and one found `SEALED` is
    searched for in the server's list before anything is sent again.
    """

    DRAFT = "draft"
    CHECKED = "checked"
    SENDING = "sending"
    SEALED = "sealed"
    ANSWERED = "answered"


class MessageKind(StrEnum):
    """What a message of the server is about."""

    OK = "ok"
    ERROR = "error"
    WARNING = "warning"
    RUNNING = "running"
    INFO = "info"


class StepMessage(Model):
    """A message of a step, as plain text."""

    kind: MessageKind
    text: str
    at: datetime | None = None


class StepState(StrEnum):
    """How a step stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    WARNING = "warning"
    FAILED = "failed"


class JobStep(Model):
    """A step of a job at the server; `progress` is between 0 and 1 where the server tells it."""

    name: str
    state: StepState
    progress: float | None = None
    messages: tuple[StepMessage, ...] = ()


LOG_GROUP = "server log"
"""The group of files that servers keep for their operators."""


class FileState(StrEnum):
    """How far a result file is."""

    REMOTE = "remote"
    FETCHING = "fetching"
    FETCHED = "fetched"
    VERIFIED = "verified"
    FAILED = "failed"


class JobFile(Model):
    """A result file at the server. The download address is a secret and is never kept here.

    `size_text` is the server's rounded text; `downloads_left` None when unknown, -1 when unlimited.
    """

    name: str
    group: str = "output"
    size_text: str = ""
    downloads_left: int | None = None
    state: FileState = FileState.REMOTE
    bytes: int | None = None
    problem: str = ""


class Job(Model):
    """An imputation job. `remote_name` is the unique name by which it is found again at the server.

    `options` are the parameters sent, without the password. `override_reason` is the user's reason for
    sending in spite of severe findings. `decided` is when the user last cancelled it or had it started again:
    what the server answered to an earlier question is out of date. `looks` counts the searches of the
    server's list for a sealed job; `sealed_before`: a body was once sent whole, so the list is searched
    before each further try; `cancel_wanted`: cancel it as soon as it is found at the server;
    `sent_again_as` is the job that took its place. `missing_looks` counts the visits in a row
    at which the server did not know the job. `residency` is the rule of its data when it was made.
    """

    id: str
    name: str
    group: str | None = None
    remote_name: str
    remote_id: str | None = None
    service_id: str
    app_id: str
    panel_id: str
    panel_name: str = ""
    dataset_id: str | None = None
    files: tuple[DataFile, ...] = ()
    options: dict[str, str | bool] = {}
    password_set: bool = True
    override_reason: str = ""
    state: JobState = JobState.PREPARING
    phase: SendPhase = SendPhase.DRAFT
    raw_state: int | None = None
    progress: float | None = None
    step: str = ""
    steps: tuple[JobStep, ...] = ()
    queue_position: int | None = None
    remote_files: tuple[JobFile, ...] = ()
    created: datetime
    sealed: datetime | None = None
    submitted: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    expires: datetime | None = None
    last_visit: datetime | None = None
    next_visit: datetime | None = None
    failed_visits: int = 0
    looks: int = 0
    sealed_before: bool = False
    cancel_wanted: bool = False
    sent_again_as: str | None = None
    missing_looks: int = 0
    decided: datetime | None = None
    problem: Problem | None = None
    fetch_wanted: bool = True
    residency: Residency | None = None

    @property
    def is_to_send(self) -> bool:
        """Whether the program has yet to send it; one that waits for its person at a web page is not."""
        return self.state in LOCAL_STATES and self.phase is not SendPhase.ANSWERED

    @property
    def is_fetched(self) -> bool:
        """Whether every result file is verified on this computer; logs meant for operators do not count."""
        wanted = [f for f in self.remote_files if f.group != LOG_GROUP]
        return bool(wanted) and all(f.state is FileState.VERIFIED for f in wanted)

    @property
    def is_watched(self) -> bool:
        """Whether the program still looks after it: it is open, or its result may yet vanish."""
        return self.state in OPEN_STATES or (self.state is JobState.SUCCESS and not self.is_fetched)


class Event(Model):
    """A line of the timeline: a request that mattered, a change of state, a decision of the user."""

    at: datetime
    kind: str
    text: str
    job_id: str | None = None
    service_id: str | None = None
    dataset_id: str | None = None


class Consent(Model):
    """Terms that a person ticked: who, when, and the hash of the text that was shown."""

    job_id: str
    service_id: str
    parameter_id: str
    text: str
    text_sha256: str
    person: str
    at: datetime
