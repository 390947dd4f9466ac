"""Plots show what is binned; small numbers of people are one height, whatever they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.results.reporting.plots import er2_plane, heat_map, people_histogram, r2_by_maf, r2_histogram
from app.results.reporting.shapes import PAPER, Box, Curve, Drawing
from app.results.reporting.svg import svg
from tests.unit.results.reporting.parts import measured_result, random_values


def boxes(drawing: Drawing, kind: str) -> list[Box]:
    return [each for each in drawing.shapes if isinstance(each, Box) and each.kind == kind]


def test_bars_of_r2_stand_for_all_imputed_sites(tmp_path: Path) -> None:
    measured = measured_result(tmp_path)
    bars = boxes(r2_histogram(measured.tables), "bar")
    told = sum(int(each.title.rsplit(": ")[1].replace(",", "")) for each in bars)
    assert told == measured.figures.whole.imputed


def test_the_curve_has_a_point_for_each_range_with_sites(tmp_path: Path) -> None:
    figures = measured_result(tmp_path).figures
    known = [each for each in figures.by_maf if each.sites.mean_r2 is not None]
    (curve,) = (e for e in r2_by_maf(figures.by_maf).shapes if isinstance(e, Curve))
    assert len(curve.points) == len(known) > 1
    best = max(range(len(known)), key=lambda n: known[n].sites.mean_r2 or 0)
    assert curve.points[best][1] == min(y for _, y in curve.points)


def test_the_heat_map_has_a_field_for_each_range(tmp_path: Path) -> None:
    tables = measured_result(tmp_path).tables
    drawing = heat_map(tables, tables.chromosomes)
    known = int(np.isfinite(tables.heat()).sum())
    assert len(boxes(drawing, "heat")) == known
    assert len(boxes(drawing, "paper")) == tables.heat().size - known


def test_few_people_are_a_stub_of_one_height() -> None:
    drawing = people_histogram(random_values(200), "figure")
    assert drawing is not None
    few = boxes(drawing, "few")
    assert few
    assert len({round(each.height, 3) for each in few}) == 1
    assert all(each.title.endswith(("< 5", "not shown")) for each in few)


def test_a_single_small_bin_takes_another_one_with_it() -> None:
    values = np.repeat([0.1, 0.3, 0.5, 0.7, 0.9], [2, 10, 20, 10, 10])
    drawing = people_histogram(values, "figure")
    assert drawing is not None
    titles = [each.title.rsplit(": ")[1] for each in boxes(drawing, "few")]
    assert sorted(titles) == ["< 5", "not shown"]


def test_too_few_people_are_not_drawn() -> None:
    assert people_histogram(random_values(9), "figure") is None


def test_every_kind_of_shape_has_a_look_and_a_style(tmp_path: Path) -> None:
    measured = measured_result(tmp_path)
    histogram = people_histogram(random_values(200), "figure")
    assert histogram is not None
    drawings = [r2_by_maf(measured.figures.by_maf), er2_plane(measured.tables), histogram]
    drawings += [r2_histogram(measured.tables), heat_map(measured.tables, measured.tables.chromosomes)]
    assert {shape.kind for each in drawings for shape in each.shapes} <= set(PAPER)
    alone = svg(drawings[0], alone=True)
    assert alone.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert ".curve{" in alone
