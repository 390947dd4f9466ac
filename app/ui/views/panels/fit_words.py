"""The word, the colour and the sentences of how a dataset fits a panel, and of where a fact was read."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.domain.panel_fit import FitVerdict, PanelFit
from app.domain.preset import CERTAINTY_WORDS, Source
from app.ui import text
from app.ui.colours import Status
from app.ui.status import Shown
from app.ui.views.panels.catalogue_panels import NOT_ADDED, NOT_READ


def fit_shown(fit: PanelFit | None) -> Shown:
    """Word and colour of a fit; not known where there is none."""
    table = {
        FitVerdict.FITS: Shown(Status.DONE, _t("Fits")),
        FitVerdict.REPAIR: Shown(Status.WARNING, _t("With repair")),
        FitVerdict.DOES_NOT_FIT: Shown(Status.FAILED, _t("Does not fit")),
        FitVerdict.NOT_KNOWN: Shown(Status.WAITING, _t("Not known"), "unknown"),
    }
    return table[fit.verdict if fit is not None else FitVerdict.NOT_KNOWN]


def fit_sentences(fit: PanelFit | None) -> str:
    """All reasons, a line each, with the hint at the end."""
    if fit is None:
        return ""
    return "\n".join((*fit.words, fit.hint) if fit.hint else fit.words)


def overlap_words(percent: float | None) -> str:
    """The share of the sites of a dataset that are in a panel; a dash where nobody compared them."""
    return "–" if percent is None else text.number(percent, 1)


def state_words(state: str) -> str:
    """Whether the service of a panel is added, in words; nothing where it is."""
    table = {NOT_ADDED: _t("not added"), NOT_READ: _t("not read")}
    return table.get(state, "")


def state_sentence(state: str) -> str:
    """The same beside the name of the service."""
    table = {NOT_ADDED: _t("service not added"), NOT_READ: _t("its panels are not read yet")}
    return table.get(state, "")


def source_words(source: Source) -> str:
    """`the operator's page (2025-10); from the operator, at most a year old`."""
    return f"{source.text} ({source.as_of}); {CERTAINTY_WORDS[source.certainty]}"


def _t(words: str) -> str:
    return QCoreApplication.translate("PanelFit", words)
