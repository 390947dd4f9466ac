"""`results filter`: keep the good variants, written for another program.

Imports little: the start of the program would else be more than half of what a small file costs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.output import pairs, table
from app.cli.work.usage import WrongUsageError
from app.domain.export import Cutoffs, ExportFormat, ExportOutcome, ExportRequest, PresetName, R2Step
from app.domain.path_names import kept
from app.domain.problem import Kind, problem

if TYPE_CHECKING:
    from app.cli.program import Session
    from app.operations.desk import Desk


def filter_results(session: Session, source: str, request: ExportRequest) -> None:
    """Write what passes and say what became of each variant; of a job, its ledger says so too."""
    if Path(source).exists():
        made = _of_files(session, replace(request, source=source))
    else:
        made = _of_job(session, source, request)
    session.out.answer(_row(made, Path(request.out)), _lines(made))


def _of_files(session: Session, request: ExportRequest) -> ExportOutcome:
    """Written files are under the rule of the source; where there can be none, nothing is loaded for it."""
    from app.cli.work.quick_rule import under_any_rule

    return under_any_rule(
        session,
        _dose_files(Path(request.source)),
        Path(request.out),
        lambda: _written(session, request),
        lambda made: [Path(file) for each in made.sets for file in each.files],
    )


def _dose_files(source: Path) -> list[Path]:
    from app.results.export.result_files import dose_files

    return dose_files(source)


def _written(session: Session, request: ExportRequest) -> ExportOutcome:
    """In this process, which has nothing else to do; plink2 in one that ends with all it started."""
    report = partial(session.out.bar.show, "Writing")
    if request.with_plink2:
        import asyncio

        from app.operations.export_result import export_files

        return asyncio.run(export_files(request, report))
    from app.operations.export_here import export_here

    return export_here(request, report)


def _of_job(session: Session, named: str, request: ExportRequest) -> ExportOutcome:
    from app.cli.work.desk import with_desk
    from app.cli.work.report import result_of
    from app.operations.export_known import export_known

    async def work(desk: Desk) -> ExportOutcome:
        result = await result_of(desk, named)  # of a job, or by its id: what was brought in has no job
        return await export_known(desk, result.id, replace(request, source=result.folder))

    return with_desk(session, work)


@dataclass(frozen=True)
class Words:
    """What the command line said, option by option: `hard_call_threshold` is `--hard-call-threshold`."""

    source: str
    out: str
    min_r2: str = "0"
    min_maf: float = 0.0
    min_mac: float = 0.0
    min_er2: float = 0.0
    typed_by_r2: bool = False
    region: tuple[str, ...] = ()
    samples: str = ""
    format: str = ExportFormat.VCF.value
    preset: str = ""
    hard_call_threshold: float = 0.1
    phased: bool = False
    plain_names: bool = False
    with_plink2: bool = False
    no_read_back: bool = False
    replace: bool = False


def request_of(words: Words) -> ExportRequest:
    """What was asked for. WrongUsageError for what cannot be; ProblemError for a bad list of samples."""
    if words.format not in tuple(ExportFormat):
        raise WrongUsageError(f"--format is one of {', '.join(ExportFormat)}")
    if words.preset and words.preset not in tuple(PresetName):
        raise WrongUsageError(f"--preset is one of {', '.join(PresetName)}")
    try:
        return ExportRequest(
            source=words.source,
            out=words.out,
            format=ExportFormat(words.format),
            preset=PresetName(words.preset) if words.preset else None,
            cutoffs=_cutoffs_of(words),
            hard_call=words.hard_call_threshold,
            phased=words.phased,
            plain_names=words.plain_names,
            verify=not words.no_read_back,
            with_plink2=words.with_plink2,
            replace=words.replace,
        )
    except ValueError as error:
        raise WrongUsageError(str(error)) from error


def _cutoffs_of(words: Words) -> Cutoffs:
    flat, steps = r2_steps(words.min_r2)
    if not 0 <= flat <= 1:
        raise WrongUsageError("--min-r2 is between 0 and 1")
    return Cutoffs(
        min_r2=flat,
        r2_steps=steps,
        min_maf=words.min_maf,
        min_mac=words.min_mac,
        min_er2=words.min_er2,
        typed_by_r2=words.typed_by_r2,
        regions=words.region,
        samples=names_in(Path(words.samples) if words.samples else None),
    )


def r2_steps(text: str) -> tuple[float, tuple[R2Step, ...]]:
    """`0.3`, or a step for each frequency such as `0:0.8,0.005:0.6,0.05:0.3`; WrongUsageError otherwise."""
    try:
        if ":" not in text:
            return float(text), ()
        steps = [part.split(":") for part in text.split(",")]
        made = tuple(R2Step(maf_from=float(begin), min_r2=float(least)) for begin, least in steps)
        if len({step.maf_from for step in made}) < len(made):
            raise ValueError("a frequency comes twice")
    except ValueError as error:
        raise WrongUsageError(f"--min-r2 {text}: write 0.3, or 0:0.8,0.005:0.6,0.05:0.3") from error
    return 0.0, tuple(sorted(made, key=lambda step: step.maf_from))


def names_in(path: Path | None) -> tuple[str, ...]:
    """Names of samples, one a line. ProblemError when the file cannot be read."""
    if path is None:
        return ()
    try:
        return tuple(line for raw in path.read_text("utf-8").splitlines() if (line := raw.strip()))
    except (OSError, UnicodeDecodeError) as error:
        raise problem(
            Kind.INPUT,
            "The list of samples cannot be read",
            f"{path.name}: {getattr(error, 'strerror', None) or 'it is no text in UTF-8'}.",
            "Give a text with one name a line.",
            subject=str(path),
        ) from error


def _row(made: ExportOutcome, out: Path) -> dict[str, object]:
    row: dict[str, object] = asdict(made)
    row["sets"] = [{**asdict(each), "files": [kept(file) for file in each.files]} for each in made.sets]
    return {
        "out": str(out.absolute()),
        "variants": made.variants,
        "kept": made.kept,
        "dropped": {reason.value: count for reason, count in made.dropped.items()},
        "files": [file for each in made.sets for file in each.files],
        "commands": [each.command for each in made.sets if each.command],
        **row,
    }


def _lines(made: ExportOutcome) -> list[str]:
    share = 100 * made.kept / max(1, made.variants)
    verified = all(each.verified for each in made.sets)
    lines = pairs(
        [
            ("variants", f"{made.variants:,}"),
            ("kept", f"{made.kept:,} ({share:.1f} %)"),
            *((f"left out: {reason.value}", f"{count:,}") for reason, count in made.dropped.items()),
            ("samples", f"{made.sets[0].samples:,}"),
            ("read back", "equal" if verified else "not compared"),
        ]
    )
    lines += ["", *table(("file",), [(file,) for each in made.sets for file in each.files])]
    lines += _lost_lines(made)
    commands = [each.command for each in made.sets if each.command]
    if commands:
        lines += ["", "Use it with:", *commands]
    return [*lines, *(["", *made.notes] if made.notes else [])]


def _lost_lines(made: ExportOutcome) -> list[str]:
    """What hard calls would lose, where that is a matter of the format."""
    calls = sum(each.calls for each in made.sets)
    if not calls or made.format not in ("bed", "pgen"):
        return []
    thresholds = made.sets[0].lost_calls
    rows = [
        (threshold, f"{lost:,}", f"{100 * lost / calls:.2f} %")
        for threshold in thresholds
        if (lost := sum(each.lost_calls.get(threshold, 0) for each in made.sets)) is not None
    ]
    return ["", *table(("hard-call threshold", "calls lost", "share"), rows)]
