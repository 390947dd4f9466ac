"""Phases a file without imputing it, so that several services get the same haplotypes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from app.domain.model import Model
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import BgzfWriter, open_text_blocks
from app.genotypes.matrix import Region, read_samples
from app.imputation.aligning import positions_within
from app.imputation.contract import WHOLE, Tools
from app.imputation.panel_part import PanelPart
from app.imputation.part_run import AUTO, NO_SITE_IN_COMMON, PartTask, PhasedPart, phase_part

_REASONS = {
    "typed_only": "not in the panel",
    "mismatched": "other alleles in the panel",
    "ambiguous": "ambiguous strand",
    "duplicates": "duplicate",
    "unusable": "several ALT alleles",
}


class PhaseTask(Model):
    """A target, and for each of its chromosomes in order the parts of the panel; `out` is made anew.

    `ranges` are the first and last position of the target that belong to each part, empty for all of them.
    """

    target: Path
    out: Path
    panel_folder: Path
    parts: tuple[PanelPart, ...]
    ranges: tuple[tuple[int, int], ...] = ()
    maps: dict[str, Path] = {}
    folder: Path
    phasing: str = AUTO
    memory_mb: int = 4096
    threads: int = 1
    tools: Tools = Tools()


class PhasedFile(Model):
    """The books of one file: sites that came in are written, or `left_out` with the reason in words.

    `filled` genotypes were missing and have the likeliest alleles now.
    """

    path: Path
    samples: int
    sites_in: int
    sites_out: int
    left_out: dict[str, int] = {}
    filled: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether nothing is lost without a reason."""
        return self.sites_in == self.sites_out + sum(self.left_out.values())


def phase_files(tasks: tuple[PhaseTask, ...], report: Report = silent) -> tuple[PhasedFile, ...]:
    """Phase each file, in a process of its own. ProblemError for data that do not fit the panel.

    A file has its sites in the panel's coding of REF and ALT; those that the panel cannot phase are left out
    and counted: a mix of phased and unphased genotypes would be refused, or phased anew, by the services.
    """
    made = []
    for number, task in enumerate(tasks):
        made.append(_phase_file(task, _share(report, number, len(tasks))))
    return tuple(made)


def _share(report: Report, number: int, total: int) -> Report:
    def told(progress: Progress) -> None:
        done = round(1000 * (number + (progress.fraction or 0.0)))
        report(Progress(done=done, total=1000 * total, unit="files", step=progress.step))

    return told


def _phase_file(task: PhaseTask, report: Report) -> PhasedFile:
    samples = read_samples(task.target)
    contigs = list(dict.fromkeys(part.contig for part in task.parts))
    left: dict[str, int] = dict.fromkeys(_REASONS.values(), 0)
    seen = written = filled = 0
    with BgzfWriter(task.out) as out:
        out.write(_header(contigs, samples))
        for number in range(len(task.parts)):
            found = _phase_part(task, number, _share(report, number, len(task.parts)))
            if found is None:
                seen += (alone := _sites_of_part(task, number))
                left["not in the panel"] += alone
                continue
            for name, reason in _REASONS.items():
                left[reason] += getattr(found.plan.alignment, name)
            seen += found.plan.alignment.sites
            filled += found.plan.alignment.missing if found.phases else 0
            before = written
            for line in _own_lines(found):
                out.write(line)
                written += 1
            # Data that were phased before keep the sites that the panel has not.
            left["not in the panel"] -= max(0, written - before - found.plan.alignment.typed)
    told = {reason: number for reason, number in left.items() if number}
    made = PhasedFile(
        path=task.out, samples=len(samples), sites_in=seen, sites_out=written, left_out=told, filled=filled
    )
    total = _records(task.target)
    if not made.adds_up or total != seen:
        raise _unaccounted(task, made, total)
    return made


def _phase_part(task: PhaseTask, number: int, report: Report) -> PhasedPart | None:
    """None for a part of X of which the panel has no site of the target."""
    try:
        return phase_part(_part_task(task, number), report)
    except ProblemError as error:
        if task.parts[number].part and error.problem.title == NO_SITE_IN_COMMON:
            return None
        raise


def _range(task: PhaseTask, number: int) -> tuple[int, int]:
    return task.ranges[number] if task.ranges else (1, WHOLE)


def _sites_of_part(task: PhaseTask, number: int) -> int:
    return len(positions_within(task.target, Region(task.parts[number].contig, *_range(task, number))))


def _part_task(task: PhaseTask, number: int) -> PartTask:
    part = task.parts[number]
    first, last = _range(task, number)
    return PartTask(
        first=first,
        last=last,
        target=task.target,
        panel_folder=task.panel_folder,
        panel=part,
        folder=task.folder / part.name,
        phasing=task.phasing,
        map_file=task.maps.get(part.chromosome),
        memory_mb=task.memory_mb,
        threads=task.threads,
        tools=task.tools,
    )


def _header(contigs: list[str], samples: tuple[str, ...]) -> bytes:
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]
    named = "".join(f"##contig=<ID={each}>\n" for each in contigs)
    form = '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    return (f"##fileformat=VCFv4.2\n{named}{form}" + "\t".join(columns) + "\n").encode()


def _own_lines(found: PhasedPart) -> Iterator[bytes]:
    """Each site once: it belongs to the chunk that it lies in, and to the nearest where it lies in none."""
    ends = [chunk.last for chunk, _ in found.targets[:-1]]
    starts = [1, *(end + 1 for end in ends)]
    for (_, path), first, last in zip(found.targets, starts, [*ends, None], strict=True):
        for line in _lines(path):
            position = int(line.split(b"\t", 2)[1])
            if position >= first and (last is None or position <= last):
                yield line


def _lines(path: Path) -> Iterator[bytes]:
    with open_text_blocks(path) as blocks:
        for piece in blocks:
            for line in bytes(piece).splitlines(keepends=True):
                if not line.startswith(b"#"):
                    yield line


def _records(path: Path) -> int:
    return sum(1 for _ in _lines(path))


def _unaccounted(task: PhaseTask, made: PhasedFile, total: int) -> Exception:
    told = ", ".join(f"{number:,} {reason}" for reason, number in made.left_out.items()) or "nothing"
    return problem(
        Kind.INPUT,
        "Not every site could be accounted for",
        f"{task.target.name} has {total:,} records; {made.sites_out:,} were phased, left out: {told}.",
        "Make the files ready for the panel first, in Uploads, and phase what that writes.",
        subject=task.target.name,
    )
