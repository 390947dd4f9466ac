"""Fixtures of the window: no main window by itself, fakes everywhere."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import cast

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.domain.clock import FixedClock
from app.ui.bridge import Bridge
from app.ui.commands import Commands
from app.ui.context import Context, Library, Operations
from app.ui.layout import Layout
from app.ui.notices import Notices
from app.ui.theme import Theme
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.samples import NOW


def flush_deleted() -> None:
    """Let Qt really delete what was told to be deleted later."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, "light")
    yield made
    made.deleteLater()
    flush_deleted()


@pytest.fixture
def bridge(qapp: QApplication) -> Iterator[Bridge]:
    made = Bridge()
    yield made
    made.stop()
    made.deleteLater()
    flush_deleted()


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


@pytest.fixture
def operations(library: FakeLibrary) -> FakeOperations:
    return FakeOperations(library)


@pytest.fixture
def context(
    qapp: QApplication, theme: Theme, bridge: Bridge, library: FakeLibrary, operations: FakeOperations
) -> Iterator[Context]:
    """Everything a view needs. `context.notices` is attached to a hidden widget."""
    host = QWidget()
    host.resize(900, 600)
    made = make_context(theme, bridge, library, operations, host)
    yield made
    host.close()
    host.deleteLater()
    flush_deleted()
    gc.collect()


def make_context(
    theme: Theme, bridge: Bridge, library: FakeLibrary, operations: FakeOperations, host: QWidget
) -> Context:
    """A context of fakes."""
    return Context(
        bridge=bridge,
        library=cast(Library, library),
        operations=cast(Operations, operations),
        theme=theme,
        commands=Commands(theme, host),
        notices=Notices(theme, host),
        layout=Layout(parent=host),
        clock=FixedClock(NOW),
    )
