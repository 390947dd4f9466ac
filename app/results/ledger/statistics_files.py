"""What a server's own files tell of sites and chunks that it left out, of both generations.

The second generation writes `ID CHROM POS REF ALT INFO` (`snps-excluded.txt`), the same without INFO
(`snps-typed-only.txt`) and `CHUNK SNPS REFERENCE_OVERLAP SAMPLES_LOW_CALL_RATE` (`chunks-excluded.txt`); the
first `#Position FilterType Info` with `chr:pos:ref:alt`, `typed-only.txt` of such places alone, and
`#Chunk SNPs (#) Reference Overlap (%) …`. Reports are lines (`qc_report.txt`) or pages (`qcreport.html`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.genotypes.bgzf import ContainerError, read_lines
from app.genotypes.matrix import compared_name
from app.results.indexing.rsq_table import code_of

LARGEST_REPORT = 64 << 20
NOT_IN_PANEL = "Not in the panel"
COUNTERS = (
    "Reference Overlap",
    "Match",
    "Allele switch",
    "Strand flip",
    "Strand flip and allele switch",
    "A/T, C/G genotypes",
    "Filter flag set",
    "Invalid alleles",
    "Multiallelic sites",
    "Duplicated sites",
    "NonSNP sites",
    "Monomorphic sites",
    "Allele mismatch",
    "SNPs call rate < 90%",
    "Excluded sites in total",
    "Remaining sites in total",
    "Typed only sites",
    "Samples",
    "SNPs",
    "Chunks",
    "Remaining chunk(s)",
)
_TAIL = re.compile(r"\. (Reference Panel|Value): .*$")
_CHUNK = re.compile(r"chunk_([^_]+)_0*(\d{1,10})_0*(\d{1,10})(?!\d)")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_FARTHEST = 1 << 31  # a position beyond is none that a VCF can tell
_MOST = 1e12  # more sites or samples than this are a fault of the file


@dataclass(frozen=True)
class ListedSite:
    """A site of a list: its key (see `site_keys`), why it is there, and where it stands."""

    key: int
    reason: str
    place: str


@dataclass(frozen=True)
class ExcludedChunk:
    """A stretch that was not imputed; `overlap` None where it is not told or not a number."""

    chromosome: str
    start: int
    end: int
    sites: int
    overlap: float | None
    low_samples: int

    @property
    def reason(self) -> str:
        """Why, by its figures, in the order in which the server looks at them."""
        if self.overlap is not None and self.overlap < 0.5:
            return f"Chunk left out: reference overlap {self.overlap:.0%}"
        if self.low_samples:
            many = "1 sample" if self.low_samples == 1 else f"{self.low_samples:,} samples"
            return f"Chunk left out: {many} with a low call rate"
        return f"Chunk left out: too few sites ({self.sites:,})"


@dataclass
class ServerStatistics:
    """Everything that was read, by compared chromosome name; `sources` names the files."""

    excluded: dict[str, list[ListedSite]] = field(default_factory=dict)
    typed_only: dict[str, list[ListedSite]] = field(default_factory=dict)
    chunks: list[ExcludedChunk] = field(default_factory=list)
    lift_failed: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    generation: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def has_lists(self) -> bool:
        """Whether the list of sites that were left out is there."""
        return "excluded" in self.sources


def read_statistics(files: Iterable[Path], messages: Iterable[str] = ()) -> ServerStatistics:
    """Read all lists and reports among files, and counters out of the messages of a job.

    What cannot be read is a note and nothing else: a list may be cut or of a kind nobody knew.
    """
    found = ServerStatistics()
    for path in files:
        name = path.name.lower()
        try:
            _read(found, path, name)
        except IndexError:
            found.notes.append(f"{path.name} could not be read: a line has too few columns")
        except (OSError, ContainerError, ValueError) as error:
            found.notes.append(f"{path.name} could not be read: {error}")
    for text in messages:
        for key, count in counters_of(text).items():
            found.counters.setdefault(key, count)
    return found


def _read(found: ServerStatistics, path: Path, name: str) -> None:
    if "snps-excluded" in name:
        _add_sites(found.excluded, found, path, "excluded")
    elif "typed-only" in name:
        _add_sites(found.typed_only, found, path, "typed_only")
    elif "chunks-excluded" in name:
        found.chunks += _chunks(path)
        found.sources["chunks"] = path.name
    elif "lift-over" in name or "liftover" in name:
        for chromosome in _lifted(path):
            found.lift_failed[chromosome] = found.lift_failed.get(chromosome, 0) + 1
        found.sources["lift_over"] = path.name
    elif name in ("qc_report.txt", "qcreport.html", "quality-control.html"):
        _read_report(found, path, name)


def _read_report(found: ServerStatistics, path: Path, name: str) -> None:
    if path.stat().st_size > LARGEST_REPORT:
        raise ValueError("it is too large for a report")
    text = path.read_text("utf-8", "replace")
    for key, count in counters_of(text).items():
        found.counters.setdefault(key, count)
    found.sources.setdefault("report", path.name)
    found.generation = found.generation or ("first" if name == "qcreport.html" else "second")


def counters_of(text: str) -> dict[str, int]:
    """The counters of a report or a message, by the server's own names; `Reference Overlap` in percent."""
    plain = html.unescape(_TAG.sub("\n", text))
    found: dict[str, int] = {}
    for name in COUNTERS:
        # No line end among the blanks before it: many empty lines would take a time that grows by the square.
        told = re.search(rf"(?:^|\n)[^\S\n]*{re.escape(name)}:\s*([\d,]+(?:\.\d+)?)", plain)
        count = _number(told[1]) if told else None
        if count is not None:
            found[name] = int(count)
    return found


