"""The work of one job on this computer, from the files that were sent to the result; in a process of its own.

What is done lies in the job's folder: a job that was cut short goes on with the next chunk.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from app import __version__
from app.domain.dataset import DataFile
from app.domain.finding import CheckReport, FileFacts
from app.domain.job import JobStep, MessageKind, StepMessage, StepState
from app.domain.model import Model
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import ContainerError
from app.genotypes.builds import plain_chromosome
from app.genotypes.check import CheckOptions, check_files
from app.genotypes.repair.regions import NON_PAR, REGIONS
from app.imputation.built_in.choice import KernelChoice
from app.imputation.contract import WHOLE, EngineName, PhasingName, Tools
from app.imputation.engines import find_engine
from app.imputation.kernel_choice import kernel_versions, refuse_absent_kernel
from app.imputation.panel_packing import packed
from app.imputation.panel_part import PanelPart
from app.imputation.part_run import AUTO, PartResult, PartTask, impute_part
from app.operations.local_messages import LINES, part_lines
from app.operations.local_output import write_output
from app.operations.local_panel_files import PanelParts, read_parts, write_parts_list
from app.operations.local_resume import WORK, drop_other_work, fingerprint, work_done
from app.services.local.layout import STEPS, LocalJob, LocalPanel, OutputFile, Steps, write_record

VALIDATION, IMPUTATION, EXPORT = "Input validation", "Phasing and imputation", "Export of the result"
_SURE = 0.9
_SHARES = {"Quality control": (0.0, 0.05), "Phasing": (0.05, 0.4), "Imputation": (0.4, 1.0)}


class LocalOrder(Model):
    """Everything that the work needs; paths are absolute."""

    job: LocalJob
    panel: LocalPanel
    folder: Path
    panel_folder: Path
    memory_mb: int
    threads: int
    tools: Tools = Tools()


def run_local_job(order: LocalOrder, report: Report = silent) -> tuple[OutputFile, ...]:
    """Impute all chromosomes of a job and write its result; the result files.

    Synchronous. Raises ProblemError; then the steps tell where and why.
    """
    steps = _Steps(order.folder)
    try:
        with_part = _validated(order, steps, report)
        results = _imputed(order, with_part, steps, report)
        return _exported(order, results, steps, report)
    except (ProblemError, OSError, ContainerError, MemoryError) as error:
        told = _as_problem(error, order.folder)
        if isinstance(error, ContainerError):  # it may be a file of ours: then it must not be met again
            shutil.rmtree(order.folder / WORK, ignore_errors=True)
        with contextlib.suppress(OSError):  # a full disk has no room for the steps either
            steps.fail(told)
        raise told from error


def _as_problem(error: ProblemError | OSError | ContainerError | MemoryError, folder: Path) -> ProblemError:
    """What the disk and damaged files of a panel or an engine raise, as a Problem."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, ContainerError):
        return problem(
            Kind.INPUT,
            "A file of the job is damaged",
            f"A file of the panel, or one that the engine wrote, is {error.fault}.",
            "Remove the panel and add it again, or choose another engine.",
        )
    if isinstance(error, MemoryError):
        return problem(
            Kind.REFUSED,
            "There was not enough memory",
            "The computer had none left to give.",
            "Close other programs or allow less memory in Settings, and send the job again: it goes on with "
            "the chunk that was not finished.",
        )
    return problem(
        Kind.DISK,
        "The job stopped at the disk",
        f"{error.filename or folder}: {error.strerror or error}.",
        "Make room on the disk of the data folder, or add the panel again, and send the job again.",
        subject=str(error.filename or folder),
    )


