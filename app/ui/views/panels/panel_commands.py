"""What can be done with panels, in every menu over them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.ui.commands import Command, Ids, one, some
from app.ui.views.panels.add_local_panel import ask_panel_files
from app.ui.views.panels.add_sites import ask_site_files
from app.ui.views.panels.catalogue_panels import is_of_catalogue
from app.ui.views.panels.compare import comparable

if TYPE_CHECKING:
    from app.ui.views.panels.panels_view import PanelsView


def panel_commands(view: PanelsView) -> Iterator[Command]:
    """All of them."""
    yield from _jobs(view)
    yield from _marks(view)
    yield from _files(view)


def _jobs(view: PanelsView) -> Iterator[Command]:
    yield Command(
        "panel.new_job",
        view.tr("New job with this panel"),
        "send",
        lambda ids: view.context.navigate("new_job", ids[0]),
        noun="panel",
        enabled=lambda ids: one(ids) and not is_of_catalogue(ids[0]),
    )
    yield Command(
        "panel.add_service",
        view.tr("Add its service…"),
        "add",
        lambda ids: view.add_service(ids[0]),
        noun="panel",
        enabled=lambda ids: one(ids) and is_of_catalogue(ids[0]),
    )
    yield Command(
        "panel.compare", view.tr("Compare…"), "table", view.compare, noun="panel", enabled=comparable
    )


def _marks(view: PanelsView) -> Iterator[Command]:
    def marked(ids: Ids) -> list[bool]:
        return [view.rows.is_favourite(each) for each in ids]

    yield Command(
        "panel.favourite",
        view.tr("Mark as favourite"),
        "check",
        lambda ids: view.mark_all(ids, True),
        noun="panel",
        enabled=lambda ids: some(ids) and not all(marked(ids)),
    )
    yield Command(
        "panel.no_favourite",
        view.tr("No favourite any more"),
        "off",
        lambda ids: view.mark_all(ids, False),
        noun="panel",
        enabled=lambda ids: any(marked(ids)),
    )


def _files(view: PanelsView) -> Iterator[Command]:
    yield Command(
        "panel.add_sites",
        view.tr("Add site list…"),
        "add",
        lambda _: ask_site_files(view, view.add_sites),
        words=view.tr("panel sites HRC 1000 Genomes legend"),
    )
    yield Command(
        "panel.add_local",
        view.tr("Add a panel to this computer…"),
        "add",
        lambda _: ask_panel_files(view, view.add_local),
        words=view.tr("local imputation reference panel VCF BCF MSAV bref3"),
    )
    yield Command(
        "panel.remove_local",
        view.tr("Remove from this computer"),
        "remove",
        lambda ids: view.remove_local(ids[0]),
        noun="panel",
        enabled=lambda ids: one(ids) and view.is_local(ids[0]),
    )
