"""Plans and ledgers of repairs in words and rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.domain.repair import Ledger, LedgerLine, RepairOutcome, RepairPlan, RepairStep, Unresolved
from app.ui import text
from app.ui.colours import Status
from app.ui.models.table import Column
from app.ui.status import Shown
from app.ui.views.uploads.people_drawings import people_words
from app.ui.views.uploads.site_drawings import sites_words


def _t(words: str) -> str:
    return QCoreApplication.translate("Plan", words)


def step_counts(step: RepairStep) -> str:
    """`212 sites, 3 people; 4 sites are lost`."""
    touched = [sites_words(step.sites)] if step.sites else []
    touched += [people_words(step.samples)] if step.samples else []
    lost = [sites_words(step.lost_sites)] if step.lost_sites else []
    lost += [people_words(step.lost_samples)] if step.lost_samples else []
    parts = [", ".join(touched)] if touched else []
    if lost:
        parts.append(_t("{0} lost").format(", ".join(lost)))
    return "; ".join(parts)


def totals(steps: Sequence[RepairStep]) -> str:
    """What the ticked steps cost together."""
    sites, people = sum(s.lost_sites for s in steps), sum(s.lost_samples for s in steps)
    lost = [sites_words(sites)] if sites else []
    lost += [people_words(people)] if people else []
    return _t("Lost: {0}.").format(", ".join(lost)) if lost else _t("Nothing is lost.")


def unresolved_columns() -> tuple[Column, ...]:
    """What no repair mends."""
    return (
        Column("title", _t("What stays"), 300),
        Column("sites", _t("Sites"), 80, show=text.number, numeric=True),
        Column("samples", _t("People"), 80, show=text.number, numeric=True),
        Column("examples", _t("For example"), 300),
    )


def unresolved_rows(left: Sequence[Unresolved]) -> list[tuple[Any, ...]]:
    """By number of sites."""
    ordered = sorted(left, key=lambda u: -(u.sites + u.samples))
    return [(u.title, u.sites, u.samples, ", ".join(u.examples)) for u in ordered]


def ledger_columns() -> tuple[Column, ...]:
    """Each step and what it did to sites and people."""
    return (
        Column("title", _t("Step"), 300),
        Column("changed", _t("Changed"), 85, show=_some, numeric=True),
        Column("added", _t("Added"), 75, show=_some, numeric=True),
        Column("removed", _t("Sites lost"), 80, show=_some, numeric=True),
        Column("sites", _t("Sites left"), 85, show=text.number, numeric=True),
        Column("people_lost", _t("People lost"), 85, show=_some, numeric=True),
        Column("people", _t("People left"), 85, show=text.number, numeric=True),
    )


def _some(value: int) -> str:
    return text.number(value) if value else "–"


def ledger_rows(ledger: Ledger) -> list[tuple[Any, ...]]:
    """From what came in to what went out, with what is left after each step."""
    sites, people = ledger.sites_in, ledger.samples_in
    rows: list[tuple[Any, ...]] = [(_t("In"), 0, 0, 0, sites, 0, people)]
    for line in ledger.lines:
        sites += line.added_sites - line.removed_sites
        people -= line.removed_samples
        rows.append(_line(line, sites, people))
    changed = sum(each.changed_sites for each in ledger.lines)
    added = sum(each.added_sites for each in ledger.lines)
    removed = sum(each.removed_sites for each in ledger.lines)
    gone = sum(each.removed_samples for each in ledger.lines)
    rows.append((_t("Out"), changed, added, removed, ledger.sites_out, gone, ledger.samples_out))
    return rows


def _line(line: LedgerLine, sites: int, people: int) -> tuple[Any, ...]:
    title = line.title or line.code
    return (
        title,
        line.changed_sites,
        line.added_sites,
        line.removed_sites,
        sites,
        line.removed_samples,
        people,
    )


def ledger_words(ledger: Ledger) -> str:
    """`4,003 sites of 48 people came in, 3,991 of 47 went out. It adds up.`"""
    said = _t("{0} of {1} came in, {2} of {3} went out.").format(
        sites_words(ledger.sites_in),
        people_words(ledger.samples_in),
        sites_words(ledger.sites_out),
        people_words(ledger.samples_out),
    )
    sure = _t("Every one is accounted for.") if ledger.adds_up else _t("The lines do not add up.")
    return f"{said} {sure}"


def outcome_shown(outcome: RepairOutcome) -> Shown:
    """Whether what was written can be sent."""
    if outcome.ready is None:
        return Shown(Status.WAITING, _t("Repaired"), "done")
    if outcome.ready:
        return Shown(Status.DONE, _t("Ready to send"))
    return Shown(Status.FAILED, _t("Still refused") if outcome.files else _t("Not repaired"))


# Groups of people.


def group_line(plan: RepairPlan) -> str:
    """`GRCh37 · 1,204 sites of 48 people are left`."""
    left = _t("{0} of {1} are left").format(sites_words(plan.sites_left), people_words(plan.samples_left))
    return " · ".join(part for part in (plan.build, "" if plan.refused else left) if part)


def group_columns() -> tuple[Column, ...]:
    """What is done for a group."""
    return (
        Column("title", _t("Step"), 340),
        Column("sites", _t("Sites"), 80, show=_some, numeric=True),
        Column("people", _t("People"), 80, show=_some, numeric=True),
        Column("lost_sites", _t("Sites lost"), 90, show=_some, numeric=True),
        Column("lost_people", _t("People lost"), 90, show=_some, numeric=True),
    )


def group_rows(plan: RepairPlan) -> list[tuple[Any, ...]]:
    """The steps that are ticked, and what they cost together."""
    steps = [step for step in plan.steps if step.chosen or not step.optional]
    rows: list[tuple[Any, ...]] = []
    for each in steps:
        rows.append((each.title, each.sites, each.samples, each.lost_sites, each.lost_samples))
    lost = (sum(each.lost_sites for each in steps), sum(each.lost_samples for each in steps))
    if len(rows) > 1 and any(lost):
        rows.append((_t("Together"), 0, 0, *lost))
    return rows