class _Steps:
    """The steps of a job, written to its folder with each change."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / STEPS
        self._steps = [
            JobStep(name=name, state=StepState.WAITING) for name in (VALIDATION, IMPUTATION, EXPORT)
        ]

    def begin(self, name: str) -> None:
        self._change(name, state=StepState.RUNNING)

    def tell(self, name: str, text: str, kind: MessageKind = MessageKind.INFO) -> None:
        step = next(each for each in self._steps if each.name == name)
        message = StepMessage(kind=kind, text=text, at=datetime.now(UTC))
        self._change(name, messages=(*step.messages, message))

    def end(self, name: str) -> None:
        self._change(name, state=StepState.DONE, progress=1.0)

    def fail(self, error: ProblemError) -> None:
        running = next((each.name for each in self._steps if each.state is StepState.RUNNING), VALIDATION)
        self.tell(running, error.problem.sentence(), MessageKind.ERROR)
        self._change(running, state=StepState.FAILED)

    def _change(self, name: str, **fields: object) -> None:
        self._steps = [each.model_copy(update=fields) if each.name == name else each for each in self._steps]
        write_record(self._path, Steps(steps=tuple(self._steps)))


Chosen = tuple[Path, PanelPart, int, int]  # target, part of the panel, and the range of the target


def _validated(order: LocalOrder, steps: _Steps, report: Report) -> list[Chosen]:
    steps.begin(VALIDATION)
    _refuse_changed(order.job.files)
    paths = [Path(each.path) for each in order.job.files]
    checked = check_files(paths, CheckOptions(digest=False), partial(_as_step, report, VALIDATION))
    for facts in checked.files:
        text = f"{facts.name}: {facts.samples:,} samples, {facts.variants:,} variants, "
        steps.tell(VALIDATION, text + f"chromosomes {', '.join(facts.chromosomes)}.")
    _refuse_other_build(order, checked)
    chosen = list(_parts_of(order, checked, steps))
    if not chosen:
        raise problem(
            Kind.INPUT,
            "The panel has none of these chromosomes",
            f"{order.panel.name} has {', '.join(order.panel.chromosomes)}.",
            "Choose another panel.",
            subject=order.panel.name,
        )
    steps.end(VALIDATION)
    return chosen


def _as_step(report: Report, step: str, progress: Progress) -> None:
    report(replace(progress, step=step, first_look=None, done=0, total=1))


def _refuse_changed(files: Sequence[DataFile]) -> None:
    for file in files:
        try:
            seen = Path(file.path).stat()
        except OSError as error:
            raise problem(
                Kind.INPUT, "A file is missing", f"{file.path}: {error.strerror or error}.", "Put it back."
            ) from error
        if (seen.st_size, seen.st_mtime_ns) != (file.size, file.modified):
            raise problem(
                Kind.INPUT,
                "A file has changed",
                f"{file.name} is not the file that was sent.",
                "Check the dataset again and send a new job.",
                subject=file.name,
            )


def _refuse_other_build(order: LocalOrder, checked: CheckReport) -> None:
    found = checked.build
    if found.value is None or found.value == order.panel.build or found.confidence < _SURE:
        return
    raise problem(
        Kind.INPUT,
        "Target and panel are of different builds",
        f"The data are {found.value}, the panel {order.panel.name} is {order.panel.build}.",
        "Lift the data over with “Make it ready”, or choose another panel.",
        subject=order.panel.name,
        details=" ".join(found.evidence),
    )


def _parts_of(order: LocalOrder, checked: CheckReport, steps: _Steps) -> Iterator[Chosen]:
    """Which part of the panel is used for which stretch of which file."""
    kept = read_parts(order.panel_folder)
    seen: dict[str, str] = {}
    for facts in checked.files:
        if not facts.variants or not facts.samples:
            raise _nothing(facts, checked)
        for name in facts.chromosomes:
            chromosome = _autosome_or_x(name)
            if chromosome in seen and seen[chromosome] != facts.path:
                raise _twice(chromosome, facts, seen[chromosome])
            parts = kept.of(chromosome)
            if not parts:
                text = f"The panel has no chromosome {chromosome}; it is left out."
                steps.tell(VALIDATION, text, MessageKind.WARNING)
            elif chromosome not in seen:
                yield from ((Path(facts.path), part, *_range(order, part)) for part in parts)
            seen[chromosome] = facts.path
    if not checked.files:
        raise _nothing(None, checked)


def _autosome_or_x(name: str) -> str:
    """The pseudoautosomal parts, which some programs number as a chromosome, belong to X."""
    plain = plain_chromosome(name) or name
    return "X" if plain in {"XY", "PAR"} else plain


def _range(order: LocalOrder, part: PanelPart) -> tuple[int, int]:
    """The stretch of the target that a part of X covers; all of it elsewhere."""
    if not part.part:
        return 1, WHOLE
    first, last = NON_PAR.get(order.panel.build, NON_PAR["GRCh37"])
    return ((1, first - 1), (first, last), (last + 1, WHOLE))[REGIONS.index(part.part)]


def _nothing(facts: FileFacts | None, checked: CheckReport) -> ProblemError:
    name = facts.name if facts else "The files"
    what = checked.error or "There are no genotypes in it"
    return problem(Kind.INPUT, "The files cannot be imputed", f"{name}: {what}", "Check the dataset.")


def _twice(chromosome: str, facts: FileFacts, other: str) -> ProblemError:
    what = f"{facts.name} and {Path(other).name} both hold chromosome {chromosome}."
    return problem(Kind.INPUT, "A chromosome comes twice", what, "Send them as two jobs.")


def _imputed(
    order: LocalOrder, chosen: Sequence[Chosen], steps: _Steps, report: Report
) -> list[tuple[PartTask, PartResult]]:
    steps.begin(IMPUTATION)
    engine = EngineName(str(order.job.options.get("engine") or EngineName.BUILTIN))
    _refuse_absent(engine, order.tools)
    if engine is EngineName.BUILTIN:
        refuse_absent_kernel(_kernel(order))
    kept = read_parts(order.panel_folder)
    made_from = _settle(order, kept, engine, steps)
    total, before, results = sum(part.count for _, part, _, _ in chosen), 0, []
    for target, part, first, last in chosen:
        part = _packed(order, kept, part, engine, report)
        task = _task(order, kept, engine, target, part).model_copy(update={"first": first, "last": last})
        share = partial(_overall, report, part, before / total, part.count / total)
        try:
            result = impute_part(task, share)
        except ProblemError as error:
            if not (part.part and error.problem.title == "Target and panel have no site in common"):
                raise
            text = f"Chromosome {part.name}: no typed site; left out."
            steps.tell(IMPUTATION, text, MessageKind.WARNING)
        else:
            for kind, text in part_lines(part, result):
                steps.tell(IMPUTATION, text, LINES[kind])
            results.append((task, result))
        before += part.count
    if not results:
        raise problem(
            Kind.INPUT,
            "Target and panel have no site in common",
            f"None of the sites is in {order.panel.name}.",
            "Check the genome build and the panel.",
        )
    _refuse_changed_panel(order, kept, engine, made_from)
    steps.end(IMPUTATION)
    return results


def _settle(order: LocalOrder, kept: PanelParts, engine: EngineName, steps: _Steps) -> str:
    """Keep what an earlier try finished only where it was made from the same; a hash of that."""
    made_from = _made_from(order, kept, engine)
    drop_other_work(order.folder, made_from)
    if chunks := work_done(order.folder):
        steps.tell(IMPUTATION, f"It goes on with {chunks:,} finished pieces of an earlier try.")
    return made_from


def _made_from(order: LocalOrder, kept: PanelParts, engine: EngineName) -> str:
    used = [engine, EngineName.BEAGLE] if order.job.options.get("phasing") == "beagle" else [engine]
    limits = (order.memory_mb, order.threads)
    return fingerprint(order.panel_folder, kept, used, order.tools, limits)


def _refuse_changed_panel(order: LocalOrder, kept: PanelParts, engine: EngineName, made_from: str) -> None:
    """Chunks of two panels must not become one result."""
    if _made_from(order, kept, engine) != made_from:
        shutil.rmtree(order.folder / WORK, ignore_errors=True)
        raise problem(
            Kind.INPUT,
            "The panel has changed",
            f"Files of {order.panel.name} changed while the job was at work with them.",
            "Remove the panel and add it again, and send the job again.",
            subject=order.panel.name,
        )


def _refuse_absent(engine: EngineName, tools: Tools) -> None:
    if not find_engine(engine, tools).present:
        raise problem(
            Kind.NOT_FOUND,
            f"{engine} is not on this computer",
            f"The program “{engine}” was not found.",
            "Install it, name it in Settings, or choose the built-in engine.",
            subject=str(engine),
        )


def _kernel(order: LocalOrder) -> KernelChoice:
    return KernelChoice(str(order.job.options.get("kernel") or KernelChoice.AUTOMATIC))


def _packed(
    order: LocalOrder, kept: PanelParts, part: PanelPart, engine: EngineName, report: Report
) -> PanelPart:
    """The part in the engine's form; made now, and kept, where the engine came after the panel."""
    made = packed(part, order.panel_folder, engine, order.tools, partial(_as_step, report, IMPUTATION))
    if made != part:
        now = read_parts(order.panel_folder)
        parts = tuple(made if each.name == part.name else each for each in now.parts)
        write_parts_list(order.panel_folder, PanelParts(parts=parts, maps=kept.maps))
    return made


