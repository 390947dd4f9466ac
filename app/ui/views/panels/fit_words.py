"""The word, the colour and the sentences of how a dataset fits a panel, and of where a fact was read."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.domain.panel_fit import FitVerdict, PanelFit
from app.domain.panel_overlap import OverlapGap, PanelOverlap
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


def overlap_words(overlap: PanelOverlap | None) -> str:
    """The share of the sites of a dataset that are in a panel, in per cent; a dash where it is not known."""
    if overlap is None:
        return "–"
    if overlap.percent is None:
        table = {OverlapGap.NO_CHAIN: _t("no chain file"), OverlapGap.NOT_COUNTED: "…"}
        return table.get(overlap.gap or OverlapGap.NO_SITES, "–")
    share = text.number(overlap.percent, 1)
    return _t("{0} lifted").format(share) if overlap.lifted else share


def overlap_sentence(overlap: PanelOverlap | None) -> str:
    """Of what the share is, or why there is none and what to do."""
    if overlap is None:
        return ""
    if overlap.percent is None:
        return _gap_sentence(overlap)
    if overlap.predicted:
        share = text.number(overlap.percent, 1)
        return _t("{0} % of the sites, by the last prediction of what the service would say.").format(share)
    found, sites = text.number(overlap.found), text.number(overlap.sites)
    words = [_t("{0} of {1} sites are in the panel").format(found, sites)]
    if overlap.lifted:
        words.append(_t("after lift-over from {0} to {1}").format(_and(overlap.lifted), overlap.build))
    if overlap.lost:
        words.append(_t("{0} have no place there").format(text.number(overlap.lost)))
    return ", ".join(words) + "."


def _gap_sentence(overlap: PanelOverlap) -> str:
    table = {
        OverlapGap.NO_SITES: _t("The sites of the panel are not on this computer: add its site list below."),
        OverlapGap.NO_CHAIN: _t(
            "The files are {0}, the sites of the panel {1}, and no chain file leads from one to the other on "
            "this computer: get one below, then the sites are compared."
        ).format(_and(overlap.lifted), overlap.build),
        OverlapGap.NOT_CHECKED: _t("The files were not checked yet: check them under Uploads."),
        OverlapGap.NO_BUILD: _t("The build of the files is not known: state it under Uploads."),
        OverlapGap.NOT_COUNTED: _t("The sites are being counted."),
        OverlapGap.OTHER_CHROMOSOMES: _t("The panel has no sites on the chromosomes of the files."),
        OverlapGap.UNREADABLE: _t(
            "What is kept of the files, of the panel or of the chain file cannot be read: "
            "check the files again, or add the list or the chain file anew."
        ),
    }
    return table[overlap.gap or OverlapGap.NO_SITES]


def _and(builds: tuple[str, ...]) -> str:
    return _t(" and ").join(builds)


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
