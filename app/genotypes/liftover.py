"""Honest lift-over by chain files: positions on the plus strand of the other build, and where strands turn.

Unlike the lift-over of the servers (`server/lift.py`) a position is one base, backward chains give the right
base, and `reverse` says that alleles must be complemented. Chain format: UCSC; Ensembl's files are the same
with bare names. Where several chains cover a base, one to the same chromosome wins, then the higher score,
then the longer one; the choice is made once, when the file is read, so that lifting is one binary search.
"""

from __future__ import annotations

import heapq
import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import ContainerError, read_lines
from app.genotypes.builds import BUILDS, length, plain_chromosome

NOWHERE = 65_535
MOST_LINES = 4_000_000  # Ensembl's from GRCh38 to GRCh37 has 160,000
MOST_BYTES = 128 << 20  # of text
_LONGEST_LINE = 4096
_RCRS_BASES = 16_569  # the mitochondrial sequence of GRCh37 and GRCh38; hg19's chrM is another one

Places = NDArray[np.int64]
Bits = NDArray[np.bool_]


class LiftStatus(IntEnum):
    """What became of a position."""

    LIFTED = 0
    UNMAPPED = 1
    OTHER_CHROMOSOME = 2


@dataclass(frozen=True, eq=False)
class Lifted:
    """For each position where it is now, counted from 1.

    `chromosome` are indices into `names`, NOWHERE when UNMAPPED (position 0). `reverse`: the strand turns, so
    alleles must be complemented. Positions of OTHER_CHROMOSOME are given, though no service takes them.
    """

    names: tuple[str, ...]
    chromosome: NDArray[np.uint16]
    position: Places
    reverse: Bits
    status: NDArray[np.uint8]

    def counts(self) -> dict[LiftStatus, int]:
        """How many positions there are of each status."""
        return {status: int(np.count_nonzero(self.status == status)) for status in LiftStatus}


@dataclass
class _Header:
    """One chain of the file with its blocks, three numbers each.

    Start and stop of a block are from 0, half open; a new position from 1 is shift + position, or
    shift − position when the strand turns.
    """

    score: float
    source: str
    source_size: int
    target: str
    target_size: int
    reverse: bool
    order: int
    blocks: array[int] = field(default_factory=partial(array, "q"))

    def table(self) -> Places:
        """[blocks, 3] start, stop and shift."""
        return np.array(self.blocks, np.int64).reshape(-1, 3)

    def preference(self) -> tuple[bool, float, int, int]:
        """Sorts the worst first."""
        bases = sum(self.blocks[1::3]) - sum(self.blocks[0::3])
        return self.source == self.target, self.score, bases, -self.order


@dataclass(frozen=True, eq=False)
class _Segments:
    """Stretches of a chromosome that do not overlap, sorted; what each is lifted to."""

    start: Places
    stop: Places
    shift: Places
    block: Places
    target: NDArray[np.uint16]
    reverse: Bits

    def find(self, base: Places) -> tuple[NDArray[np.intp], Bits]:
        """The stretch of each base (from 0), and whether it is in one."""
        place = np.searchsorted(self.start, base, "right") - 1
        inside = (place >= 0) & (base < self.stop[np.maximum(place, 0)])
        return np.maximum(place, 0), inside


@dataclass(frozen=True, eq=False)
class Chain:
    """A chain file; `sizes_from` and `sizes_to` are the lengths of the chromosomes that it names."""

    names: tuple[str, ...]
    sizes_from: Mapping[str, int]
    sizes_to: Mapping[str, int]
    segments: Mapping[str, _Segments]

    @property
    def builds(self) -> tuple[str | None, str | None]:
        """From which build to which, told by the lengths of the chromosomes."""
        return build_by_sizes(self.sizes_from), build_by_sizes(self.sizes_to)


def build_by_sizes(sizes: Mapping[str, int]) -> str | None:
    """The build whose chromosomes all have these lengths, None when there is not exactly one."""
    named = {name: bases for name, bases in sizes.items() if length("GRCh38", name) and name != "MT"}
    fitting = [b for b in BUILDS if all(length(b, name) == bases for name, bases in named.items())]
    return fitting[0] if named and len(fitting) == 1 else None


@lru_cache(maxsize=4096)
def chain_name(raw: str) -> str:
    """A chromosome as it is called here: plain where it is one of humans, else as it is, without `chr`."""
    return plain_chromosome(raw) or (raw[3:] if raw.startswith("chr") else raw)


