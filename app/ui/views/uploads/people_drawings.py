"""The people of a dataset as drawings: call rate, heterozygosity, sex and ancestry; binned when many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from app.genotypes.figures import Figures
from app.ui import text
from app.ui.text import plural
from app.ui.widgets.drawing import Dots, Drawing, Floats, Layer, Line, Rule, Stops, share_ticks

MOST_POINTS = 5_000
FEW = 300
CURVE_STOPS = 300
GRID_BINS = 70
LOW_CALL_RATE = 0.9
OUTLIER_SD = 3.0
CERTAIN = 0.5
MALE, FEMALE = 1, 2
SYMBOLS = ("o", "s", "t1", "d", "p")
Indices = NDArray[np.int64]


def _t(words: str) -> str:
    return QCoreApplication.translate("Cohort", words)


def people_words(n: int) -> str:
    """`12 people`, `1 person`."""
    return _t("1 person") if n == 1 else _t("{0} people").format(text.number(n))


def names_of(figures: Figures, things: Sequence[int] | Indices, most: int = 3) -> str:
    """The first names of some people, and how many more."""
    shown = ", ".join(str(figures.samples[int(n)]) for n in things[:most])
    more = len(things) - most
    return shown if more <= 0 else _t("{0} and {1} more").format(shown, text.number(more))


def call_rate_curve(figures: Figures) -> Drawing:
    """People from the worst to the best, by the share of genotypes that were called."""
    rates = np.asarray(figures.sample_call_rate, float)
    known = np.flatnonzero(np.isfinite(rates)).astype(np.int64)
    if not len(known):
        return Drawing(_t("The call rate of people is not known."))
    order = known[np.argsort(rates[known], kind="stable")]
    parts = np.array_split(order, min(len(order), CURVE_STOPS))
    counts = np.cumsum([len(p) for p in parts])
    place = (counts - np.asarray([len(p) for p in parts]) / 2) / len(order) * 100
    height = np.asarray([rates[p].mean() for p in parts])
    low = int(np.count_nonzero(rates[known] < LOW_CALL_RATE))
    floor = max(0.0, min(LOW_CALL_RATE - 0.02, float(rates[known].min()) - 0.01))

    def words(n: int) -> str:
        share = text.percent(float(height[n]), 2)
        return _t("{0}: call rate {1}").format(names_of(figures, parts[n]), share)

    summary = _t("Median call rate {0}; below {1}: {2}.").format(
        text.percent(float(np.median(rates[known])), 2), text.percent(LOW_CALL_RATE), people_words(low)
    )
    small = Dots(place, height, size=4.0) if len(parts) < 100 else Line(place, height)
    layers = (Line(place, height), small, _level(LOW_CALL_RATE, 0, 100))
    return Drawing(
        summary,
        layers,
        _t("people, worst first (%)"),
        _t("call rate (%)"),
        Stops(place, height, words, parts),
        (-1, 101),
        (floor, 1.002),
        None,
        share_ticks(floor, 1.0),
    )


def _level(value: float, left: float, right: float) -> Rule:
    return Rule((left, value), (right, value), text.percent(value, 0), "warning")


def _far_from_mean(mean: float, sd: float, across: tuple[float, float]) -> Iterator[Rule]:
    for level, words in (
        (mean + OUTLIER_SD * sd, _t("mean + 3 SD")),
        (mean - OUTLIER_SD * sd, _t("mean − 3 SD")),
    ):
        yield Rule((across[0], level), (across[1], level), words, "muted", True)


def heterozygosity(figures: Figures) -> Drawing:
    """Heterozygosity by call rate; who stands apart is drawn one by one, the rest binned when many."""
    het, rates = np.asarray(figures.sample_het, float), np.asarray(figures.sample_call_rate, float)
    if not len(het) or len(het) != len(rates):
        return Drawing(_t("Heterozygosity is not known: the files hold too few sites or people."))
    known = np.isfinite(het) & np.isfinite(rates)
    if not known.any():
        return Drawing(_t("Heterozygosity is not known: the files hold too few sites or people."))
    mean, sd = float(het[known].mean()), float(het[known].std())
    far = known & (np.abs(het - mean) > OUTLIER_SD * sd) if sd > 0 else np.zeros(len(het), bool)
    usual, apart = np.flatnonzero(known & ~far), np.flatnonzero(far)
    x, y, members, sizes = _gathered(rates, het, usual, MOST_POINTS)
    all_x, all_y = np.concatenate((x, rates[apart])), np.concatenate((y, het[apart]))
    parts = [*members, *(np.asarray([n], np.int64) for n in apart)]

    def words(n: int) -> str:
        said = _t("{0}: {1} heterozygous, call rate {2}")
        return said.format(
            names_of(figures, parts[n]),
            text.percent(float(all_y[n]), 2),
            text.percent(float(all_x[n]), 2),
        )

    left, right = float(rates[known].min()), float(rates[known].max())
    edge = max(0.002, (right - left) * 0.05)
    across = (left - edge, right + edge)
    layers: list[Layer] = [Dots(x, y, size=sizes, strength=0.6), *_far_from_mean(mean, sd, across)]
    layers.append(Dots(rates[apart], het[apart], "failed", size=9.0, symbol="d"))
    summary = _t("Mean {0}; more than 3 SD away: {1}.").format(
        text.percent(mean, 1), people_words(len(apart))
    )
    stops = Stops(all_x, all_y, words, parts)
    low, high = min(float(het[known].min()), mean - 4 * sd), max(float(het[known].max()), mean + 4 * sd)
    low, high = low - 0.05 * (high - low), high + 0.05 * (high - low)
    return Drawing(
        summary, tuple(layers), _t("call rate (%)"), _t("heterozygous calls (%)"), stops, across, (low, high),
        share_ticks(*across), share_ticks(low, high),
    )  # fmt: skip


def _gathered(
    x: Floats, y: Floats, wanted: Indices, most: int
) -> tuple[Floats, Floats, list[Indices], float | Floats]:
    """Points as they are, or the middles of the cells of a grid with their members and sizes."""
    if len(wanted) <= most:
        return x[wanted], y[wanted], [np.asarray([n], np.int64) for n in wanted], 7.0
    cell = _cells(x[wanted]) * GRID_BINS + _cells(y[wanted])
    order = np.argsort(cell, kind="stable")
    _, starts = np.unique(cell[order], return_index=True)
    members = [wanted[part] for part in np.split(order, starts[1:])]
    count = np.asarray([len(m) for m in members], float)
    middle_x = np.asarray([x[m].mean() for m in members])
    middle_y = np.asarray([y[m].mean() for m in members])
    return middle_x, middle_y, members, 4.0 + 8.0 * np.sqrt(count / count.max())


def _cells(values: Floats) -> Indices:
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) / max(high - low, 1e-12) * GRID_BINS
    return np.minimum(scaled.astype(np.int64), GRID_BINS - 1)


def sex_word(code: float) -> str:
    """0 not known, 1 male, 2 female."""
    return {MALE: _t("male"), FEMALE: _t("female")}.get(int(code), _t("not known"))


def sex_conflicts(figures: Figures) -> NDArray[np.bool_]:
    """Who is stated to be of the other sex than the X chromosome says."""
    stated, found = np.asarray(figures.sex_stated), np.asarray(figures.sex_found)
    if not len(stated) == len(found) == len(figures.samples):
        return np.zeros(len(figures.samples), bool)
    conflict: NDArray[np.bool_] = (stated > 0) & (found > 0) & (stated != found)
    return conflict


def sex(figures: Figures) -> Drawing:
    """Heterozygosity on X by the sex that is stated; conflicts stand out."""
    het = np.asarray(figures.x_het, float)
    known = np.flatnonzero(np.isfinite(het)) if len(het) else np.empty(0, np.int64)
    if not len(known):
        return Drawing(_t("Sex is not known: the files hold no X chromosome."))
    stated = np.asarray(figures.sex_stated if len(figures.sex_stated) else np.zeros(len(het)), int)
    found = np.asarray(figures.sex_found if len(figures.sex_found) else np.zeros(len(het)), int)
    spread = (np.arange(len(het)) * 0.618034 % 1.0 - 0.5) * 0.6
    row = np.where(stated == MALE, 1.0, np.where(stated == FEMALE, 2.0, 0.0)) + spread
    conflict = sex_conflicts(figures)
    layers: list[Layer] = []
    for code, colour, symbol in ((MALE, "series3", "s"), (FEMALE, "series4", "o"), (0, "muted", "d")):
        some = known[(found[known] == code) & ~conflict[known]]
        if len(some):
            layers.append(Dots(het[some], row[some], colour, sex_word(code), 6.0, symbol, 0.7))
    wrong = known[conflict[known]]
    if len(wrong):
        layers.append(Dots(het[wrong], row[wrong], "failed", _t("conflict"), 10.0, "x"))

    def words(n: int) -> str:
        who = int(known[n])
        return _t("{0}: stated {1}, found {2}, {3} heterozygous on X").format(
            figures.samples[who], sex_word(stated[who]), sex_word(found[who]), text.percent(het[who], 1)
        )

    parts = [np.asarray([n], np.int64) for n in known]
    summary = _t("Stated and found differ: {0}.").format(people_words(len(wrong)))
    ticks = ((0.0, _t("not stated")), (1.0, _t("stated male")), (2.0, _t("stated female")))
    stops = Stops(het[known], row[known], words, parts)
    top = max(0.35, float(het[known].max()) + 0.02) * 1.25
    return Drawing(
        summary, tuple(layers), _t("heterozygous calls on X (%)"), "", stops, (-0.02, top), (-0.5, 3.4),
        share_ticks(0, top), ticks, legend=True,
    )  # fmt: skip


def ancestry(figures: Figures, first: int = 0) -> Drawing:
    """The cohort on the axes of the reference, beginning with axis `first`; the reference as pale clouds."""
    pcs = np.asarray(figures.pcs, float)
    if pcs.ndim != 2 or pcs.shape[1] < first + 2 or not len(pcs):
        return Drawing(_t("Ancestry is not known: too few sites overlap with the reference."))
    label, chance = ancestry_of(figures)
    layers = [*_clouds(figures, first)]
    x, y = pcs[:, first], pcs[:, first + 1]
    known = np.isfinite(x) & np.isfinite(y)
    stops_x, stops_y, members = [np.empty(0)], [np.empty(0)], []
    for code, name in _kinds(figures):
        some = np.flatnonzero((label == code) & known).astype(np.int64)
        if not len(some):
            continue
        at_x, at_y, parts, size = _gathered(x, y, some, MOST_POINTS // 5)
        colour = f"series{code}" if code >= 0 else "text"
        symbol = SYMBOLS[code] if code >= 0 else "x"
        said = f"{name}: {text.number(len(some))}"
        layers.append(Dots(at_x, at_y, colour, said, np.maximum(size, 8.0), symbol, 1.0, len(at_x) < FEW))
        stops_x.append(at_x)
        stops_y.append(at_y)
        members += parts

    def words(n: int) -> str:
        who = int(members[n][0])
        kind = dict(_kinds(figures))[int(label[who])]
        sure = f" {text.percent(float(chance[who]))}" if len(members[n]) == 1 else ""
        return f"{names_of(figures, members[n])}: {kind}{sure}"

    stops = Stops(np.concatenate(stops_x), np.concatenate(stops_y), words, members)
    axes = (_t("axis {0}").format(first + 1), _t("axis {0}").format(first + 2))
    across = _room_for_legend(layers)
    return Drawing(ancestry_words(label, figures), tuple(layers), *axes, stops, across, legend=True)


def _room_for_legend(layers: Sequence[Layer]) -> tuple[float, float] | None:
    """The points and, right of them, a quarter of the width for the legend."""
    xs = [dots.x for dots in layers if isinstance(dots, Dots) and len(dots.x)]
    if not xs:
        return None
    left, right = float(min(x.min() for x in xs)), float(max(x.max() for x in xs))
    width = max(right - left, 1e-6)
    return left - 0.03 * width, right + 0.4 * width


def _clouds(figures: Figures, first: int) -> list[Layer]:
    reference = np.asarray(figures.reference_pcs, float)
    if reference.ndim != 2 or reference.shape[1] < first + 2:
        return []
    kind = np.asarray(figures.reference_label, int)
    return [
        Dots(
            reference[kind == n, first], reference[kind == n, first + 1], f"series{n}",
            size=5.0, symbol="o", strength=0.22,
        )
        for n in range(len(figures.ancestry_labels))
    ]  # fmt: skip


def _kinds(figures: Figures) -> list[tuple[int, str]]:
    return [*((n, str(name)) for n, name in enumerate(figures.ancestry_labels)), (-1, _t("uncertain"))]


def ancestry_of(figures: Figures) -> tuple[Indices, Floats]:
    """The likeliest population of each person, −1 where none is likelier than not, and its probability."""
    chances = np.asarray(figures.ancestry, float)
    if chances.ndim != 2 or not chances.size:
        n = len(figures.samples)
        return np.full(n, -1, np.int64), np.full(n, np.nan)
    best = np.nan_to_num(chances).max(axis=1)
    label = np.where(best > CERTAIN, np.nan_to_num(chances).argmax(axis=1), -1)
    return label.astype(np.int64), best


def ancestry_words(label: Indices, figures: Figures) -> str:
    """`EUR 41, AFR 5, uncertain 2`, most first."""
    counts = [(int(np.count_nonzero(label == code)), name) for code, name in _kinds(figures)]
    shown = sorted((pair for pair in counts if pair[0]), reverse=True)
    return ", ".join(f"{name} {text.number(n)}" for n, name in shown)


DEGREES = (0.354, 0.177, 0.0884, 0.0442)


def degree_word(kinship: float) -> str:
    """KING's bounds: Manichaikul et al. 2010, table 1."""
    words = (
        _t("the same person or twins"), _t("parent, child or sibling"), _t("second degree"),
        _t("third degree"), _t("more distant"),
    )  # fmt: skip
    for n, bound in enumerate(DEGREES):
        if kinship > bound:
            return words[n]
    return words[-1]


def pair_rows(figures: Figures, most: int = 500) -> list[tuple[str, str, float, str]]:
    """Related pairs, the closest first."""
    if not len(figures.pairs):
        return []
    order = np.argsort(-np.asarray(figures.kinship, float), kind="stable")[:most]
    rows = []
    for n in order:
        one, other = (str(figures.samples[int(k)]) for k in figures.pairs[n])
        rows.append((one, other, float(figures.kinship[n]), degree_word(float(figures.kinship[n]))))
    return rows


def pairs_words(n: int) -> str:
    """How many pairs."""
    return plural(QCoreApplication.translate("Cohort", "%Ln related pair(s)", None, n), n)