def _add_sites(into: dict[str, list[ListedSite]], found: ServerStatistics, path: Path, what: str) -> None:
    found.sources[what] = path.name
    rows = _rows(path)
    head = next(rows, None)
    if head is None:
        return
    first_generation = head[0].lstrip("#").strip().lower() == "position"
    found.generation = "first" if first_generation else "second"
    read = _old_site if first_generation else _new_site
    if not first_generation and head[0].strip().upper() != "ID":
        raise ValueError("its first line names other columns")
    for row in rows:
        chromosome, site = read(row)
        into.setdefault(compared_name(chromosome), []).append(site)


def _rows(path: Path) -> Iterator[list[str]]:
    for raw in read_lines(path):
        if raw.strip():
            yield raw.decode("utf-8", "replace").rstrip("\r").split("\t")


def _new_site(row: Sequence[str]) -> tuple[str, ListedSite]:
    _, chromosome, position, ref, alt = (each.strip() for each in row[:5])
    reason = row[5].strip() if len(row) > 5 else ""
    return chromosome, _site(chromosome, int(position), ref, alt, reason)


def _old_site(row: Sequence[str]) -> tuple[str, ListedSite]:
    parts = row[0].strip().split(":")
    chromosome, position = parts[0], int(parts[1])
    ref, alt = (parts[2], parts[3]) if len(parts) > 3 else ("", "")
    return chromosome, _site(chromosome, position, ref, alt, row[1].strip() if len(row) > 1 else "")


def _site(chromosome: str, position: int, ref: str, alt: str, reason: str) -> ListedSite:
    if not 0 <= position < _FARTHEST:
        raise ValueError(f"{position:,} is no position on a chromosome")
    key = position << 24 | code_of(ref.encode(), alt.encode())
    words = _TAIL.sub("", reason) or NOT_IN_PANEL
    return ListedSite(key, words, f"{chromosome}:{position} {ref}/{alt}")


def _chunks(path: Path) -> Iterator[ExcludedChunk]:
    for row in _rows(path):
        told = _CHUNK.search(row[0])
        if told is None:
            continue
        overlap = _number(row[2])
        yield ExcludedChunk(
            chromosome=compared_name(told[1]),
            start=int(told[2]),
            end=int(told[3]),
            sites=int(_number(row[1]) or 0),
            overlap=overlap / 100 if overlap is not None and overlap > 1 else overlap,
            low_samples=int(_number(row[3]) or 0) if len(row) > 3 else 0,
        )


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "").strip(" %"))
    except ValueError:
        return None
    return value if abs(value) < _MOST else None


def _lifted(path: Path) -> Iterator[str]:
    for row in _rows(path):
        place = row[0].split(":")
        if len(row) > 1 and len(place) > 1 and place[1].isdigit():
            yield compared_name(place[0])
