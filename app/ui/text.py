"""Numbers, sizes, dates and plurals as the user's language writes them."""

from __future__ import annotations

import re
from datetime import datetime

from PySide6 import QtGui
from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

_PLURAL = re.compile(r"\((e?s)\)")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def settle_locale() -> None:
    """Where the system names no language, write numbers as English does: `4,003` instead of `4003`."""
    if QLocale.system().language() == QLocale.Language.C:
        QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))


def tooltip(words: str) -> str:
    """Words for a tooltip that are shown as they are: Qt would take `<img …>` of a server for rich text."""
    return QtGui.Qt.convertFromPlainText(words) if "<" in words else words


def plural(translated: str, n: int) -> str:
    """Finish a text made by `tr("%Ln file(s)", "", n)` where no translation chose the plural form.

    English needs no translation file that way; other languages bring their own forms.
    """
    return _PLURAL.sub("" if n == 1 else r"\1", translated)


def number(value: float | None, digits: int = 0) -> str:
    """A number with grouping; an en dash for None."""
    if value is None:
        return "–"
    return QLocale().toString(float(value), "f", digits)


def percent(fraction: float | None, digits: int = 0) -> str:
    """A fraction between 0 and 1 as per cent."""
    return "–" if fraction is None else number(fraction * 100, digits) + " %"


def size(count: int | None) -> str:
    """Bytes with a decimal unit, as file managers show them."""
    if count is None:
        return "–"
    digits = 0 if count < 10_000 else 1
    return QLocale().formattedDataSize(count, digits, QLocale.DataSizeFormat.DataSizeSIFormat)


def rate(units_a_second: float | None, unit: str) -> str:
    """Speed of a transfer or of a task."""
    if units_a_second is None:
        return ""
    amount = size(int(units_a_second)) if unit == "bytes" else f"{number(units_a_second)} {unit}"
    return amount + "/s"


def exact(at: datetime | None) -> str:
    """Local date and time with seconds, for tooltips."""
    if at is None:
        return ""
    local = QDateTime.fromSecsSinceEpoch(int(at.timestamp()))
    return QLocale().toString(local, "yyyy-MM-dd HH:mm:ss")


def duration(seconds: float) -> str:
    """A length of time in its two largest units at most: `40 s`, `4 min`, `2 h 5 min`, `3 days`."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return _t("{0} s").format(whole)
    if whole < _HOUR:
        return _t("{0} min").format(whole // _MINUTE)
    if whole < 2 * _DAY:
        hours, minutes = whole // _HOUR, whole % _HOUR // _MINUTE
        if minutes and hours < 12:
            return _t("{0} h {1} min").format(hours, minutes)
        return _t("{0} h").format(hours)
    return _t("{0} days").format(whole // _DAY)


def relative(at: datetime | None, now: datetime) -> str:
    """How long ago, or in how long: `just now`, `5 min ago`, `in 3 h`."""
    if at is None:
        return "–"
    seconds = (now - at).total_seconds()
    if abs(seconds) < 10:
        return _t("just now")
    if seconds < 0:
        return _t("in {0}").format(duration(-seconds))
    return _t("{0} ago").format(duration(seconds))


def _t(text: str) -> str:
    return QCoreApplication.translate("Time", text)
