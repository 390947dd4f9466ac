"""Both schemes can be read, and the window follows the choice."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from app.domain.resources import resource
from app.ui.colours import DARK, LIGHT, Colours, Status
from app.ui.theme import Theme, make_icon
from tests.helpers.contrast import contrast
from tests.ui.conftest import flush_deleted

SCHEMES = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@SCHEMES
@pytest.mark.parametrize("status", list(Status))
def test_status_colours_can_be_read_on_every_ground(colours: Colours, status: Status) -> None:
    for ground in (colours.base, colours.window, colours.alternate, colours.selection, colours.tint(status)):
        assert contrast(colours.status[status], ground) >= 4.5, ground


@SCHEMES
def test_text_can_be_read(colours: Colours) -> None:
    for ground in (colours.base, colours.window, colours.hover, colours.selection, colours.button):
        assert contrast(colours.text, ground) >= 7
    for ground in (colours.base, colours.window, colours.alternate, colours.selection):
        assert contrast(colours.muted, ground) >= 4.5
    assert contrast(colours.on_accent, colours.accent) >= 4.5
    assert contrast(colours.accent, colours.base) >= 4.5


def test_a_choice_changes_palette_and_icons(qapp: QApplication, theme: Theme, qtbot: QtBot) -> None:
    button = QPushButton()
    qtbot.addWidget(button)
    theme.bind_icon(button, "add")
    before = button.icon().cacheKey()
    with qtbot.waitSignal(theme.changed):
        theme.choose("dark")
    assert qapp.palette().color(QPalette.ColorRole.Base).name() == DARK.base
    assert button.icon().cacheKey() != before
    theme.choose("light")
    assert qapp.palette().color(QPalette.ColorRole.Base).name() == LIGHT.base


def test_dead_targets_are_forgotten(theme: Theme) -> None:
    button = QPushButton()
    theme.bind_icon(button, "add")
    button.deleteLater()
    flush_deleted()
    theme.choose("dark")
    assert not any(reference() is button for reference, _ in theme._bound)


def test_every_icon_is_drawn_in_the_colour_asked_for(qapp: QApplication) -> None:
    for path in sorted(resource("icons").glob("*.svg")):
        image = make_icon(path.stem, "#ff0000", "#00ff00").pixmap(24, 24).toImage()
        painted = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
        assert any(p.alpha() > 100 for p in painted), path.stem
        if path.stem != "haplodesk":
            assert all(p.blue() < 30 for p in painted if p.alpha() > 100), path.stem
