"""The lists of a real job (`snps-excluded.txt` and its kin) beside the prediction, and what they teach.

Columns by `cloudgene.md` 7.3: sites `ID CHROM POS REF ALT INFO`, typed-only sites the same without INFO,
chunks `CHUNK SNPS REFERENCE_OVERLAP SAMPLES_LOW_CALL_RATE`.
"""

from __future__ import annotations

import re
import secrets
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from app.domain.comparison import Comparison, Difference
from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import ContainerError, read_lines
from app.genotypes.builds import plain_chromosome
from app.genotypes.server.parameters import ExcludedSite, ServerQcAnswer
from app.genotypes.site_table import SiteTable, table_of
from app.genotypes.texts import Texts

SITES = ("ID", "CHROM", "POS", "REF", "ALT", "INFO")
CHUNKS = ("CHUNK", "SNPS", "REFERENCE_OVERLAP", "SAMPLES_LOW_CALL_RATE")
EXAMPLES = 5
_PANEL = re.compile(r"Reference Panel: ([^/\s]+)/(\S+)")
_TAIL = re.compile(r"\. (Reference Panel|Value): .*$")
LearnedRow = tuple[int, str, str]
_TEXTS = ((0, "chromosome"), (2, "ref"), (3, "alt"))
_BLOB, _ENDS = "_letters", "_ends"
_OLD_WIDTH = 8
_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, NotImplementedError, BadZipFile, zlib.error)


@dataclass(frozen=True)
class ServerList:
    """A list read from a file: `kind` is `sites`, `typed_only` or `chunks`; `rows` are (place, words)."""

    kind: str
    rows: tuple[tuple[str, str], ...]
    sites: tuple[ExcludedSite, ...] = ()


def read_list(path: Path) -> ServerList:
    """A list that a server wrote. ProblemError when it is none of the three."""
    try:
        lines = [raw.decode("utf-8", "replace").split("\t") for raw in read_lines(path) if raw.strip()]
    except (OSError, ContainerError) as error:
        raise _unreadable(path, str(error)) from error
    head = tuple(word.strip().lstrip("#").upper() for word in lines[0]) if lines else ()
    if head[:4] == CHUNKS:
        return ServerList("chunks", tuple((row[0], "Chunk left out") for row in lines[1:]))
    if head[:5] != SITES[:5]:
        raise _unreadable(path, f"its first line is not “{' '.join(SITES)}”")
    kind = "sites" if head[5:6] == ("INFO",) else "typed_only"
    try:
        sites = tuple(_site(row) for row in lines[1:])
    except (ValueError, IndexError) as error:
        raise _unreadable(path, "a line has not all columns, or a position is not a number") from error
    return ServerList(kind, tuple(_row(each) for each in sites), sites)


def _site(row: Sequence[str]) -> ExcludedSite:
    reason = row[5].strip() if len(row) > 5 else ""
    return ExcludedSite(
        id=row[0], chromosome=row[1], position=int(row[2]), ref=row[3], alt=row[4].strip(), reason=reason
    )


def _row(site: ExcludedSite) -> tuple[str, str]:
    chromosome = plain_chromosome(site.chromosome) or site.chromosome
    return f"{chromosome}:{site.position} {site.ref}/{site.alt}", site.reason or "Not in the panel"


def _unreadable(path: Path, why: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "This is not a list of a server's quality control",
        f"{path.name}: {why}.",
        "Give snps-excluded.txt, snps-typed-only.txt or chunks-excluded.txt of a job.",
        subject=path.name,
    )


def compare_excluded(path: Path, answer: ServerQcAnswer) -> Comparison:
    """Where the prediction and the list of a real job differ. ProblemError when it is no such list."""
    found = read_list(path)
    mine = _mine(found.kind, answer)
    here, there = _by_place(mine), _by_place(found.rows)
    same, other, examples = _matched(here, there)
    only_here = sum(map(len, here.values())) - same - other
    only_there = sum(map(len, there.values())) - same - other
    comparison = Comparison(
        kind=found.kind,
        headline="",
        agree=same,
        only_here=only_here,
        only_there=only_there,
        other_reason=other,
        differences=_differences(mine, found.rows, examples),
    )
    return comparison.model_copy(update={"headline": _headline(comparison)})


def _mine(kind: str, answer: ServerQcAnswer) -> Sequence[tuple[str, str]]:
    if kind == "chunks":
        return [(each.chunk, "Chunk left out") for each in answer.chunks_excluded]
    return [_row(each) for each in (answer.excluded_sites if kind == "sites" else answer.typed_only_sites)]


