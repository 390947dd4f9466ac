"""Long final reports: one line a sample and SNP, in any order.

Lines are sorted into buckets of SNPs in a temporary file, so that memory does not grow with the number of
samples; the names of samples and SNPs are kept.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import Batch, Origin, Reference
from app.genotypes.header import Header
from app.genotypes.readers.contract import FormatError, prove_names
from app.genotypes.readers.final_report_layout import ReportLayout
from app.genotypes.readers.final_report_sites import ReportSites, notes, too_low
from app.genotypes.readers.illumina_manifest import Manifest
from app.genotypes.readers.letter_rows import BAD, pair_of
from app.genotypes.readers.text_lines import TextLines

BUCKET = 256  # SNPs that are put together at once
CALLS_IN_MEMORY = 1 << 21
_CALL = np.dtype([("snp", "<u4"), ("sample", "<u4"), ("pair", "u1")])
_AGAIN = "Export or copy the report again."


class LongReader:
    """See `GenotypeReader`. The files are read when `samples` are asked for; `notes` are known after that."""

    header: Header | None = None

    def __init__(
        self, paths: Sequence[Path], layouts: Sequence[ReportLayout], manifest: Manifest | None
    ) -> None:
        self._paths, self._layouts = list(paths), list(layouts)
        coding = layouts[0].coding
        self._sites = ReportSites(manifest, coding)
        self.people: dict[str, Sequence[str] | Sequence[int]] = {}
        self.origin = Origin(
            format="final_report",
            files=tuple(map(os.fspath, [*paths, *([manifest.path] if manifest else [])])),
            reference=Reference.UNKNOWN,
            build=manifest.build if manifest else "",
            strand=manifest.strand(coding) if manifest else coding,
        )
        self._low = 0
        self._lines: TextLines | None = None
        self._before, self._total = 0, sum(path.stat().st_size for path in paths)

    @cached_property
    def _spill(self) -> _Spill:
        spill = _Spill()
        samples: dict[bytes, int] = {}
        for path, layout in zip(self._paths, self._layouts, strict=True):
            self._lines = TextLines(path)
            report = _OneReport(self._lines, layout, self._sites, samples, spill)
            self._low += report.read()
            self._before, self._lines = self._before + path.stat().st_size, None
        spill.flush()
        spill.samples = [name.decode("utf-8", "replace") for name in samples]
        prove_names(spill.samples, self.origin.files[0])
        return spill

    @property
    def samples(self) -> Sequence[str]:
        """Names in the order in which they are met. FormatError where the report is broken."""
        return self._spill.samples

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the person about what was taken as missing."""
        return notes(self._low, self._sites.unlisted) if "_spill" in vars(self) else ()

    def progress(self) -> tuple[int, int]:
        """Bytes read so far, bytes in all."""
        return self._before + (self._lines.consumed if self._lines else 0), self._total

    def batches(self, rows: int = 2048) -> Iterator[Batch]:
        """SNPs in the order in which they are first met. FormatError for two calls of one sample and SNP."""
        samples = len(self.samples)
        for bucket, calls in enumerate(self._spill.buckets()):
            first = bucket * BUCKET
            count = min(BUCKET, len(self._sites) - first)
            place = (calls["snp"].astype(np.int64) - first) * samples + calls["sample"]
            self._refuse_twice(place, first, samples)
            pairs = np.zeros(count * samples, np.uint8)
            pairs[place] = calls["pair"]
            whole = pairs.reshape(count, samples)
            for start in range(0, count, rows):
                yield self._sites.batch(first + start, whole[start : start + rows])

    def _refuse_twice(self, place: NDArray[np.int64], first: int, samples: int) -> None:
        found, counts = np.unique(place, return_counts=True)
        twice = found[counts > 1]
        if len(twice):
            sample = self.samples[int(twice[0]) % samples]
            snp = self._sites.name(first + int(twice[0]) // samples)
            raise FormatError(
                "final_report.same_sample",
                self.origin.files[0],
                "A sample has two genotypes of one SNP",
                f"{sample}, {snp}",
                "Give replicates different sample IDs in GenomeStudio and export again.",
            )


class _OneReport:
    """One file on its way into the spill."""

    def __init__(
        self,
        lines: TextLines,
        layout: ReportLayout,
        sites: ReportSites,
        samples: dict[bytes, int],
        spill: _Spill,
    ) -> None:
        self._lines, self._layout = lines, layout
        self._sites, self._samples, self._spill = sites, samples, spill
        self._words: list[bytes] = []
        self._met, self._people = bytearray(), set[int]()
        self._sample_of, self._snp_of = _Seen(self._sample), _Seen(self._site)
        self._pair_of, self._is_low = _Seen(_pair, 10_000), _Seen(too_low, 100_000)

    def read(self) -> int:
        """Put all calls into the spill; gives how many scores were too low."""
        layout, lines = self._layout, self._lines
        sample, score, (one, two) = layout.sample, layout.score, layout.alleles
        samples, snps, pairs, is_low = self._sample_of, self._snp_of, self._pair_of, self._is_low
        about = [at for at in (layout.name, layout.chromosome, layout.position) if at >= 0]
        low = count = bad = 0
        for line in lines:
            if lines.number <= layout.lines or not line:
                continue
            self._words = words = line.split(layout.delimiter)
            if len(words) != layout.width:
                raise self._broken("final_report.line", "A line has another number of columns")
            pair = pairs[words[one] + b"\t" + words[two]]
            bad += pair == BAD
            if score >= 0 and pair and is_low[words[score]]:
                low, pair = low + 1, 0
            count += 1
            snp = snps[b"\t".join([words[at] for at in about])]
            self._met[snp] = 1
            self._spill.add(snp, samples[words[sample]], pair)
        self._complete(count, bad)
        return low

    def _broken(self, code: str, title: str, place: str = "") -> FormatError:
        return self._lines.error(code, title, place or f"line {self._lines.number:,}", _AGAIN)

    def _site(self, raw: bytes) -> int:
        """The number of a SNP from the words that tell where it is; all lines must tell the same."""
        layout, words = self._layout, self._words
        name = words[layout.name].strip(b' "')
        places = [words[at].strip(b' "') if at >= 0 else b"0" for at in (layout.chromosome, layout.position)]
        snp = self._sites.index.get(name)
        if snp is None:
            snp = self._sites.add(name, *places)
            if snp is None:
                raise self._broken("final_report.position", "A position is not a whole number")
        elif not self._sites.agrees(snp, *places):
            raise self._broken("final_report.position", "A SNP has another position than before")
        if snp >= len(self._met):
            self._met.extend(bytes(max(1024, snp + 1 - len(self._met))))
        return snp

    def _sample(self, raw: bytes) -> int:
        name = raw.strip(b' "')
        if not name:
            raise self._broken("final_report.sample", "A line has no sample ID")
        number = self._samples.setdefault(name, len(self._samples))
        self._people.add(number)
        return number

    def _complete(self, count: int, bad: int) -> None:
        """A report has a line for each sample and SNP, and as many as its head says."""
        lines = self._lines
        if not count:
            raise lines.error("final_report.empty", "The report holds no genotypes", advice=_AGAIN)
        if bad * 2 > count:
            raise lines.error("final_report.genotypes", "The genotypes are not letters", advice=_AGAIN)
        expected = max(sum(self._met) * len(self._people), self._stated())
        if count < expected:
            title = f"The report is cut short: {count:,} lines instead of {expected:,}"
            raise self._broken("final_report.incomplete", title)

    def _stated(self) -> int:
        about = self._layout.about
        snps, samples = about.get("num snps", ""), about.get("num samples", "")
        if "file" in about or not (snps.isdecimal() and samples.isdecimal()):
            return 0  # one of several files; the head counts them all
        return int(snps) * int(samples)


class _Seen(dict[bytes, int]):
    """Answers to words met before, at most `most` of them; the first time they are worked out."""

    def __init__(self, answer: Callable[[bytes], int], most: int = 1 << 31) -> None:
        super().__init__()
        self._answer, self._most = answer, most

    def __missing__(self, word: bytes) -> int:
        found = self._answer(word)
        if len(self) < self._most:
            self[word] = found
        return found


def _pair(words: bytes) -> int:
    """Two alleles with a tab between them."""
    return pair_of(b"".join(word.strip(b' "') for word in words.split(b"\t")))


class _Spill:
    """Calls sorted into buckets of SNPs in a temporary file that goes away with this object."""

    def __init__(self) -> None:
        self.samples: list[str] = []
        self._folder = tempfile.mkdtemp(prefix="haplodesk-report-")
        self._end = weakref.finalize(self, shutil.rmtree, self._folder, True)
        self._path = Path(self._folder, "calls")
        self._snps, self._samples, self._pairs = array("I"), array("I"), bytearray()
        self._most = CALLS_IN_MEMORY
        self._written = 0
        self._extents: list[list[tuple[int, int]]] = []

    def add(self, snp: int, sample: int, pair: int) -> None:
        """Keep a call."""
        self._snps.append(snp)
        self._samples.append(sample)
        self._pairs.append(pair)
        if len(self._pairs) == self._most:
            self.flush()

    def flush(self) -> None:
        """Write what is in memory, bucket by bucket."""
        if not self._pairs:
            return
        calls = np.empty(len(self._pairs), _CALL)
        calls["snp"], calls["sample"] = self._snps, self._samples
        calls["pair"] = np.frombuffer(bytes(self._pairs), np.uint8)
        bucket = calls["snp"] // BUCKET
        order = np.argsort(bucket, kind="stable")
        numbers, starts = np.unique(bucket[order], return_index=True)
        stops = np.append(starts[1:], len(order))
        while len(self._extents) <= int(numbers[-1]):
            self._extents.append([])
        for number, start, stop in zip(numbers.tolist(), starts.tolist(), stops.tolist(), strict=True):
            self._extents[number].append((self._written + start, stop - start))
        with self._path.open("ab") as file:
            file.write(calls[order].tobytes())
        self._written += len(order)
        self._snps, self._samples, self._pairs = array("I"), array("I"), bytearray()

    def buckets(self) -> Iterator[NDArray[np.void]]:
        """The calls of each bucket in turn, each in the order of the lines."""
        with self._path.open("rb") as file:
            for extents in self._extents:
                parts = []
                for start, count in extents:
                    file.seek(start * _CALL.itemsize)
                    parts.append(np.frombuffer(file.read(count * _CALL.itemsize), _CALL))
                yield np.concatenate(parts) if parts else np.empty(0, _CALL)
