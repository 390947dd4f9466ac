"""Drawings of figures, and the chart that shows them: hover, click, frame, keys."""

from __future__ import annotations

import threading
from types import ModuleType

import numpy as np
import pytest
from PySide6.QtCore import QObject, QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from app.genotypes.figures import Figures
from app.ui.colours import DARK, LIGHT
from app.ui.context import Context
from app.ui.views.uploads import chunk_drawing, people_drawings, site_drawings
from app.ui.widgets import plot_library
from app.ui.widgets.chart import Chart
from app.ui.widgets.drawing import Dots, Drawing, Stops, share_ticks
from tests.helpers.contrast import contrast
from tests.ui import cohorts


@pytest.fixture(scope="module")
def few() -> Figures:
    return cohorts.figures()


@pytest.fixture(scope="module")
def many() -> Figures:
    return cohorts.figures(10_000, cohorts.CHROMOSOMES)


def test_the_curve_of_call_rates_holds_everybody_once(few: Figures, many: Figures) -> None:
    for figures in (few, many):
        drawing = people_drawings.call_rate_curve(figures)
        everyone = drawing.stops.things(np.arange(len(drawing.stops.x)))
        assert sorted(everyone.tolist()) == list(range(len(figures.samples)))
        assert len(drawing.stops.x) <= 300
    assert "below 90 %: 2 people" in people_drawings.call_rate_curve(few).summary


def test_outliers_of_heterozygosity_stay_single_when_the_rest_is_binned(many: Figures) -> None:
    drawing = people_drawings.heterozygosity(many)
    points = sum(len(layer.x) for layer in drawing.layers if isinstance(layer, Dots))
    assert points <= people_drawings.MOST_POINTS
    everyone = drawing.stops.things(np.arange(len(drawing.stops.x)))
    assert len(everyone) == 10_000
    single = [m for m in drawing.stops.members or () if 7 in m]
    assert [m.tolist() for m in single] == [[7]]


def test_sex_conflicts_are_counted_and_named(few: Figures) -> None:
    drawing = people_drawings.sex(few)
    assert drawing.summary == "Stated and found differ: 1 person."
    assert np.flatnonzero(people_drawings.sex_conflicts(few)).tolist() == [11]


def test_the_map_of_ancestry_names_populations_and_who_is_uncertain(few: Figures) -> None:
    drawing = people_drawings.ancestry(few)
    assert "uncertain 1" in drawing.summary
    place = [n for n, m in enumerate(drawing.stops.members or ()) if 4 in m]
    assert drawing.stops.words(place[0]).startswith("HD00004: uncertain")
    assert people_drawings.ancestry(few, 2).across == "axis 3"
    assert people_drawings.ancestry(Figures()).empty


def test_flips_are_counted_on_the_anti_diagonal(few: Figures) -> None:
    cells = site_drawings.flip_cells(few)
    assert site_drawings.cells_count(few, cells) == 212
    assert "212 on the anti-diagonal" in site_drawings.plane_words(few)
    drawing = site_drawings.frequency_plane(few)
    total = site_drawings.cells_count(few, drawing.stops.things(np.arange(len(drawing.stops.x))))
    assert total == 4012


def test_histograms_count_every_site(few: Figures, theme: object) -> None:
    assert "4,012 sites" in site_drawings.call_rates(few).summary
    assert site_drawings.histogram(np.zeros(100), "x", "Nothing").empty


def test_the_map_of_chunks_names_who_costs_them(few: Figures, many: Figures) -> None:
    rows = chunk_drawing.low_rows(few)
    assert [(name, chunks) for name, chunks, _ in rows] == [("HD00002", 2)]
    assert rows[0][2] == "chr22: 0–20 Mb, chr22: 20–40 Mb"
    drawing = chunk_drawing.chunk_map(many)
    assert "2 of 144 chunks would be lost" in drawing.summary
    assert len(drawing.stops.x) == 144 * 41
    by_chromosome = chunk_drawing.chromosome_rows(few)
    assert [row[0] for row in by_chromosome] == ["20", "21", "22"]
    assert by_chromosome[2][4] == 2


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.0, 1.0, ["0", "20", "40", "60", "80", "100"]), (0.305, 0.311, ["30.6", "30.8", "31.0"])],
)
def test_axes_are_in_per_cent(low: float, high: float, words: list[str]) -> None:
    assert set(words) <= {said for _, said in share_ticks(low, high)}


