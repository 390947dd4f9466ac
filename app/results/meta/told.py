"""Tells how far the work on typed sites is, now and then."""

from __future__ import annotations

from app.domain.progress import Progress, Report

_EACH = 512


def told_sites(report: Report, step: str, done: int, total: int) -> None:
    """A reading every 512 sites."""
    if done % _EACH == 0:
        report(Progress(done=done, total=total, unit="sites", step=step))
