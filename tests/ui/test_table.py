"""The lazy table with 100,000 rows."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.ui.commands import Command
from app.ui.context import Context
from app.ui.models.query import TableQuery
from app.ui.models.table import PAGE_ROWS, Column, TableModel
from app.ui.status import job_state
from app.ui.widgets.basics import EmptyState
from app.ui.widgets.table_texts import as_text, export_to, write_table
from app.ui.widgets.table_view import TableView
from tests.ui.fakes import FakePages

COLUMNS = (
    Column("id", "Id", 80),
    Column("name", "Name", 200),
    Column("state", "State", 120, status=job_state),
    Column("size", "Size", 80, numeric=True),
    Column("note", "Note", 80, hidden=True),
)
NAMES = ("id", "name", "state", "size", "note")


def rows(count: int) -> dict[str, tuple[object, ...]]:
    states = ("success", "failed", "running")
    return {f"r{n}": (f"r{n}", f"name {n:06d}", states[n % 3], n * 7 % 1000, "") for n in range(count)}


@pytest.fixture(scope="module")
def many() -> dict[str, tuple[object, ...]]:
    return rows(100_000)


@pytest.fixture
def source(many: dict[str, tuple[object, ...]]) -> FakePages:
    return FakePages(NAMES, dict(many))


@pytest.fixture
def view(context: Context, source: FakePages, qtbot: QtBot) -> Iterator[TableView]:
    table = TableView(context, TableModel(context.bridge, source, COLUMNS, Noun.JOB), "job")
    qtbot.addWidget(table)
    table.resize(800, 500)
    table.refresh()
    table.show()
    qtbot.waitUntil(lambda: table.model.ready)
    return table


def settle(qtbot: QtBot, view: TableView) -> None:
    """Until the visible page is there."""
    qtbot.waitUntil(lambda: view.model.index(0, 1).data() is not None)


def select(view: TableView, *ids: str) -> None:
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for each in ids:
        row = view.model.row_of(each)
        assert row is not None
        view.grid.selectionModel().setCurrentIndex(view.model.index(row, 0), flags)


def test_only_visible_pages_are_read(view: TableView, source: FakePages, qtbot: QtBot) -> None:
    settle(qtbot, view)
    assert view.model.rowCount() == 100_000
    assert source.pages_read == 1
    view.grid.scrollTo(view.model.index(50_000, 0))
    qtbot.waitUntil(lambda: view.model.index(50_000, 1).data() == "name 050000")
    assert source.pages_read <= 3


def test_the_model_is_sound(context: Context, qtbot: QtBot) -> None:
    source = FakePages(NAMES, rows(500))
    model = TableModel(context.bridge, source, COLUMNS)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.reload()
    qtbot.waitUntil(lambda: model.rowCount() == 500)
    model.ask(TableQuery("failed", "name", True))
    qtbot.waitUntil(lambda: model.rowCount() == 167)
    tester.deleteLater()
    model.deleteLater()


def test_sorting_happens_at_the_source_and_keeps_selection_and_current(
    view: TableView, source: FakePages, qtbot: QtBot
) -> None:
    select(view, "r5", "r70000", "r6")
    told: list[object] = []
    view.current_changed.connect(told.append)
    view.grid.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: view.model.id_at(0) == "r99999")
    assert source.asked[-1] == TableQuery("", "name", True)
    assert set(view.selected_ids()) == {"r5", "r70000", "r6"}
    assert view.current_id() == "r6"
    assert told == []


def test_the_main_thread_is_never_long_away(view: TableView, qtbot: QtBot) -> None:
    settle(qtbot, view)
    started = time.thread_time()
    view.grid.sortByColumn(3, Qt.SortOrder.AscendingOrder)
    asked = time.thread_time() - started
    assert asked < 0.05
    view.grid.selectAll()
    started = time.thread_time()
    assert len(view.selected_ids()) == 100_000
    assert time.thread_time() - started < 0.05
    started = time.thread_time()
    QApplication.processEvents()
    # A header that looks whether each column is selected takes three seconds here.
    assert time.thread_time() - started < 0.5


def test_filter_counts_and_both_kinds_of_nothing(
    view: TableView, context: Context, source: FakePages, qtbot: QtBot
) -> None:
    view.set_empty(EmptyState(context.theme, "jobs", "No jobs yet."))
    view.set_filter("state:failed name")
    qtbot.waitUntil(lambda: view.model.rowCount() == 33_333)
    assert view.count.text().replace("\u202f", ",").startswith("33")
    view.set_filter("nothing like this")
    qtbot.waitUntil(lambda: view.model.rowCount() == 0)
    assert view.stack.currentWidget() is view._no_match
    source.made.clear()
    view.set_filter("")
    qtbot.waitUntil(lambda: view.stack.currentWidget() is view._empty)
    assert view.filter.isHidden()


def test_a_late_answer_of_an_older_query_is_dropped(view: TableView, source: FakePages, qtbot: QtBot) -> None:
    source.delay = 0.2
    view.model.ask(TableQuery("000001"))
    source.delay = 0.0
    view.model.ask(TableQuery("state:running"))
    qtbot.waitUntil(lambda: view.model.rowCount() == 33_333)
    qtbot.wait(250)
    assert view.model.rowCount() == 33_333


def test_changes_reload_when_visible_and_wait_when_not(
    view: TableView, context: Context, source: FakePages, qtbot: QtBot
) -> None:
    asked = len(source.asked)
    context.bridge.announce(Changes.of(Noun.PANEL, "x"))
    context.bridge.announce(Changes.of(Noun.JOB, "r1"))
    qtbot.waitUntil(lambda: len(source.asked) == asked + 1)
    view.hide()
    context.bridge.announce(Changes.of(Noun.JOB, "r1"))
    qtbot.wait(250)
    assert len(source.asked) == asked + 1
    view.show()
    qtbot.waitUntil(lambda: len(source.asked) == asked + 2)


def test_a_change_is_read_at_once_and_a_flood_of_them_once_more(
    view: TableView, context: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows do not lag behind the page of the selected one, and many changes are not many readings."""
    read: list[int] = []
    monkeypatch.setattr(view.model, "reload", lambda: read.append(1))
    for _ in range(20):
        context.bridge.changed.emit(Changes.of(Noun.JOB, "r1"))
    assert len(read) == 1, "it did not wait"
    qtbot.waitUntil(lambda: len(read) == 2)
    qtbot.waitUntil(lambda: not view.model._pause.isActive())
    assert len(read) == 2


