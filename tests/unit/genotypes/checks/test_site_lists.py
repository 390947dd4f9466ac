"""The lists of sites behind findings and behind the plane of frequencies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess
from app.genotypes.checks import cohort_frequency, site_lists
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import CheckOptions
from app.genotypes.checks.site_lists import fill_site_lists, shares
from app.genotypes.figures import load_figures, save_figures
from app.genotypes.site_table import SiteTable, table_of
from tests.helpers.cohorts import cohort_of_rows


def given(folder: Path, sites: int = 200, people: int = 60) -> CohortSubject:
    """A/G sites whose frequencies fit the panel, but for ten A/T sites that are turned; one has no calls."""
    random = np.random.default_rng(2)
    rows, frequencies = [], []
    for n in range(sites):
        p = float(random.uniform(0.1, 0.3))
        pair = "AT" if n < 10 else "AG"
        frequencies.append(round((1 - p if n < 10 else p) * 65_534))
        codes = [3] * people if n == 15 else random.binomial(2, p, people).tolist()
        rows.append(("chr1", 100 + n, ".", pair[0], pair[1], codes))
    base = table_of((row[1], row[3], row[4]) for row in rows)
    table = SiteTable(base.position, base.code, np.array(frequencies, np.uint16))
    cohort = cohort_of_rows(folder, [f"P{n}" for n in range(people)], rows)
    build = BuildGuess(value="GRCh37", confidence=0.999)
    return CohortSubject((cohort,), CheckOptions(), build, {"1": table})


def test_every_site_of_a_finding_is_listed(tmp_path: Path) -> None:
    subject = given(tmp_path / "c")
    found = {each.code: each.count for each in cohort_frequency.frequencies(subject)}
    found.pop("frequency.correlation")  # of all sites together
    fill_site_lists(subject)
    save_figures(tmp_path, subject.figures)
    figures = load_figures(tmp_path / "figures.npz")
    codes = figures.site_codes[figures.site_code]
    for code, count in found.items():
        assert (codes == code).sum() == count, code
    assert set(figures.site_position[codes == "frequency.mirrored"]) <= set(range(100, 110))
    assert set(figures.site_chromosomes[figures.site_chromosome]) == {"1"}
    assert figures.site_position[codes == "site.call_rate"].tolist() == [115]
    assert np.isnan(figures.site_here[codes == "site.call_rate"]).all()


def test_compared_sites_stand_in_the_cells_of_the_plane(tmp_path: Path) -> None:
    subject = given(tmp_path / "c")
    list(cohort_frequency.frequencies(subject))
    fill_site_lists(subject)
    figures = subject.figures
    counts = np.bincount(figures.compared_cell, minlength=2500).reshape(50, 50)
    assert (counts == figures.frequency_plane).all()
    assert len(figures.compared_position) == 199
    turned = figures.compared_position < 110
    assert (figures.compared_here[turned] < 0.5).all()
    assert (figures.compared_reference[turned] > 0.5).all()


def test_what_lies_apart_is_kept_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_lists, "MOST", 40)
    subject = given(tmp_path / "c")
    list(cohort_frequency.frequencies(subject))
    fill_site_lists(subject)
    figures = subject.figures
    assert len(figures.compared_position) == 40
    assert len(figures.site_code) <= 40
    assert set(range(100, 110)) <= set(figures.compared_position.tolist())


@pytest.mark.parametrize(
    ("counts", "most", "kept"),
    [((), 5, []), ((3, 2), 10, [3, 2]), ((900, 3, 500), 103, [50, 3, 50]), ((0, 7), 3, [0, 3])],
)
def test_small_lists_are_kept_whole(counts: tuple[int, ...], most: int, kept: list[int]) -> None:
    assert shares(counts, most) == kept
