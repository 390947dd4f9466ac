"""A list of the variants that not every batch has, so that none is lost silently."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import BgzfWriter
from app.results.merging.sites import Aligned

LOSSES = "variants_not_in_all.tsv.gz"


class LossList:
    """Writes `variants_not_in_all.tsv.gz`: the site, and for each batch 1 or 0; use in a `with`."""

    def __init__(self, folder: Path, batches: Sequence[str]) -> None:
        self.path = folder / LOSSES
        self._batches = batches
        self.count = 0

    def __enter__(self) -> Self:
        self._out = BgzfWriter(self.path)
        self._out.write(("\t".join(["CHROM", "POS", "REF", "ALT", *self._batches]) + "\n").encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.__exit__(kind, error, trace)

    def add(self, chromosome: str, piece: Aligned, rows: NDArray[np.intp]) -> None:
        """Add variants of a piece."""
        present = piece.present[:, rows].astype(np.int8).T.tolist()
        sites = zip(piece.position[rows].tolist(), piece.refs[rows], piece.alts[rows], present, strict=True)
        for position, ref, alt, has in sites:
            self._out.write(
                ("\t".join([chromosome, str(position), ref, alt, *map(str, has)]) + "\n").encode()
            )
        self.count += len(rows)