def read_chain(path: Path) -> Chain:
    """Read a chain file, packed or plain; ProblemError when it is none or is damaged."""
    try:
        headers = _headers(read_lines(path))
    except ContainerError as error:
        raise _no_chain(path, f"is {error.fault}", str(error)) from error
    except (ValueError, IndexError) as error:
        raise _no_chain(path, "has a line that is none of a chain file", str(error)) from error
    except OSError as error:
        raise problem(
            Kind.DISK,
            "The chain file cannot be read",
            f"{path.name}: {error.strerror or error}.",
            "Check that the file is there and may be read.",
            subject=path.name,
        ) from error
    if not headers:
        raise _no_chain(path, "holds no chain")
    return _chain_of(headers)


def _no_chain(path: Path, why: str, details: str = "") -> ProblemError:
    return problem(
        Kind.INPUT,
        "The file is no chain file",
        f"{path.name} {why}.",
        "Choose a chain file such as GRCh37_to_GRCh38.chain.gz.",
        subject=path.name,
        details=details,
    )


def _headers(lines: Iterable[bytes]) -> list[_Header]:
    headers: list[_Header] = []
    source = target = size_of_text = 0
    targets: set[str] = set()
    for number, line in enumerate(lines):
        size_of_text += len(line) + 1
        if number >= MOST_LINES or size_of_text > MOST_BYTES or len(line) > _LONGEST_LINE:
            raise ValueError("more or longer lines than chain files have")
        words = line.split()
        if not words or words[0].startswith(b"#"):
            continue
        if words[0] == b"chain":
            headers.append(_header(words, len(headers)))
            targets.add(headers[-1].target)
            if len(targets) >= NOWHERE:
                raise ValueError("more chromosomes than can be")
            source, target = int(words[5]), int(words[10])
            continue
        size, *gaps = map(int, words)
        header = headers[-1]
        header.blocks.extend(_block(header, source, target, size))
        if gaps:
            source, target = source + size + gaps[0], target + size + gaps[1]
    return headers


def _header(words: Sequence[bytes], order: int) -> _Header:
    if words[4] != b"+" or words[9] not in (b"+", b"-"):
        raise ValueError("a strand that cannot be")
    if not max(int(words[3]), int(words[8])) < 1 << 32:
        raise ValueError("a chromosome larger than any")
    if not math.isfinite(float(words[1])):
        raise ValueError("a score that is no number")
    return _Header(
        score=float(words[1]),
        source=chain_name(words[2].decode()),
        source_size=int(words[3]),
        target=chain_name(words[7].decode()),
        target_size=int(words[8]),
        reverse=words[9] == b"-",
        order=order,
    )


def _block(header: _Header, source: int, target: int, size: int) -> tuple[int, int, int]:
    if (
        min(size, source, target) < 0
        or source + size > header.source_size
        or target + size > header.target_size
    ):
        raise ValueError("a block beyond the end of its chromosome")
    shift = header.target_size - target + source + 1 if header.reverse else target - source
    return source, source + size, shift


def _chain_of(headers: list[_Header]) -> Chain:
    headers = [h for h in headers if not _is_other_mitochondrion(h)]
    sizes_from = {h.source: h.source_size for h in headers}
    sizes_to = {h.target: h.target_size for h in headers}
    if {build_by_sizes(sizes_from), build_by_sizes(sizes_to)} == {"GRCh37", "GRCh38"}:
        _keep_mitochondrion(headers, sizes_from, sizes_to)
    names = tuple(dict.fromkeys(h.target for h in headers))
    index = {name: number for number, name in enumerate(names)}
    grouped: dict[str, list[_Header]] = defaultdict(list)
    for header in headers:
        grouped[header.source].append(header)
    return Chain(
        names, sizes_from, sizes_to, {name: _segments(mine, index) for name, mine in grouped.items()}
    )


def _is_other_mitochondrion(header: _Header) -> bool:
    """UCSC's hg19 (and hg18) has another mitochondrial sequence than GRCh37: its chain would mislead."""
    return header.source == header.target == "MT" and header.source_size != header.target_size


def _keep_mitochondrion(headers: list[_Header], sizes_from: dict[str, int], sizes_to: dict[str, int]) -> None:
    """GRCh37 and GRCh38 have the same mitochondrial sequence, which not every chain file says."""
    if "MT" in sizes_from:
        return
    same = _Header(0, "MT", _RCRS_BASES, "MT", _RCRS_BASES, reverse=False, order=len(headers))
    same.blocks.extend((0, _RCRS_BASES, 0))
    headers.append(same)
    sizes_from["MT"] = sizes_to["MT"] = _RCRS_BASES


