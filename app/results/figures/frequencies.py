"""Allele frequencies of a result beside those of the panel or a population."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.quality import FrequencyFigures, FrequencyOutlier
from app.genotypes.matrix import compared_name
from app.genotypes.panels.match import MatchKind, match
from app.genotypes.panels.store import PanelAbout, build_panel
from app.genotypes.site_table import SiteTable
from app.genotypes.texts import Texts

Tables = Callable[[str], SiteTable | None]
"""The sites of a chromosome by its plain name, such as `PanelList.table`; None when there are none."""
STEPS = 100
MOST_OUTLIERS = 1000
_FAR, _VERY_FAR = 0.1, 0.2
_OTHER = 1 << 40


@contextmanager
def panel_tables(sources: Sequence[Path], population: str = "") -> Iterator[Tables]:
    """The sites of VCFs, BCFs or site tables, kept in a temporary folder and mapped, not in memory."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        about = PanelAbout("sites", build="", population=population)
        panel = build_panel(sources, Path(folder) / "sites", about)
        yield panel.table


@dataclass
class FrequencySums:
    """`grid` [panel, result] counts sites in steps of 1 / STEPS; `sums` are n, x, y, xx, yy, xy."""

    tables: Tables | None = None
    sums: NDArray[np.float64] = field(default_factory=lambda: np.zeros(6))
    grid: NDArray[np.int64] = field(default_factory=lambda: np.zeros((STEPS, STEPS), np.int64))
    absent: int = 0
    over: NDArray[np.int64] = field(default_factory=lambda: np.zeros(2, np.int64))
    worst: list[tuple[float, int, FrequencyOutlier]] = field(default_factory=list)
    _seen: int = 0

    def add(
        self,
        chromosome: str,
        position: NDArray[np.int64],
        refs: Texts,
        alts: Texts,
        frequency: NDArray[np.float64],
        typed: NDArray[np.bool_],
    ) -> None:
        """Take in rows of a chromosome with their ALT frequency; does nothing without tables."""
        if self.tables is None:
            return
        table = self.tables(compared_name(chromosome))
        if table is None or not len(table):
            self.absent += len(position)
            return
        found = match(table, position, refs, alts)
        exact = found.kind == MatchKind.EXACT
        panel = np.full(len(position), np.nan)
        panel[exact] = table.alt_frequency(found.row[exact])
        self.absent += int((~exact).sum())
        both = np.flatnonzero(np.isfinite(panel) & np.isfinite(frequency))
        self._sum_up(panel[both], frequency[both])
        for row in both[np.abs(panel[both] - frequency[both]) > _FAR].tolist():
            pair = float(panel[row]), float(frequency[row])
            site = chromosome, int(position[row]), refs[row], alts[row]
            self._note(site, pair, bool(typed[row]))

    def merge(self, other: FrequencySums) -> None:
        """Take in what was summed of other files."""
        self.sums += other.sums
        self.grid += other.grid
        self.over += other.over
        self.absent += other.absent
        for far, _, outlier in sorted(other.worst, key=lambda each: (-each[0], -each[1])):
            self._keep(far, outlier)

    def _sum_up(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
        self.sums += [len(x), x.sum(), y.sum(), x @ x, y @ y, x @ y]
        edges = [np.linspace(0, 1, STEPS + 1)] * 2
        self.grid += np.histogram2d(x, np.clip(y, 0, 1), bins=edges)[0].astype(np.int64)
        difference = np.abs(x - y)
        self.over += [(difference > _FAR).sum(), (difference > _VERY_FAR).sum()]

    def _note(self, site: tuple[str, int, str, str], pair: tuple[float, float], typed: bool) -> None:
        far = abs(pair[0] - pair[1])
        if len(self.worst) >= MOST_OUTLIERS and far <= self.worst[0][0]:
            return
        chrom, pos, ref, alt = site
        outlier = FrequencyOutlier(
            chrom=chrom, pos=pos, ref=ref, alt=alt, panel=pair[0], result=pair[1], typed=typed
        )
        self._keep(far, outlier)

    def _keep(self, far: float, outlier: FrequencyOutlier) -> None:
        """Among the worst, the first of equals stay."""
        self._seen += 1
        if len(self.worst) >= MOST_OUTLIERS and far <= self.worst[0][0]:
            return
        push = heapq.heappush if len(self.worst) < MOST_OUTLIERS else heapq.heapreplace
        push(self.worst, (far, _OTHER - self._seen, outlier))

    def figures(self) -> FrequencyFigures | None:
        """What was found; None without tables."""
        if self.tables is None:
            return None
        n, x, y, xx, yy, xy = self.sums.tolist()
        spread = (n * xx - x * x) * (n * yy - y * y)
        return FrequencyFigures(
            sites=int(n),
            absent=self.absent,
            r2=(n * xy - x * y) ** 2 / spread if spread > 1e-12 else None,
            over_01=int(self.over[0]),
            over_02=int(self.over[1]),
            outliers=tuple(each for *_, each in sorted(self.worst, key=lambda w: (-w[0], -w[1]))),
        )
