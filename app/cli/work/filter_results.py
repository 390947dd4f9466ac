"""`results filter`: keep the good variants, written for another program."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import typer

from app.cli.output import pairs, table
from app.cli.program import Session
from app.cli.work.desk import with_desk
from app.domain.export import Cutoffs, ExportFormat, ExportOutcome, ExportRequest, PresetName, R2Step
from app.domain.problem import Kind, problem
from app.operations.desk import Desk
from app.operations.export_known import export_known
from app.operations.export_result import export_files


def filter_results(session: Session, source: str, request: ExportRequest) -> None:
    """Write what passes and say what became of each variant; of a job, its ledger says so too."""
    if Path(source).exists():
        from_files = request.model_copy(update={"source": source})
        made = asyncio.run(export_files(from_files, partial(session.out.bar.show, "Writing")))
    else:
        made = with_desk(session, partial(_of_job, named=source, request=request))
    session.out.answer(_row(made, Path(request.out)), _lines(made))


async def _of_job(desk: Desk, named: str, request: ExportRequest) -> ExportOutcome:
    """Of a job, or of a result by its id: what was brought in has no job."""
    from app.cli.work.report import result_of

    result = await result_of(desk, named)
    return await export_known(desk, result.id, request.model_copy(update={"source": result.folder}))


def request_of(
    form_and_preset: tuple[str, str],
    out: Path,
    cutoffs: Cutoffs,
    *,
    hard_call: float,
    phased: bool,
    plain_names: bool,
    with_plink2: bool,
    verify: bool,
) -> ExportRequest:
    """What was asked for, its source not yet told. BadParameter for names that are not known."""
    form, preset = form_and_preset
    if form not in tuple(ExportFormat):
        raise typer.BadParameter(f"--format is one of {', '.join(ExportFormat)}")
    if preset and preset not in tuple(PresetName):
        raise typer.BadParameter(f"--preset is one of {', '.join(PresetName)}")
    return ExportRequest(
        source="",
        out=str(out),
        format=ExportFormat(form),
        preset=PresetName(preset) if preset else None,
        cutoffs=cutoffs,
        hard_call=hard_call,
        phased=phased,
        plain_names=plain_names,
        verify=verify,
        with_plink2=with_plink2,
    )


def cutoffs_of(
    r2: str,
    regions: Sequence[str],
    samples: Path | None,
    *,
    min_maf: float,
    min_mac: float,
    min_er2: float,
    by_r2: bool,
) -> Cutoffs:
    """The cut-offs; `by_r2`: typed sites are judged by R2 too. BadParameter; ProblemError for `samples`."""
    flat, steps = r2_steps(r2)
    if not 0 <= flat <= 1:
        raise typer.BadParameter("--min-r2 is between 0 and 1")
    return Cutoffs(
        min_r2=flat,
        r2_steps=steps,
        min_maf=min_maf,
        min_mac=min_mac,
        min_er2=min_er2,
        typed_by_r2=by_r2,
        regions=tuple(regions),
        samples=names_in(samples),
    )


def r2_steps(text: str) -> tuple[float, tuple[R2Step, ...]]:
    """`0.3`, or a step for each frequency such as `0:0.8,0.005:0.6,0.05:0.3`; BadParameter otherwise."""
    try:
        if ":" not in text:
            return float(text), ()
        steps = [part.split(":") for part in text.split(",")]
        made = tuple(R2Step(maf_from=float(begin), min_r2=float(least)) for begin, least in steps)
        if len({step.maf_from for step in made}) < len(made):
            raise ValueError("a frequency comes twice")
    except ValueError as error:
        raise typer.BadParameter(f"--min-r2 {text}: write 0.3, or 0:0.8,0.005:0.6,0.05:0.3") from error
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
    row: dict[str, object] = made.model_dump(mode="json")
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
