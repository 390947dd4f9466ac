"""Imputation by the built-in engine: pieces of a chromosome, all people of a piece, then its records.

A kernel imputes some target haplotypes at all sites of a piece. Its answers wait packed (spool) until all
people are done; records are then written window by window. Memory depends on the sites of a piece and the
haplotypes that a kernel takes at once, hardly on the number of people. Around a piece only typed sites are
looked at, so pieces overlap without computing anything twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.domain.progress import Progress, Report
from app.genotypes.matrix import ABSENT
from app.imputation.allocator import trim
from app.imputation.built_in.c_kernel import CKernel
from app.imputation.built_in.choice import KernelChoice
from app.imputation.built_in.contract import CardKernel, GraphicsCardError, Kernel, KernelTask
from app.imputation.built_in.copies import Copies
from app.imputation.built_in.kernels import kernel_for, settled
from app.imputation.built_in.model import Model
from app.imputation.built_in.stretch import PanelStretch, join_stretches
from app.imputation.contract import ImputationRequest
from app.imputation.crew import Crew, Task
from app.imputation.dosage_cells import Thousandths
from app.imputation.genetic_map import GeneticMap
from app.imputation.kernel_choice import no_card
from app.imputation.memory import (
    CARD_CALLS,
    MB,
    BuiltInJob,
    bytes_of_sites,
    haplotypes_at_once,
    spool_bytes,
    too_little_memory,
)
from app.imputation.output import Block
from app.imputation.panel_format.reader import Panel
from app.imputation.panel_format.site_columns import Sites, join_sites, nameless
from app.imputation.scratch import free_bytes
from app.imputation.spool import IN_MEMORY, Spool
from app.imputation.study import Study

WINDOW_BYTES = 1 << 18
"""Of the dosages that are read and written at once, more where these are few sites."""
_MOST_WINDOW_BYTES = 1 << 20
_FEW_SITES = 512  # each window is read from as many places as there were calls of a kernel
_FEWEST_SITES = 500  # of a piece: smaller ones would only look at what is around them
_COMPUTING = 0.8  # of the time, for the progress
_THOUSAND = 1000


def impute_builtin(
    request: ImputationRequest,
    study: Study,
    panel: Panel,
    haplotypes: NDArray[np.int8],
    genetic_map: GeneticMap,
    model: Model,
    folder: Path,
    report: Report,
) -> Iterator[Block]:
    """Blocks of all panel sites in order; `haplotypes` int8 [typed, 2 * people] are the target's alleles.

    What waits to be written lies in `folder`. Raises ProblemError for a damaged panel, OSError.
    """
    request = _affordable(panel, request, study)
    engine = _Engine(request, study, panel, haplotypes, genetic_map, model, folder)
    pieces = _pieces(panel, request, study)
    for number, piece in enumerate(pieces):
        yield from engine.blocks(piece, _share(report, number, len(pieces)))


@dataclass(frozen=True)
class _Piece:
    """Positions that are imputed together, both ends within."""

    first: int
    last: int
    sites: int


def _job(panel: Panel, request: ImputationRequest, study: Study, sites: int) -> BuiltInJob:
    """The largest window, with so many sites of the panel."""
    places = study.panel.positions
    reach = request.window_bp + 2 * request.overlap_bp
    typed = int((np.searchsorted(places, places + reach, side="right") - np.arange(len(places))).max())
    people, kernel = len(study.target.samples), settled(request.kernel)
    return BuiltInJob(sites, 0, typed, people, panel.size, request.threads, kernel)


def _affordable(panel: Panel, request: ImputationRequest, study: Study) -> ImputationRequest:
    """With no more threads than half of the memory has room for: all processors may be asked for."""
    job = _job(panel, request, study, panel.count)
    spare = (request.memory_mb - job.own_mb) * MB
    while job.threads > 1 and job.kernel is not KernelChoice.CARD and job.fixed_bytes() > spare / 2:
        job = replace(job, threads=job.threads // 2)
    return replace(request, threads=job.threads)


def _pieces(panel: Panel, request: ImputationRequest, study: Study) -> list[_Piece]:
    """Cuts between positions: at most `window_bp` long, and so many sites as the memory allows.

    ProblemError where it does not allow some hundred sites.
    """
    positions = panel.positions(request.first, request.last)
    people, job = len(study.target.samples), _job(panel, request, study, len(positions))
    room = (request.memory_mb - job.own_mb) * MB - job.fixed_bytes()
    each = job.bytes_a_site() + 2 * bytes_of_sites(panel.alt_counts(request.first, request.last), panel.size)
    needed = np.concatenate([[0.0], np.cumsum(each)])
    pieces: list[_Piece] = []
    at = 0
    while at < len(positions):
        stop = int(np.searchsorted(positions, positions[at] + request.window_bp, side="right"))
        fits = int(np.searchsorted(needed, needed[at] + room, side="right")) - 1
        if fits < min(stop, at + _FEWEST_SITES):
            least = round((needed[min(at + _FEWEST_SITES, len(positions))] - needed[at] - room) / MB)
            raise too_little_memory(
                "builtin", people, panel.size, request.memory_mb + least, request.memory_mb
            )
        stop = int(np.searchsorted(positions, positions[min(stop, fits) - 1], side="right"))
        pieces.append(_Piece(int(positions[at]), int(positions[stop - 1]), stop - at))
        at = stop
    return pieces


def _share(report: Report, number: int, pieces: int) -> Callable[[float, int], None]:
    """The progress of a piece (0 to 1; sites that are written) as that of all."""

    def told(share: float, sites: int) -> None:
        done, total = round(_THOUSAND * (number + share)), _THOUSAND * pieces
        report(Progress(done=done, total=total, unit="parts", step="Imputing", counts={"sites": sites}))

    return told


class _Engine:
    """What is the same for all pieces."""

    def __init__(
        self,
        request: ImputationRequest,
        study: Study,
        panel: Panel,
        haplotypes: NDArray[np.int8],
        genetic_map: GeneticMap,
        model: Model,
        folder: Path,
    ) -> None:
        self._request, self._study, self._panel = request, study, panel
        self._haplotypes = haplotypes
        self._map, self._model, self._folder = genetic_map, model, folder
        self._columns = np.flatnonzero(study.present)
        self._sites = 0

    def blocks(self, piece: _Piece, told: Callable[[float, int], None]) -> Iterator[Block]:
        """Impute a piece and give its records."""
        told(0.0, self._sites)
        places = self._study.panel.positions
        begin = int(np.searchsorted(places, piece.first))
        end = int(np.searchsorted(places, piece.last, side="right"))
        around = self._around(piece, begin, end)
        window = self._sites_of_a_window()
        self._refuse_full_disk(piece)
        with Spool(self._folder / "spool", window) as spool:
            trim()
            task = self._task(piece, slice(begin, end), around)
            trim()
            positions = task.stretch.positions[task.first : task.last]
            typed = np.zeros(len(positions), dtype=bool)
            own = slice(begin - around.start, end - around.start)
            typed[task.typed[own] - task.first] = True
            copies = Copies(task, self._haplotypes[around], self._columns)
            trim()
            kernel = self._kernel(task)
            width = self._width(kernel, task)
            del task  # the haplotypes are not needed any more, but for what the kernel keeps of them
            trim()
            self._compute(kernel, copies, width, around, own, spool, told)
            del kernel, copies
            for some, sites in self._windows(positions, window):
                judged = slice(int(typed[: some.start].sum()), int(typed[: some.stop].sum()))
                observed = self._haplotypes[begin + judged.start : begin + judged.stop]
                yield self._block(spool, sites, typed[some], observed, some.start // window, judged)
                self._sites += len(sites)
                told(_COMPUTING + (1 - _COMPUTING) * some.stop / len(positions), self._sites)

    def _sites_of_a_window(self) -> int:
        row = 2 * max(1, len(self._columns))
        return max(1, WINDOW_BYTES // row, min(_FEW_SITES, _MOST_WINDOW_BYTES // row))

    def _refuse_full_disk(self, piece: _Piece) -> None:
        """Before anything is computed that the disk has no room for."""
        counts = self._panel.alt_counts(piece.first, piece.last)
        need = spool_bytes(counts, self._panel.size, len(self._study.target.samples))
        if need > IN_MEMORY and (free := free_bytes(self._folder)) < need:
            raise problem(
                Kind.DISK,
                "The disk has too little room",
                f"About {need // MB:,} MB are needed while it is imputed; {free // MB:,} MB are free.",
                "Make room on the disk of the results, or send fewer people in one job.",
                subject=str(self._folder.parent),
            )

    def _task(self, piece: _Piece, own: slice, around: slice) -> KernelTask:
        """The task of a piece: `own` typed sites lie in it, those of `around` inform it.

        Names and alleles of sites are left out: they take more room than haplotypes.
        """
        typed = self._study.typed
        pieces = [_bare(typed.take(slice(around.start, own.start)))]
        lead = len(pieces[0])
        pieces += self._panel.stretches(piece.first, piece.last, names=False)
        self._panel.forget()
        end = sum(map(len, pieces))
        pieces.append(_bare(typed.take(slice(own.stop, around.stop))))
        rows = self._study.rows[own] - self._panel.rows_before(piece.first)
        numbers = [np.arange(lead), lead + rows, end + np.arange(len(pieces[-1]))]
        stretch = join_stretches(pieces)
        centimorgans = self._map.at(stretch.positions)
        chosen = np.concatenate(numbers).astype(np.intp)
        return KernelTask(stretch, chosen, centimorgans, self._model, lead, end)

    def _windows(self, positions: NDArray[np.int64], window: int) -> Iterator[tuple[slice, Sites]]:
        """The sites that are written together, and which they are; a block of the panel is read at once."""
        at = 0
        left: list[Sites] = []
        for piece in self._panel.site_pieces(int(positions[0]), int(positions[-1])):
            held = join_sites([*left, piece])
            while len(held) >= window:
                yield slice(at, at + window), held.take(slice(window))
                at, held = at + window, held.take(slice(window, None))
            left = [held] if len(held) else []
        for rest in left:
            yield slice(at, at + len(rest)), rest

    def _around(self, piece: _Piece, begin: int, end: int) -> slice:
        """Typed sites of the piece and within the overlap, at least one on each side where there is one."""
        overlap, positions = self._request.overlap_bp, self._study.panel.positions
        first = int(np.searchsorted(positions, piece.first - overlap, side="left"))
        last = int(np.searchsorted(positions, piece.last + overlap, side="right"))
        return slice(min(first, max(begin - 1, 0)), max(last, min(end + 1, len(positions))))

    def _compute(
        self,
        kernel: Kernel,
        copies: Copies,
        width: int,
        around: slice,
        own: slice,
        spool: Spool,
        told: Callable[[float, int], None],
    ) -> None:
        """All people through the kernel, so many at once; `own` are the typed rows that are written."""
        targets, columns = self._haplotypes[around], self._columns
        card = kernel if isinstance(kernel, CardKernel) else None
        calls = CARD_CALLS if card is not None else self._calls(kernel)

        def one(first: int) -> None:
            mine = np.ascontiguousarray(targets[:, columns[first : first + width]])
            answer = kernel.impute(mine) if card is None else card.impute_thousandths(mine)
            copies.put(first, answer.imputed, answer.left_out)
            spool.add(first, answer.imputed, answer.left_out[own])

        starts = range(0, len(columns), width)
        with Crew(calls) as crew:
            running: deque[Task[None]] = deque()
            try:
                for done, first in enumerate(starts):
                    if len(running) > calls:
                        running.popleft().result()
                        told(_COMPUTING * (done - len(running)) / len(starts), self._sites)
                    running.append(crew.give(partial(one, first)))
                while running:
                    running.popleft().result()
                    told(_COMPUTING * (1 - len(running) / len(starts)), self._sites)
            finally:
                for each in running:
                    each.cancel()

    def _kernel(self, task: KernelTask) -> Kernel:
        try:
            return kernel_for(task, self._request.kernel)
        except GraphicsCardError as error:
            raise no_card(str(error)) from error

    def _calls(self, kernel: Kernel) -> int:
        """How many calls of a kernel on the processor run beside one another."""
        threads = self._request.threads
        return kernel.threads_for(len(self._columns), threads) if isinstance(kernel, CKernel) else threads

    def _width(self, kernel: Kernel, task: KernelTask) -> int:
        """How many haplotypes a call gets."""
        sites, threads = task.last - task.first, self._request.threads
        if not isinstance(kernel, CardKernel):
            return haplotypes_at_once(kernel.width, sites, threads)
        people, bytes_ = len(self._study.target.samples), task.stretch.nbytes
        job = BuiltInJob(
            sites, bytes_, len(task.typed), people, task.stretch.size, threads, KernelChoice.CARD
        )
        return job.haplotypes_on_card(kernel.width, self._request.memory_mb)

    def _block(
        self,
        spool: Spool,
        sites: Sites,
        typed: NDArray[np.bool_],
        observed: NDArray[np.int8],
        window: int,
        judged: slice,
    ) -> Block:
        """A window of records, with the empty columns of haploid people."""
        dosages = np.empty((len(sites), len(self._columns)), dtype=np.int16)
        left_out = np.empty((judged.stop - judged.start, len(self._columns)), dtype=np.int16)
        spool.window(window, dosages)
        spool.judged(judged, left_out)
        return Block(
            positions=sites.positions,
            ids=sites.ids,
            refs=sites.refs,
            alts=sites.alts,
            dosages=self._with_all_columns(dosages),
            imputed=np.ones(len(sites), dtype=bool),
            typed=typed,
            left_out=self._with_all_columns(left_out),
            observed=observed,
        )

    def _with_all_columns(self, values: Thousandths) -> Thousandths:
        present = self._study.present
        if len(self._columns) == len(present):
            return values
        whole = np.full((len(values), len(present)), ABSENT, dtype=np.int16)
        whole[:, self._columns] = values
        return whole


def _bare(stretch: PanelStretch) -> PanelStretch:
    """The haplotypes without names and alleles of sites."""
    bare = nameless(stretch.positions)
    return replace(stretch, ids=bare.ids, refs=bare.refs, alts=bare.alts)