def test_series_can_be_told_from_the_ground() -> None:
    for colours in (LIGHT, DARK):
        assert len(set(colours.series)) == 5
        assert min(contrast(each, colours.base) for each in colours.series) >= 3


def test_the_library_is_imported_in_the_thread_of_the_window(
    context: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, threading.Thread] = {}
    real = plot_library.importlib.import_module

    def seen(name: str) -> object:
        threads[name] = threading.current_thread()
        return real(name)

    monkeypatch.setattr(plot_library.importlib, "import_module", seen)
    owner, gone = QObject(), QObject()
    come: list[ModuleType] = []
    plot_library.load_plots(context.bridge, owner, come.append)
    plot_library.load_plots(context.bridge, gone, come.append)
    gone.deleteLater()
    qtbot.waitUntil(lambda: bool(come), timeout=20_000)
    qtbot.wait(50)
    assert [library.__name__ for library in come] == ["pyqtgraph"]
    assert "pyqtgraph" in threads
    assert set(threads.values()) == {threading.main_thread()}


@pytest.fixture
def chart(context: Context, qtbot: QtBot) -> Chart:
    made = Chart(context, "Three points")
    qtbot.addWidget(made)
    made.resize(500, 400)
    x, y = np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])
    stops = Stops(x, y, lambda n: f"point {n}", [np.array([n, n + 10]) for n in range(3)])
    drawing = Drawing("Three.", (Dots(x, y),), "a", "b", stops, (0, 4), (0, 4))
    made.show()
    made.show_drawing(drawing)
    qtbot.waitUntil(lambda: made.plot is not None, timeout=20_000)
    qtbot.wait(50)
    return made


def spot(chart: Chart, x: float, y: float) -> QPoint:
    scene = chart.plot.getPlotItem().getViewBox().mapViewToScene(QPointF(x, y))
    found: QPoint = chart.plot.mapFromScene(scene)
    return found


def test_arrows_walk_and_enter_picks(chart: Chart, qtbot: QtBot) -> None:
    chart.setFocus()
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    assert (chart.stop, chart.read_out.text()) == (0, "point 0")
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    assert chart.accessibleDescription() in ("point 1", "point 2")
    qtbot.keyClick(chart, Qt.Key.Key_End)
    assert chart.stop == 2
    with qtbot.waitSignal(chart.picked) as told:
        qtbot.keyClick(chart, Qt.Key.Key_Return)
    assert told.args is not None
    assert told.args[0].tolist() == [2, 12]
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert chart.read_out.text() == ""
    assert chart.accessibleDescription() == "Three."


def test_pointer_reads_out_and_click_picks(chart: Chart, qtbot: QtBot) -> None:
    view = chart.plot.viewport()
    qtbot.mouseMove(view, spot(chart, 2.02, 2.98))
    qtbot.waitUntil(lambda: chart.read_out.text() == "point 1")
    with qtbot.waitSignal(chart.picked) as told:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=spot(chart, 2.02, 2.98))
    assert told.args is not None
    assert told.args[0].tolist() == [1, 11]
    assert told.args[1] == "point 1"


def test_a_dragged_frame_picks_what_is_in_it(chart: Chart, qtbot: QtBot) -> None:
    view = chart.plot.viewport()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=spot(chart, 1.5, 3.5))
    qtbot.mouseMove(view, spot(chart, 3.5, 1.5))
    with qtbot.waitSignal(chart.picked) as told:
        qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=spot(chart, 3.5, 1.5))
    assert told.args is not None
    assert told.args[0].tolist() == [1, 2, 11, 12]


def test_every_drawing_can_be_painted_in_both_schemes(
    chart: Chart, context: Context, few: Figures, qtbot: QtBot
) -> None:
    for make in (
        people_drawings.call_rate_curve,
        people_drawings.heterozygosity,
        people_drawings.sex,
        people_drawings.ancestry,
        site_drawings.frequency_plane,
        site_drawings.call_rates,
        chunk_drawing.chunk_map,
    ):
        chart.show_drawing(make(few))
        for scheme in ("dark", "light"):
            context.theme.choose(scheme)
        assert chart.plot.isVisible()
        assert chart.summary.text()
    chart.show_drawing(people_drawings.sex(Figures()))
    assert not chart.plot.isVisible()
