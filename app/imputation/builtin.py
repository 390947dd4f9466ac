"""Imputation by the built-in engine: windows of a chromosome, the panel read once as a stream.

The model needs the panel's full rows only for the sites it writes; around each window it uses typed sites
further out, which are few and all in memory. So windows overlap without reading anything twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.domain.progress import Progress, Report
from app.genotypes.matrix import GenotypeMatrix, Region, join, matrix_pieces
from app.imputation.built_in.model import Model
from app.imputation.contract import ImputationRequest
from app.imputation.genetic_map import GeneticMap
from app.imputation.li_stephens import Dosages, Task, impute
from app.imputation.output import Block, Thousandths, thousandths
from app.imputation.study import Study

_WINDOW_BYTES = 192 << 20
_NOBODY = -1


def impute_builtin(
    request: ImputationRequest,
    study: Study,
    haplotypes: NDArray[np.int8],
    genetic_map: GeneticMap,
    model: Model,
    report: Report,
) -> Iterator[Block]:
    """Blocks of all panel sites in order; `haplotypes` int8 [typed, 2 * people] are the target's alleles."""
    engine = _Windows(request, study, haplotypes, genetic_map, model)
    report(engine.progress(0.0))
    for window in _windows(request, study):
        yield engine.block(window, report)


def _windows(request: ImputationRequest, study: Study) -> Iterator[GenotypeMatrix]:
    """The panel in windows, at most `window_bp` long and bounded in memory."""
    region = Region(request.chromosome, request.first, request.last)
    bytes_a_site = study.panel.haplotypes.shape[1] + 16 * study.target.haplotypes.shape[1]
    held: list[GenotypeMatrix] = []
    last = 0
    for piece in matrix_pieces(request.panel_vcf, region):
        if int(piece.positions[0]) < last or (np.diff(piece.positions) < 0).any():
            raise problem(
                Kind.INPUT,
                "The panel is not sorted",
                f"{request.panel_vcf.name} has positions out of order.",
                "Sort it by position.",
                subject=request.panel_vcf.name,
            )
        last = int(piece.positions[-1])
        sites = sum(len(each) for each in held) + len(piece)
        too_long = held and last - int(held[0].positions[0]) > request.window_bp
        if held and (too_long or sites * bytes_a_site > _WINDOW_BYTES):
            yield join(held)
            held = []
        held.append(piece)
    if held:
        yield join(held)


class _Windows:
    """What goes on from window to window: how many typed sites have been met."""

    def __init__(
        self,
        request: ImputationRequest,
        study: Study,
        haplotypes: NDArray[np.int8],
        genetic_map: GeneticMap,
        model: Model,
    ) -> None:
        self._request = request
        self._study = study
        self._targets = haplotypes
        self._map = genetic_map
        self._model = model
        self._typed_panel = study.panel_alleles(study.panel)
        self._keys = study.panel.site_keys()
        self._met = int(np.searchsorted(study.panel.positions, request.first, side="left"))
        self._skipped = self._met
        self.sites = 0

    def progress(self, share: float, of_typed: int = 0) -> Progress:
        """How far it is: typed sites behind us, and a share of those of the present window."""
        done = self._met - self._skipped - round((1 - share) * of_typed)
        total = max(1, len(self._keys) - self._skipped)
        return Progress(
            done=done, total=total, unit="typed sites", step="Imputing", counts={"sites": self.sites}
        )

    def block(self, window: GenotypeMatrix, report: Report) -> Block:
        """Impute the sites of a window that have one ALT allele."""
        window = window.take(np.array(["," not in alt for alt in window.alts.tolist()], dtype=bool))
        begin = self._met
        rows = self._typed_rows(window)
        before, after = self._around(window, begin)
        panel = np.concatenate(
            [self._typed_panel[before], self._study.panel_alleles(window), self._typed_panel[after]]
        )
        outside = self._study.panel.positions
        places = np.concatenate([outside[before], window.positions, outside[after]])
        lead, tail = before.stop - before.start, after.stop - after.start
        typed = np.concatenate([np.arange(lead), lead + rows, lead + len(window) + np.arange(tail)]).astype(
            np.intp
        )
        targets = self._targets[before.start : after.stop][:, self._study.present]
        task = Task(panel, typed, targets, self._map.at(places), self._model)
        answer = impute(
            task, lambda share: report(self.progress(share, len(rows))), threads=self._request.threads
        )
        self.sites += len(window)
        return self._packed(window, rows, begin, lead, answer)

    def _typed_rows(self, window: GenotypeMatrix) -> NDArray[np.intp]:
        """Rows of the window that are the next typed sites, in order."""
        rows = []
        for row, key in enumerate(window.site_keys()):
            if self._met < len(self._keys) and key == self._keys[self._met]:
                rows.append(row)
                self._met += 1
        return np.array(rows, dtype=np.intp)

    def _around(self, window: GenotypeMatrix, begin: int) -> tuple[slice, slice]:
        """Typed sites outside the window within the overlap, at least one on each side where there is one."""
        overlap, positions = self._request.overlap_bp, self._study.panel.positions
        if not len(window):
            return slice(begin, begin), slice(self._met, self._met)
        first = int(np.searchsorted(positions, window.positions[0] - overlap, side="left"))
        last = int(np.searchsorted(positions, window.positions[-1] + overlap, side="right"))
        first, last = min(first, max(begin - 1, 0)), max(last, min(self._met + 1, len(positions)))
        return slice(first, begin), slice(self._met, last)

    def _packed(
        self, window: GenotypeMatrix, rows: NDArray[np.intp], begin: int, lead: int, answer: Dosages
    ) -> Block:
        """Put the columns of haploid people back in and the figures of typed sites in their rows."""
        present = self._study.present
        shape = (len(window), len(present))
        dosages = np.full(shape, -2, dtype=np.int16)
        dosages[:, present] = thousandths(answer.imputed[lead : lead + len(window)])
        left_out: Thousandths = np.full(shape, _NOBODY, dtype=np.int16)
        observed = np.full(shape, _NOBODY, dtype=np.int8)
        here = slice(lead, lead + len(rows))
        left_out[np.ix_(rows, np.flatnonzero(present))] = thousandths(answer.left_out[here])
        observed[rows] = self._targets[begin : begin + len(rows)]
        typed = np.zeros(len(window), dtype=bool)
        typed[rows] = True
        return Block(
            window.positions,
            window.ids,
            window.refs,
            window.alts,
            dosages,
            np.ones(len(window), dtype=bool),
            typed,
            left_out,
            observed,
        )
