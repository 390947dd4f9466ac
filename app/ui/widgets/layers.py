"""How each layer of a drawing is painted by pyqtgraph, in the colours of a scheme."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPolygonF
from PySide6.QtWidgets import QGraphicsPolygonItem

from app.ui.colours import Colours, Status
from app.ui.widgets.drawing import Band, Bars, Dots, Line, Plane, Rule


def tone(name: str, colours: Colours) -> str:
    """The colour of that name: a role of the scheme, a status, or one of its series."""
    if name.startswith("series"):
        return colours.series[int(name.removeprefix("series")) % len(colours.series)]
    if name in {each.value for each in Status}:
        return colours.status[Status(name)]
    return str(getattr(colours, name))


def _pale(colour: str, strength: float) -> QColor:
    made = QColor(colour)
    made.setAlphaF(strength)
    return made


@singledispatch
def _draw(layer: object, _library: Any, _item: Any, _colours: Colours) -> None:
    raise TypeError(f"no such layer: {type(layer).__name__}")


def draw_layer(library: Any, item: Any, layer: object, colours: Colours) -> None:
    """Add one layer to a plot item."""
    _draw(layer, library, item, colours)


@_draw.register
def _(layer: Line, library: Any, item: Any, colours: Colours) -> None:
    style = Qt.PenStyle.DashLine if layer.dashed else Qt.PenStyle.SolidLine
    pen = library.mkPen(tone(layer.colour, colours), width=2, style=style)
    item.plot(layer.x, layer.y, pen=pen, name=layer.name or None, antialias=True)


@_draw.register
def _(layer: Dots, library: Any, item: Any, colours: Colours) -> None:
    colour = tone(layer.colour, colours)
    edge = library.mkPen(colours.base if layer.ringed else None, width=1)
    item.plot(
        layer.x,
        layer.y,
        pen=None,
        symbol=layer.symbol,
        symbolSize=layer.size,
        symbolBrush=_pale(colour, layer.strength),
        symbolPen=edge if layer.ringed else None,
        name=layer.name or None,
    )


@_draw.register
def _(layer: Bars, library: Any, item: Any, colours: Colours) -> None:
    bars = library.BarGraphItem(
        x0=layer.edges[:-1],
        x1=layer.edges[1:],
        height=layer.heights,
        brush=QColor(tone(layer.colour, colours)),
        pen=library.mkPen(colours.base, width=1),
    )
    item.addItem(bars)


@_draw.register
def _(layer: Plane, library: Any, item: Any, colours: Colours) -> None:
    places = np.asarray([share for share, _ in layer.scale])
    wanted = [QColor(tone(name, colours)).getRgb() for _, name in layer.scale]
    scale = library.ColorMap(places, np.asarray(wanted, dtype=np.ubyte))
    image = library.ImageItem(layer.values.astype(np.float32), axisOrder="row-major")
    image.setLookupTable(scale.getLookupTable(nPts=256))
    image.setLevels((layer.low, layer.high))
    image.setRect(QRectF(layer.left, layer.bottom, layer.width, layer.height))
    item.addItem(image)


@_draw.register
def _(layer: Rule, library: Any, item: Any, colours: Colours) -> None:
    colour = tone(layer.colour, colours)
    xs, ys = zip(layer.start, layer.end, strict=True)
    item.plot(list(xs), list(ys), pen=library.mkPen(colour, width=1, style=Qt.PenStyle.DashLine))
    if layer.words:
        first = layer.words_first
        label = library.TextItem(layer.words, color=colour, anchor=(0 if first else 1, 1))
        label.setPos(*(layer.start if first else layer.end))
        item.addItem(label, ignoreBounds=True)


@_draw.register
def _(layer: Band, library: Any, item: Any, colours: Colours) -> None:
    colour = tone(layer.colour, colours)
    area = QGraphicsPolygonItem(QPolygonF([QPointF(x, y) for x, y in layer.corners]))
    area.setBrush(_pale(colour, 0.16))
    area.setPen(library.mkPen(_pale(colour, 0.5), width=1))
    item.addItem(area, ignoreBounds=True)
    label = library.TextItem(layer.words, color=colour, anchor=(0, 0))
    label.setPos(*layer.at)
    item.addItem(label, ignoreBounds=True)