def test_a_changed_row_is_read_again_without_a_reset(
    view: TableView, context: Context, source: FakePages, qtbot: QtBot
) -> None:
    settle(qtbot, view)
    resets: list[int] = []
    view.model.modelReset.connect(lambda: resets.append(1))
    source.made["r0"] = ("r0", "other", "failed", 1, "")
    context.bridge.announce(Changes.of(Noun.JOB, "r0"))
    qtbot.waitUntil(lambda: view.model.index(0, 1).data() == "other")
    assert resets == []


def test_copy_with_and_without_headers(view: TableView, qtbot: QtBot) -> None:
    select(view, "r1", "r2")
    qtbot.keyClick(view.grid, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    clipboard = QGuiApplication.clipboard()
    qtbot.waitUntil(lambda: clipboard.text() == "r1\tname 000001\tFailed\t7\nr2\tname 000002\tRunning\t14")
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(view.grid, Qt.Key.Key_C, both)
    qtbot.waitUntil(lambda: clipboard.text().startswith("Id\tName\tState\tSize\n"))


def test_values_cannot_break_the_lines() -> None:
    assert as_text([["a\tb", "c\nd"]], ["x", "y"]) == "x\ty\na b\tc d"


def test_export_writes_the_whole_table(
    view: TableView, context: Context, qtbot: QtBot, tmp_path: Path
) -> None:
    done: list[int] = []
    view.set_filter("00000")
    qtbot.waitUntil(lambda: view.model.rowCount() == 10)
    path = tmp_path / "jobs.tsv"
    export_to(path, context, view.model, [0, 2], ["Id", "State"], lambda _, n: done.append(n))
    qtbot.waitUntil(lambda: done == [10])
    assert path.read_text().splitlines()[:2] == ["Id\tState", "r0\tDone"]
    assert list(tmp_path.iterdir()) == [path]


def test_no_cell_of_an_export_is_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    cells = ["=HYPERLINK(1)", "+1+cmd", "-2+3", "@SUM(1)", "-0.5", "+3", "-1,234.5", "a=b", "-"]
    write_table(path, [cells], ["=Title"] * len(cells))
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1] == [*("'" + each for each in cells[:4]), *cells[4:]]


def test_an_export_clobbers_no_other_file_and_leaves_none(tmp_path: Path) -> None:
    (tmp_path / "t.csv.part").write_text("mine")
    write_table(tmp_path / "t.csv", [["S\udcff1.vcf"]], ["File"])
    assert (tmp_path / "t.csv").read_text("utf-8") == "File\nS?1.vcf\n"
    with pytest.raises(TypeError):
        write_table(tmp_path / "u.csv", [None], ["File"])  # type: ignore[list-item]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["t.csv", "t.csv.part"]


def test_keys_open_and_preview(view: TableView, qtbot: QtBot) -> None:
    opened, seen = [], []
    view.opened.connect(opened.append)
    view.previewed.connect(seen.append)
    select(view, "r3")
    qtbot.keyClick(view.grid, Qt.Key.Key_Return)
    qtbot.keyClick(view.grid, Qt.Key.Key_Space)
    assert (opened, seen) == (["r3"], ["r3"])


def test_layout_is_remembered(view: TableView, context: Context, source: FakePages, qtbot: QtBot) -> None:
    view.grid.setColumnWidth(1, 333)
    view._show_column(4, True)
    view.grid.sortByColumn(3, Qt.SortOrder.AscendingOrder)
    view.set_filter("failed")
    again = TableView(context, TableModel(context.bridge, source, COLUMNS, Noun.JOB), "job")
    qtbot.addWidget(again)
    assert again.grid.columnWidth(1) == 333
    assert not again.grid.isColumnHidden(4)
    assert again.filter.text() == "failed"
    assert again.model.query == TableQuery("failed", "size", False)


def test_reveal_clears_a_filter_that_hides_the_row(view: TableView, qtbot: QtBot) -> None:
    view.set_filter("state:running")
    qtbot.waitUntil(lambda: view.model.rowCount() == 33_333)
    view.reveal("r90000")
    qtbot.waitUntil(lambda: view.current_id() == "r90000")


def test_the_context_menu_comes_from_the_registry(view: TableView, context: Context) -> None:
    done: list[tuple[str, ...]] = []
    context.commands.add(Command("job.x", "Do it", "play", done.append, noun="job", enabled=bool))
    menu = view.context_menu()
    assert not menu.actions()[0].isEnabled()
    select(view, "r1", "r2")
    menu = view.context_menu()
    menu.actions()[0].trigger()
    assert done == [("r1", "r2")]


def test_pages_are_dropped_when_there_are_too_many(view: TableView, qtbot: QtBot) -> None:
    model = view.model
    for page in range(60):
        model._row(page * PAGE_ROWS)
        qtbot.waitUntil(lambda p=page: p in model._pages)
    assert len(model._pages) <= 40
