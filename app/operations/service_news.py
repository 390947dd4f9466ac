"""What a service tells of itself, kept, and what of it is another than before, told as one notice.

Another version of an application can treat the same files in another way, and another limit can refuse them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from app.domain.job import Event
from app.domain.notice import Notice, NoticeKind
from app.domain.service import LASTING_FACTS, Limits, Service
from app.operations.desk import Desk
from app.operations.tell import notice

LIMIT_WORDS = {
    "min_samples": "least samples",
    "max_samples": "most samples",
    "max_running_jobs": "jobs at once",
    "max_file_mb": "MB a file",
    "max_upload_mb": "MB a job",
    "max_parallel_downloads": "downloads at once",
    "max_downloads_per_file": "downloads of a file",
    "retention_days": "days that results are kept",
    "chromosomes": "chromosomes",
    "max_vcf_version": "newest VCF version",
}
"""The limits of which a change is told, in the order of `Limits`; how often it may be asked is none."""


async def learn(desk: Desk, service_id: str, *events: str, **told: object) -> Service | None:
    """Keep what a service tells of itself, with a notice of what changed; None when it was removed."""
    now = desk.clock.now()
    return await desk.change_service(
        service_id,
        lambda current: current.model_copy(update=told),
        *events,
        also=lambda before, after: news_of_service(before, after, now),
    )


def news_of_service(before: Service, after: Service, now: datetime) -> Iterator[Event | Notice]:
    """A line of the timeline and a notice where limits or versions are others than when it was last read.

    What is read for the first time is no news.
    """
    if before.last_synced is None:
        return
    said = [*_apps(before, after), *_versions(before, after), *_limits(before.limits, after.limits)]
    if not said:
        return
    text = " ".join(said)
    yield Event(at=now, kind="service", text=text, service_id=after.id)
    yield notice(
        now,
        NoticeKind.SERVICE_CHANGED,
        f"{after.name} is not as it was",
        text,
        key=f"changed:{after.id}:{now.isoformat()}",
        service_id=after.id,
    )


def _apps(before: Service, after: Service) -> Iterator[str]:
    known, there = {each.id for each in before.apps}, {each.id for each in after.apps}
    if not known or not there:
        return
    if there - known:
        yield f"New: {', '.join(each.id for each in after.apps if each.id not in known)}."
    if known - there:
        yield f"Gone: {', '.join(each.id for each in before.apps if each.id not in there)}."
    versions = {each.id: each.version for each in before.apps}
    for each in after.apps:
        if versions.get(each.id) and each.version and each.version != versions[each.id]:
            yield f"{each.name}: {each.version}, was {versions[each.id]}."


def _versions(before: Service, after: Service) -> Iterator[str]:
    known = {each.label: each.value for each in before.facts if each.label in LASTING_FACTS}
    for each in after.facts:
        if each.label in known and each.value != known[each.label]:
            yield f"{each.label}: {each.value}, was {known[each.label]}."
    if before.generation and after.generation and before.generation != after.generation:
        yield f"It speaks {after.generation}, and spoke {before.generation}."


def _limits(before: Limits, after: Limits) -> Iterator[str]:
    for name, words in LIMIT_WORDS.items():
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            yield f"{words.capitalize()}: {_value(now)}, was {_value(was)}."


def _value(value: object) -> str:
    if value is None or value == ():
        return "no limit told"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
