"""Which files of a result say what: doses, info, left-out doses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.domain.problem import ProblemError
from app.results.doses.contract import Field
from app.results.doses.reading import open_doses

_NAMES = (".vcf.gz", ".vcf", ".bcf", ".vcf.bgz")
_DOSES = Field.HAPLOTYPES | Field.PROBABILITIES | Field.DOSAGE
_EVERY = _DOSES | Field.LEFT_OUT | Field.GENOTYPES


@dataclass(frozen=True)
class ResultFiles:
    """Paths, each in one list; `infos` are only those of chromosomes without a dose file."""

    doses: tuple[Path, ...] = ()
    infos: tuple[Path, ...] = ()
    left_out: tuple[Path, ...] = ()

    def __len__(self) -> int:
        return len(self.doses) + len(self.infos) + len(self.left_out)

    def every(self) -> tuple[Path, ...]:
        """All of them, in the order in which they are read."""
        return self.doses + self.infos + self.left_out


def result_files(source: Path | Iterable[Path]) -> ResultFiles:
    """The files of a folder (searched through) or of a list, told by their names, else by their headers.

    In a folder only what has dosages or figures counts; files of a list are taken as doses when in doubt.
    """
    listed = not (isinstance(source, Path) and source.is_dir())
    if isinstance(source, Path):
        paths = [source] if listed else sorted(path for path in source.rglob("*") if path.is_file())
    else:
        paths = list(source)
    kinds: dict[str, list[Path]] = {"dose": [], "info": [], "left out": []}
    for path in paths:
        if kind := _kind(path, listed=listed):
            kinds[kind].append(path)
    told = {(path.parent, _stem(path)) for path in kinds["dose"]}
    infos = [path for path in kinds["info"] if (path.parent, _stem(path)) not in told]
    return ResultFiles(tuple(kinds["dose"]), tuple(infos), tuple(kinds["left out"]))


def _stem(path: Path) -> str:
    name = path.name
    for ending in (".dose.", ".info", ".empiricalDose.", ".vcf", ".bcf"):
        name = name.split(ending)[0]
    return name


def _kind(path: Path, *, listed: bool) -> str:
    name = path.name
    if name.endswith((".info.gz", ".info")):
        return "info"
    if not name.endswith(_NAMES) and not listed:
        return ""
    if ".empiricalDose." in name:
        return "left out"
    return "dose" if ".dose." in name else _kind_by_header(path, listed=listed)


def _kind_by_header(path: Path, *, listed: bool) -> str:
    try:
        reader = open_doses(path, _EVERY)
    except ProblemError:
        return "dose" if listed else ""
    reader.close()
    if Field.LEFT_OUT in reader.fields:
        return "left out"
    if not reader.samples:
        return "info" if _has_figures(reader.header) else ""
    declared = any(line.startswith(("##FORMAT=<ID=DS", "##FORMAT=<ID=HDS")) for line in reader.header)
    return "dose" if listed or declared or reader.fields & Field.PROBABILITIES else ""


def _has_figures(header: Iterable[str]) -> bool:
    keys = tuple(f"##INFO=<ID={key}," for key in ("R2", "DR2", "INFO"))
    return any(line.startswith(keys) for line in header)
