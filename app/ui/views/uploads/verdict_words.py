"""A prediction in words and rows: its badge, its reasons, the counters of the server, the chunks it loses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.domain.verdict import LostChunk, Outcome, Verdict, VerdictReason
from app.ui import text
from app.ui.colours import Status
from app.ui.models.table import Column
from app.ui.status import Shown

MEGABASE = 1_000_000
NAMED = 5
NO_POPULATION = "off"


def _t(words: str) -> str:
    return QCoreApplication.translate("Verdicts", words)


def outcome_shown(outcome: str) -> Shown:
    """Word, icon and colour of a prediction."""
    table = {
        Outcome.ACCEPTS: Shown(Status.DONE, _t("Would accept it")),
        Outcome.PARTLY: Shown(Status.WARNING, _t("Looks good so far")),
        Outcome.REFUSES: Shown(Status.FAILED, _t("Would refuse it")),
        Outcome.UNKNOWN: Shown(Status.WAITING, _t("Cannot be told"), "unknown"),
    }
    found = next((each for each in Outcome if each == outcome), Outcome.UNKNOWN)
    return table[found]


def predicted_shown(outcome: str, headline: str) -> Shown:
    """The sign of a prediction before its sentence."""
    shown = outcome_shown(outcome)
    return Shown(shown.status, headline.rstrip("."), shown.icon)


def verdict_name(verdict: Verdict) -> str:
    """`Michigan · 1000G Phase 3 · eur`."""
    population = verdict.population if verdict.population != NO_POPULATION else ""
    return " · ".join(part for part in (verdict.service, verdict.panel, population) if part)


def repairable(verdict: Verdict) -> bool:
    """Whether a repair would mend something of it."""
    return any(r.fix or r.repairable for r in verdict.reasons) or bool(verdict.remedy)


def reason_columns() -> tuple[Column, ...]:
    """Why · here · allowed · repairable."""
    return (
        Column("stops", _t("Matters"), 130, status=stops_shown),
        Column("text", _t("Reason"), 380),
        Column("here", _t("Here"), 80, show=text.number, numeric=True),
        Column("allowed", _t("Allowed"), 80, show=text.number, numeric=True),
        Column("repairable", _t("Repairable"), 90, show=text.number, numeric=True),
    )


def stops_shown(stops: bool) -> Shown:
    """Whether a reason stops a submission."""
    return Shown(Status.FAILED, _t("Stops it")) if stops else Shown(Status.WARNING, _t("Worth a look"))


def reason_rows(reasons: Sequence[VerdictReason]) -> list[tuple[Any, ...]]:
    """What stops first."""
    ordered = sorted(reasons, key=lambda r: not r.stops)
    return [(r.stops, r.text, r.here, r.allowed, r.repairable) for r in ordered]


def counter_rows(verdict: Verdict) -> list[tuple[str, str]]:
    """The figures of the server's report by its own names; whole numbers as such."""
    return [(name, _figure(value)) for name, value in verdict.counters.items()]


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return text.number(value) if float(value).is_integer() else text.number(value, 3)


def chunk_columns() -> tuple[Column, ...]:
    """Where · why · whose calls are missing."""
    return (
        Column("where", _t("Chunk"), 150),
        Column("reason", _t("Why it would be left out"), 240),
        Column("variants", _t("Sites"), 70, show=text.number, numeric=True),
        Column("overlap", _t("In the panel"), 90, show=lambda v: text.percent(v, 1), numeric=True),
        Column("people", _t("People with too few calls"), 240),
    )


def _why_lost(reason: str) -> str:
    table = {
        "overlap": _t("too few of its sites are in the panel"),
        "snps": _t("too few sites"),
        "call_rate": _t("people with too few calls"),
    }
    return table.get(reason, reason)


def chunk_rows(chunks: Sequence[LostChunk]) -> list[tuple[Any, ...]]:
    """Every chunk that would be left out."""
    return [(_where(c), _why_lost(c.reason), c.variants, c.overlap, people_named(c.people)) for c in chunks]


def _where(chunk: LostChunk) -> str:
    start, end = (text.number(round(v / MEGABASE)) for v in (chunk.start, chunk.end))
    return f"chr{chunk.chromosome.removeprefix('chr')}: {start}–{end} Mb"


def people_named(people: Sequence[str], most: int = NAMED) -> str:
    """The first names, and how many more."""
    said = ", ".join(people[:most])
    more = len(people) - most
    return said if more <= 0 else _t("{0} and {1} more").format(said, text.number(more))
