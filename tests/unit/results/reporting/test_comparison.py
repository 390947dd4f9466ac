"""The report of a comparison tells the ranking, all figures, and no folders."""

from __future__ import annotations

import io
from pathlib import Path

import pypdf
import pytest

from app.domain.progress import silent
from app.domain.result_comparison import ResultComparison
from app.results.comparing.compare import Compared, CompareRequest, compare
from app.results.merging.files import result_files
from app.results.reporting.comparison import comparison_reports, curves
from app.results.reporting.shapes import LINES, PAPER, Curve
from tests.unit.results.merging.made_results import made_results
from tests.unit.results.reporting.parts import NOW


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> ResultComparison:
    folder = tmp_path_factory.mktemp("private")
    written = [each.write(folder / f"panel{k}") for k, each in enumerate(made_results(3))]
    sources = tuple(Compared(str(each), result_files(str(each), None), 12.0, "free") for each in written)
    return compare(CompareRequest(sources, None), silent)


def test_both_forms_tell_the_same(compared: ResultComparison) -> None:
    made = comparison_reports(compared, ("html", "pdf"), NOW)
    page = made["html"].decode()
    paper = "".join(each.extract_text() for each in pypdf.PdfReader(io.BytesIO(made["pdf"])).pages)
    for text in (page, paper):
        assert all(each.name in text for each in compared.results)
        assert f"{compared.union:,}" in text
        assert "free" in text
        assert Path(compared.results[0].dir).parent.name not in text
    assert page.count("<svg") == 2


def test_the_best_comes_first(compared: ResultComparison) -> None:
    page = comparison_reports(compared, ("html",), NOW)["html"].decode()
    names = {each.dir: each.name for each in compared.results}
    places = [page.index(f"<td>{names[each]}</td>") for each in compared.ranking]
    assert places == sorted(places)


def test_lines_are_told_apart_by_more_than_colour() -> None:
    drawing = curves([(f"result {n}", [0.1, None, 0.9]) for n in range(10)], ["a", "b", "c"], "R2")
    drawn = [each for each in drawing.shapes if isinstance(each, Curve)]
    assert [each.kind for each in drawn] == list(LINES)
    assert all(len(each.points) == 2 for each in drawn)
    assert len({PAPER[each].dash for each in LINES}) == len(LINES)
