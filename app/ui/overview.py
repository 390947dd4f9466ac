"""Home and the badges read the same things once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.dataset import Dataset
from app.domain.job import Job
from app.domain.result import Result
from app.domain.service import Service
from app.ui.attention import Counts, Need, counts, needs
from app.ui.context import Library

RECENT = 20
"""Datasets that are kept, of perhaps thousands; more than Home has rows."""


@dataclass(frozen=True)
class Overview:
    """Everything that Home shows; `jobs` and `results` are those at hand, `datasets` the latest."""

    services: tuple[Service, ...]
    datasets: tuple[Dataset, ...]
    jobs: tuple[Job, ...]
    results: tuple[Result, ...]
    needs: tuple[Need, ...]
    counts: Counts
    any_job: bool


async def read_overview(library: Library, now: datetime) -> Overview:
    """Read what is at hand and say what needs a person."""
    services = await library.services()
    datasets = await library.datasets()
    hand = await library.at_hand(now)
    found = needs(services, hand.jobs, hand.results, now)
    counted = counts(found, datasets, hand.results)
    return Overview(services, datasets[:RECENT], hand.jobs, hand.results, found, counted, hand.any_job)
