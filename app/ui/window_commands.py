"""The commands of the window itself: go to a page, search, scheme, add files, first steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from app.ui.commands import Command
from app.ui.views.view import ViewSpec

if TYPE_CHECKING:
    from app.ui.window import MainWindow


def window_commands(window: MainWindow, specs: tuple[ViewSpec, ...]) -> Iterator[Command]:
    """All of them."""
    for spec in specs:
        yield _go(window, spec)
    yield Command(
        "window.palette",
        window.tr("Search or command"),
        "search",
        lambda _: window.open_palette(),
        shortcut="Ctrl+K",
    )
    yield Command(
        "window.add_files",
        window.tr("Add genotype files…"),
        "uploads",
        lambda _: choose_files(window),
        shortcut="Ctrl+O",
        words="vcf dataset open check",
    )
    yield Command(
        "window.add_service",
        window.tr("Add service…"),
        "services",
        lambda _: _open_add_service(window),
        words="michigan topmed server token",
    )
    yield Command("window.quit", window.tr("Quit"), "power", lambda _: window.close(), shortcut="Ctrl+Q")
    for choice, word in (
        ("light", window.tr("Light colours")),
        ("dark", window.tr("Dark colours")),
        ("system", window.tr("Colours like the system")),
    ):
        yield _scheme(window, choice, word)


def _go(window: MainWindow, spec: ViewSpec) -> Command:
    return Command(
        f"go.{spec.id}",
        window.tr("New job") if spec.id == "new_job" else window.tr("Go to {0}").format(spec.title()),
        spec.icon,
        lambda _: window.navigate(spec.id),
        shortcut=spec.shortcut,
    )


def _scheme(window: MainWindow, choice: str, word: str) -> Command:
    return Command(f"scheme.{choice}", word, "scheme", lambda _: window.choose_scheme(choice))


def choose_files(window: MainWindow) -> None:
    """Ask for genotype files and make a dataset of them."""
    dialog = QFileDialog(window, window.tr("Add genotype files"))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setNameFilters([window.tr("VCF files (*.vcf.gz *.vcf *.vcf.bgz)"), window.tr("All files (*)")])
    dialog.filesSelected.connect(lambda names: window.drop_paths([Path(name) for name in names]))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def _open_add_service(window: MainWindow) -> None:
    from app.ui.dialogs.add_service import open_add_service

    window.navigate("services")
    open_add_service(window.context, window)
