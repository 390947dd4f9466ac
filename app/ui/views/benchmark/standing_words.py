"""What a benchmark says: the rows of its table, and the sentence above them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication

from app.domain.accuracy import AncestrySource
from app.domain.benchmark import Benchmark, BenchmarkEntry, EntryState
from app.domain.job import JobState
from app.ui import status, text
from app.ui.colours import Status
from app.ui.models.table import Column
from app.ui.status import Shown

DIGITS = 3


def _t(words: str) -> str:
    return QCoreApplication.translate("Benchmark", words)


def standing_columns() -> tuple[Column, ...]:
    """Of the table."""
    return (
        Column("place", _t("Place"), 60, numeric=True),
        Column("panel", _t("Panel"), 200),
        Column("service", _t("Service"), 170),
        Column("state", _t("State"), 130, status=entry_shown),
        Column("score", _t("Score"), 70, show=_figure, numeric=True),
        Column("error", _t("± error"), 75, show=_figure, numeric=True),
        Column("r2", _t("r² where present"), 125, show=_figure, numeric=True),
        Column("present", _t("Present"), 75, show=_share, numeric=True),
        Column("apart", _t("Not told apart from"), 140),
        Column("problem", _t("What went wrong"), 200),
    )


def _figure(value: float | None) -> str:
    return "" if value is None else text.number(value, DIGITS)


def _share(value: float | None) -> str:
    return "" if value is None else text.percent(value, 1)


def standing_rows(made: Benchmark) -> list[tuple[Any, ...]]:
    """Those that were scored by their place, then the others."""
    ranked = made.ranking
    return [_row(each) for each in (*ranked, *(e for e in made.entries if e.standing is None))]


def _row(entry: BenchmarkEntry) -> tuple[Any, ...]:
    state = (entry.state, entry.job_state)
    told = entry.standing
    if told is None:
        return (None, entry.panel_name, entry.service_name, state, None, None, None, None, "", entry.problem)
    apart = ", ".join(_t("place {0}").format(each) for each in told.not_apart)
    figures = (told.score, told.error, told.r2, told.present)
    return (told.place, entry.panel_name, entry.service_name, state, *figures, apart, entry.problem)


def group_columns() -> tuple[Column, ...]:
    """Of the table of groups of people."""
    return (
        Column("group", _t("Group"), 120),
        Column("people", _t("People"), 75, numeric=True),
        Column("panel", _t("Panel"), 200),
        Column("service", _t("Service"), 170),
        Column("r2", _t("r² at hidden sites"), 140, show=_figure, numeric=True),
        Column("sites", _t("Hidden sites"), 100, numeric=True),
    )


def group_rows(made: Benchmark) -> list[tuple[Any, ...]]:
    """Group by group, best panel first."""
    return [(g.group, g.people, g.panel_name, g.service_name, g.r2, g.sites) for g in made.by_group()]


def group_words(made: Benchmark) -> str:
    """Where the groups of people come from, and whether one of them has another best panel."""
    source = _t("By groups of people as the table says")
    if made.hidden.ancestry is AncestrySource.PROJECTION:
        source = _t("By groups of people as their genotypes tell")
    best: dict[str, str] = {}
    for each in made.by_group():
        best.setdefault(each.group, each.panel_name)
    winner = made.winner
    other = [g for g, panel in best.items() if winner is not None and panel != winner.panel_name]
    if not other:
        return f"{source}."
    named = ", ".join(_t("{0}: {1}").format(g, best[g]) for g in other)
    return _t("{0}. Another panel is ahead for some of them: {1}.").format(source, named)


def entry_shown(value: tuple[EntryState, str]) -> Shown:
    """How far a panel is; while its job runs, how the job stands."""
    state, job_state = value
    table = {
        EntryState.READY: Shown(Status.WAITING, _t("Not sent")),
        EntryState.RUNNING: Shown(Status.RUNNING, _t("Under way")),
        EntryState.ARRIVED: Shown(Status.RUNNING, _t("Being scored")),
        EntryState.SCORED: Shown(Status.DONE, _t("Scored")),
        EntryState.FAILED: Shown(Status.FAILED, _t("Failed")),
    }
    if state is EntryState.RUNNING and job_state == JobState.SUCCESS:
        return Shown(Status.WAITING, _t("Done, to be fetched"))
    if state is EntryState.RUNNING and job_state:
        return status.job_state(job_state)
    return table[state]


def headline(made: Benchmark) -> str:
    """Who is best and how sure that is; who is still awaited."""
    waiting = sum(each.state not in (EntryState.SCORED, EntryState.FAILED) for each in made.entries)
    winner = made.winner
    if winner is None or winner.standing is None:
        if waiting:
            return _t("Nothing is scored yet: {0} of {1} panels are awaited.").format(
                waiting, len(made.entries)
            )
        return _t("No panel could be scored.")
    told = winner.standing
    error = "" if told.error is None else f" ± {text.number(told.error, DIGITS)}"
    said = [_best(made, winner, waiting).format(winner.panel_name, text.number(told.score, DIGITS), error)]
    names = [e.panel_name for e in made.ranking if e.standing and e.standing.place in told.not_apart]
    if names:
        said.append(
            _t("It is not told apart from {0}: the difference could be chance.").format(", ".join(names))
        )
    if waiting:
        said.append(_t("{0} of {1} panels are still awaited.").format(waiting, len(made.entries)))
    return " ".join(said)


def _best(made: Benchmark, winner: BenchmarkEntry, waiting: int) -> str:
    if len(made.ranking) < 2:
        return _t("Only {0} is scored: {1}{2}. There is nothing to compare it with.")
    if waiting:
        return _t("So far {0} is best, with a score of {1}{2}.")
    return _t("{0} is best for these data, with a score of {1}{2}.")


def hidden_words(made: Benchmark) -> str:
    """What was hidden, so that it can be done again."""
    hidden = made.hidden
    return _t("{0} of {1} typed sites were hidden (chromosomes {2}, seed {3}), of {4} people.").format(
        text.number(hidden.hidden),
        text.number(hidden.typed),
        ", ".join(hidden.chromosomes),
        hidden.seed,
        text.number(hidden.people),
    )
