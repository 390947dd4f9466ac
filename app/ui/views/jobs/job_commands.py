"""What can be done with jobs, in every menu over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from app.domain.job import Job
from app.ui.commands import Command, Ids
from app.ui.views.jobs.remedies import can_cancel, can_fetch, can_forget, can_send_again

if TYPE_CHECKING:
    from app.ui.views.jobs.jobs_view import JobsView


def job_commands(view: JobsView) -> Iterator[Command]:
    """All of them, in groups: look, sending, fetching, the list."""
    yield from _looking(view)
    yield from _sending(view)
    yield from _fetching(view)
    yield Command(
        "job.copy_id",
        view.tr("Copy job id"),
        "copy",
        lambda ids: view.copy_ids(ids),
        noun="job",
        enabled=partial(_any, view, None, False),
        group="list",
    )
    yield Command(
        "job.forget",
        view.tr("Forget…"),
        "remove",
        lambda ids: view.forget(ids),
        noun="job",
        enabled=partial(_any, view, can_forget, False),
        group="list",
        shortcut="Del",
    )


def _looking(view: JobsView) -> Iterator[Command]:
    yield Command(
        "job.look",
        view.tr("Look now"),
        "refresh",
        lambda ids: view.look(ids),
        noun="job",
        enabled=partial(_any, view, None, False),
        group="look",
        shortcut="F5",
    )
    yield Command(
        "job.result",
        view.tr("Open result"),
        "results",
        lambda ids: view.open_result(ids[0]),
        noun="job",
        enabled=partial(_has_result, view),
        group="look",
    )


def _sending(view: JobsView) -> Iterator[Command]:
    yield Command(
        "job.cancel",
        view.tr("Cancel…"),
        "stop",
        lambda ids: view.cancel(ids),
        noun="job",
        enabled=partial(_any, view, can_cancel, False),
        group="send",
    )
    yield Command(
        "job.again",
        view.tr("Send again"),
        "send",
        lambda ids: view.send_again(ids),
        noun="job",
        enabled=partial(_any, view, can_send_again, False),
        group="send",
    )
    yield Command(
        "job.check_files",
        view.tr("Check the files again"),
        "check",
        lambda ids: view.check_files(ids[0]),
        noun="job",
        enabled=partial(_any, view, _has_dataset, True),
        group="send",
    )
    yield Command(
        "job.set_token",
        view.tr("Set the token of its service…"),
        "key",
        lambda ids: view.set_token(ids[0]),
        noun="job",
        enabled=partial(_any, view, None, True),
        group="send",
    )


def _fetching(view: JobsView) -> Iterator[Command]:
    yield Command(
        "job.fetch",
        view.tr("Fetch now"),
        "export",
        lambda ids: view.fetch(ids),
        noun="job",
        enabled=partial(_any, view, can_fetch, False),
        group="fetch",
    )
    yield Command(
        "job.fetch_to",
        view.tr("Fetch to another folder…"),
        "folder",
        lambda ids: view.fetch_to(ids[0]),
        noun="job",
        enabled=partial(_any, view, can_fetch, True),
        group="fetch",
    )
    yield Command(
        "job.fetch_password",
        view.tr("Fetch with another password…"),
        "lock",
        lambda ids: view.fetch_with_password(ids[0]),
        noun="job",
        enabled=partial(_any, view, can_fetch, True),
        group="fetch",
    )


def _has_dataset(job: Job) -> bool:
    return job.dataset_id is not None


def _has_result(view: JobsView, ids: Ids) -> bool:
    """Of the job on the page it is known; a job elsewhere may have one."""
    facts = view.detail.facts
    if len(ids) != 1 or facts is None or facts.job.id != ids[0]:
        return len(ids) == 1
    return facts.result is not None


def _any(view: JobsView, able: Callable[[Job], bool] | None, only_one: bool, ids: Ids) -> bool:
    """Whether it can be done. Of jobs that are not on the page only the operation knows; it says why not."""
    if not ids or (only_one and len(ids) > 1):
        return False
    shown = view.shown_job()
    if able is None or shown is None or ids != (shown.id,):
        return True
    return able(shown)