def _task(order: LocalOrder, kept: PanelParts, engine: EngineName, target: Path, part: PanelPart) -> PartTask:
    chosen = kept.maps.get(part.chromosome)
    phasing = str(order.job.options.get("phasing") or AUTO)
    return PartTask(
        target=target,
        panel_folder=order.panel_folder,
        panel=part,
        folder=order.folder / WORK / part.name,
        engine=engine,
        phasing=phasing if phasing == AUTO else PhasingName(phasing),
        map_file=order.panel_folder / chosen if chosen else None,
        min_r2=float(order.job.options.get("r2Filter") or 0),
        threads=order.threads,
        memory_mb=order.memory_mb,
        tools=order.tools,
        kernel=_kernel(order) if engine is EngineName.BUILTIN else KernelChoice.AUTOMATIC,
    )


def _overall(report: Report, part: PanelPart, before: float, weight: float, progress: Progress) -> None:
    """The progress of one part as that of the job, in thousandths, with words."""
    low, high = _SHARES.get(progress.step, (0.0, 0.0))
    done = before + weight * (low + (high - low) * (progress.fraction or 0.0))
    step = f"Chromosome {part.name}: {progress.step.lower()}"
    if chunk := progress.counts.get("chunk"):
        step += f", chunk {chunk} of {progress.counts['chunks']}"
    report(Progress(done=round(1000 * done), total=1000, unit="parts", step=step, counts=progress.counts))


