"""What can be done with results, in every menu over them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.domain.result import ResultState
from app.ui.commands import Command, Ids, one, some

if TYPE_CHECKING:
    from app.ui.views.results.results_view import ResultsView


def result_commands(view: ResultsView) -> Iterator[Command]:
    """All of them, in the order of the menus."""
    yield from _to_open(view)
    yield from _to_use(view)
    yield from _to_change(view)


def _to_open(view: ResultsView) -> Iterator[Command]:
    yield Command(
        "result.folder",
        view.tr("Open folder"),
        "folder",
        lambda ids: view.open_folder(ids[0]),
        noun="result",
        enabled=one,
        group="open",
        shortcut="Ctrl+Return",
    )
    yield Command(
        "result.job",
        view.tr("Show its job"),
        "jobs",
        lambda ids: view.open_job(ids[0]),
        noun="result",
        enabled=one,
        group="open",
    )
    yield Command(
        "result.copy_path",
        view.tr("Copy path"),
        "copy",
        lambda ids: view.copy_paths(ids),
        noun="result",
        enabled=some,
        group="open",
    )


def _to_use(view: ResultsView) -> Iterator[Command]:
    yield Command(
        "result.compare",
        view.tr("Compare and join"),
        "table",
        lambda ids: view.compare_results(ids),
        noun="result",
        enabled=lambda ids: len(ids) > 1,
        group="use",
        shortcut="Ctrl+Shift+M",
    )
    yield Command(
        "result.export",
        view.tr("Export…"),
        "export",
        lambda ids: view.export(ids[0]),
        noun="result",
        enabled=one,
        group="use",
        shortcut="Ctrl+E",
    )
    yield Command(
        "result.import",
        view.tr("Take in results from elsewhere"),
        "add",
        lambda _ids: view.import_files(),
        words=view.tr("import results folder zip"),
    )


def _to_change(view: ResultsView) -> Iterator[Command]:
    yield Command(
        "result.remove",
        view.tr("Remove…"),
        "remove",
        lambda ids: view.ask_removal(ids),
        noun="result",
        enabled=some,
        group="remove",
        shortcut="Delete",
    )
    yield Command(
        "result.mend",
        view.tr("Fetch what is missing"),
        "refresh",
        lambda ids: view.mend(ids),
        noun="result",
        enabled=lambda ids: _can_mend(view, ids),
        group="fetch",
        shortcut="F5",
    )


def _can_mend(view: ResultsView, ids: Ids) -> bool:
    """Also a verified one: files may have been deleted since; what is there is not fetched twice."""
    shown = view.detail.facts
    if shown is None or ids != (shown.result.id,):
        return bool(ids)
    return shown.result.state is not ResultState.FETCHING and shown.job is not None
