"""A chart of a `Drawing`: hover reads out, a click or a dragged frame picks; arrow keys and Enter do too.

pyqtgraph is imported with the first chart (`plot_library`); until then there is the summary in words.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QFrame, QRubberBand, QVBoxLayout, QWidget

from app.ui import text
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import Text
from app.ui.widgets.drawing import Drawing
from app.ui.widgets.elided import ElidedLabel
from app.ui.widgets.layers import draw_layer, tone
from app.ui.widgets.plot_library import load_plots

REACH = 28.0
DRAGGED = 6
_KEYS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}


class Chart(QFrame):
    """Tab reaches it; `picked` tells the things of the picked stops and what they are in words."""

    picked = Signal(object, str)
    drawn = Signal()

    def __init__(self, context: Context, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._library: Any = None
        self._asked = False
        self.name = name
        self.drawing = Drawing("")
        self.plot: Any = None
        self.stop: int | None = None
        self._marker: Any = None
        self._pressed: QPoint | None = None
        self._frame: QRubberBand | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(GRID * 30, GRID * 28)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(GRID, GRID, GRID, GRID // 2)
        self._column.setSpacing(GRID // 2)
        self.summary = Text(muted=True, minor=True)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.read_out = ElidedLabel()
        self._column.addWidget(self.summary)
        self._column.addStretch(1)
        self._column.addWidget(self.read_out)
        self.setAccessibleName(name)
        context.theme.changed.connect(self._draw)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room enough to see something."""
        return QSize(GRID * 52, GRID * 38)

    def show_drawing(self, drawing: Drawing) -> None:
        """Show another one; where the keyboard was is forgotten."""
        if drawing is self.drawing:
            return
        self.drawing = drawing
        self.stop = None
        self.summary.setText(drawing.summary)
        self._say("")
        if self._library is None:
            self._import()
        else:
            self._draw()

    def _import(self) -> None:
        if not self._asked:
            self._asked = True
            load_plots(self._context.bridge, self, self._imported)

    def _imported(self, library: Any) -> None:
        self._library = library
        self.plot = self._make_plot()
        self._column.takeAt(1)
        self._column.insertWidget(1, self.plot, 1)
        self._draw()

    def _make_plot(self) -> Any:
        plot = self._library.PlotWidget(self)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.setFrameShape(QFrame.Shape.NoFrame)
        plot.setAccessibleName(self.name)
        plot.getPlotItem().layout.setContentsMargins(2, 10, 10, 2)
        for side in ("bottom", "left"):
            _count_like_people(plot.getPlotItem().getAxis(side))
        plot.viewport().setMouseTracking(True)
        plot.viewport().installEventFilter(self)
        self._frame = QRubberBand(QRubberBand.Shape.Rectangle, plot.viewport())
        return plot

    # Drawn.

    def _draw(self) -> None:
        self.update()
        if self.plot is None:
            return
        colours = self._context.theme.colours
        item = self.plot.getPlotItem()
        self.plot.clear()
        self.plot.setBackground(QColor(colours.base))
        self.plot.setVisible(not self.drawing.empty)
        self._draw_axes(item)
        self._draw_legend(item)
        for layer in self.drawing.layers:
            draw_layer(self._library, item, layer, colours)
        self._marker = self._library.ScatterPlotItem(
            size=13, symbol="o", brush=None, pen=self._library.mkPen(colours.text, width=2)
        )
        item.addItem(self._marker)
        self._mark()
        self.drawn.emit()

    def _draw_axes(self, item: Any) -> None:
        colours, made = self._context.theme.colours, self.drawing
        for side, words, ticks in (("bottom", made.across, made.x_ticks), ("left", made.up, made.y_ticks)):
            axis = item.getAxis(side)
            axis.setPen(self._library.mkPen(colours.line))
            axis.setTextPen(self._library.mkPen(colours.muted))
            axis.setStyle(tickFont=self.font(), tickLength=-4)
            axis.enableAutoSIPrefix(False)
            axis.setTicks(None if ticks is None else [list(ticks)])
            item.setLabel(side, words, color=colours.muted)
            axis.resizeEvent(None)  # puts the new words into the middle, which otherwise waits for a resize
        box = item.getViewBox()
        box.setAspectLocked(made.square)
        for wanted, set_range, axis_number in (
            (made.x_range, item.setXRange, box.XAxis),
            (made.y_range, item.setYRange, box.YAxis),
        ):
            if wanted is None:
                box.enableAutoRange(axis=axis_number)
            else:
                set_range(*wanted, padding=0)

    def _draw_legend(self, item: Any) -> None:
        if item.legend is not None:
            item.legend.clear()
            item.legend.setVisible(self.drawing.legend)
        if self.drawing.legend:
            legend = item.legend or item.addLegend(offset=(-8, 8), verSpacing=-4)
            legend.setOffset((-8, -8 if self.drawing.legend_low else 8))
            legend.setLabelTextColor(self._context.theme.colours.text)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """A quiet box; its border says where the keyboard is."""
        colours = self._context.theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(colours.base))
        painter.setPen(QPen(QColor(colours.accent if self.hasFocus() else colours.line), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)

    # Read and picked.

    def go_to(self, stop: int | None) -> None:
        """Mark a stop and read it out."""
        self.stop = stop
        self._mark()
        self._say(self.drawing.stops.words(stop) if stop is not None else "")

    def _say(self, words: str) -> None:
        self.read_out.setText(words)
        self.setAccessibleDescription(words or self.drawing.summary)
        if words and self.hasFocus():
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def _mark(self) -> None:
        if self._marker is None:
            return
        if self.stop is None:
            self._marker.setData([], [])
        else:
            stops = self.drawing.stops
            self._marker.setData([float(stops.x[self.stop])], [float(stops.y[self.stop])])

    def pick(self, stops: NDArray[np.int64], words: str = "") -> None:
        """Hand the things of some stops over."""
        if len(stops):
            things = self.drawing.stops.things(stops)
            said = words or (self.drawing.stops.words(int(stops[0])) if len(stops) == 1 else "")
            self.picked.emit(things, said)

    def _units(self) -> tuple[float, float]:
        """Data units of a pixel on both axes."""
        if self.plot is None:
            return 1.0, 1.0
        across, along = self.plot.getPlotItem().getViewBox().viewPixelSize()
        return max(float(across), 1e-12), max(float(along), 1e-12)

    def _place(self, at: QPoint) -> QPointF:
        scene = self.plot.mapToScene(at)
        found: QPointF = self.plot.getPlotItem().getViewBox().mapSceneToView(scene)
        return found

    # Keyboard.

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Arrows walk from stop to stop, Enter or Space picks, Escape lets go."""
        key, stops = Qt.Key(event.key()), self.drawing.stops
        if key in _KEYS and len(stops.x):
            self._step(*_KEYS[key])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and len(stops.x):
            self.go_to(int(np.argmin(stops.x) if key == Qt.Key.Key_Home else np.argmax(stops.x)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.stop is not None:
            self.pick(np.asarray([self.stop], np.int64))
        elif key == Qt.Key.Key_Escape and self.stop is not None:
            self.go_to(None)
        else:
            super().keyPressEvent(event)

    def _step(self, right: int, up: int) -> None:
        stops = self.drawing.stops
        start = self.stop if self.stop is not None else int(np.argmin(stops.x))
        if self.stop is None:
            self.go_to(start)
        else:
            self.go_to(stops.towards(start, right, up, *self._units()))

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """The border says so."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Gone."""
        super().focusOutEvent(event)
        self.update()

    # Mouse; pyqtgraph sees nothing of it, and the wheel scrolls the page.

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """What the mouse does over the plot."""
        kind = event.type()
        if kind == QEvent.Type.Wheel:
            event.ignore()
            return True
        if kind == QEvent.Type.Leave and self._pressed is None and not self.hasFocus():
            self.go_to(None)
        if not isinstance(event, QMouseEvent):
            return super().eventFilter(watched, event)
        if kind == QEvent.Type.MouseMove:
            self._moved(event.position().toPoint())
        elif kind == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._pressed = event.position().toPoint()
        elif kind == QEvent.Type.MouseButtonRelease and self._pressed is not None:
            self._released(event.position().toPoint())
        return True

    def _moved(self, at: QPoint) -> None:
        if self._pressed is not None and self._frame is not None:
            frame = QRect(self._pressed, at).normalized()
            self._frame.setGeometry(frame)
            self._frame.setVisible(frame.width() + frame.height() > DRAGGED)
            return
        place = self._place(at)
        found = self.drawing.stops.nearest(place.x(), place.y(), *self._units(), REACH)
        if found != self.stop:
            self.go_to(found)

    def _released(self, at: QPoint) -> None:
        start, self._pressed = self._pressed, None
        if self._frame is not None:
            self._frame.hide()
        assert start is not None
        if (at - start).manhattanLength() > DRAGGED:
            one, other = self._place(start), self._place(at)
            self.pick(self.drawing.stops.within(one.x(), one.y(), other.x(), other.y()))
        elif self.stop is not None:
            self.pick(np.asarray([self.stop], np.int64))

    def colour(self, name: str) -> QColor:
        """A colour of drawings in the scheme of now."""
        return QColor(tone(name, self._context.theme.colours))


def _count_like_people(axis: Any) -> None:
    """Whole numbers of an axis as everywhere else: `20,000`, not `20000`."""
    plain = axis.tickStrings

    def strings(values: list[float], scale: float, spacing: float) -> list[str]:
        if spacing * scale < 1:
            return list(plain(values, scale, spacing))
        return [text.number(round(value * scale)) for value in values]

    axis.tickStrings = strings
