"""Whether what a check keeps can fit on the disk at all, told before minutes of reading."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from app.domain.problem import Kind, ProblemError, problem
from app.domain.room import room_words
from app.genotypes.cohort import stride
from app.genotypes.reading import Source
from app.genotypes.scan import QUICK_BYTES, Scan

_COLUMN_BYTES = 60  # of a row beside its genotypes and texts
_CERTAIN = 0.5
"""Share of what the beginning of a file promises that is taken for certain: later rows may pack better."""


def prove_room(folder: Path, sources: Iterable[Source], first: Scan | None) -> None:
    """ProblemError (disk) when the packed genotypes certainly do not fit in `folder`.

    `first` is the look at the beginning of a VCF, from which all VCF files are judged by their sizes; None
    where none was taken. Of the other formats only a bed says before it is read what it needs.
    """
    needed = int(least_bytes(sources, first))
    free = shutil.disk_usage(
        next(each for each in (folder, *folder.absolute().parents) if each.exists())
    ).free
    if needed > free:
        raise _full(folder, needed, free)


def least_bytes(sources: Iterable[Source], first: Scan | None) -> float:
    """Bytes that the packed genotypes of some sources need at least."""
    return sum(_of(each, first) for each in sources)


def _of(source: Source, first: Scan | None) -> float:
    if source.content.name == "bed":
        return source.main.stat().st_size  # two bits a genotype, as here
    if not source.content.vcf or first is None:
        return 0.0
    row = stride(first.samples) + _COLUMN_BYTES
    seen = min(first.size, QUICK_BYTES + (1 << 20)) if first.partial else first.size
    return _CERTAIN * len(first.sites) * row * source.size / max(1, seen)


def _full(folder: Path, needed: int, free: int) -> ProblemError:
    wanted, there = room_words(needed, free)
    return problem(
        Kind.DISK,
        "There is no room on the disk",
        f"What is kept of the genotypes needs at least {wanted} in {folder}, and {there} are free.",
        "Free some room, or choose another disk for temporary files and the data folder.",
        subject=str(folder),
    )
