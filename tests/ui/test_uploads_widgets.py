"""The small widgets that the pages of datasets, jobs and results share."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.operations.tasks import Task, TaskKind
from app.ui import text
from app.ui.commands import Command
from app.ui.context import Context
from app.ui.models.joined import Joined
from app.ui.models.query import TableQuery
from app.ui.models.table import Column
from app.ui.status import file_state
from app.ui.theme import Theme
from app.ui.widgets.elided import ElidedHeading, ElidedLabel
from app.ui.widgets.noun_keys import bind_noun_keys
from app.ui.widgets.short_table import ShortModel, ShortTable
from app.ui.widgets.task_rows import TaskRows
from tests.ui.fakes import FakePages

COLUMNS = (
    Column("name", "File", 120),
    Column("state", "State", 120, status=file_state),
    Column("size", "Size", 80, show=text.size, numeric=True),
)
ROWS = [("a.zip", "verified", 41_000_000), ("b.zip", "remote", None)]


@pytest.fixture
def table(theme: Theme, qtbot: QtBot) -> ShortTable:
    made = ShortTable(theme, "Files", COLUMNS)
    qtbot.addWidget(made)
    made.resize(600, 200)
    made.show()
    made.show_rows(ROWS)
    return made


def test_the_model_keeps_the_rules_of_qt(qtmodeltester: ModelTester) -> None:
    model = ShortModel(COLUMNS)
    model.show_rows(ROWS)
    qtmodeltester.check(model)
    model.show_rows([ROWS[1], ROWS[0]])
    assert model.index(0, 0).data() == "b.zip"
    assert model.headerData(1, Qt.Orientation.Horizontal) == "State"


def test_rows_are_copied_with_and_without_headers(table: ShortTable, qtbot: QtBot) -> None:
    clipboard = QGuiApplication.clipboard()
    table.selectRow(1)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard.text() == "b.zip\tAt the service\t–"
    table.clearSelection()
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(table, Qt.Key.Key_C, both)
    assert clipboard.text().splitlines() == [
        "File\tState\tSize",
        "a.zip\tVerified\t41.0 MB",
        "b.zip\tAt the service\t–",
    ]
    menu = table.menu()
    assert len(menu.actions()) == 2
    menu.deleteLater()


def test_a_table_is_as_high_as_its_rows_up_to_a_limit(table: ShortTable, theme: Theme, qtbot: QtBot) -> None:
    low = table.sizeHint().height()
    table.show_rows(ROWS * 4)
    assert table.sizeHint().height() > low
    table.show_rows(ROWS * 40)
    row = table.verticalHeader().defaultSectionSize()
    assert table.sizeHint().height() < 16 * row
    filling = ShortTable(theme, "Files", COLUMNS, most=0)
    qtbot.addWidget(filling)
    assert filling.minimumSizeHint().height() < table.minimumSizeHint().height()


def test_long_words_are_cut_and_kept_in_the_tooltip(theme: Theme, qtbot: QtBot) -> None:
    long = "A cohort with a name that is longer than any window " * 4
    label = ElidedLabel(long)
    qtbot.addWidget(label)
    label.resize(200, 20)
    label.show()
    assert label.minimumSizeHint().width() < 200
    assert label.toolTip() == long.strip()
    label.resize(4000, 20)
    assert label.toolTip() == ""
    heading = ElidedHeading(long)
    qtbot.addWidget(heading)
    assert heading.sizeHint().width() < 600


def test_keys_of_commands_work_only_where_the_things_are(context: Context, qtbot: QtBot) -> None:
    done: list[tuple[str, ...]] = []
    command = Command("thing.drop", "Drop", "remove", done.append, shortcut="Ctrl+D", noun="thing")
    plain = Command("thing.look", "Look", "eye", done.append, noun="thing")
    context.commands.add(command, plain)
    host = QWidget()
    qtbot.addWidget(host)
    column = QVBoxLayout(host)
    box, other = QLineEdit(), QLineEdit()
    for widget in (box, other):
        column.addWidget(widget)
    bind_noun_keys(context.commands, (command, plain), box, lambda: ("x",))
    host.show()
    host.activateWindow()
    qtbot.waitUntil(host.isActiveWindow)
    other.setFocus()
    qtbot.keyClick(other, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert done == []
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert done == [("x",)]


def test_rows_of_tasks_come_and_go(context: Context, qtbot: QtBot) -> None:
    stopped: list[str] = []
    context.cancel_task = stopped.append
    rows = TaskRows(context)
    qtbot.addWidget(rows)
    one, two = Task(TaskKind.CHECK, "One", id="1"), Task(TaskKind.CHECK, "Two", id="2")
    rows.show_tasks([one, two])
    kept = rows.rows["2"]
    rows.show_tasks([two])
    assert list(rows.rows) == ["2"]
    assert rows.rows["2"] is kept
    kept.cancel.click()
    assert stopped == ["2"]
    rows.show_tasks([])
    assert rows.isHidden()


async def _read(source: Joined, query: TableQuery) -> tuple[list[str], dict[str, tuple[object, ...]]]:
    ids = list(await source.ids(query))
    return ids, await source.rows(ids)


def test_two_values_become_one_column() -> None:
    import asyncio

    inner = FakePages(("id", "state", "raw"), {"a": ("a", "x", 2), "b": ("b", "w", 1)})
    source = Joined(inner, "both", ("state", "raw"), sort="state")
    assert source.columns == ("id", "state", "raw", "both")
    ids, rows = asyncio.run(_read(source, TableQuery(sort="both")))
    assert ids == ["b", "a"]
    assert rows["a"] == ("a", "x", 2, ("x", 2))
    ids, _ = asyncio.run(_read(source, TableQuery(sort="raw", descending=True)))
    assert ids == ["a", "b"]
