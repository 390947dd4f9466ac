"""Which files of a result say what: doses, info, left-out doses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.domain.problem import ProblemError
from app.results.doses.contract import Field
from app.results.doses.reading import open_doses
from app.results.indexing.unread_formats import unread_format_of

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

    In a folder, headers are looked at only when no file has the name of a dose or info file, so that exports
    beside a result do not count twice. Files of a list are taken as doses when in doubt.
    """
    if isinstance(source, Path) and source.is_dir():
        paths = sorted(path for path in source.rglob("*") if path.is_file())
        kinds = {path: _kind_by_name(path) for path in paths}
        if not {"dose", "info"} & set(kinds.values()):
            others = [path for path in paths if not kinds[path] and path.name.endswith(_NAMES)]
            kinds |= {path: _kind_by_header(path, listed=False) for path in others}
    else:
        paths = [source] if isinstance(source, Path) else list(source)
        kinds = {path: _kind_by_name(path) or _kind_by_header(path, listed=True) for path in paths}
    told = {(path.parent, _stem(path)) for path in paths if kinds[path] == "dose"}
    infos = [path for path in paths if kinds[path] == "info" and (path.parent, _stem(path)) not in told]
    if told:  # what cannot be read is refused only where there is nothing else
        infos = [path for path in infos if not unread_format_of(path)]
    doses, left_out = ([path for path in paths if kinds[path] == kind] for kind in ("dose", "left out"))
    return ResultFiles(tuple(doses), tuple(infos), tuple(left_out))


def _stem(path: Path) -> str:
    name = path.name
    for ending in (".dose.", ".info", ".empiricalDose.", ".vcf", ".bcf"):
        name = name.split(ending)[0]
    return name


def _kind_by_name(path: Path) -> str:
    name = path.name.lower()
    if name.endswith((".info.gz", ".info")):
        return "" if unread_format_of(path) else "info"
    if not name.endswith(_NAMES):
        return ""
    if "empiricaldose" in name:
        return "left out"
    return "dose" if ".dose." in name else ""


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
