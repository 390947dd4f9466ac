"""Which files of a folder are the dose and empirical dose files of a result, and what they hold."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from app.domain.problem import Kind, problem
from app.genotypes.bgzf import ContainerError, open_text_blocks
from app.genotypes.index_file import read_index
from app.genotypes.matrix import compared_name
from app.results.doses.contract import DoseBatch, Field
from app.results.doses.reading import open_doses
from app.results.figures.result_files import result_files as files_of_folder

_VCF = re.compile(r"\.(vcf|bcf)(\.(gz|bgz))?$", re.IGNORECASE)
_EMPIRICAL = re.compile(r"empirical", re.IGNORECASE)
_DOSE = re.compile(r"\.dose\.", re.IGNORECASE)
_CSI_AUX = 28  # bytes of the numbers before the names: those of a tabix index
_CSI_PIECES = 64


@dataclass(frozen=True)
class ResultFiles:
    """The files of one result; `name` is what it is called in words, files and plots."""

    name: str
    dose: tuple[Path, ...]
    empirical: tuple[Path, ...] = ()


@dataclass(frozen=True)
class OpenedResult:
    """A result whose files were looked at: the people, in order, and the files of each chromosome.

    Chromosomes are named as by `compared_name`; `spelled` has them as the dose files spell them.
    """

    files: ResultFiles
    samples: tuple[str, ...]
    dose: dict[str, list[Path]]
    empirical: dict[str, list[Path]]
    spelled: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the result is called."""
        return self.files.name


def result_files(source: Path | str, name: str | None = None) -> ResultFiles:
    """The files of a folder (searched through), of a dose file, or of a pair `DOSE,EMPIRICAL`.

    In a folder they are told as for quality figures; hidden folders, which are work that is going on, do not
    count. For one dose file the empirical one is looked for beside it. ProblemError without a dose file.
    """
    path = Path(source)
    if path.is_dir():
        found = files_of_folder(path)
        dose, empirical = (_shown(each, path) for each in (found.doses, found.left_out))
    else:
        dose, empirical = _named(path, str(source))
    if not dose:
        raise _nothing(path)
    return ResultFiles(name or _called(path, dose), tuple(dose), tuple(empirical))


def named_apart(results: Sequence[ResultFiles]) -> list[ResultFiles]:
    """The same results with names that differ: a number is put behind those that are called the same."""
    names = [each.name for each in results]
    given: list[ResultFiles] = []
    for number, each in enumerate(results):
        before = names[:number].count(each.name)
        name = f"{each.name} ({before + 1})" if names.count(each.name) > 1 else each.name
        given.append(ResultFiles(name, each.dose, each.empirical))
    return given


def look_at(files: ResultFiles) -> OpenedResult:
    """Find out what the files hold. ProblemError when they are not of the same people."""
    spelled: dict[str, str] = {}
    dose = _by_chromosome(files.dose, spelled)
    samples = _samples(files.dose[0])
    for path in (*files.dose[1:], *files.empirical):
        if _samples(path) != samples:
            raise problem(
                Kind.INPUT,
                "The files of a result are not of the same people",
                f"In {files.name}, {path.name} and {files.dose[0].name} differ in people or their order.",
                "Give the files of one job only.",
                subject=path.name,
            )
    return OpenedResult(files, samples, dose, _by_chromosome(files.empirical, {}), spelled)


def chromosome_batches(paths: Sequence[Path], chromosome: str, want: Field) -> Iterator[DoseBatch]:
    """The records of one chromosome of several files that follow one another."""
    for path in paths:
        reader = open_doses(path, want)
        try:
            for batch in reader.batches():
                if compared_name(batch.chromosome) == chromosome:
                    yield batch
        finally:
            reader.close()


def _shown(paths: Sequence[Path], folder: Path) -> list[Path]:
    """Those that lie in no hidden folder."""
    return [path for path in paths if not any(p.startswith(".") for p in path.relative_to(folder).parts)]


