"""The word, the icon and the colour of every state, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from PySide6.QtCore import QCoreApplication

from app.domain.dataset import DatasetState
from app.domain.finding import Severity
from app.domain.job import FileState, Job, JobState, StepState
from app.domain.result import ResultState
from app.domain.service import HealthState, Service
from app.operations.tasks import TaskState
from app.ui.colours import Status


@dataclass(frozen=True)
class Shown:
    """A status with its word; the icon is the status's own unless another is named."""

    status: Status
    word: str
    icon: str = ""

    @property
    def icon_name(self) -> str:
        """The file of the icon."""
        return self.icon or self.status.value


E = TypeVar("E", bound=StrEnum)


def _t(text: str) -> str:
    return QCoreApplication.translate("Status", text)


def job_state(state: str) -> Shown:
    """How a job stands; a state that this version does not know is shown as unknown."""
    table = {
        JobState.PREPARING: Shown(Status.RUNNING, _t("Preparing")),
        JobState.WAITING: Shown(Status.WAITING, _t("Waiting")),
        JobState.UPLOADING: Shown(Status.RUNNING, _t("Uploading"), "uploads"),
        JobState.SUBMITTED: Shown(Status.WAITING, _t("Sent")),
        JobState.QUEUED: Shown(Status.WAITING, _t("Queued")),
        JobState.RUNNING: Shown(Status.RUNNING, _t("Running")),
        JobState.EXPORTING: Shown(Status.RUNNING, _t("Exporting")),
        JobState.SUCCESS: Shown(Status.DONE, _t("Done")),
        JobState.FAILED: Shown(Status.FAILED, _t("Failed")),
        JobState.CANCELLED: Shown(Status.WAITING, _t("Cancelled"), "off"),
        JobState.EXPIRED: Shown(Status.WARNING, _t("Expired")),
        JobState.DELETED: Shown(Status.WAITING, _t("Deleted"), "remove"),
    }
    return _shown(table, _member(JobState, state), Shown(Status.WARNING, _t("Unknown"), "unknown"))


def job_shown(job: Job) -> Shown:
    """How a job stands, with the server's own number where the state is unknown."""
    shown = job_state(job.state)
    if job.state == JobState.UNKNOWN and job.raw_state is not None:
        return Shown(shown.status, _t("Unknown ({0})").format(job.raw_state), shown.icon)
    if job.state == JobState.WAITING and not job.is_to_send:
        return Shown(Status.WARNING, _t("Waits for you"))
    return shown


def dataset_state(state: str, accepted: bool | None = None, *, to_prepare: bool = False) -> Shown:
    """Whether a dataset was looked at; `accepted` is the verdict of its report; see `Dataset.to_prepare`."""
    if state == DatasetState.CHECKED and accepted is not None:
        if accepted and to_prepare:
            return Shown(Status.WARNING, _t("To be prepared"))
        if accepted:
            return Shown(Status.DONE, _t("Ready"))
        return Shown(Status.FAILED, _t("Would be refused"))
    table = {
        DatasetState.NEW: Shown(Status.WAITING, _t("Not checked")),
        DatasetState.CHECKING: Shown(Status.RUNNING, _t("Checking")),
        DatasetState.CHECKED: Shown(Status.DONE, _t("Checked")),
        DatasetState.FAILED: Shown(Status.FAILED, _t("Check failed")),
    }
    return _shown(table, _member(DatasetState, state), Shown(Status.WARNING, state, "unknown"))


def result_state(state: str) -> Shown:
    """How far a result is."""
    table = {
        ResultState.FETCHING: Shown(Status.RUNNING, _t("Fetching"), "export"),
        ResultState.VERIFIED: Shown(Status.DONE, _t("Verified"), "shield"),
        ResultState.INCOMPLETE: Shown(Status.WARNING, _t("Incomplete")),
        ResultState.FAILED: Shown(Status.FAILED, _t("Failed")),
    }
    return _shown(table, _member(ResultState, state), Shown(Status.WARNING, state, "unknown"))


def health_state(state: str) -> Shown:
    """What the last look at a service found."""
    table = {
        HealthState.UNKNOWN: Shown(Status.WAITING, _t("Not looked yet"), "unknown"),
        HealthState.UP: Shown(Status.DONE, _t("Up")),
        HealthState.MAINTENANCE: Shown(Status.WARNING, _t("Maintenance")),
        HealthState.DOWN: Shown(Status.FAILED, _t("Down")),
        HealthState.OFFLINE: Shown(Status.WAITING, _t("No network here"), "off"),
        HealthState.OFF: Shown(Status.WAITING, _t("Switched off"), "off"),
    }
    return _shown(table, _member(HealthState, state), Shown(Status.WARNING, state, "unknown"))


def service_shown(service: Service) -> Shown:
    """How a service stands; a web page is not asked, so it neither answers nor fails to."""
    if service.is_by_hand and service.state is HealthState.UP:
        return Shown(Status.DONE, _t("By hand"), "globe")
    return health_state(service.state)


def step_state(state: str) -> Shown:
    """How a step of a job stands."""
    table = {
        StepState.WAITING: Shown(Status.WAITING, _t("Waiting")),
        StepState.RUNNING: Shown(Status.RUNNING, _t("Running")),
        StepState.DONE: Shown(Status.DONE, _t("Done")),
        StepState.WARNING: Shown(Status.WARNING, _t("With warnings")),
        StepState.FAILED: Shown(Status.FAILED, _t("Failed")),
    }
    return _shown(table, _member(StepState, state), Shown(Status.WARNING, state, "unknown"))


def file_state(state: str) -> Shown:
    """How far a result file is."""
    table = {
        FileState.REMOTE: Shown(Status.WAITING, _t("At the service"), "services"),
        FileState.FETCHING: Shown(Status.RUNNING, _t("Fetching"), "export"),
        FileState.FETCHED: Shown(Status.RUNNING, _t("Fetched")),
        FileState.VERIFIED: Shown(Status.DONE, _t("Verified"), "shield"),
        FileState.FAILED: Shown(Status.FAILED, _t("Failed")),
    }
    return _shown(table, _member(FileState, state), Shown(Status.WARNING, state, "unknown"))


def task_state(state: str) -> Shown:
    """Whether a task of this program runs and how it ended."""
    table = {
        TaskState.RUNNING: Shown(Status.RUNNING, _t("Running")),
        TaskState.DONE: Shown(Status.DONE, _t("Done")),
        TaskState.FAILED: Shown(Status.FAILED, _t("Failed")),
        TaskState.CANCELLED: Shown(Status.WAITING, _t("Cancelled"), "off"),
    }
    return _shown(table, _member(TaskState, state), Shown(Status.WARNING, state, "unknown"))


def severity(value: str) -> Shown:
    """How much a finding matters."""
    table = {
        Severity.INFO: Shown(Status.WAITING, _t("Note"), "info"),
        Severity.WARNING: Shown(Status.WARNING, _t("Warning")),
        Severity.SEVERE: Shown(Status.FAILED, _t("Stops a submission")),
    }
    return _shown(table, _member(Severity, value), Shown(Status.WARNING, value, "unknown"))


def _member(kind: type[E], value: str) -> E | None:
    return next((each for each in kind if each == value), None)


def _shown(table: dict[E, Shown], member: E | None, otherwise: Shown) -> Shown:
    return otherwise if member is None else table.get(member, otherwise)
