"""Which files are a result: by name where servers give one, else by what the header of a VCF tells."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import ContainerError, read_lines
from app.results.archive import listing
from app.results.indexing.header_names import HeaderFacts, read_header
from app.results.indexing.kinds import FileKind, is_bcf, is_watched, kind_of

MOST_FILES = 100_000
_SERVER_FILES = re.compile(
    r"(snps-excluded|typed-only|chunks-excluded|chrX-info|lift-?over).*\.txt$"
    r"|^(qc_report\.txt|qcreport\.html|quality-control\.html|results\.md5|run\.json)$|\.zip\.md5$",
    re.IGNORECASE,
)
_IMPUTED = (FileKind.DOSE, FileKind.INFO)


@dataclass(frozen=True)
class FoundResult:
    """The archives and the plain files of a result; `root` is the folder that holds all plain files.

    `hla` are those of the files that are tables of HLA alleles.
    """

    archives: tuple[Path, ...]
    files: tuple[Path, ...]
    root: Path
    passed_over: tuple[Path, ...] = ()
    hla: tuple[Path, ...] = ()


_ALLELE = re.compile(r"\b(?:HLA[-_])?(?:A|B|C|D[PQR][AB]\d?)[*_]\d{2,3}(?::?\d{2,3})?\b")
_TABLES = frozenset({".txt", ".csv", ".tsv", ".tab"})
_ENOUGH_ALLELES = 3


def is_hla_table(path: Path) -> bool:
    """Whether a text names alleles of HLA genes, such as A*02:01, as services for HLA hand them out."""
    if path.suffix.lower() not in _TABLES:
        return False
    try:
        with path.open("rb") as file:
            text = file.read(1 << 16).decode("utf-8", "replace")
    except OSError:
        return False
    return "\0" not in text and len(_ALLELE.findall(text)) >= _ENOUGH_ALLELES


def find_result(paths: Sequence[Path], *, hla: bool = False) -> FoundResult:
    """Look through files and folders; nothing is opened but headers. ProblemError when there is no result.

    A file that was named itself must belong to a result; of a folder only what does is taken. With `hla`
    tables of HLA alleles are a result too: they are kept as they are.
    """
    tables: list[Path] = []
    archives: list[Path] = []
    files: list[Path] = []
    passed: list[Path] = []
    for path in paths:
        named = not path.is_dir()
        if named and not path.is_file():
            raise _not_there(path)
        for each in [path] if named else _inside(path):
            if each.suffix.lower() == ".zip":
                (archives if named or _holds_result(each) else passed).append(each.absolute())
            elif belongs(each):
                files.append(each.absolute())
            elif hla and is_hla_table(each):
                tables.append(each.absolute())
            elif named:
                raise _no_result(each)
            else:
                passed.append(each)
    archives = [each for each in dict.fromkeys(archives) if not _is_unpacked(each)]
    files = list(dict.fromkeys([*files, *tables]))
    if not archives and not tables and not any(is_watched(each.name) for each in files):
        raise _nothing(paths)
    root = _root(files or archives)
    return FoundResult(tuple(archives), tuple(files), root, tuple(passed), tuple(dict.fromkeys(tables)))


def belongs(path: Path) -> bool:
    """Whether a file is one of a result."""
    if _SERVER_FILES.search(path.name):
        return True
    kind = kind_of(path.name)
    if kind is FileKind.GENOTYPES:
        facts = header_of(path)
        return facts is not None and facts.kind in _IMPUTED
    return kind is not FileKind.OTHER


def header_of(path: Path) -> HeaderFacts | None:
    """The header of a VCF; None for a file that has none or cannot be read."""
    if is_bcf(path.name):
        return _header_of_bcf(path)
    header = bytearray()
    try:
        for line in read_lines(path):
            if not line.startswith(b"#"):
                break
            header += line + b"\n"
            if line.startswith(b"#CHROM"):
                return read_header(bytes(header))
    except (OSError, ContainerError):
        return None
    return None


def _header_of_bcf(path: Path) -> HeaderFacts | None:
    from app.results.doses.contract import Field
    from app.results.doses.reading import open_doses

    try:
        reader = open_doses(path, Field.NONE)
    except ProblemError:
        return None
    reader.close()
    return read_header("".join(f"{line}\n" for line in reader.header).encode())


def maker(facts: Iterable[dict[str, str]]) -> str:
    """Who made a result, as the header lines of its files tell it; empty when they tell nothing."""
    for each in facts:
        if pipeline := each.get("mis_pipeline"):
            panel = each.get("mis_panel")
            return f"{pipeline}, panel {panel}" if panel else pipeline
        if source := each.get("source", "").strip('"'):  # Beagle puts it into quotes
            return source
    return ""


def _inside(folder: Path) -> Iterator[Path]:
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if name.startswith(".") or name.endswith(".part") or not path.is_file():
                continue
            count += 1
            if count > MOST_FILES:
                raise problem(
                    Kind.INPUT,
                    "The folder holds too many files",
                    f"{folder} holds more than {MOST_FILES:,} files.",
                    "Name the folder of the result itself.",
                    subject=str(folder),
                )
            yield path


def _holds_result(archive: Path) -> bool:
    """Whether an archive in a folder is one of a result, by the names in it."""
    try:
        entries = listing(archive).entries
    except ProblemError:
        return re.match(r"chr_", archive.name) is not None
    return any(is_watched(each.name) or _SERVER_FILES.search(Path(each.name).name) for each in entries)


def _is_unpacked(archive: Path) -> bool:
    """Whether everything in an archive lies beside it already, in the size that the archive tells."""
    try:
        entries = listing(archive).entries
        sizes = {each.name: each.size for each in entries}
        return bool(sizes) and all(
            (archive.parent / name).is_file() and (archive.parent / name).stat().st_size == size
            for name, size in sizes.items()
        )
    except (ProblemError, OSError):
        return False


def _root(files: Sequence[Path]) -> Path:
    return Path(os.path.commonpath([each.parent for each in files]))


def _not_there(path: Path) -> ProblemError:
    return problem(
        Kind.NOT_FOUND,
        "There is no such file",
        f"{path} is not there, or it is no ordinary file.",
        "Name the files or the folder of a result.",
        subject=str(path),
    )


def _no_result(path: Path) -> ProblemError:
    return problem(
        Kind.INPUT,
        "This is no file of a result",
        f"{path.name} has neither dosages (DS, HDS or GP) nor figures of an imputation (R2, DR2).",
        "Name dose or info files, the archives of a server, or the folder they are in.",
        subject=path.name,
    )


def _nothing(paths: Sequence[Path]) -> ProblemError:
    where = ", ".join(str(each) for each in paths[:3])
    return problem(
        Kind.NOT_FOUND,
        "There is no result",
        f"No imputed file and no archive of a server was found in {where}.",
        "Name dose or info files, the archives of a server, or the folder they are in.",
        subject=where,
    )
