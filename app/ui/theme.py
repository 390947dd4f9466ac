"""Light and dark: follows the system live, can be forced; fonts, icons and plots take their colours here."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from app.domain.resources import resource
from app.ui.colours import DARK, LIGHT, Colours, Status
from app.ui.style import style_sheet
from app.ui.text import settle_locale

GRID = 8
BUTTON_GAP = 6
ICON_SIZES = (16, 20, 24)
DISABLED_SIZES = (16,)


class Theme(QObject):
    """The colours of the moment; `changed` when they are others."""

    changed = Signal()

    def __init__(self, app: QApplication, choice: str = "system", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._app = app
        settle_locale()
        self._choice = choice
        self._colours = LIGHT
        self._dressed: list[weakref.ref[QWidget]] = []
        self._bound: list[tuple[weakref.ref[Any], Callable[[Any], None]]] = []
        app.styleHints().colorSchemeChanged.connect(self._apply)
        if _is_bare():
            app.setStyle("Fusion")
        self._apply()

    @property
    def colours(self) -> Colours:
        """The scheme in use."""
        return self._colours

    @property
    def choice(self) -> str:
        """`system`, `light` or `dark`."""
        return self._choice

    @property
    def dark(self) -> bool:
        """Whether the scheme in use is the dark one."""
        return self._colours.dark

    def choose(self, choice: str) -> None:
        """Force a scheme, or follow the system again."""
        if choice != self._choice:
            self._choice = choice
            self._apply()

    def colour(self, status: Status) -> QColor:
        """The colour of a status on the ground of lists and pages."""
        return QColor(self._colours.status[status])

    def icon(self, name: str, colour: str | None = None) -> QIcon:
        """A line icon in the colour of text, or in the given one."""
        return make_icon(name, colour or self._colours.text, self._colours.disabled, _ratios())

    def paint_ahead(self, name: str) -> None:
        """Paint an icon in the colour of text, alone and for buttons, before it is needed; a millisecond."""
        self.icon(name)
        _icon_with_gap(name, self._colours.text, self._colours.disabled, _ratios())

    def picture(self, name: str, colour: str, side: int) -> QPixmap:
        """A large icon, sharp on a HiDPI screen."""
        ratio = self._app.devicePixelRatio()
        pixmap = _painted(name, colour, round(side * ratio))
        pixmap.setDevicePixelRatio(ratio)
        return pixmap

    def dress(self, window: QWidget) -> None:
        """Give a window the style sheet. Its dialogs and menus inherit it.

        On the whole application it would cost half a second at each change of scheme, here a tenth.
        """
        self._dressed.append(weakref.ref(window))
        window.setStyleSheet(style_sheet(self._colours))

    def bind_icon(self, target: Any, name: str, status: Status | None = None, accent: bool = False) -> None:
        """Give `target` (anything with `setIcon`) an icon that follows the scheme."""

        def give(each: Any) -> None:
            named = self._colours.status[status] if status else self._colours.accent if accent else None
            if isinstance(each, QPushButton):
                tone = named or self._colours.text
                each.setIcon(_icon_with_gap(name, tone, self._colours.disabled, _ratios()))
                each.setIconSize(QSize(16 + BUTTON_GAP, 16))
            else:
                each.setIcon(self.icon(name, named))

        self.bind(target, give)

    def bind(self, target: Any, give: Callable[[Any], None]) -> None:
        """Call `give(target)` now and whenever the colours change, as long as the target lives."""
        give(target)
        self._bound.append((weakref.ref(target), give))

    def _apply(self) -> None:
        hints = self._app.styleHints()
        scheme = Qt.ColorScheme
        wanted = {"light": scheme.Light, "dark": scheme.Dark}.get(self._choice, scheme.Unknown)
        hints.blockSignals(True)
        hints.setColorScheme(wanted)
        hints.blockSignals(False)
        dark = wanted == scheme.Dark or (wanted == scheme.Unknown and hints.colorScheme() == scheme.Dark)
        self._colours = DARK if dark else LIGHT
        self._app.setPalette(self._colours.palette())
        self._dressed = [each for each in self._dressed if _lives(each())]
        for each in self._dressed:
            window = each()
            if window is not None:
                window.setStyleSheet(style_sheet(self._colours))
        self._rebind()
        self.changed.emit()

    def _rebind(self) -> None:
        alive = []
        for reference, give in self._bound:
            target = reference()
            if _lives(target):
                give(target)
                alive.append((reference, give))
        self._bound = alive


def _lives(target: object) -> bool:
    """Whether an object is there, and its C++ half too."""
    return target is not None and (not isinstance(target, QObject) or shiboken6.isValid(target))


def _is_bare() -> bool:
    """Whether the platform has no look of its own that a Linux program should take over."""
    return QGuiApplication.platformName() not in ("windows", "cocoa")


def _ratios() -> tuple[float, ...]:
    """The pixel ratios of the screens: icons are painted for these and no more."""
    return tuple(sorted({screen.devicePixelRatio() for screen in QGuiApplication.screens()} or {1.0}))


@lru_cache(maxsize=512)
def make_icon(name: str, colour: str, disabled: str, ratios: tuple[float, ...] = (1.0,)) -> QIcon:
    """Paint an SVG of `resources/icons` in one colour, for the sizes in use on the given screens."""
    icon = QIcon()
    for tone, sizes, mode in (
        (colour, ICON_SIZES, QIcon.Mode.Normal),
        (disabled, DISABLED_SIZES, QIcon.Mode.Disabled),
    ):
        for side in sorted({round(size * ratio) for size in sizes for ratio in ratios}):
            icon.addPixmap(_painted(name, tone, side), mode)
    return icon


def _painted(name: str, colour: str, side: int) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer

    pixmap = QPixmap(QSize(side, side))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(_source(name).replace("currentColor", colour).encode()).render(
        painter, QRectF(0, 0, side, side)
    )
    painter.end()
    return pixmap


@lru_cache(maxsize=128)
def _source(name: str) -> str:
    return resource("icons", f"{name}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=256)
def _icon_with_gap(name: str, colour: str, disabled: str, ratios: tuple[float, ...]) -> QIcon:
    """An icon with room at its right: style sheets cannot part icon and word of a button."""
    made = QIcon()
    for tone, mode in ((colour, QIcon.Mode.Normal), (disabled, QIcon.Mode.Disabled)):
        for ratio in ratios:
            pixmap = QPixmap(round((16 + BUTTON_GAP) * ratio), round(16 * ratio))
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.drawPixmap(0, 0, _painted(name, tone, round(16 * ratio)))
            painter.end()
            made.addPixmap(pixmap, mode)
    return made


def icon_names() -> tuple[str, ...]:
    """The names of all icons, from the folder."""
    return tuple(sorted(path.stem for path in resource("icons").glob("*.svg")))


def app_icon() -> QIcon:
    """The icon of the program."""
    icon = QIcon()
    for side in (16, 32, 48, 64, 128, 256):
        icon.addPixmap(_painted("haplodesk", "", side))
    return icon


def small(widget: QWidget) -> None:
    """The smaller of the two text sizes."""
    _scale(widget, 0.9)


def heading(widget: QWidget) -> None:
    """The one heading size."""
    _scale(widget, 1.45, QFont.Weight.DemiBold)


def strong(widget: QWidget) -> None:
    """Normal size, heavier."""
    _scale(widget, 1.0, QFont.Weight.DemiBold)


def _scale(widget: QWidget, factor: float, weight: QFont.Weight = QFont.Weight.Normal) -> None:
    font = QFont(QApplication.font())
    points = font.pointSizeF()
    if points > 0:
        font.setPointSizeF(points * factor)
    else:
        font.setPixelSize(round(font.pixelSize() * factor))
    font.setWeight(weight)
    widget.setFont(font)
