"""Matrix final reports and full data tables: one line a SNP, one or several columns a sample."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from app.genotypes.cohort import Batch, Origin, Reference
from app.genotypes.header import Header
from app.genotypes.readers.contract import FormatError, prove_names
from app.genotypes.readers.final_report_layout import ReportLayout
from app.genotypes.readers.final_report_sites import ReportSites, notes, too_low
from app.genotypes.readers.illumina_manifest import Manifest
from app.genotypes.readers.letter_rows import BAD, pair_of
from app.genotypes.readers.text_lines import TextLines

LONGEST_LINE = 64 << 20
_LINES_TO_TELL_AB = 200
_MOST_CELLS = 10_000
_AGAIN = "Export or copy the report again."


class MatrixReader:
    """See `GenotypeReader`. Reads line by line; `notes` grow with the reading."""

    header: Header | None = None

    def __init__(self, path: Path, layout: ReportLayout, manifest: Manifest | None) -> None:
        self._path, self._layout = path, layout
        coding = layout.coding or ("ab" if _has_b(path, layout) else "")
        if coding == "ab" and manifest is None:
            raise _ab_only(path, layout)
        self._sites = ReportSites(manifest, coding)
        names = [name for name, _, _ in layout.samples]
        prove_names(names, os.fspath(path))
        self.samples: Sequence[str] = names
        self.people: dict[str, Sequence[str] | Sequence[int]] = {}
        self.origin = Origin(
            format="final_report",
            files=(os.fspath(path), *([os.fspath(manifest.path)] if manifest else [])),
            reference=Reference.UNKNOWN,
            build=manifest.build if manifest else "",
            strand=manifest.strand(coding) if manifest and coding else coding,
        )
        self._low = 0
        self._size = path.stat().st_size
        self._lines: TextLines | None = None
        self._cells: dict[bytes, tuple[int, bool]] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the person about what was taken as missing."""
        return notes(self._low, self._sites.unlisted)

    def progress(self) -> tuple[int, int]:
        """Bytes read so far, bytes in all."""
        return (self._lines.consumed if self._lines else 0), self._size

    def batches(self, rows: int = 2048) -> Iterator[Batch]:
        """SNPs in the order of the file."""
        self._lines = TextLines(self._path, longest=LONGEST_LINE)
        at_once = max(1, min(rows, (1 << 22) // max(1, len(self.samples))))
        waiting: list[bytes] = []
        bad = count = 0
        for line in self._lines:
            if self._lines.number <= self._layout.lines or not line.strip():
                continue
            waiting.append(self._row(line))
            if len(waiting) == at_once:
                bad, count = bad + _bad(waiting), count + len(waiting) * len(self.samples)
                yield self._batch(waiting)
                waiting = []
        bad, count = bad + _bad(waiting), count + len(waiting) * len(self.samples)
        self._complete(count, bad)
        if waiting:
            yield self._batch(waiting)

    def _batch(self, waiting: list[bytes]) -> Batch:
        pairs = np.frombuffer(b"".join(waiting), np.uint8).reshape(len(waiting), len(self.samples))
        return self._sites.batch(len(self._sites) - len(waiting), pairs)

    def _row(self, line: bytes) -> bytes:
        assert self._lines is not None
        layout, lines = self._layout, self._lines
        words = line.replace(b'"', b"").split(layout.delimiter)
        if len(words) != layout.width:
            place = f"line {lines.number:,}"
            raise lines.error("final_report.line", "A line has another number of columns", place, _AGAIN)
        places = (words[at].strip() if at >= 0 else b"0" for at in (layout.chromosome, layout.position))
        if self._sites.add(words[layout.name].strip(), *places) is None:
            place = f"line {lines.number:,}"
            raise lines.error("final_report.position", "A position is not a whole number", place, _AGAIN)
        return bytes(self._genotype(words, cell, score) for _, cell, score in layout.samples)

    def _genotype(self, words: list[bytes], cell: int, score: int) -> int:
        pair, low = self._cells.get(words[cell]) or self._understood(words[cell])
        low = low or (score >= 0 and too_low(words[score]))
        if low and pair:
            self._low += 1
            return 0
        return pair

    def _understood(self, cell: bytes) -> tuple[int, bool]:
        """A cell such as `AG`, `A/G` or `AG|0.87`, where a score follows."""
        letters, bar, score = cell.strip().partition(b"|")
        if bar and len(score) == 1:
            letters, score = letters + score, b""
        found = pair_of(letters), bool(score) and too_low(score)
        if len(self._cells) < _MOST_CELLS:
            self._cells[cell] = found
        return found

    def _complete(self, count: int, bad: int) -> None:
        assert self._lines is not None
        lines, stated = self._lines, self._layout.about.get("num snps", "")
        if not count:
            raise lines.error("final_report.empty", "The report holds no genotypes", advice=_AGAIN)
        if bad * 2 > count:
            raise lines.error("final_report.genotypes", "The genotypes are not letters", advice=_AGAIN)
        if stated.isdecimal() and len(self._sites) < int(stated):
            title = f"The report is cut short: {len(self._sites):,} SNPs instead of {int(stated):,}"
            raise lines.error("final_report.incomplete", title, f"line {lines.number:,}", _AGAIN)


def _bad(rows: list[bytes]) -> int:
    return sum(row.count(BAD) for row in rows)


def _has_b(path: Path, layout: ReportLayout) -> bool:
    """Whether the first lines have the letter B among their genotypes."""
    lines = TextLines(path, longest=LONGEST_LINE)
    for line in islice(lines, layout.lines, layout.lines + _LINES_TO_TELL_AB):
        words = line.replace(b'"', b"").split(layout.delimiter)
        if any(b"B" in words[cell] for _, cell, _ in layout.samples if cell < len(words)):
            return True
    return False


def _ab_only(path: Path, layout: ReportLayout) -> FormatError:
    return FormatError(
        "final_report.ab_only",
        os.fspath(path),
        "The report has the letters A and B only",
        f"line {layout.lines + 1:,}",
        f"Add the manifest of {layout.content} (the .csv file from Illumina's support page) to the report, "
        "or export the genotypes as plus or forward alleles.",
    )
