"""A panel of this computer on disk, and the process that takes one in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.domain.model import Model
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report, silent
from app.genotypes.builds import naturally
from app.imputation.contract import EngineName, Tools
from app.imputation.engines import find_engine
from app.imputation.genetic_map import GeneticMap, read_map
from app.imputation.panel_files import PanelFacts, take_panel
from app.imputation.panel_packing import packed
from app.imputation.panel_part import PanelPart
from app.imputation.part_run import write_record

PARTS = "parts.json"


class PanelParts(Model):
    """The files of a panel beside its `panel.json`: parts, and the genetic map of each chromosome."""

    parts: tuple[PanelPart, ...]
    maps: dict[str, str] = {}

    def of(self, chromosome: str) -> tuple[PanelPart, ...]:
        """The parts of a chromosome, in order."""
        return tuple(sorted((p for p in self.parts if p.chromosome == chromosome), key=lambda p: p.first))


@contextlib.contextmanager
def panels_disk(path: Path) -> Iterator[None]:
    """Turn an error of the operating system about the folder of panels into a Problem of the kind disk."""
    try:
        yield
    except OSError as error:
        raise problem(
            Kind.DISK,
            "The folder of panels cannot be used",
            f"{path}: {error.strerror or error}.",
            "Look whether the disk of the data folder is there and has room.",
            subject=str(path),
            details=type(error).__name__,
        ) from error


def read_parts(folder: Path) -> PanelParts:
    """The files of a panel; ProblemError when its folder is not whole."""
    try:
        return PanelParts.model_validate_json((folder / PARTS).read_bytes())
    except (OSError, ValueError) as error:
        raise problem(
            Kind.NOT_FOUND,
            "The panel is not whole",
            f"{folder}: its list of files cannot be read.",
            "Remove the panel and add it again.",
            subject=folder.name,
        ) from error


def write_parts_list(folder: Path, parts: PanelParts) -> None:
    """Keep the list of files."""
    write_record(folder / PARTS, parts)


def take_local_panel(
    sources: Sequence[Path],
    maps: Sequence[Path],
    folder: Path,
    build: str | None,
    tools: Tools,
    report: Report = silent,
) -> PanelFacts:
    """Read, check and pack a panel into an empty folder; for a process of its own.

    It is packed for every engine that is there. Raises ProblemError for panels and maps that cannot be used.
    """
    with panels_disk(folder):
        facts = take_panel(sources, folder, build, report)
        chosen = _maps(maps, facts, folder)
        made = []
        for part in facts.parts:
            for engine in EngineName:
                if find_engine(engine, tools).present:
                    part = packed(part, folder, engine, tools, report)
            made.append(part)
        write_parts_list(folder, PanelParts(parts=tuple(made), maps=chosen))
    return facts


def _maps(maps: Sequence[Path], facts: PanelFacts, folder: Path) -> dict[str, str]:
    """A map for each chromosome, copied in one form; ProblemError when none of the files has it."""
    found = {}
    for part in facts.parts if maps else ():
        if part.chromosome not in found:
            genetic_map = _map_of(maps, part.contig)
            found[part.chromosome] = f"chr{part.chromosome}.map"
            genetic_map.write_plink(folder / found[part.chromosome], part.contig)
    return found


def _map_of(maps: Sequence[Path], contig: str) -> GeneticMap:
    """The first map that has a chromosome; raises what the last one says."""
    for path in maps[:-1]:
        with contextlib.suppress(ProblemError):
            return read_map(path, contig)
    return read_map(maps[-1], contig)


def chromosomes_of(facts: PanelFacts) -> tuple[str, ...]:
    """The chromosomes of a panel in their natural order."""
    return tuple(naturally({part.chromosome for part in facts.parts}))
