"""VCF packed as BGZF with its index: the lines of the source as they were, but for those that go.

Where only some people stay, their columns are cut out and figures of INFO that are of everybody are computed
anew; a BCF source is written anew from its dosages.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import read_lines
from app.genotypes.texts import Texts
from app.results.doses.formatting import rows_of_cells
from app.results.doses.writing import DoseWriter
from app.results.export.dosage_table import cells, thousandths
from app.results.export.rounding import HARD_CALL, hard_calls, units
from app.results.export.rows import Fingerprint, Rows
from app.results.export.text_body import body_of

LEVEL = 3
_FIELDS = ("GT", "DS", "HDS")


class VcfWriter:
    """See `Writer`. Memory: a batch."""

    def __init__(
        self, stem: Path, samples: Sequence[str], header: Sequence[str], filtered: str, *, csi: bool = False
    ) -> None:
        """`filtered`: what a line of the header says of the cut-offs, empty for none; `csi` for `.tbi`."""
        self.wrote = Fingerprint(samples=tuple(samples))
        self.path = stem.with_name(stem.name + ".vcf.gz")
        lines = [line for line in header if line.startswith("##")]
        lines += [f"##haplodesk_filter={filtered}"] if filtered else []
        self._file = DoseWriter(self.path, samples, chromosomes=(), header=lines, level=LEVEL, csi=csi)
        self._index = self.path.with_name(self.path.name + (".csi" if csi else ".tbi"))

    def write(self, rows: Rows) -> None:
        """See `Writer`."""
        lines = rows.batch.lines
        if lines is None:
            lines = _made_lines(rows)
        first = _first_rows(rows, len(lines))
        text, stops = _joined(lines), np.cumsum(lines.lengths + 1)
        self._file.write_text(rows.chromosome, rows.position[first], rows.refs.lengths[first], text, stops)
        self.wrote.variants += len(lines)
        self.wrote.add_raw(text)

    def finish(self) -> tuple[Path, ...]:
        """See `Writer`."""
        self._file.close()
        return self.path, self._index

    def abort(self) -> None:
        """See `Writer`."""
        self._file.abandon()
        for path in (self.path, self._index):
            path.unlink(missing_ok=True)

    def read_back(self) -> Fingerprint:
        """See `Writer`."""
        return fingerprint_of_vcf(self.path)


def fingerprint_of_vcf(path: Path) -> Fingerprint:
    """What a VCF holds: its samples, and its lines byte by byte. ContainerError where it is damaged."""
    heading = next((line for line in read_lines(path) if line.startswith(b"#CHROM")), b"")
    found = Fingerprint(samples=tuple(each.decode() for each in heading.split(b"\t")[9:]))
    for piece in body_of(path):
        found.variants += piece.count(b"\n")
        found.add_raw(piece)
    return found


def _first_rows(rows: Rows, lines: int) -> slice | NDArray[np.intp]:
    """The first row of each line: a record with several ALT alleles is one line and several rows."""
    record = rows.batch.record
    if record is None or rows.batch.lines is None:
        return slice(0, lines)
    return np.flatnonzero(np.diff(record, prepend=record[0] - 1))


def _joined(lines: Texts) -> bytes:
    """The texts with a line end behind each."""
    lengths = lines.lengths
    out = np.full(int(lengths.sum()) + len(lines), ord("\n"), np.uint8)
    text: NDArray[np.bool_] = np.ones(len(out), bool)
    text[np.cumsum(lengths + 1) - 1] = False
    out[text] = lines.blob[: int(lengths.sum())]
    return out.tobytes()


def _made_lines(rows: Rows) -> Texts:
    """Lines from dosages: GT, DS and HDS where there are haplotypes, else GT and DS."""
    batch = rows.batch
    fields: tuple[str, ...] = ("GT", "DS")
    if batch.haplotypes is not None:
        fields = _FIELDS
        made = rows_of_cells(fields, batch.haplotypes, batch.genotypes)
    else:
        made = [_calls_and_dosages(row) for row in rows.doses.total]
    name, form = rows.chromosome.encode(), ":".join(fields).encode()
    sites = zip(
        rows.position.tolist(),
        rows.ids.raws(),
        rows.refs.raws(),
        rows.alts.raws(),
        rows.columns,
        made,
        strict=True,
    )
    return Texts.of(
        b"\t".join((name, b"%d" % position, identifier, ref, alt, *columns, form, row))
        for position, identifier, ref, alt, columns, row in sites
    )


def _calls_and_dosages(total: NDArray[np.uint16]) -> bytes:
    """Cells of GT:DS; GT where the dosage is near a call."""
    dosages = cells(thousandths(total))[:-1].replace(b"NA", b".").split(b"\t")
    calls = hard_calls(total, units(HARD_CALL)).tolist()
    return b"\t".join(_GENOTYPES[call] + dosage for call, dosage in zip(calls, dosages, strict=True))


_GENOTYPES = (b"0/0:", b"0/1:", b"1/1:", b"./.:")