def _exported(
    order: LocalOrder, results: Sequence[tuple[PartTask, PartResult]], steps: _Steps, report: Report
) -> tuple[OutputFile, ...]:
    steps.begin(EXPORT)
    report(Progress(done=1000, total=1000, unit="parts", step=EXPORT))
    files = write_output(order.folder, results, _record(order, results))
    shutil.rmtree(order.folder / WORK, ignore_errors=True)
    steps.tell(EXPORT, f"{len(files)} files, {sum(each.size for each in files):,} bytes.")
    steps.end(EXPORT)
    return files


def _record(order: LocalOrder, results: Sequence[tuple[PartTask, PartResult]]) -> bytes:
    """`run.json`: engine, versions, parameters, and what came out of each part."""
    task = results[0][0]
    engine = find_engine(task.engine, order.tools)
    more = kernel_versions(task.kernel) if task.engine is EngineName.BUILTIN else {}
    content = {
        "engine": engine.name,
        "versions": {engine.name: engine.version, "haplodesk": __version__, **more},
        "panel": order.panel.model_dump(mode="json"),
        "parameters": {
            "phasing": str(task.phasing),
            "kernel": str(task.kernel),
            "min_r2": task.min_r2,
            "threads": order.threads,
            "memory_mb": order.memory_mb,
            "genetic_map": task.map_file is not None,
            "files": [{"name": f.name, "size": f.size} for f in order.job.files],
        },
        "chromosomes": [
            {
                "chromosome": each.panel.name,
                "phasing": str(result.plan.phasing),
                "cut": asdict(result.plan.cut),
                "sites": result.plan.alignment.model_dump(mode="json"),
                "phase_agreement": result.agreement,
                "chunks": [
                    {"first": c.chunk.first, "last": c.chunk.last, **asdict(c.figures)}
                    for c in result.results
                ],
            }
            for each, result in results
        ],
    }
    return (json.dumps(content, indent=1) + "\n").encode()
