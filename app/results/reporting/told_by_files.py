"""What the files of a result tell of the run: lines of the header of a dose file, and `run.json`."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.domain.problem import ProblemError
from app.domain.result_report import RunFacts, SoftwareFact
from app.results.doses.contract import Field
from app.results.doses.reading import open_doses

RUN_FILE = "run.json"
_MOST_RUN_BYTES = 16 << 20
_TELLING = re.compile(
    r"##(source|filedate|mis_\w+|imputation\w*|phasing\w*|panel\w*)=([^<].*)", re.IGNORECASE
)
_PROGRAM = re.compile(
    r"(?i)\b(minimac\d?|beagle|eagle|shapeit\d?|impute\d|glimpse\d?|haplodesk)"
    r"(?:[ .:_-]*(?:version|v)?[ .]*(\d+(?:[A-Za-z]{3}\d\d)?(?:\.\w+)*))?"
)
_NAMES = {"minimac": "Minimac", "beagle": "Beagle", "eagle": "Eagle", "shapeit": "SHAPEIT"}
_NAMES |= {"impute": "IMPUTE", "glimpse": "GLIMPSE", "haplodesk": "Haplodesk"}
_ENDINGS = re.compile(r"(\.(jar|vcf|gz|nf|sh|py))+$", re.IGNORECASE)


def with_told(facts: RunFacts, folder: Path, doses: Iterable[Path]) -> RunFacts:
    """The facts with what the files add: programs with their versions, lines of the header."""
    first = next(iter(doses), None)
    header = tuple(_header(first)) if first is not None else ()
    found = [*_of_run_file(folder / RUN_FILE)]
    if first is not None:
        for name, value in header:
            found += programs_in(value, first.name, "phasing" if "phasing" in name.casefold() else "")
    return facts.model_copy(update={"header": header, "software": once((*facts.software, *found))})


def programs_in(text: str, source: str, role: str = "") -> Iterator[SoftwareFact]:
    """Programs that a text names, with versions where it has them."""
    for found in _PROGRAM.finditer(text):
        name, version = found[1], _ENDINGS.sub("", found[2] or "")
        bare = name.rstrip("0123456789")
        yield SoftwareFact(
            name=_NAMES[bare.casefold()] + name[len(bare) :], version=version, role=role, source=source
        )


def once(facts: Iterable[SoftwareFact]) -> tuple[SoftwareFact, ...]:
    """Each program once: the first time that it comes with a version, else the first time."""
    found: dict[str, SoftwareFact] = {}
    for each in facts:
        key = each.name.casefold().rstrip("0123456789")
        if key not in found or (each.version and not found[key].version):
            found[key] = each
    return tuple(found.values())


def _header(path: Path) -> Iterator[tuple[str, str]]:
    try:
        reader = open_doses(path, Field.NONE)
    except ProblemError:
        return
    try:
        for line in reader.header:
            if found := _TELLING.fullmatch(line.strip()):
                yield found[1], found[2].strip('"')
    finally:
        reader.close()


def _of_run_file(path: Path) -> Iterator[SoftwareFact]:
    """Versions of a run on this computer."""
    told: object = None
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if path.stat().st_size <= _MOST_RUN_BYTES:
            told = json.loads(path.read_bytes())
    if not isinstance(told, dict) or not isinstance(told.get("versions"), dict):
        return
    for name, version in told["versions"].items():
        bare = str(name).rstrip("0123456789")
        shown = _NAMES.get(bare.casefold(), bare) + str(name)[len(bare) :]
        role = "imputation" if name == told.get("engine") else ""
        yield SoftwareFact(name=shown, version=str(version or ""), role=role, source=path.name)
