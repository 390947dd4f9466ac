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


@dataclass(frozen=True)
class Overview:
    """Everything that Home shows."""

    services: tuple[Service, ...]
    datasets: tuple[Dataset, ...]
    jobs: tuple[Job, ...]
    results: tuple[Result, ...]
    needs: tuple[Need, ...]
    counts: Counts


async def read_overview(library: Library, now: datetime) -> Overview:
    """Read all nouns and say what needs a person."""
    services = await library.services()
    datasets = await library.datasets()
    jobs = await library.jobs()
    results = await library.results()
    found = needs(services, jobs, results, now)
    return Overview(services, datasets, jobs, results, found, counts(found, datasets, results))
