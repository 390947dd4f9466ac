"""The report of a dataset as a page and as JSON, without names unless they are wanted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from app.domain.problem import ProblemError
from app.genotypes.figures import save_figures
from app.operations.cohort_folder import cohort_folder
from app.operations.desk import Desk
from app.operations.save_report import save_report
from app.store import datasets
from tests.ui import cohorts


@pytest.fixture
def judged(desk: Desk) -> str:
    made = cohorts.judged()
    desk.store.write_now(lambda c: datasets.save_dataset(c, made))
    folder = cohort_folder(desk, made.id)
    folder.mkdir(parents=True)
    save_figures(folder, cohorts.figures())
    return made.id


def test_a_report_names_nobody_unless_asked(desk: Desk, judged: str, tmp_path: Path) -> None:
    plain, named = tmp_path / "plain.json", tmp_path / "named.json"
    asyncio.run(save_report(desk, judged, plain))
    asyncio.run(save_report(desk, judged, named, names=True))
    assert json.loads(plain.read_text(encoding="utf-8"))
    assert "HD00002" not in plain.read_text(encoding="utf-8")
    assert "HD00002" in named.read_text(encoding="utf-8")


def test_a_page_is_html_and_whole_or_not_at_all(desk: Desk, judged: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    asyncio.run(save_report(desk, judged, page))
    words = page.read_text(encoding="utf-8")
    assert words.lstrip().lower().startswith("<!doctype html")
    assert "HD00002" not in words
    with pytest.raises(ProblemError, match="not saved"):
        asyncio.run(save_report(desk, judged, tmp_path / "missing" / "report.html"))
    assert [p.name for p in tmp_path.glob("report*")] == ["report.html"]


def test_an_unchecked_dataset_has_no_report(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="no report"):
        asyncio.run(save_report(desk, "data-none", tmp_path / "r.html"))
