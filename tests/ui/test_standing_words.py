"""How well a service stands, on its page and in the table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.domain.service import HealthState
from app.domain.standing import LookPoint, standing
from app.ui.context import Context
from app.ui.views.services.services_view import ServicesView
from app.ui.views.services.standing_words import standing_pairs
from tests.ui import samples
from tests.ui.fakes import FakeLibrary

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def test_score_parts_and_periods_are_said(qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    points = [LookPoint(NOW - timedelta(hours=h), HealthState.UP, 200.0) for h in range(1, 5)]
    points.append(LookPoint(NOW - timedelta(days=3), HealthState.DOWN, None, "tls"))
    pairs = dict(standing_pairs(widget, standing(points, NOW, HealthState.UP, None)))
    assert "of 100 (health 80 % · speed 80 % · nearness not known" in str(pairs["Score"])
    assert str(pairs["Last 24 hours"]).startswith("answered at 100 % of 4 looks; half within 200 ms")
    assert "failed: encryption 1" in str(next(v for k, v in pairs.items() if k.startswith("Last 7")))
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
