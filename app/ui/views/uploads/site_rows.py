"""Sites one by one, behind a finding or behind cells of the plane of frequencies, as rows made when seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from app.domain.finding import Finding
from app.genotypes.figures import Figures
from app.ui import text
from app.ui.models.table import Column
from app.ui.views.uploads.site_drawings import sites_words

Row = tuple[str, int, float | None, float | None]


def _t(words: str) -> str:
    return QCoreApplication.translate("Sites", words)


def site_columns() -> tuple[Column, ...]:
    """Chromosome · position · frequency here · in the reference."""
    return (
        Column("chromosome", _t("Chromosome"), 95),
        Column("position", _t("Position"), 95, show=text.number, numeric=True),
        Column("here", _t("ALT here (%)"), 100, show=_share, numeric=True),
        Column("there", _t("Reference (%)"), 105, show=_share, numeric=True),
    )


def _share(value: float | None) -> str:
    return text.number(None if value is None else value * 100, 1)


class SiteRows(Sequence[Row]):
    """Chromosome, position and both frequencies of sites; `numbers` are their places in the arrays."""

    def __init__(
        self,
        names: NDArray[np.str_],
        arrays: tuple[NDArray[np.generic], ...],
        numbers: NDArray[np.int64],
    ) -> None:
        self._names = names
        self._chromosome, self._position, self._here, self._there = (each[numbers] for each in arrays)

    def __len__(self) -> int:
        return len(self._position)

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...

    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        if isinstance(at, slice):
            return [self._row(n) for n in range(*at.indices(len(self)))]
        return self._row(at)

    def _row(self, n: int) -> Row:
        name = str(self._names[int(self._chromosome[n])])
        return name, int(self._position[n]), _known(self._here[n]), _known(self._there[n])


def _known(value: np.generic) -> float | None:
    number = float(value)
    return None if np.isnan(number) else number


def sites_of_finding(figures: Figures, finding: Finding) -> SiteRows:
    """All sites that are kept of a finding, of its file if it names one."""
    codes = np.flatnonzero(np.asarray(figures.site_codes).astype(str) == finding.code)
    mask = np.isin(figures.site_code, codes) if figures.site_code.size else np.empty(0, bool)
    files = np.flatnonzero(np.asarray(figures.site_files).astype(str) == (finding.file or ""))
    if finding.file and len(files):
        mask &= np.isin(figures.site_file, files)
    arrays = (figures.site_chromosome, figures.site_position, figures.site_here, figures.site_reference)
    return SiteRows(figures.site_chromosomes, arrays, np.flatnonzero(mask))


def sites_in_cells(figures: Figures, cells: NDArray[np.int64]) -> SiteRows:
    """The compared sites in some cells of the plane."""
    numbers = np.flatnonzero(np.isin(figures.compared_cell, cells))
    arrays = (
        figures.compared_chromosome,
        figures.compared_position,
        figures.compared_here,
        figures.compared_reference,
    )
    return SiteRows(figures.site_chromosomes, arrays, numbers)


def listed_words(listed: int, count: int) -> str:
    """`212 sites`, or how many of them are listed."""
    if listed >= count:
        return sites_words(listed)
    if not listed:
        return _t("{0}; check again to list them").format(sites_words(count))
    return _t("{0} of {1} are listed").format(text.number(listed), sites_words(count))
