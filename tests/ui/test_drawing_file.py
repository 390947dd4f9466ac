"""Charts as files: the numbers, the vectors, the image."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.ui.context import Context
from app.ui.widgets.chart import Chart
from app.ui.widgets.drawing import Bars, Dots, Drawing, Line, Plane, Rule
from app.ui.widgets.drawing_file import csv_of, png_of, save_chart, svg_of

DRAWING = Drawing(
    "Two lines",
    (
        Line(np.asarray([0.0, 1.0]), np.asarray([0.5, np.nan]), name="mean"),
        Dots(np.asarray([0.5]), np.asarray([0.25])),
        Bars(np.asarray([0.0, 0.5, 1.0]), np.asarray([3.0, 4.0])),
        Plane(np.asarray([[1.0, 2.0]]), 0.0, 0.0, 1.0, 1.0, 0.0, 2.0),
        Rule((0.0, 0.0), (1.0, 1.0), "diagonal"),
    ),
    "across, MAF",
    "up",
)


def test_the_numbers_are_all_there() -> None:
    lines = csv_of(DRAWING).decode().split("\r\n")
    assert lines[0] == 'series,"across, MAF",up,value'
    assert lines[1:] == [
        "mean,0,0.5,",
        "mean,1,,",
        "points,0.5,0.25,",
        "bars,0,0.5,3",
        "bars,0.5,1,4",
        "cells,0.25,0.5,1",
        "cells,0.75,0.5,2",
        "diagonal,0,0,",
        "diagonal,1,1,",
        "",
    ]


def test_vectors_and_image(context: Context, qtbot: QtBot, tmp_path: Path) -> None:
    chart = Chart(context, "My chart")
    qtbot.addWidget(chart)
    chart.resize(500, 400)
    chart.show()
    chart.show_drawing(DRAWING)
    qtbot.waitUntil(lambda: chart.plot is not None, timeout=20_000)
    root = ElementTree.fromstring(svg_of(chart))
    assert root.tag.endswith("svg")
    words = " ".join(each.text or "" for each in root.iter() if each.tag.endswith("text"))
    assert "across, MAF" in words
    image = QImage.fromData(png_of(chart))
    assert image.width() == 2 * chart.plot.width()
    for ending in ("svg", "png", "csv"):
        path = tmp_path / f"chart.{ending}"
        save_chart(context, chart, path)
        qtbot.waitUntil(path.exists)
    assert (tmp_path / "chart.csv").read_bytes() == csv_of(DRAWING)
