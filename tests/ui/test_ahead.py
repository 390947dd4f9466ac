"""What views import is loaded before they are opened: nothing is left over, and Qt only where it belongs."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.ui import theme as theming
from app.ui.bridge import Bridge
from app.ui.theme import Theme, icon_names
from app.ui.views import ahead

ROOT = Path(__file__).resolve().parents[2]
LOADED = """
import importlib, json, sys
from app.ui.views import ahead
from app.ui.views.registry import VIEWS
import app.ui.running, app.ui.views.home.home_view
before = set(sys.modules)
for name in ahead.ELSEWHERE + ahead.HERE:
    importlib.import_module(name)
known = set(sys.modules)
for spec in VIEWS:
    importlib.import_module(f"app.ui.views.{spec.id}.{spec.id}_view")
late = [name for name in sys.modules if name not in known and name.startswith(("app.", "numpy"))]
print(json.dumps([late, [name for name in ahead.HERE if name not in known]]))
"""
WITHOUT_QT = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps([name for name in sys.modules if name.startswith(("PySide6", "shiboken6", "app.ui"))]))
"""


def _run(script: str, *more: str) -> object:
    command = [sys.executable, "-c", script, *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_opening_a_view_imports_nothing_that_was_not_loaded_ahead() -> None:
    assert _run(LOADED) == [[], []]


def test_what_is_loaded_in_another_thread_does_not_know_qt() -> None:
    assert _run(WITHOUT_QT, json.dumps(ahead.ELSEWHERE)) == []


def test_modules_of_the_window_come_one_a_turn_and_then_its_icons(
    bridge: Bridge, theme: Theme, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[tuple[str, bool]] = []

    def take(name: str) -> None:
        taken.append((name, threading.current_thread() is threading.main_thread()))

    monkeypatch.setattr(ahead.importlib, "import_module", take)
    monkeypatch.setattr(Theme, "paint_ahead", lambda _theme, name: take(name))
    loading = ahead.ViewsAhead(bridge, theme, bridge)
    icons = icon_names()
    every = len(ahead.ELSEWHERE) + len(ahead.HERE) + len(icons)
    qtbot.waitUntil(lambda: len(taken) == every and not loading._timer.isActive(), timeout=60_000)
    assert taken == [(n, False) for n in ahead.ELSEWHERE] + [(n, True) for n in (*ahead.HERE, *icons)]


def test_an_icon_that_was_painted_ahead_is_not_painted_again(
    theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in icon_names():
        theme.paint_ahead(name)
    painted: list[str] = []
    monkeypatch.setattr(theming, "_painted", lambda name, *_more: painted.append(name))
    button = QPushButton()
    theme.bind_icon(button, "refresh")
    assert painted == []
    assert not button.icon().isNull()
