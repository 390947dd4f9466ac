"""What a job costs of a quota, and when that stops it."""

from __future__ import annotations

import pytest

from app.domain.service import Quota
from app.operations.job_quota import charged_more, judge_quota

FULL = Quota(limit=2500, used=500, unit="samples", charged_minimum=500, largest_job=10_000)


@pytest.mark.parametrize(
    ("quota", "samples", "stops"),
    [
        (FULL, 2000, False),
        (FULL, 2001, True),
        (FULL, 10_001, True),
        (FULL, None, False),
        (FULL.model_copy(update={"used": 2001.0}), 3, True),
        (FULL.model_copy(update={"used": 2001.0}), None, True),
        (FULL.model_copy(update={"used": 9999.0}), 600, True),
        (Quota(), 1_000_000, False),
        (Quota(limit=10, used=0), 11, True),
        (Quota(largest_job=10), 11, True),
    ],
)
def test_what_stops_a_job(quota: Quota, samples: int | None, stops: bool) -> None:
    assert bool(judge_quota(quota, samples, "Terra")) == stops


@pytest.mark.parametrize(("samples", "told"), [(499, True), (500, False), (None, False)])
def test_the_least_that_is_charged(samples: int | None, told: bool) -> None:
    found = charged_more(FULL, samples, "Terra")
    assert bool(found) == told
    assert all("500" in each.problem.what_happened for each in found)
    assert charged_more(Quota(), samples, "Terra") == ()
