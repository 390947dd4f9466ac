"""Writes a packed panel as a stream: a block at a time, its index last."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import deflate
import numpy as np
from numpy.typing import NDArray

from app.imputation.chunks import MEGABASE
from app.imputation.panel_format.codec import BEST, Packer, Rules
from app.imputation.panel_format.layout import Head, Row, head_bytes, index_bytes
from app.imputation.panel_format.site_columns import Sites, join_sites, pack_sites

_MOST_TEXT = 16 << 20  # of the ids and alleles of a block, but for one call of `add`
_LAST_POSITION = 2**31 - 2


class PanelWriter:
    """Use in a `with`: bytes go to `<path>.part`, which gets its name when all is on disk.

    `ploidy` uint8 [people] of 1 and 2 says whose haplotypes the columns are. OSError comes through.
    """

    def __init__(self, path: Path, contig: str, ploidy: NDArray[np.uint8], rules: Rules = BEST) -> None:
        self.path, self._contig = path, contig
        self._part = path.with_name(path.name + ".part")
        head = Head(contig, ploidy, rules)
        self._packer = Packer(head.haplotypes, rules)
        self._sites: list[Sites] = []
        self._text = 0
        self._rows: list[Row] = []
        self._per_mb = np.zeros(0, dtype=np.int64)
        self._last = 0
        self._file = self._part.open("wb")
        self._file.write(head_bytes(head))

    def __enter__(self) -> Self:
        return self

    def add(self, sites: Sites, rows: NDArray[np.uint8]) -> None:
        """Add sites behind those that are there, with their alleles, uint8 [sites, K] of 0 and 1.

        Raises ValueError for positions that fall or are no positions.
        """
        if not len(sites):
            return
        ordered = bool((np.diff(sites.positions) >= 0).all())
        if not ordered or not self._last <= sites.positions[0] or sites.positions[-1] > _LAST_POSITION:
            raise ValueError("positions out of order")
        self._last = int(sites.positions[-1])
        self._text += sum(sum(map(len, column.tolist())) for column in (sites.ids, sites.refs, sites.alts))
        done = 0
        while done < len(sites):
            took = self._packer.add(rows[done:])
            self._sites.append(sites.take(slice(done, done + took)))
            done += took
            if done < len(sites) or self._packer.full or self._text > _MOST_TEXT:
                self._flush()

    def _flush(self) -> None:
        if not self._packer.sites:
            return
        sites = join_sites(self._sites)
        columns, alleles = pack_sites(sites, self._contig), self._packer.finish()
        first, last = int(sites.positions[0]), int(sites.positions[-1])
        sums = deflate.crc32(columns), deflate.crc32(alleles)
        self._rows.append(Row(len(columns), len(alleles), *sums, len(sites), first, last))
        counts = np.bincount(sites.positions // MEGABASE, minlength=len(self._per_mb))
        counts[: len(self._per_mb)] += self._per_mb
        self._per_mb, self._sites, self._text = counts, [], 0
        self._file.write(columns)
        self._file.write(alleles)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._remove()
            return
        try:
            self._flush()
            self._file.write(index_bytes(self._rows, self._per_mb.astype(np.uint32), self._file.tell()))
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            os.replace(self._part, self.path)
        except BaseException:
            self._remove()
            raise

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._part.unlink()
