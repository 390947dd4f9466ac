"""A second start on the same data folder brings the first window to the front."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import application
from app.domain.problem import Problem
from app.operations.exclusive import exclusive_file
from app.ui import one_window, running
from app.ui.one_window import Doorbell, ring
from app.ui.running import OPEN_ALREADY
from tests.ui.conftest import flush_deleted


@pytest.fixture
def doorbell(qapp: QApplication, tmp_path: Path) -> Iterator[Doorbell]:
    made = Doorbell(tmp_path)
    yield made
    made.close()
    made.deleteLater()
    flush_deleted()


def test_a_ring_is_heard(doorbell: Doorbell, tmp_path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(doorbell.rang):
        assert ring(tmp_path)


def test_nobody_answers_at_another_folder(doorbell: Doorbell, tmp_path: Path) -> None:
    assert not ring(tmp_path / "other", patience_s=0)


def test_the_place_of_a_killed_window_is_taken_over(doorbell: Doorbell, tmp_path: Path, qtbot: QtBot) -> None:
    second = Doorbell(tmp_path)
    with qtbot.waitSignal(second.rang):
        assert ring(tmp_path)
    second.close()
    second.deleteLater()
    flush_deleted()


@pytest.mark.parametrize(("answers", "code"), [(True, 0), (False, 3)])
def test_a_second_start_opens_no_window(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: bool, code: int
) -> None:
    told: list[Problem] = []

    def show(problem: Problem) -> int:
        told.append(problem)
        return 3

    monkeypatch.setattr(one_window, "ring", lambda _: answers)
    monkeypatch.setattr(running, "show_and_quit", show)
    with exclusive_file(tmp_path / "locks" / "window.lock"):
        assert application.run_window(tmp_path) == code
    assert told == ([] if answers else [OPEN_ALREADY])
    assert not (tmp_path / "haplodesk.db").exists()
