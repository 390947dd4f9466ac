"""How well a service stands, on its page and in the table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.domain.service import HealthState
from app.domain.standing import LookPoint, standing
from app.ui.colours import DARK, LIGHT, Colours, Status
from app.ui.context import Context
from app.ui.views.services.services_view import ServicesView
from app.ui.views.services.standing_words import standing_pairs
from app.ui.widgets.spark import BAR, HIGH, STEP, paint_spark
from tests.ui import samples
from tests.ui.fakes import FakeLibrary

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def test_score_parts_and_periods_are_said(qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    points = [LookPoint(NOW - timedelta(hours=h), HealthState.UP, 200.0) for h in range(1, 5)]
    points.append(LookPoint(NOW - timedelta(days=3), HealthState.DOWN, None, "tls"))
    points.append(LookPoint(NOW - timedelta(days=2), HealthState.DOWN, None, "timeout"))
    pairs = dict(standing_pairs(widget, standing(points, NOW, HealthState.UP, None)))
    assert "of 100 (health 67 % · speed 80 % · nearness not known" in str(pairs["Score"])
    assert "100 × health × (0.50 + 0.25 × speed + 0.10 × nearness + 0.15 × free queue)" in str(pairs["Score"])
    assert str(pairs["Last 24 hours"]).startswith("answered at 100 % of 4 looks; half within 200 ms")
    assert "failed: too slow (timeout) 1, encryption (TLS) 1" in str(
        next(v for k, v in pairs.items() if k.startswith("Last 7"))
    )
    assert standing_pairs(widget, None)[0][1] == "Nobody looked at it in the last 7 days."


def test_the_page_of_a_service_shows_it(context: Context, library: FakeLibrary, qtbot: QtBot) -> None:
    library.all_services = list(samples.services())
    view = ServicesView(context)
    qtbot.addWidget(view)
    view.show()
    view.reveal("michigan")
    qtbot.waitUntil(lambda: view.detail.facts is not None)
    assert view.detail.facts is not None
    assert view.detail.facts.standing is not None
    words = [label.text() for label in view.detail.standing.findChildren(QLabel)]
    assert any("Nobody looked" in each for each in words)
    assert {"Score", "Last day"} <= {column.title for column in view.table.model.columns}


def test_the_last_day_is_drawn_and_said(context: Context, library: FakeLibrary, qtbot: QtBot) -> None:
    lines = {"michigan": "▁▁▂▃×·▁▁█▁▁▁", "topmed": "·" * 12}
    library.all_services = [
        each.model_copy(update={"last_day": lines.get(each.id, "")}) for each in samples.services()
    ]
    view = ServicesView(context)
    qtbot.addWidget(view)
    view.show()
    view.refresh()
    model = view.table.model
    column = next(n for n, each in enumerate(model.columns) if each.key == "last_day")
    qtbot.waitUntil(lambda: model.row_of("michigan") is not None)

    def cell(service_id: str, role: int) -> object:
        row = model.row_of(service_id)
        assert row is not None
        return model.index(row, column).data(role)

    qtbot.waitUntil(lambda: cell("michigan", Qt.ItemDataRole.DisplayRole) == "10 of 11")
    said = str(cell("michigan", Qt.ItemDataRole.AccessibleTextRole))
    assert "In 1 of 11 spans a look failed" in said
    assert cell("topmed", Qt.ItemDataRole.DisplayRole) == "–"
    assert "Nobody looked" in str(cell("topmed", Qt.ItemDataRole.AccessibleTextRole))


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_bars_grow_with_slowness_and_failed_looks_are_crossed(qapp: QApplication, colours: Colours) -> None:
    image = QImage(120, 24, QImage.Format.Format_RGB32)
    image.fill(QColor(colours.base))
    painter = QPainter(image)
    assert paint_spark(painter, QRect(0, 0, 120, 24), "▁█×·", colours) == 6 + 4 * STEP
    painter.end()
    ground = QColor(colours.base)

    def drawn(cell: int) -> list[int]:
        columns = range(6 + cell * STEP, 6 + cell * STEP + BAR)
        return [y for y in range(24) if any(image.pixelColor(x, y) != ground for x in columns)]

    low, high, cross, nothing = (len(drawn(cell)) for cell in range(4))
    assert 2 <= low < high >= HIGH
    assert nothing == 1
    assert low < cross < high
    failed, centre = QColor(colours.status[Status.FAILED]), image.pixelColor(6 + 2 * STEP + BAR // 2, 11)
    assert abs(centre.red() - failed.red()) < abs(centre.red() - ground.red()) or centre == failed


def test_a_day_a_week_and_a_month_are_drawn(context: Context, library: FakeLibrary, qtbot: QtBot) -> None:
    library.all_services = list(samples.services())
    library.all_health = list(samples.health())
    view = ServicesView(context)
    qtbot.addWidget(view)
    view.show()
    view.reveal("michigan")
    qtbot.waitUntil(lambda: view.detail.facts is not None)
    for number, plot in enumerate(view.detail.spans, start=1):
        view.detail.plots.show_number(number)
        assert sum(each.looks for each in plot.bins) == 120
        assert plot.accessibleName().startswith("answered at 98 % of 120 looks · medians from ")
        assert "looks" in plot.words(len(plot.bins) - 1)
        assert not plot.grab().isNull()
    library.all_health = []
    view.reveal("topmed")
    qtbot.waitUntil(lambda: view.detail.facts is not None and view.detail.facts.service.id == "topmed")
    assert view.detail.spans[0].accessibleName() == "No looks in this time"