def _by_place(rows: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    places: dict[str, list[str]] = defaultdict(list)
    for place, words in rows:
        places[place].append(words)
    return places


def _matched(
    here: Mapping[str, list[str]], there: Mapping[str, list[str]]
) -> tuple[int, int, dict[str, list[str]]]:
    """Lines that are the same, lines with other words, and examples of differences by reason."""
    same = other = 0
    examples: dict[str, list[str]] = defaultdict(list)
    for place in {**here, **there}:
        mine, theirs = Counter(here.get(place, ())), Counter(there.get(place, ()))
        alike = sum((mine & theirs).values())
        same += alike
        other += min(sum(mine.values()), sum(theirs.values())) - alike
        for words in [*(mine - theirs), *(theirs - mine)]:
            examples[_kind(words)].append(place)
    return same, other, examples


def _kind(words: str) -> str:
    """`Strand flip. Reference Panel: A/G` → `Strand flip`."""
    return _TAIL.sub("", words)


def _differences(
    mine: Iterable[tuple[str, str]], theirs: Iterable[tuple[str, str]], examples: Mapping[str, list[str]]
) -> tuple[Difference, ...]:
    here, there = (Counter(_kind(words) for _, words in rows) for rows in (mine, theirs))
    return tuple(
        Difference(
            what=what, here=here[what], there=there[what], examples=tuple(examples.get(what, ())[:EXAMPLES])
        )
        for what in sorted({*here, *there}, key=lambda what: (-there[what], what))
    )


_SPOKEN = {"sites": "variants left out", "typed_only": "typed-only variants", "chunks": "parts left out"}


def _headline(found: Comparison) -> str:
    what = _SPOKEN[found.kind]
    if found.same:
        return f"Prediction and server agree on all {found.agree:,} {what}."
    parts = []
    if found.only_there:
        parts.append(f"{found.only_there:,} by the server alone")
    if found.only_here:
        parts.append(f"{found.only_here:,} by the prediction alone")
    if found.other_reason:
        parts.append(f"{found.other_reason:,} for another reason")
    return f"Prediction and server agree on {found.agree:,} {what}; {', '.join(parts)}."


def learn_panel(path: Path) -> dict[str, list[LearnedRow]]:
    """The panel's alleles that a list tells (`Reference Panel: A/G`), by plain chromosome."""
    learned: dict[str, set[LearnedRow]] = defaultdict(set)
    for site in read_list(path).sites:
        if told := _PANEL.search(site.reason):
            chromosome = plain_chromosome(site.chromosome) or site.chromosome
            learned[chromosome].add((site.position, told[1], told[2]))
    return {chromosome: sorted(rows) for chromosome, rows in learned.items()}


class LearnedPanel:
    """What was learned of a panel; a `PanelSource`."""

    def __init__(self, rows: Mapping[str, Sequence[LearnedRow]]) -> None:
        self._rows = rows

    def name(self, chromosome: str) -> str:
        """A name for messages; there is no file."""
        return f"sites of chromosome {chromosome}"

    def sites(self, chromosome: str) -> SiteTable | None:
        """The sites learned on a chromosome; no chromosome is missing, as not all are known."""
        table = table_of(self._rows.get(chromosome, ()))
        return replace(table, partial=True)

    @property
    def count(self) -> int:
        """How many sites are known."""
        return sum(map(len, self._rows.values()))


def save_learned(path: Path, rows: Mapping[str, Sequence[LearnedRow]]) -> int:
    """Add what was learned to a file of it; newer alleles win at a place. Gives how many are new.

    Whoever calls sees to it that nobody else does so meanwhile, or what one of them adds is lost. OSError.
    """
    known = load_learned(path)
    before = sum(map(len, known.values()))
    merged = {
        chromosome: {position: (ref, alt) for position, ref, alt in known.get(chromosome, ())}
        | {position: (ref, alt) for position, ref, alt in rows.get(chromosome, ())}
        for chromosome in {**known, **rows}
    }
    flat = [(c, p, *pair) for c, sites in merged.items() for p, pair in sorted(sites.items())]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.stem}-{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            np.savez_compressed(file, **_stored(flat))
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return len(flat) - before


def _stored(rows: Sequence[tuple[str, int, str, str]]) -> dict[str, Any]:
    """Columns as arrays; a column of equal widths would cut long alleles, or be as wide as the longest."""
    stored: dict[str, Any] = {"position": np.array([each[1] for each in rows], np.int64)}
    for at, name in _TEXTS:
        texts = Texts.of(str(each[at]) for each in rows)
        stored |= {name + _BLOB: texts.blob, name + _ENDS: texts.ends}
    return stored


def _loaded(stored: Mapping[str, NDArray[Any]]) -> list[tuple[str, int, str, str]]:
    """Rows of a file; one of an earlier version kept eight letters, so that longer alleles may be cut."""
    positions = stored["position"].tolist()
    if "ref" in stored:
        old = (stored[name].tolist() for name in ("chromosome", "ref", "alt"))
        rows = [(c, p, r, a) for p, c, r, a in zip(positions, *old, strict=True)]
        return [each for each in rows if max(len(each[2]), len(each[3])) < _OLD_WIDTH]
    columns = [_texts(stored[name + _BLOB], stored[name + _ENDS]) for _, name in _TEXTS]
    return [(c, p, r, a) for p, c, r, a in zip(positions, *columns, strict=True)]


def _texts(blob: NDArray[Any], ends: NDArray[Any]) -> list[str]:
    if len(ends) and (ends[0] < 0 or (np.diff(ends) < 0).any() or ends[-1] != len(blob)):
        raise ValueError("the texts do not fit their ends")
    return list(Texts(blob.astype(np.uint8), ends.astype(np.int64)))


def load_learned(path: Path) -> dict[str, list[LearnedRow]]:
    """What was learned before, nothing when there is no such file or it cannot be read."""
    learned: dict[str, list[LearnedRow]] = defaultdict(list)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            rows = _loaded(stored)
    except _DAMAGED:
        return {}
    for chromosome, position, ref, alt in rows:
        learned[chromosome].append((position, ref, alt))
    return dict(learned)
