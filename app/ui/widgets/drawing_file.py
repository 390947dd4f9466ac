"""A chart as a file: SVG and PNG as it looks now, CSV with the numbers behind it."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Sequence
from functools import singledispatch
from pathlib import Path

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QCoreApplication, QIODevice, QRect, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from app.domain.problem import Kind, problem
from app.ui.context import Context
from app.ui.widgets.chart import Chart
from app.ui.widgets.drawing import Bars, Dots, Drawing, Line, Plane, Rule

SHARPER = 2
Rows = list[tuple[str, str, str, str]]


def numbers_of(drawing: Drawing) -> Rows:
    """Every number that is drawn: name of the line, place, height, and the value of cells."""
    found: Rows = []
    for layer in drawing.layers:
        found += _rows(layer)
    return found


@singledispatch
def _rows(_layer: object) -> Rows:
    return []


def _number(value: float) -> str:
    return "" if value != value else f"{float(value):.9g}"


def _points(name: str, x: Sequence[float], y: Sequence[float]) -> Rows:
    return [(name, _number(a), _number(b), "") for a, b in zip(x, y, strict=True)]


@_rows.register
def _(layer: Line) -> Rows:
    return _points(layer.name or "line", layer.x.tolist(), layer.y.tolist())


@_rows.register
def _(layer: Dots) -> Rows:
    return _points(layer.name or "points", layer.x.tolist(), layer.y.tolist())


@_rows.register
def _(layer: Rule) -> Rows:
    return _points(layer.words or "rule", *zip(layer.start, layer.end, strict=True))


@_rows.register
def _(layer: Bars) -> Rows:
    edges = layer.edges.tolist()
    return [
        ("bars", _number(low), _number(high), _number(value))
        for low, high, value in zip(edges[:-1], edges[1:], layer.heights.tolist(), strict=True)
    ]


@_rows.register
def _(layer: Plane) -> Rows:
    rows, columns = layer.values.shape
    across = layer.left + (np.arange(columns) + 0.5) * layer.width / columns
    up = layer.bottom + (np.arange(rows) + 0.5) * layer.height / rows
    return [
        ("cells", _number(float(across[c])), _number(float(up[r])), _number(float(layer.values[r, c])))
        for r in range(rows)
        for c in range(columns)
    ]


def csv_of(drawing: Drawing) -> bytes:
    """The numbers as CSV; axes are named in the head."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("series", drawing.across or "x", drawing.up or "y", "value"))
    writer.writerows(numbers_of(drawing))
    return out.getvalue().encode()


def svg_of(chart: Chart) -> bytes:
    """The plot as vectors."""
    from PySide6.QtSvg import QSvgGenerator

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    size = chart.plot.size()
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(chart.plot.logicalDpiX())
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setTitle(chart.name)
    generator.setDescription(chart.drawing.summary)
    painter = QPainter(generator)
    _paint(chart, painter)
    painter.end()
    return bytes(buffer.data().data())


def png_of(chart: Chart) -> bytes:
    """The plot as an image, twice as fine as on the screen."""
    image = QImage(chart.plot.size() * SHARPER, QImage.Format.Format_ARGB32)
    image.setDevicePixelRatio(SHARPER)
    image.fill(chart.colour("base"))
    painter = QPainter(image)
    _paint(chart, painter)
    painter.end()
    held = QByteArray()
    buffer = QBuffer(held)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(held.data())


def _paint(chart: Chart, painter: QPainter) -> None:
    chart.plot.grab()  # axes find their room only when they are painted
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    size = chart.plot.size()
    place = chart.plot.viewport().rect()
    dots = [each for each in chart.plot.scene().items() if hasattr(each, "setExportMode")]
    for each in dots:
        each.setExportMode(True, {"antialias": True, "resolutionScale": 1.0})
    chart.plot.render(painter, QRectF(0, 0, size.width(), size.height()), place)
    for each in dots:
        each.setExportMode(False)


def bytes_of(chart: Chart, path: Path) -> bytes:
    """What belongs into a file of that name: `.csv`, `.png`, else SVG."""
    ending = path.suffix.lower()
    if ending == ".csv":
        return csv_of(chart.drawing)
    return png_of(chart) if ending == ".png" else svg_of(chart)


async def write_bytes(path: Path, content: bytes) -> None:
    """Whole or not at all; ProblemError."""

    from app.results.indexing.on_disk import write_whole

    try:
        await asyncio.to_thread(write_whole, path, content)
    except OSError as error:
        raise problem(
            Kind.DISK,
            _t("The picture was not saved"),
            error.strerror or str(error),
            _t("Choose another folder."),
            subject=path.name,
        ) from error


def save_chart(context: Context, chart: Chart, path: Path) -> None:
    """Write the chart as it looks now; a notice tells it."""

    def saved(_nothing: object) -> None:
        context.notices.say(_t("The chart is saved"), path.name)

    content = bytes_of(chart, path)
    context.bridge.run(write_bytes(path, content), chart, saved, context.notices.problem)


def ask_and_save(context: Context, chart: Chart, ending: str) -> QFileDialog:
    """Ask where, then save."""
    name = "-".join(chart.name.lower().split())
    dialog = QFileDialog(chart.window(), _t("Save chart"), f"{name}.{ending}")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(ending)
    dialog.fileSelected.connect(lambda path: save_chart(context, chart, Path(path)))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog


class SaveChartButton(QToolButton):
    """A menu of the three forms; `show_chart` says which chart is meant."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.chart: Chart | None = None
        self.setAccessibleName(self.tr("Save chart"))
        self.setToolTip(self.tr("Save chart as SVG, PNG or CSV"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        context.theme.bind_icon(self, "export")
        menu = QMenu(self)
        context.theme.dress(menu)
        for words, ending in (
            (self.tr("Vectors (SVG)…"), "svg"),
            (self.tr("Image (PNG)…"), "png"),
            (self.tr("Numbers (CSV)…"), "csv"),
        ):
            menu.addAction(words).triggered.connect(lambda _=False, end=ending: self._ask(end))
        self.setMenu(menu)

    def show_chart(self, chart: Chart | None) -> None:
        """Another chart; None when there is nothing to save."""
        self.chart = chart
        self.setEnabled(chart is not None)

    def _ask(self, ending: str) -> None:
        if self.chart is not None and self.chart.plot is not None:
            ask_and_save(self._context, self.chart, ending)


def _t(words: str) -> str:
    return QCoreApplication.translate("Chart", words)
