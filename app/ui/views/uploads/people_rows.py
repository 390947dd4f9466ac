"""A row for each person of a dataset: what the figures say of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication

from app.genotypes.figures import Figures
from app.ui import text
from app.ui.colours import Status
from app.ui.models.table import Column
from app.ui.status import Shown
from app.ui.views.uploads.people_drawings import (
    FEMALE,
    LOW_CALL_RATE,
    MALE,
    OUTLIER_SD,
    ancestry_of,
    sex_conflicts,
)

KEYS = (
    "id",
    "name",
    "notes",
    "call_rate",
    "het",
    "f",
    "stated",
    "found",
    "ancestry",
    "sure",
    "kin",
    "low_chunks",
)
RELATED = 0.0442
LOW_CHUNK = 0.5


def _t(words: str) -> str:
    return QCoreApplication.translate("Cohort", words)


def people_columns() -> tuple[Column, ...]:
    """Name · what to look at · figures."""
    return (
        Column("name", _t("Person"), 130),
        Column("notes", _t("To look at"), 170, status=note_shown),
        Column("call_rate", _t("Call rate (%)"), 95, show=_two, numeric=True),
        Column("het", _t("Het (%)"), 75, show=_two, numeric=True),
        Column("f", _t("F"), 65, show=_three, numeric=True),
        Column("stated", _t("Sex stated"), 85),
        Column("found", _t("Sex found"), 85),
        Column("ancestry", _t("Ancestry"), 85),
        Column("sure", _t("Sure (%)"), 75, show=_zero, numeric=True),
        Column("kin", _t("Relatives"), 80, show=text.number, numeric=True),
        Column("low_chunks", _t("Low chunks"), 85, show=text.number, numeric=True),
    )


def _two(value: float | None) -> str:
    return text.number(value, 2)


def _three(value: float | None) -> str:
    return text.number(value, 3)


def _zero(value: float | None) -> str:
    return text.number(value, 0)


def note_shown(notes: str) -> Shown:
    """The badge of a person."""
    return Shown(Status.WARNING, notes) if notes else Shown(Status.WAITING, "–", "done")


def people_rows(figures: Figures) -> list[tuple[Any, ...]]:
    """In the order of the files; percentages as numbers; None where nothing is known."""
    n = len(figures.samples)
    if not n:
        return []
    rate, het, f = (_values(v, n) for v in (figures.sample_call_rate, figures.sample_het, figures.het_f))
    stated, found = _sexes(figures.sex_stated, n), _sexes(figures.sex_found, n)
    label, chance = ancestry_of(figures)
    names = [str(name) for name in figures.ancestry_labels]
    ancestry = [names[k] if 0 <= k < len(names) else (_t("uncertain") if names else "") for k in label]
    kin, low = _relatives(figures, n), _low_chunks(figures, n)
    notes = _notes(figures, rate, het, kin, low)
    percent = [100 * v for v in (rate, het, chance)]
    columns = (
        [str(k) for k in range(n)], [str(name) for name in figures.samples], notes,
        _known(percent[0]), _known(percent[1]), _known(f), stated,
        found, ancestry, _known(percent[2]), kin, low,
    )  # fmt: skip
    return list(zip(*columns, strict=True))


def _values(values: Any, n: int) -> Any:
    made = np.asarray(values, float)
    return made if len(made) == n else np.full(n, np.nan)


def _known(values: Any) -> list[float | None]:
    return [None if v != v else round(v, 5) for v in values.tolist()]


def _sexes(codes: Any, n: int) -> list[str]:
    words = {MALE: _t("male"), FEMALE: _t("female")}
    made = np.asarray(codes, int).tolist() if len(codes) == n else [0] * n
    return [words.get(code, "–") for code in made]


def _relatives(figures: Figures, n: int) -> list[int | None]:
    if not figures.sample_call_rate.size:
        return [None] * n
    counted = np.zeros(n, int)
    if len(figures.pairs):
        near = np.asarray(figures.pairs, int)[np.asarray(figures.kinship, float) > RELATED]
        np.add.at(counted, near.reshape(-1), 1)
    found: list[int | None] = counted.tolist()
    return found


def _low_chunks(figures: Figures, n: int) -> list[int | None]:
    rates = np.asarray(figures.chunk_call_rate)
    if rates.ndim != 2 or rates.shape[1] != n:
        return [None] * n
    counted: list[int | None] = (rates < LOW_CHUNK).sum(axis=0).tolist()
    return counted


def _notes(figures: Figures, rate: Any, het: Any, kin: list[int | None], low: list[int | None]) -> list[str]:
    """What stands out, in a few words a person."""
    known = het[np.isfinite(het)]
    mean, sd = (float(known.mean()), float(known.std())) if len(known) else (0.0, 0.0)
    far = np.abs(np.nan_to_num(het, nan=mean) - mean) > OUTLIER_SD * sd if sd else np.zeros(len(het), bool)
    twins: set[int] = set()
    if len(figures.pairs):
        same = np.asarray(figures.pairs, int)[np.asarray(figures.kinship, float) > 0.354]
        twins = set(same.reshape(-1).tolist())
    conflict, low_rate = sex_conflicts(figures), np.nan_to_num(rate, nan=1.0) < LOW_CALL_RATE
    said = []
    for k in range(len(rate)):
        parts = (
            (low_rate[k], _t("low call rate")),
            (bool(low[k]), _t("costs chunks")),
            (far[k], _t("heterozygosity")),
            (conflict[k], _t("sex")),
            (k in twins, _t("duplicate")),
        )
        said.append(", ".join(words for on, words in parts if on))
    return said