def _segments(headers: list[_Header], index: Mapping[str, int]) -> _Segments:
    """Resolve overlaps: the better chain counts where several cover a base."""
    headers = sorted(headers, key=_Header.preference)
    tables = [header.table() for header in headers]
    of_header = np.repeat(np.arange(len(headers)), [len(table) for table in tables])
    blocks = np.concatenate(tables)
    filled = blocks[:, 1] > blocks[:, 0]
    (start, stop, shift), of_header = blocks[filled].T, of_header[filled]
    cuts = np.unique(np.concatenate([start, stop]))
    owner = _best(start, stop, cuts)
    owned = np.flatnonzero(owner >= 0)
    owner = owner[owned]
    target = np.array([index[header.target] for header in headers], np.uint16)[of_header]
    reverse = np.array([header.reverse for header in headers], bool)[of_header]
    return _Segments(cuts[owned], cuts[owned + 1], shift[owner], owner, target[owner], reverse[owner])


def _best(start: Places, stop: Places, cuts: Places) -> Places:
    """The last of the blocks that cover the stretch from each cut to the next, −1 where none does.

    A sweep with a heap, so that no file takes time that grows with the square of its length.
    """
    owner = np.full(len(cuts), -1, np.int64)
    order = np.argsort(start, kind="stable")
    starts, stops, numbers = (each.data for each in (start[order], stop[order], order))
    covering: list[tuple[int, int]] = []
    after = 0
    for place, cut in enumerate(cuts.data):  # a view makes numbers one at a time
        while after < len(order) and starts[after] == cut:
            heapq.heappush(covering, (-numbers[after], stops[after]))
            after += 1
        while covering and covering[0][1] <= cut:
            heapq.heappop(covering)
        if covering:
            owner[place] = -covering[0][0]
    return owner


def lift(chain: Chain, chromosome: str, positions: Places, lengths: Places | None = None) -> Lifted:
    """Lift positions (from 1) of a chromosome, named with or without `chr`.

    With `lengths` (bases of REF) all bases of an allele must lie in one block, and the position of one whose
    strand turns is that of its new first base.
    """
    name = chain_name(chromosome)
    positions = np.asarray(positions, np.int64)
    segments = chain.segments.get(name)
    if segments is None or not len(segments.start) or not len(positions):
        return _unmapped(chain.names, len(positions))
    last = positions if lengths is None else positions + np.maximum(lengths, 1) - 1
    place, inside = segments.find(positions - 1)
    if lengths is not None:
        end, end_inside = segments.find(last - 1)
        inside &= end_inside & (segments.block[place] == segments.block[end])
    return _lifted(chain, name, segments, (positions, last), place, inside)


def _lifted(
    chain: Chain,
    name: str,
    segments: _Segments,
    ends: tuple[Places, Places],
    place: NDArray[np.intp],
    inside: Bits,
) -> Lifted:
    reverse = segments.reverse[place] & inside
    target = np.where(inside, segments.target[place], NOWHERE).astype(np.uint16)
    shift = segments.shift[place]
    position = np.where(reverse, shift - ends[1], shift + ends[0])
    same = np.array([other == name for other in chain.names] or [False])
    home = inside & same[segments.target[place]]
    status = np.where(home, LiftStatus.LIFTED, LiftStatus.OTHER_CHROMOSOME)
    status[~inside] = LiftStatus.UNMAPPED
    return Lifted(chain.names, target, np.where(inside, position, 0), reverse, status.astype(np.uint8))


def _unmapped(names: tuple[str, ...], count: int) -> Lifted:
    return Lifted(
        names,
        np.full(count, NOWHERE, np.uint16),
        np.zeros(count, np.int64),
        np.zeros(count, bool),
        np.full(count, LiftStatus.UNMAPPED, np.uint8),
    )


def round_trip(there: Chain, back: Chain, chromosome: str, positions: Places) -> tuple[Lifted, Bits]:
    """Lift there and back again; which positions come back to the same base, with the same turns of strand.

    Positions that were not lifted did not come back.
    """
    gone = lift(there, chromosome, positions)
    returned = np.zeros(len(positions), bool)
    name = chain_name(chromosome)
    for target in np.unique(gone.chromosome).tolist():
        if target == NOWHERE:
            continue
        mine = np.flatnonzero(gone.chromosome == target)
        came = lift(back, gone.names[target], gone.position[mine])
        home = np.array([other == name for other in came.names] + [False])
        at_home = home[np.minimum(came.chromosome, len(came.names))]
        returned[mine] = at_home & (came.position == positions[mine]) & (came.reverse == gone.reverse[mine])
    return gone, returned
