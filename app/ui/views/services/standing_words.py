"""How well a service stands, in words: score with its parts, availability, times, what failed."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from app.domain.standing import FREE_QUEUE, NEARNESS, SPEED, UP_ALONE, Period, Standing
from app.ui import text


def standing_pairs(widget: QWidget, standing: Standing | None) -> list[tuple[str, str | QWidget]]:
    """The rows of the card; one that says so where nobody looked yet."""
    if standing is None or standing.score is None:
        return [("", widget.tr("Nobody looked at it in the last 7 days."))]
    pairs: list[tuple[str, str | QWidget]] = [(widget.tr("Score"), _score_words(widget, standing))]
    pairs += [(_name(widget, each), _period_words(widget, each)) for each in standing.periods if each.looks]
    return pairs


def _score_words(widget: QWidget, standing: Standing) -> str:
    named = (
        (widget.tr("health"), standing.health),
        (widget.tr("speed"), standing.speed),
        (widget.tr("nearness"), standing.nearness),
        (widget.tr("free queue"), standing.free_queue),
    )
    unknown = widget.tr("not known")
    parts = " · ".join(f"{name} {unknown if part is None else text.percent(part)}" for name, part in named)
    said = widget.tr("{0} of 100 ({1})").format(text.number(standing.score), parts)
    return f"{said}\n{score_formula()}"


def score_formula(_score: object = None) -> str:
    """How the score is made, as `domain.standing` documents it."""
    words = QCoreApplication.translate(
        "Standing",
        "Score = 100 × health × ({0} + {1} × speed + {2} × nearness + {3} × free queue); "
        "what is not known counts as half.",
    )
    return words.format(*(text.number(each, 2) for each in (UP_ALONE, SPEED, NEARNESS, FREE_QUEUE)))


def _name(widget: QWidget, period: Period) -> str:
    return widget.tr("Last 24 hours") if period.days == 1 else widget.tr("Last %n days", "", period.days)


def _period_words(widget: QWidget, period: Period) -> str:
    share = text.percent(period.answered) if period.answered is not None else "–"
    said = widget.tr("answered at {0} of {1} looks").format(share, text.number(period.looks))
    if period.median_ms is not None and period.p95_ms is not None:
        times = widget.tr("half within {0} ms, 19 of 20 within {1} ms")
        said += "; " + times.format(text.number(round(period.median_ms)), text.number(round(period.p95_ms)))
    if period.failures:
        named = {
            "dns": widget.tr("name (DNS)"),
            "tcp": widget.tr("connection (TCP)"),
            "tls": widget.tr("encryption (TLS)"),
            "first_byte": widget.tr("answer (HTTP)"),
            "timeout": widget.tr("too slow (timeout)"),
        }
        failed = ", ".join(f"{named.get(k, k)} {text.number(n)}" for k, n in period.failures.items())
        said += "\n" + widget.tr("failed: {0}").format(failed)
    return said
