"""Joining files of a chromosome each into one file of the same people, for services that take no other.

Records are not changed. People must be the same in the same order, and a chromosome may be in one file only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import BgzfWriter, open_text_blocks
from app.genotypes.bgzf_blocks import ContainerError

_STRUCTURED = re.compile(rb"^##([A-Za-z]+)=<.*?\bID=([^,>]+)")
_LATE = {b"X": 23, b"Y": 24, b"XY": 25, b"M": 26, b"MT": 26}
_LAST = 27
_LONGEST_HEAD = 64 * 1024 * 1024
_LONGEST_NAME = 1000


@dataclass(frozen=True)
class _Part:
    """A file: the lines of its header, how many bytes they take, and the chromosome of its first record."""

    path: str
    header: tuple[bytes, ...]
    length: int
    first: bytes

    @property
    def name(self) -> str:
        return Path(self.path).name

    @property
    def people(self) -> bytes:
        """The line with the names of the samples."""
        return self.header[-1].rstrip(b"\r")


def join_files(paths: Sequence[str], target: str, *, report: Report = silent) -> None:
    """Write the files in the order of their chromosomes into a new file; ProblemError (input, disk).

    Runs in a process of its own. Constant memory; `target` has its name only when all of it is written.
    """
    try:
        parts = sorted((_part(path) for path in paths), key=lambda part: _rank(part.first))
        _refuse_other_people(parts)
        chromosomes = _Chromosomes()
        with BgzfWriter(target) as out:
            out.write(b"".join(line + b"\n" for line in _joint_header(parts)))
            for number, part in enumerate(parts):
                report(Progress(done=number, total=len(parts), unit="files", step=f"Joining {part.name}"))
                chromosomes.next_file()
                for piece in _records(part):
                    chromosomes.take(piece, part)
                    out.write(piece)
        report(Progress(done=len(parts), total=len(parts), unit="files"))
    except ContainerError as error:
        raise problem(
            Kind.INPUT, "A file is damaged", f"It cannot be read to its end: {error}", "Get it again"
        ) from error
    except OSError as error:
        what = f"{Path(target).parent}: {error.strerror or error}"
        raise problem(Kind.DISK, "The files cannot be joined", what, "Look whether there is room") from error


def _part(path: str) -> _Part:
    lines: list[bytes] = []
    length = 0
    for piece in _pieces(path):
        for line in piece.splitlines(keepends=True):
            if not line.startswith(b"#"):
                return _Part(path, tuple(lines), length, _chromosome(line, path))
            lines.append(line.rstrip(b"\n"))
            length += len(line)
        if length > _LONGEST_HEAD:
            break
    raise _no_vcf(path)


def _pieces(path: str) -> Iterator[bytes]:
    with open_text_blocks(path) as blocks:
        for piece in blocks:
            yield bytes(piece)


def _chromosome(line: bytes, path: str) -> bytes:
    name, tab, _ = line.partition(b"\t")
    if not tab or not name:
        raise _no_vcf(path)
    return name


def _rank(name: bytes) -> tuple[int, bytes]:
    """The order of chromosomes: 1 to 22, X, Y, mitochondria, others by their names."""
    plain = re.sub(rb"^chr", b"", name, flags=re.IGNORECASE).upper()
    return (int(plain) if plain.isdigit() else _LATE.get(plain, _LAST), name)


def _refuse_other_people(parts: Sequence[_Part]) -> None:
    first = parts[0]
    for part in parts:
        if not part.people.startswith(b"#CHROM"):
            raise _no_vcf(part.path)
        if part.people != first.people:
            raise problem(
                Kind.INPUT,
                "The files cannot be joined",
                f"{part.name} has other samples than {first.name}, or in another order",
                "Bring the samples of all files into one order, then send them",
                subject=part.name,
            )


def _joint_header(parts: Sequence[_Part]) -> Iterator[bytes]:
    """The header of the first file with what the records of the others need, each defined once."""
    known = set()
    for line in parts[0].header[:-1]:
        known.add(_defined(line))
        yield line.rstrip(b"\r")
    for part in parts[1:]:
        for line in part.header[:-1]:
            what = _defined(line)
            if what is not None and what not in known:
                known.add(what)
                yield line.rstrip(b"\r")
    yield parts[0].people


def _defined(line: bytes) -> tuple[bytes, bytes] | None:
    """What a line of the header defines: a contig, a filter, a field; None for free text."""
    found = _STRUCTURED.match(line)
    return (found[1].upper(), found[2]) if found else None


def _records(part: _Part) -> Iterator[bytes]:
    skip = part.length
    for piece in _pieces(part.path):
        if skip >= len(piece):
            skip -= len(piece)
            continue
        records, skip = piece[skip:], 0
        yield records if records.endswith(b"\n") else records + b"\n"


class _Chromosomes:
    """The chromosomes that are over, and the present one of a file."""

    def __init__(self) -> None:
        self._over: set[bytes] = set()
        self._present = b""

    def next_file(self) -> None:
        """What comes now is in another file, so the present one is over."""
        self._present = b""

    def take(self, piece: bytes, part: _Part) -> None:
        """Note those of a piece of whole records; ProblemError for one that was over already."""
        at = 0
        while at < len(piece):
            name = _chromosome(piece[at : at + _LONGEST_NAME], part.path)
            if name != self._present:
                if name in self._over:
                    raise _twice(name, part)
                self._over.add(name)
                self._present = name
            at = _end_of(piece, at, name)


def _end_of(piece: bytes, at: int, name: bytes) -> int:
    """Where the records of a chromosome end that begin here."""
    here = piece[at:] if at else piece
    if here.count(b"\n" + name + b"\t") + 1 == here.count(b"\n"):
        return len(piece)
    start = name + b"\t"
    while piece.startswith(start, at):
        at = piece.index(b"\n", at) + 1
    return at


def _twice(name: bytes, part: _Part) -> ProblemError:
    shown = name.decode("utf-8", "replace")[:40]
    return problem(
        Kind.INPUT,
        "The files cannot be joined",
        f"{part.name} has records of chromosome {shown} that stand elsewhere too",
        "Sort the files, and let each chromosome be in one of them only",
        subject=part.name,
    )


def _no_vcf(path: str) -> ProblemError:
    name = Path(path).name
    return problem(
        Kind.INPUT, "The files cannot be joined", f"{name} is no VCF with records", "", subject=name
    )
