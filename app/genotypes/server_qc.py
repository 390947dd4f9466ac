"""The quality control of a Cloudgene imputation server, on files that lie here.

The practice server answers with it, and the program predicts with it what a real server would say. Built from
the rules of `cloudgene.md` 7 with the corrections of 7.12; it keeps the server's oddities on purpose.
Each file is read once: what the three steps of the server would say is found side by side, and the step that
stops first decides.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import Compression, ContainerError, ContainerFault, TextBlocks, open_text_blocks
from app.genotypes.server.damaged import has_damaged_end
from app.genotypes.server.file_control import FileControl
from app.genotypes.server.indexing import NOT_BGZF, Order, reading_stop
from app.genotypes.server.panel_sites import PanelSource
from app.genotypes.server.parameters import ServerQcAnswer, ServerQcCounters, ServerQcParameters
from app.genotypes.server.statistics import Statistics
from app.genotypes.server.stops import ServerStop
from app.genotypes.server.upload_rows import PIECE_BYTES, Batch, OddLine, read_lines
from app.genotypes.server.validation import FileLook, Validated, check_all, check_population
from app.genotypes.vcf_reader import LONGEST_HEAD

__all__ = ["ServerQcAnswer", "ServerQcParameters", "run_server_qc"]

_DENSITY = 10_000_000


def run_server_qc(
    files: Sequence[str | os.PathLike[str]],
    parameters: ServerQcParameters,
    panel: PanelSource,
    report: Report = silent,
) -> ServerQcAnswer:
    """Index, validate and judge an upload as the server does. Bad files give an answer, never an exception.

    `files` in the order in which the server sees them (by name). `report` counts bytes of all files.
    """
    upload = _Upload([Path(each) for each in files], parameters, panel, report)
    try:
        upload.read()
    except ServerStop as stop:
        return ServerQcAnswer(accepted=False, stage="index", index_error=stop.message)
    return upload.answer()


class _Upload:
    """The files of an upload on their one way through all steps."""

    def __init__(
        self, paths: Sequence[Path], parameters: ServerQcParameters, panel: PanelSource, report: Report
    ) -> None:
        self._paths = paths
        self._parameters = parameters
        self._panel = panel
        self._report = report
        self._valid: list[Validated] = []
        self._refused: ServerStop | None = None
        self._broken: ServerStop | None = None
        self._statistics = Statistics(parameters, panel)
        self._dense = self._people = 0
        self._bytes_before = 0
        self._bytes = sum(path.stat().st_size for path in paths if path.is_file())

    def read(self) -> None:
        """Read every file; ServerStop when one cannot be indexed."""
        try:
            check_population(self._parameters)
        except ServerStop as stop:
            self._refused = stop
        for path in self._paths:
            self._read_file(path)
        if self._refused is None:
            try:
                check_all(self._valid, self._parameters)
            except ServerStop as stop:
                self._refused = stop
        if self._refused is None and any(len(each.raw) > 1 for each in self._valid):
            self._control_again()

    def _read_file(self, path: Path) -> None:
        look = _Look(FileLook(path, self._parameters), self._refused is None)
        order, density = Order(), Counter[int]()
        control: FileControl | None = None
        try:
            for item in self._items(path, order):
                look.take(item)
                if isinstance(item, Batch):
                    tens, times = np.unique(item.position // _DENSITY, return_counts=True)
                    density.update(dict(zip(tens.tolist(), times.tolist(), strict=True)))
                if look.open and self._broken is None:
                    control = self._control(control, look.file.found, item)
        except ContainerError as error:
            look.stop(reading_stop(path, error))
        self._dense = max([self._dense, *density.values()])
        if self._refused is not None:
            return
        self._refused = look.end(self._valid)
        self._people = look.file.found.samples
        if self._refused is None:
            self._valid.append(look.file.found)
            self._finish(control)

    def _items(self, path: Path, order: Order) -> Iterator[Batch | OddLine]:
        try:
            with open_text_blocks(path, piece_bytes=PIECE_BYTES, longest_head=LONGEST_HEAD) as blocks:
                if blocks.size == 0 or blocks.compression is not Compression.BGZF:
                    raise ServerStop(NOT_BGZF)
                for item in read_lines(blocks, order.take, order.take_text):
                    yield item
                    self._tell(blocks)
                if not blocks.eof_marker and has_damaged_end(path):
                    raise ContainerError(ContainerFault.CORRUPT, blocks.size, "the last block is damaged")
                self._bytes_before += blocks.size
        except OSError as error:
            raise ServerStop(f"[tabix] {error.strerror}") from error

    def _tell(self, blocks: TextBlocks) -> None:
        done = self._bytes_before + blocks.packed_done
        self._report(
            Progress(done=done, total=self._bytes, step="Quality control", counts={"files": len(self._valid)})
        )

    def _control(
        self, control: FileControl | None, file: Validated, item: Batch | OddLine
    ) -> FileControl | None:
        try:
            if control is None:
                if isinstance(item, OddLine) and item.raw.startswith(b"#"):
                    return None
                control = self._statistics.open(file, file.first_raw)
            control.take(item)
        except ServerStop as stop:
            self._broken = stop
        return control

    def _finish(self, control: FileControl | None) -> None:
        if control is None or self._broken is not None:
            return
        try:
            control.finish()
        except ServerStop as stop:
            self._broken = stop

    def _control_again(self) -> None:
        """A chromosome is written in two ways in one file: which the server takes is known only now."""
        self._statistics, self._broken = Statistics(self._parameters, self._panel), None
        for file in self._valid:
            control: FileControl | None = None
            for item in self._items(file.path, Order()):
                if self._broken is None:
                    control = self._control(control, file, item)
            self._finish(control)

    def answer(self) -> ServerQcAnswer:
        """What the server says."""
        versions = tuple(each.version.removeprefix("VCFv") for each in self._valid)
        if self._refused is not None:
            return ServerQcAnswer(
                accepted=False,
                stage="validate",
                error=self._refused.message,
                vcf_versions=versions,
                people_found=self._people,
            )
        first = ServerQcAnswer(
            accepted=False,
            stage="qc",
            samples=self._valid[-1].samples,
            chromosomes=tuple(each.chromosome for each in self._valid),
            snps=sum(each.snps for each in self._valid),
            chunks_total=sum(len(each.chunks) for each in self._valid),
            phased=all(each.phased for each in self._valid),
            vcf_versions=versions,
            most_per_10_mb=self._dense,
        )
        if self._broken is not None:
            failed = tuple(self._statistics.lift_over_failed)
            return first.model_copy(update={"error": self._broken.message, "lift_over_failed": failed})
        return _with_figures(first, self._statistics)


class _Look:
    """The look at a file that stays quiet after its first fault."""

    def __init__(self, file: FileLook, wanted: bool) -> None:
        self.file = file
        self._stop: ServerStop | None = None
        self._wanted = wanted

    @property
    def open(self) -> bool:
        """Whether nothing speaks against the file so far, and its header is read."""
        return self._wanted and self._stop is None and not self.file.in_header

    def take(self, item: Batch | OddLine) -> None:
        """Regular rows or a line."""
        if not self._wanted or self._stop is not None:
            return
        try:
            self.file.take(item)
        except ServerStop as stop:
            self._stop = stop

    def stop(self, fault: ServerStop) -> None:
        """The file cannot be read on."""
        self._stop = self._stop or fault

    def end(self, before: Sequence[Validated]) -> ServerStop | None:
        """The first fault, None when the file is good."""
        if self._stop is None:
            try:
                self.file.end(before)
            except ServerStop as stop:
                self._stop = stop
        return self._stop


def _with_figures(answer: ServerQcAnswer, statistics: Statistics) -> ServerQcAnswer:
    books, sites = statistics.books, statistics.sites
    error = statistics.abort_reason()
    known = ServerQcCounters.model_fields.keys()
    figures = {name: count for name, count in sites.counts.items() if name in known}
    return answer.model_copy(
        update={
            "accepted": error is None,
            "stage": "ok" if error is None else "qc",
            "error": error,
            "counters": ServerQcCounters(**figures, reference_overlap_pct=sites.overlap_percent),
            "chunks": tuple(books.remaining),
            "chunks_remaining": books.left,
            "chunks_excluded": tuple(sorted(books.excluded, key=lambda each: each.chunk)),
            "lift_over_failed": tuple(statistics.lift_over_failed),
            "warnings": tuple(statistics.warnings()),
            "excluded_sites": tuple(sites.excluded),
            "typed_only_sites": tuple(sites.typed_only),
            "x_ploidy": tuple(statistics.x.ambiguous),
            "low_call_samples": dict(books.low_call_samples),
            "unrepairable": dict(sites.unrepairable),
        }
    )