def _named(path: Path, text: str) -> tuple[list[Path], list[Path]]:
    if not path.exists() and "," in text:
        first, second = text.split(",", 1)
        _refuse_absent(Path(first), Path(second))
        return [Path(first)], [Path(second)]
    _refuse_absent(path)
    beside = [
        each
        for each in path.parent.glob("*")
        if _EMPIRICAL.search(each.name) and each.name.lower().startswith(_stem(path.name).lower() + ".")
    ]
    return [path], [each for each in beside if _VCF.search(each.name)]


def _stem(name: str) -> str:
    return _DOSE.split(_VCF.sub("", name) + ".")[0].split(".dose")[0]


def _called(path: Path, dose: Sequence[Path]) -> str:
    return path.name if path.is_dir() else _VCF.sub("", dose[0].name).removesuffix(".dose")


def _samples(path: Path) -> tuple[str, ...]:
    reader = open_doses(path, Field.NONE)
    reader.close()
    return reader.samples


def _by_chromosome(paths: Sequence[Path], spelled: dict[str, str]) -> dict[str, list[Path]]:
    """The files of each chromosome, in the order of their first records."""
    found: dict[str, list[tuple[int, int, Path]]] = {}
    for number, path in enumerate(paths):
        for name in _chromosomes(path):
            spelled.setdefault(compared_name(name), name)
            found.setdefault(compared_name(name), []).append((0, number, path))
    return {name: _in_order(name, files) for name, files in found.items()}


def _in_order(chromosome: str, files: list[tuple[int, int, Path]]) -> list[Path]:
    if len(files) > 1:
        files = [(_first(path, chromosome), number, path) for _, number, path in files]
    return [path for _, _, path in sorted(files)]


def _first(path: Path, chromosome: str) -> int:
    batches = chromosome_batches([path], chromosome, Field.NONE)
    return next((int(batch.position[0]) for batch in batches if len(batch)), 0)


def _chromosomes(path: Path) -> list[str]:
    """The chromosomes of a file: from its index, or by reading it through."""
    for index in (path.with_name(path.name + ".tbi"), path.with_name(path.name + ".csi")):
        if index.is_file() and index.stat().st_mtime >= path.stat().st_mtime and (names := _indexed(index)):
            return names
    reader = open_doses(path, Field.NONE)
    try:
        return list(dict.fromkeys(batch.chromosome for batch in reader.batches()))
    finally:
        reader.close()


def _indexed(index: Path) -> list[str]:
    """The chromosomes that an index names; none where it cannot be read."""
    if index.suffix == ".csi":
        return csi_names(index)
    summary = read_index(index)
    return [] if summary is None else list(summary.names)


def csi_names(index: Path) -> list[str]:
    """The names in the auxiliary data of a .csi of a VCF (format: the CSI specification of samtools)."""
    try:
        with open_text_blocks(index) as blocks:
            head = b"".join(bytes(piece) for piece in islice(blocks, _CSI_PIECES))
        if head[:4] != b"CSI\x01" or struct.unpack_from("<i", head, 12)[0] < _CSI_AUX:
            return []
        (size,) = struct.unpack_from("<i", head, 16 + _CSI_AUX - 4)
        names = head[16 + _CSI_AUX : 16 + _CSI_AUX + size].decode()
    except (OSError, ContainerError, struct.error, UnicodeDecodeError):
        return []
    return [name for name in names.split("\0") if name]


def _refuse_absent(*paths: Path) -> None:
    for path in paths:
        if not path.is_file():
            raise problem(
                Kind.NOT_FOUND,
                "There is no such result",
                f"{path.name} is neither a folder nor a file.",
                "Give the folder of a fetched result, or its dose file.",
                subject=path.name,
            )


def _nothing(path: Path) -> Exception:
    return problem(
        Kind.NOT_FOUND,
        "There is no imputed file",
        f"In {path.name} there is no dose file (such as chr20.dose.vcf.gz).",
        "Choose the folder of a fetched result.",
        subject=path.name,
    )
