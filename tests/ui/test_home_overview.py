"""What Home is shown anew for, and how much of it is kept."""

from __future__ import annotations

import asyncio

from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.ui.context import Context
from app.ui.overview import RECENT, read_overview
from app.ui.views.home.home_view import HomeView
from tests.ui import gallery, samples
from tests.ui.fakes import FakeLibrary


def test_only_the_latest_datasets_are_kept(context: Context, library: FakeLibrary) -> None:
    many = [samples.dataset(1).model_copy(update={"id": f"d{n}"}) for n in range(RECENT + 10)]
    library.all_datasets = many
    found = asyncio.run(read_overview(context.library, samples.NOW))
    assert found.datasets == tuple(many[:RECENT])


def test_what_is_as_before_is_not_shown_anew(qtbot: QtBot, context: Context, library: FakeLibrary) -> None:
    library.__dict__.update(gallery.filled().__dict__)
    view = HomeView(context)
    qtbot.addWidget(view)
    view.show()
    qtbot.waitUntil(lambda: view.overview is not None and view.blocks.count() > 0)
    before, item = view.overview, view.blocks.itemAt(0)
    assert item is not None
    block = item.widget()
    assert asyncio.run(view._read_other(before)) is None
    library.all_datasets = library.all_datasets[1:]
    context.bridge.announce(Changes.of(Noun.DATASET, "dataset-1"))
    qtbot.waitUntil(lambda: view.overview is not before)
    item = view.blocks.itemAt(0)
    assert item is not None
    assert item.widget() is not block
