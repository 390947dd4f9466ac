"""`results compare`, `meta`, `merge` and `consensus`: what the commands do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from app.cli.output import pairs, table
from app.cli.program import Session
from app.cli.work.carrying import under_rule
from app.cli.work.desk import with_desk
from app.cli.work.find import fetched_result, find_job
from app.domain.batch_merge import ConsensusSummary, Keep, MergeSummary
from app.domain.clock import SystemClock
from app.domain.meta_imputation import LeftOut, MetaSummary
from app.domain.result_comparison import ComparedSource, EstimateBin, ResultComparison, TruthBin
from app.operations.compare_results import compare_results, source_of_job
from app.operations.consensus import consensus_of_results
from app.operations.desk import Desk
from app.operations.merge_batches import merge_result_batches
from app.operations.meta_impute import meta_impute_results
from app.operations.report_comparison import save_comparison_report
from app.operations.told_apart import job_names

SHOWN_DIFFERENCES = 10
T = TypeVar("T")


def compare(
    session: Session,
    sources: Sequence[str],
    truth: Path | None,
    reports: Mapping[str, Path] | None = None,
    *,
    force: bool = False,
) -> None:
    """Lay results side by side; jobs are looked up in the data folder. `reports` are files by their form."""
    named = [ComparedSource(source=each) for each in sources]
    if not all(_is_there(each) for each in sources):
        named = with_desk(session, partial(_sources, given=named))
    show = partial(session.out.bar.show, "Comparing")
    told = asyncio.run(compare_results(named, truth, report=show))
    data, lines = told.model_dump(mode="json"), _comparison_lines(told)
    if reports:
        data["written"] = _report(told, reports, force)
        lines += ["", *(f"Written: {each}" for each in data["written"])]
    session.out.answer(data, lines)


def _report(told: ResultComparison, reports: Mapping[str, Path], force: bool) -> list[str]:
    files = {path.absolute(): form for form, path in reports.items()}
    asyncio.run(save_comparison_report(told, files, SystemClock().now(), overwrite=force))
    return [str(each) for each in files]


def meta(session: Session, sources: Sequence[str], out: Path, start: str) -> None:
    """Join results into one."""
    show = partial(session.out.bar.show, "Joining")
    made = _under_rule(
        session,
        sources,
        out,
        lambda: asyncio.run(meta_impute_results(sources, out, start=start, report=show)),
    )
    session.out.answer({"out": str(out.absolute()), **made.model_dump(mode="json")}, _meta_lines(out, made))


def consensus(session: Session, sources: Sequence[str], out: Path) -> None:
    """Take the best result of each variant."""
    show = partial(session.out.bar.show, "Choosing")
    made = _under_rule(
        session, sources, out, lambda: asyncio.run(consensus_of_results(sources, out, report=show))
    )
    session.out.answer(
        {"out": str(out.absolute()), **made.model_dump(mode="json")}, _consensus_lines(out, made)
    )


def merge(session: Session, sources: Sequence[str], out: Path, *, union: bool) -> None:
    """Make batches one result."""
    keep = Keep.UNION if union else Keep.INTERSECT
    show = partial(session.out.bar.show, "Merging")
    made = _under_rule(
        session, sources, out, lambda: asyncio.run(merge_result_batches(sources, out, keep, report=show))
    )
    session.out.answer({"out": str(out.absolute()), **made.model_dump(mode="json")}, _merge_lines(out, made))


def _under_rule(session: Session, sources: Sequence[str], out: Path, work: Callable[[], T]) -> T:
    """What is joined is under the rules of all results that it is made of."""
    named = [Path(part) for each in sources for part in ([each] if Path(each).exists() else each.split(","))]
    files = [file for path in named for file in (_dose_files(path) if path.exists() else [])]
    return under_rule(session, files, out, work, lambda _: _dose_files(out))


def _dose_files(path: Path) -> list[Path]:
    from app.results.export.result_files import dose_files

    return dose_files(path)


def _is_there(source: str) -> bool:
    return Path(source).exists() or "," in source


async def _sources(desk: Desk, given: Sequence[ComparedSource]) -> list[ComparedSource]:
    found, jobs = [], []
    for each in given:
        job = None if _is_there(each.source) else await find_job(desk, each.source)
        found.append(each if job is None else source_of_job(job, await fetched_result(desk, job)))
        jobs.append(job)
    names = await job_names(desk, [(each.name or "", job) for each, job in zip(found, jobs, strict=True)])
    return [
        each if job is None else each.model_copy(update={"name": name})
        for each, job, name in zip(found, jobs, names, strict=True)
    ]


def _comparison_lines(told: ResultComparison) -> list[str]:
    counts = [("people", told.people), ("variants in any", told.union), ("in every result", told.shared)]
    lines = [*pairs(counts), "", *_findings(told)]
    place = {name: number for number, name in enumerate(told.ranking, start=1)}
    heads = ("result", "place", "score", "variants", "own", "R2 ≥ 0.3", "R2 ≥ 0.8", "seconds", "price")
    rows = [
        (
            each.name,
            place[each.dir],
            each.score,
            each.variants,
            each.own,
            *(cover.variants for cover in each.coverage),
            each.seconds,
            each.price,
        )
        for each in told.results
    ]
    lines += [f"Ranked by {told.ranked_by}", *table(heads, rows)]
    if told.truth is not None:
        lines += ["", "Accuracy (r2 with the truth) by frequency", *_truth_table(told)]
    lines += ["", "Mean estimated R2 by frequency", *_estimate_table(told)]
    names = [each.name for each in told.results]
    agreed = [(names[each.first], names[each.second], each.variants, each.r2) for each in told.agreements]
    return [*lines, "", "Agreement", *table(("result", "with", "variants", "r2"), agreed)]


def _findings(told: ResultComparison) -> list[str]:
    lines = []
    for each in told.findings:
        where = f" (such as {each.where})" if each.where else ""
        lines += [f"{each.title}{where}: {each.detail}", each.what_to_do, ""]
    return lines


def _truth_table(told: ResultComparison) -> list[str]:
    bins = [each.by_maf for each in told.results]
    rows = [
        (_range(row[0]), max(cell.sites for cell in row), *(cell.r2 for cell in row))
        for row in zip(*bins, strict=True)
        if any(cell.sites for cell in row)
    ]
    return table(("MAF", "sites", *(each.name for each in told.results)), rows)


def _estimate_table(told: ResultComparison) -> list[str]:
    bins = [each.estimated for each in told.results]
    rows = [
        (_range(row[0]), *(cell.mean_r2 for cell in row))
        for row in zip(*bins, strict=True)
        if any(cell.variants for cell in row)
    ]
    return table(("MAF", *(each.name for each in told.results)), rows)


def _range(of: TruthBin | EstimateBin) -> str:
    return f"{of.maf_from:g}–{of.maf_to:g}"


def _meta_lines(out: Path, made: MetaSummary) -> list[str]:
    lines = [*pairs([("folder", out), ("samples", made.samples)]), ""]
    heads = ("chromosome", "typed", "variants", "in all", "mean R2", "result", "weight", "own")
    rows = [
        (each.chromosome, each.typed, each.variants, each.in_all, each.mean_r2, p.name, p.mean_weight, p.own)
        for each in made.chromosomes
        for p in each.panels
    ]
    exchanged = sum(p.exchanged for each in made.chromosomes for p in each.panels)
    if exchanged:
        lines += [f"The haplotypes of {exchanged:,} people were exchanged throughout and turned back.", ""]
    return [*lines, *table(heads, rows), *_left_out(made.left_out)]


def _consensus_lines(out: Path, made: ConsensusSummary) -> list[str]:
    rows = [
        (each.chromosome, each.variants, each.mean_r2, name, each.taken[k], each.own[k])
        for each in made.chromosomes
        for k, name in enumerate(made.results)
    ]
    heads = ("chromosome", "variants", "mean R2", "result", "taken", "own")
    return [*pairs([("folder", out), ("samples", made.samples)]), "", *table(heads, rows)]


def _merge_lines(out: Path, made: MergeSummary) -> list[str]:
    lost = sum(each.not_in_all for each in made.chromosomes)
    done = "left out" if made.keep is Keep.INTERSECT else "kept with missing dosages"
    lines = pairs([("folder", out), ("samples", sum(made.samples)), ("batches", len(made.batches))])
    if lost:
        lines.append(f"{lost:,} variants that not every batch has were {done}; {made.losses} lists them.")
    rows = [(each.chromosome, each.variants, each.not_in_all, each.mean_r2) for each in made.chromosomes]
    lines += [
        "",
        *table(("chromosome", "variants", "not in all", "mean R2"), rows),
        *_left_out(made.left_out),
    ]
    if made.differing:
        lines += ["", f"The frequency of {made.differing:,} variants differs between batches."]
        shown = [
            (each.chrom, each.pos, each.ref, each.alt, each.batch, each.frequency, each.elsewhere)
            for each in made.differences[:SHOWN_DIFFERENCES]
        ]
        lines += table(("chromosome", "position", "REF", "ALT", "batch", "frequency", "elsewhere"), shown)
    return lines


def _left_out(chromosomes: Sequence[LeftOut]) -> list[str]:
    return [f"Chromosome {each.chromosome} was left out: {each.why}." for each in chromosomes]
