"""The phased targets of all chunks of a chromosome, written in one go from its ligated pieces."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from app.genotypes.bgzf import BgzfWriter
from app.imputation.aligning import cells_text, target_header
from app.imputation.chunks import Chunk
from app.imputation.ligation import PhasedPiece


class PhasedTargets:
    """Writes `target-N.vcf.gz` for each chunk; use in a `with`: all files or none.

    A site belongs to the chunk that it lies in, and goes to every chunk that it informs. What lies outside of
    all chunks belongs to the nearest.
    """

    def __init__(self, folder: Path, contig: str, samples: Sequence[str], chunks: Sequence[Chunk]) -> None:
        self._folder, self._contig, self._samples, self._chunks = folder, contig, samples, chunks
        self._writers: list[BgzfWriter] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for chunk in self._chunks:
                writer = BgzfWriter(self._folder / f"target-{chunk.number}.vcf.gz", level=1)
                self._writers.append(stack.enter_context(writer))
                writer.write(target_header(self._contig, self._samples))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(self, piece: PhasedPiece) -> None:
        """The sites of a ligated piece that are its own, in order."""
        first, last = self._owned(piece.chunk)
        for row, position in enumerate(piece.positions.tolist()):
            if first <= position <= last:
                place, ref, alt = str(piece.keys[row]).split("\t")
                cells = cells_text(piece.haplotypes[row], "|")
                line = f"{self._contig}\t{place}\t.\t{ref}\t{alt}\t.\tPASS\t.\tGT\t{cells}\n".encode()
                for chunk, writer in zip(self._chunks, self._writers, strict=True):
                    if chunk.informs(position):
                        writer.write(line)

    def _owned(self, chunk: Chunk) -> tuple[int, int]:
        """From behind the chunk before to the end of this one; a chunk that was left out has no site near."""
        at = next(i for i, each in enumerate(self._chunks) if each.number == chunk.number)
        last = chunk.last if at + 1 < len(self._chunks) else chunk.informed_last
        return (self._chunks[at - 1].last + 1 if at else 1), last
