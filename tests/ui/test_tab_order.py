"""The pages of results by the keyboard: Tab reaches all that is seen, in the order in which it is read."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.ui.context import Context
from app.ui.views.results.results_view import ResultsView
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.result_gallery import answers, with_results


def takes_tab(widget: QWidget, root: QWidget) -> bool:
    on = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.isEnabled()
    return on and widget.isVisibleTo(root) and widget.focusProxy() is None


def order(root: QWidget) -> list[QWidget]:
    """What Tab stops at below a widget, as the chain of Qt has it; no window has to be active for that."""
    seen: list[QWidget] = []
    widget: QWidget = root
    while True:
        widget = widget.nextInFocusChain()
        if widget is root or widget in seen:
            return [each for each in seen if takes_tab(each, root)]
        if root.isAncestorOf(widget):
            seen.append(widget)


def named(widget: QWidget) -> str:
    text = getattr(widget, "text", lambda: "")()
    return f"{type(widget).__name__} {widget.accessibleName() or text!r}"


def against_reading(stops: list[QWidget], root: QWidget) -> list[str]:
    """Stops that lie wholly above the one before, and not in a column to its right."""
    wrong = []
    for before, after in zip(stops, stops[1:], strict=False):
        a, b = before.mapTo(root, QPoint(0, 0)), after.mapTo(root, QPoint(0, 0))
        above = b.y() + after.height() <= a.y()
        if above and b.x() < a.x() + before.width():
            wrong.append(f"{named(before)} → {named(after)}")
    return wrong


def test_every_tab_of_a_result_is_read_in_order(
    context: Context, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    library.all_services = list(samples.services())
    library.all_jobs = [samples.job(3)]
    library.all_datasets = [samples.dataset(1)]
    with_results(library)
    operations.answers |= answers()
    view = ResultsView(context)
    qtbot.addWidget(view)
    view.resize(1280, 900)
    view.show()
    view.reveal("result-1")
    qtbot.waitUntil(lambda: view.detail.facts is not None)
    tabs = view.detail.tabs
    stops = order(view)
    assert stops.index(view.table.filter) < stops.index(view.table.grid) < stops.index(tabs.tabBar())
    for number in range(tabs.count()):
        if not tabs.isTabVisible(number):
            continue
        tabs.setCurrentIndex(number)
        qtbot.wait(50)
        page = tabs.widget(number)
        inside = order(page)
        wanted = {each for each in page.findChildren(QWidget) if takes_tab(each, page)}
        title = tabs.tabText(number)
        assert wanted == set(inside), f"{title}: {[named(each) for each in wanted - set(inside)]}"
        assert against_reading(inside, page) == [], title
