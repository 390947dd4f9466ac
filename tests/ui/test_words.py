"""Numbers, times, plurals, states and reports as they are shown."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QLocale

from app.domain.dataset import DatasetState
from app.domain.job import JobState
from app.domain.problem import Kind, Problem
from app.domain.progress import Progress
from app.domain.result import ResultState
from app.domain.service import HealthState
from app.ui import status, text
from app.ui.commands import fuzzy_score
from app.ui.dialogs.crash import cleaned, report_text
from app.ui.widgets.progress import progress_words
from tests.ui.samples import NOW, ago, soon


@pytest.fixture(autouse=True)
def _english() -> None:
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (240, "4 min"),
        (7500, "2 h 5 min"),
        (7200, "2 h"),
        (64800, "18 h"),
        (3e5, "3 days"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert text.duration(seconds) == words


def test_relative_times() -> None:
    assert text.relative(ago(minutes=5), NOW) == "5 min ago"
    assert text.relative(soon(hours=20), NOW) == "in 20 h"
    assert text.relative(ago(seconds=2), NOW) == "just now"
    assert text.relative(None, NOW) == "–"


def test_plurals_and_numbers() -> None:
    assert text.plural("1 file(s)", 1) == "1 file"
    assert text.plural("3 file(s)", 3) == "3 files"
    assert text.plural("2 match(es)", 2) == "2 matches"
    assert text.number(4003) == "4,003"
    assert text.size(85_200_000) == "85.2 MB"
    assert text.number(None) == "–"


def test_progress_in_words() -> None:
    reading = Progress(done=62, total=100, rate=48e6, left_s=250)
    assert progress_words(reading) == "62 % · 48.0 MB/s · 4 min left"
    counting = Progress(done=1200, unit="records", counts={"variants": 1200})
    assert progress_words(counting) == "1,200 records · 1,200 variants"


def test_every_state_has_a_word() -> None:
    for show, states in (
        (status.job_state, JobState),
        (status.dataset_state, DatasetState),
        (status.result_state, ResultState),
        (status.health_state, HealthState),
    ):
        shown = [show(each) for each in states]
        assert all(each.word for each in shown)


def test_a_state_of_the_future_is_never_shown_as_done() -> None:
    assert status.job_state("teleported").status == status.Status.WARNING
    assert status.health_state("odd").status == status.Status.WARNING


def test_fuzzy_matches_prefer_starts_of_words() -> None:
    assert fuzzy_score("nj", "New job") is not None
    assert fuzzy_score("xyz", "New job") is None
    new, join = fuzzy_score("nj", "New job"), fuzzy_score("nj", "Enjoy")
    assert new is not None
    assert join is not None
    assert new > join


def test_a_report_of_a_bug_says_nothing_of_the_user() -> None:
    problem = Problem(
        kind=Kind.BUG,
        title="Something went wrong",
        what_happened="ValueError in the program itself.",
        details=(
            'File "/home/jdoe/haplodesk/app/ui/bridge.py", line 5, in run\n'
            "ValueError: /home/jdoe/study of x/cohort.vcf.gz bad, 'NA12878.vcf.gz' too\n"
            "at https://example.org/share/results/abc?sig=1 with eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl\n"
            "22\t100\t.\tA\tC\t0|1:0.5\t1|1:0.9\t0/0\n"
        ),
    )
    report = report_text(problem, "1.0")
    for secret in ("jdoe", "cohort", "NA12878", "example.org", "eyJ", "0|1", "1|1"):
        assert secret not in report, secret
    assert "app:ui:bridge.py" in report
    assert cleaned("nothing here") == "nothing here"
