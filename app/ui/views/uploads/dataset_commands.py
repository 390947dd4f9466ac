"""What can be done with datasets, in every menu over them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.dataset import Dataset
from app.ui.commands import Command, Ids, one, some
from app.ui.text import plural
from app.ui.views.uploads.choosing import ask_name

if TYPE_CHECKING:
    from app.ui.views.uploads.uploads_view import UploadsView


def dataset_commands(view: UploadsView) -> Iterator[Command]:
    """All of them; `dataset.check_for` checks by the rules of the service that is chosen on the page."""
    yield _new_job(view)
    yield _asking(view)
    yield from _checking(view)
    yield from _repairing(view)
    yield from _listing(view)


def _new_job(view: UploadsView) -> Command:
    return Command(
        "dataset.new_job",
        view.tr("New job with it"),
        "send",
        lambda ids: view.context.navigate("new_job", ids[0]),
        noun="dataset",
        enabled=one,
        group="send",
    )


def _asking(view: UploadsView) -> Command:
    return Command(
        "dataset.benchmark",
        view.tr("Which panel is best for these data?"),
        "panels",
        lambda ids: view.context.navigate("benchmark", ids[0]),
        noun="dataset",
        enabled=one,
        group="send",
    )


def _checking(view: UploadsView) -> Iterator[Command]:
    yield Command(
        "dataset.check",
        view.tr("Check"),
        "check",
        lambda ids: view.check(ids, None),
        noun="dataset",
        enabled=some,
        group="check",
        shortcut="F5",
    )
    yield Command(
        "dataset.check_for",
        view.tr("Check for the chosen service"),
        "check",
        lambda ids: view.check(ids, view.detail.verdict.service_id()),
        noun="dataset",
        enabled=lambda ids: bool(ids) and view.detail.verdict.service_id() is not None,
        group="check",
    )


def _repairing(view: UploadsView) -> Iterator[Command]:
    yield Command(
        "dataset.repair",
        view.tr("Show the plan of repairs"),
        "check",
        lambda ids: view.show_plan_of(ids[0]),
        noun="dataset",
        enabled=one,
        group="check",
        shortcut="Ctrl+R",
    )
    yield Command(
        "dataset.report",
        view.tr("Save report…"),
        "export",
        lambda ids: view.with_dataset(ids[0], view.ask_report),
        noun="dataset",
        enabled=one,
        group="check",
    )


def _listing(view: UploadsView) -> Iterator[Command]:
    yield Command(
        "dataset.rename",
        view.tr("Rename…"),
        "file",
        lambda ids: view.with_dataset(ids[0], lambda found: _rename(view, found)),
        noun="dataset",
        enabled=one,
        group="edit",
        shortcut="F2",
    )
    yield Command(
        "dataset.remove",
        view.tr("Remove from the list"),
        "remove",
        lambda ids: _remove(view, ids),
        noun="dataset",
        enabled=some,
        group="remove",
        shortcut="Del",
    )


def _rename(view: UploadsView, dataset: Dataset) -> None:
    ask_name(
        view,
        dataset.name,
        lambda name: view.do(view.context.operations.rename_dataset(dataset.id, name)),
    )


def _remove(view: UploadsView, ids: Ids) -> None:
    """No question: the files stay for now, and a click brings the dataset back."""
    for each in ids:
        view.with_dataset(each, lambda found: _remove_one(view, found))


def _what_stays(view: UploadsView, dataset: Dataset) -> str:
    n = len(dataset.files)
    if dataset.prepared_here:
        return view.tr("Its repaired files are removed when the program starts again.")
    if n == 1:
        return view.tr("Its file stays where it is.")
    return plural(view.tr("Its %Ln file(s) stay where they are.", "", n), n)


def _remove_one(view: UploadsView, dataset: Dataset) -> None:
    def removed(_changes: object) -> None:
        view.context.notices.say(
            view.tr("{0} is removed from the list").format(dataset.name),
            _what_stays(view, dataset),
            button=view.tr("Undo"),
            on_click=lambda: view.add([Path(f.path) for f in dataset.files], dataset.name),
        )

    view.do(view.context.operations.remove_dataset(dataset.id), removed)
