"""Chunks by people: where whose calls are missing, and how well each chromosome fits the panel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from app.genotypes.figures import Figures
from app.ui import text
from app.ui.views.uploads.people_drawings import people_words
from app.ui.widgets.drawing import Drawing, Floats, Plane, Stops

LOW = 0.5
"""Servers leave a chunk out when one person has fewer called sites in it."""

MOST_PEOPLE = 40
APART = 0.04
"""Names of chromosomes are this share of the width apart, or left out."""

MEGABASE = 1_000_000


def _t(words: str) -> str:
    return QCoreApplication.translate("Chunks", words)


def chunk_name(figures: Figures, n: int) -> str:
    """`chr20: 20–40 Mb`."""
    start, end = (int(round(float(v[n]) / MEGABASE)) for v in (figures.chunk_start, figures.chunk_end))
    return f"chr{figures.chunk_chromosome[n]}: {start}–{end} Mb"


@dataclass(frozen=True)
class LowPeople:
    """People with too few calls somewhere, worst first, and their chunks."""

    people: NDArray[np.int64]
    chunks: tuple[NDArray[np.int64], ...]


def low_people(figures: Figures) -> LowPeople:
    """Who would cost a chunk."""
    rates = np.asarray(figures.chunk_call_rate, float)
    if rates.ndim != 2 or not rates.size:
        return LowPeople(np.empty(0, np.int64), ())
    low = rates < LOW
    guilty = np.flatnonzero(low.any(axis=0))
    order = guilty[np.argsort(-low[:, guilty].sum(axis=0), kind="stable")].astype(np.int64)
    return LowPeople(order, tuple(np.flatnonzero(low[:, n]).astype(np.int64) for n in order))


def low_rows(figures: Figures, most: int = 500) -> list[tuple[str, int, str]]:
    """Name, number of chunks, the first chunks."""
    found = low_people(figures)
    rows = []
    for who, chunks in list(zip(found.people, found.chunks, strict=True))[:most]:
        first = ", ".join(chunk_name(figures, int(n)) for n in chunks[:3])
        rows.append((str(figures.samples[int(who)]), len(chunks), first + (" …" if len(chunks) > 3 else "")))
    return rows


def chunk_map(figures: Figures) -> Drawing:
    """Chunks from left to right, a row for each of those with the fewest calls, the mean of all below."""
    rates = np.asarray(figures.chunk_call_rate, float)
    if rates.ndim != 2 or not rates.size:
        return Drawing(_t("Call rates by chunk are not known."))
    worst = np.argsort(np.nanmin(rates, axis=0), kind="stable")[:MOST_PEOPLE].astype(np.int64)
    rows = np.vstack((np.nanmean(rates, axis=1)[None, :], rates[:, worst[::-1]].T))
    shown = [-1, *(int(n) for n in worst[::-1])]
    columns = rows.shape[1]
    place = np.stack(np.meshgrid(np.arange(columns) + 0.5, np.arange(len(rows)) + 0.5), axis=-1).reshape(
        -1, 2
    )

    def words(n: int) -> str:
        row, column = divmod(n, columns)
        who = str(figures.samples[shown[row]]) if shown[row] >= 0 else _t("mean of all")
        sites = text.number(float(figures.chunk_sites[column])) if len(figures.chunk_sites) else "–"
        return _t("{0}, {1}: {2} called, {3} sites").format(
            chunk_name(figures, column), who, text.percent(float(rows[row, column]), 1), sites
        )

    members = [np.asarray([s], np.int64) if s >= 0 else np.empty(0, np.int64) for s in shown]
    stops = Stops(place[:, 0], place[:, 1], words, [members[n // columns] for n in range(rows.size)])
    names = [_t("all"), *(str(figures.samples[n]) for n in shown[1:])]
    few = len(names) <= 14
    y_ticks = [(n + 0.5, _cut(name)) for n, name in enumerate(names)] if few else _low_ticks(rows, names)
    return Drawing(
        _map_words(figures, len(worst)),
        (_map_plane(rows),),
        _t("chunks of 20 Mb by chromosome"),
        "",
        stops,
        (0, columns),
        (0, len(rows)),
        _chromosome_ticks(figures),
        y_ticks,
    )


def _map_plane(rows: Floats) -> Plane:
    scale = ((0.0, "failed"), (0.499, "failed"), (0.5, "warning"), (0.9, "line"), (1.0, "base"))
    return Plane(np.nan_to_num(rows), 0, 0, rows.shape[1], len(rows), 0, 1, scale)


def _low_ticks(rows: Floats, names: list[str]) -> list[tuple[float, str]]:
    """Only the names of those that would cost a chunk, as far as they do not run into one another."""
    low = np.flatnonzero((rows < LOW).any(axis=1))
    kept: list[tuple[float, str]] = [(0.5, names[0])]
    for n in low[::-1]:
        if n and all(abs(n + 0.5 - y) >= 2.5 for y, _ in kept):
            kept.append((n + 0.5, _cut(names[int(n)])))
    return kept


def _cut(name: str) -> str:
    return name if len(name) <= 14 else name[:6] + "…" + name[-6:]


def _chromosome_ticks(figures: Figures) -> list[tuple[float, str]]:
    names = np.asarray(figures.chunk_chromosome).astype(str)
    ticks = []
    for name in dict.fromkeys(names):
        some = np.flatnonzero(names == name)
        ticks.append((float(some.mean()) + 0.5, name))
    kept: list[tuple[float, str]] = []
    for place, name in ticks:
        crowded = kept and place - kept[-1][0] < APART * len(names)
        if not crowded:
            kept.append((place, name))
    return kept


def _map_words(figures: Figures, shown: int) -> str:
    found = low_people(figures)
    n = len(figures.samples)
    what = _t("No one is below {0} in any chunk.").format(text.percent(LOW))
    if len(found.people):
        lost = len(np.unique(np.concatenate(found.chunks)))
        what = _t("Below {0} in some chunk: {1}; {2} of {3} chunks would be lost.").format(
            text.percent(LOW), people_words(len(found.people)), lost, len(figures.chunk_start)
        )
    if shown < n:
        what += " " + _t("The {0} with the fewest calls are shown.").format(shown)
    return what


def chromosome_rows(figures: Figures) -> list[tuple[str, int, int, float | None, int]]:
    """Chromosome, chunks, sites, share of sites that the panel has, chunks with people below the limit."""
    names = np.asarray(figures.chunk_chromosome).astype(str)
    if not names.size:
        return []
    sites = np.asarray(figures.chunk_sites, float)
    overlap = np.asarray(figures.chunk_overlap if len(figures.chunk_overlap) else np.full(len(names), np.nan))
    rates = np.asarray(figures.chunk_call_rate, float)
    low = (rates < LOW).any(axis=1) if rates.ndim == 2 and rates.size else np.zeros(len(names), bool)
    rows = []
    for name in dict.fromkeys(names):
        some = names == name
        known = some & np.isfinite(overlap)
        weight = sites[known].sum()
        share = float((overlap[known] * sites[known]).sum() / weight) if weight else None
        rows.append((name, int(some.sum()), int(sites[some].sum()), share, int((low & some).sum())))
    return rows
