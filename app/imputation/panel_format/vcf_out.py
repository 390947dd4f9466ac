"""Writes a packed panel, or a part of it, as a VCF for programs that read no other form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import BgzfWriter
from app.imputation.aligning import target_header
from app.imputation.built_in.stretch import PanelStretch
from app.imputation.contract import WHOLE
from app.imputation.panel_format.reader import Panel

_LEVEL = 1  # these files live for minutes
_CELLS_AT_ONCE = 1 << 20


def write_vcf(panel: Panel, path: Path, first: int = 1, last: int = WHOLE, report: Report = silent) -> int:
    """Write the records from `first` to `last`, BGZF; how many there are. People are called P1, P2 ….

    `<path>.part` gets its name when all is on disk. ProblemError for a damaged panel, OSError.
    """
    names = [f"P{number}" for number in range(1, len(panel.ploidy) + 1)]
    template = _Template(panel.ploidy)
    most = max(1, _CELLS_AT_ONCE // max(1, panel.size))
    done = 0
    with BgzfWriter(path, level=_LEVEL) as out:
        out.write(target_header(panel.contig, names))
        for piece in panel.stretches(first, last, most):
            out.write(_text(panel.contig, piece, template))
            done += len(piece)
            report(Progress(done=done, total=panel.count, unit="sites", step=f"Writing {path.name}"))
    return done


class _Template:
    """The genotypes of a row as text in which only the digits are missing."""

    def __init__(self, ploidy: NDArray[np.uint8]) -> None:
        widths = np.where(ploidy == 2, 4, 2)
        begins = np.cumsum(widths) - widths
        self._row = np.full(int(widths.sum()), ord("\t"), dtype=np.uint8)
        self._row[begins[ploidy == 2] + 1] = ord("|")
        self._row[-1:] = ord("\n")
        places = np.stack([begins, begins + 2], axis=1).reshape(-1)
        there = np.ones(len(places), dtype=bool)
        there[1::2] = ploidy == 2
        whole = bool(there.all())  # then each second byte is a digit
        self._places: slice | NDArray[np.intp] = slice(0, None, 2) if whole else places[there]

    def rows(self, alleles: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The text of each row, with its line end."""
        text = np.repeat(self._row[None], len(alleles), axis=0)
        text[:, self._places] = alleles + ord("0")
        return text


def _text(contig: str, piece: PanelStretch, template: _Template) -> bytes:
    columns = (column.tolist() for column in (piece.positions, piece.ids, piece.refs, piece.alts))
    rows = template.rows(piece.alleles(slice(None)))
    lines = []
    for row, (position, name, ref, alt) in zip(rows, zip(*columns, strict=True), strict=True):
        lines.append(f"{contig}\t{position}\t{name}\t{ref}\t{alt}\t.\tPASS\t.\tGT\t".encode())
        lines.append(row.tobytes())
    return b"".join(lines)
