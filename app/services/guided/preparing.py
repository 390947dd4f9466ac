"""The files for a page, prepared in a folder of the person's: all of them, or nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.made_for_page import LiftWay, made_for_page
from app.genotypes.order import PLINK, Made, Order
from app.genotypes.repair.staging import Stage, close_stage, open_stage, publish, put_rule, withdraw
from app.genotypes.worker import run_in_process
from app.services.contract import Seal, Submission
from app.services.guided.disk import OnDisk
from app.services.guided.form import FOLDER_FIELD, PANEL_FIELD
from app.services.guided.layout import JOB, NEW, GuidedJob, jobs_folder, write_record
from app.services.guides import Fact, Guide, Naming, Packing

V = TypeVar("V")
SMALL = 1 << 19
"""Bytes of files that are written at once rather than in a process of their own."""
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Means:
    """What this program has for a job: the folder that is taken when none is named, and what shapes files.

    `sites` is the site list of the panel, `way` leads from the build of the files to the one that the page
    wants (None where they are of it), and `genome` is a FASTA file of that build.
    """

    usual: Path
    sites: Path | None = None
    way: LiftWay | None = None
    genome: Path | None = None


async def prepared_job(
    disk: OnDisk, means: Means, guide: Guide, submission: Submission, report: Report, seal: Seal
) -> str:
    """Write the files into a new folder and the record of the job; its id. ProblemError."""
    panel_id = str(submission.options[PANEL_FIELD])
    order = order_of(guide, panel_id, submission.remote_name, means.sites)
    order = order.model_copy(update={"reference": str(means.genome) if means.genome else None})
    out = await asyncio.to_thread(_free_folder, _chosen(submission, means.usual), submission.remote_name)
    async with _staged(out) as stage:
        await asyncio.to_thread(put_rule, stage, submission.rule_text)
        made = await _made(submission, order, stage, means.way, report)
        _refuse_limits(guide, made)
        now = datetime.now(UTC)
        job = GuidedJob(
            id=f"hand-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
            name=submission.remote_name,
            guide=guide.id,
            app_id=submission.app_id,
            panel_id=panel_id,
            folder=str(out),
            build=order.build,
            files=submission.files,
            options=submission.options,
            made=made,
            cautions=cautions_of(guide, order, means),
            prepared=now,
        )
        await _published(disk, job, stage, seal)
    return job.id


async def _published(disk: OnDisk, job: GuidedJob, stage: Stage, seal: Seal) -> None:
    folder = jobs_folder(disk.folder)
    draft = folder / (NEW + job.id)
    try:
        await disk.read(lambda _: _drafted(draft, job))
        await seal()
        moved = await asyncio.to_thread(publish, stage)
        try:
            await disk.read(lambda _: os.replace(draft, folder / job.id))
        except BaseException:
            await asyncio.to_thread(withdraw, stage, moved)
            raise
    finally:
        await asyncio.to_thread(shutil.rmtree, draft, True)


def cautions_of(guide: Guide, order: Order, means: Means) -> tuple[str, ...]:
    """What the page wants and the program could not do or does not know, and what was done to the sites."""
    wanted, found = guide.wanted, []
    if wanted.format_note is not None:
        found.append(wanted.format_note.value)
    elif not wanted.says_format:
        found.append(
            "It is published nowhere what files this page takes. Prepared is what most pages take: "
            f"{_shape(order)}. Compare it with what the page says before you upload."
        )
    if _value(wanted.only_panel_sites, False) and means.sites is None:
        found.append(
            "The page refuses sites that its panel does not have, and there is no site list of the panel "
            "here: they were not removed. Add the list in Panels and send again, or use the tool of the "
            "operator."
        )
    if wanted.reference_alleles is not None and means.genome is None:
        found.append(
            f"The page wants REF to be the base of {wanted.reference_alleles.value}, and no such genome is "
            "known here: REF was not compared. Show its FASTA file where a dataset is made ready, and send "
            "again."
        )
    if means.way is not None:
        way = means.way
        found.append(f"The positions were lifted over from {way.here} to {way.there}, which the page wants.")
    return tuple(found)


def _shape(order: Order) -> str:
    """The files of an order in words."""
    kind = "PLINK 1 files" if order.suffix == PLINK else f"VCF {order.version} ({order.suffix})"
    many = "one file" if order.one_file else "one file a chromosome"
    build = f"{order.build}, " if order.build else ""
    return f"{kind}, {many}, {build}chromosomes called {'chr22' if order.prefixed else '22'}"


def _drafted(draft: Path, job: GuidedJob) -> None:
    draft.mkdir(parents=True)
    write_record(draft / JOB, job)


async def _made(
    submission: Submission, order: Order, stage: Stage, way: LiftWay | None, report: Report
) -> Made:
    """In a process of its own, but for so little that starting one would take longer."""
    paths = tuple(each.path for each in submission.files)
    for each in submission.files:
        await asyncio.to_thread(_refuse_changed, each.path, each.size, each.modified)
    places = str(stage.files), str(stage.work)
    if way is None and sum(each.size for each in submission.files) < SMALL:
        made = await asyncio.to_thread(made_for_page, paths, order, *places, None, silent)
    else:
        made = await run_in_process(made_for_page, paths, order, *places, way, report=report)
    report(Progress(done=1, total=1, unit="files"))
    return made


def _refuse_changed(path: str, size: int, modified: int) -> None:
    try:
        seen = os.stat(path)
        same = (seen.st_size, seen.st_mtime_ns) == (size, modified)
    except OSError:
        same = False
    if not same:
        raise problem(
            Kind.INPUT,
            "A file has changed",
            f"{Path(path).name} is no longer the file that was checked",
            "Check the dataset again and send it then",
            subject=Path(path).name,
        )


def order_of(guide: Guide, panel_id: str, stem: str, sites: Path | None) -> Order:
    """What the page wants, as an order; see `Wanted` for what is taken where nothing is known."""
    wanted, panel = guide.wanted, guide.panel(panel_id)
    no_builds: tuple[str, ...] = ()
    builds = wanted.builds.value if wanted.builds is not None else no_builds
    build: str | None = panel.build if panel is not None else None
    build = build or (builds[0] if len(builds) == 1 else None)
    usual = Naming.CHR if build == "GRCh38" else Naming.PLAIN
    region = wanted.region.value if wanted.region is not None else None
    return Order(
        stem=re.sub(r"[^A-Za-z0-9._-]+", "-", stem),
        build=build,
        prefixed=_value(wanted.naming, usual) is Naming.CHR,
        one_file=_value(wanted.packing, Packing.PER_CHROMOSOME) is Packing.ONE,
        suffix=_value(wanted.suffix, ".vcf.gz"),
        version=_value(wanted.vcf_version, "4.2"),
        chromosomes=_value(wanted.chromosomes, ()),
        region=(region.chromosome, region.first, region.last) if region is not None else None,
        two_alleles=bool(_value(wanted.two_alleles, False)),
        males_diploid=bool(_value(wanted.males_diploid, False)),
        snvs_only=bool(_value(wanted.snvs_only, False)),
        drop_monomorphic=bool(_value(wanted.drop_monomorphic, False)),
        sites=str(sites) if sites is not None else None,
    )


def _value(fact: Fact[V] | None, usual: V) -> V:
    return usual if fact is None else fact.value


def _refuse_limits(guide: Guide, made: Made) -> None:
    wanted = guide.wanted
    most = wanted.max_file_mb.value if wanted.max_file_mb is not None else None
    for each in made.files:
        if most is not None and each.size > most * MEGABYTE:
            raise problem(
                Kind.INPUT,
                "A file is too large for the page",
                f"{each.name} has {each.size / MEGABYTE:,.0f} MB; {guide.name} takes {most:,} MB",
                "Send fewer people in one job",
                subject=each.name,
            )
    fewest = wanted.min_samples.value if wanted.min_samples is not None else None
    largest = wanted.max_samples.value if wanted.max_samples is not None else None
    if fewest is not None and made.samples < fewest:
        raise _people("Too few people", made, f"{guide.name} takes at least {fewest:,}")
    if largest is not None and made.samples > largest:
        raise _people("Too many people", made, f"{guide.name} takes at most {largest:,}")


def _people(title: str, made: Made, takes: str) -> ProblemError:
    what = f"There are {made.samples:,}; {takes}"
    return problem(Kind.INPUT, title, what, "Choose another service, or other people")


def _chosen(submission: Submission, usual: Path) -> Path:
    named = str(submission.options.get(FOLDER_FIELD, "")).strip()
    return Path(named).expanduser().absolute() if named else usual


def _free_folder(parent: Path, name: str) -> Path:
    """A folder that is not there yet: nothing is overwritten."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "job"
    found, number = parent / safe, 2
    while os.path.lexists(found):
        found, number = parent / f"{safe}-{number}", number + 1
    return found


def _private_stage(out: Path) -> Stage:
    """The folder is new and its owner's alone: it will hold genotypes and names of people."""
    stage = open_stage(out)
    with contextlib.suppress(OSError):  # a disk without permissions
        out.chmod(0o700)
    return stage


@contextlib.asynccontextmanager
async def _staged(out: Path) -> AsyncIterator[Stage]:
    stage = await asyncio.to_thread(_private_stage, out)
    try:
        yield stage
    finally:
        await asyncio.shield(asyncio.to_thread(close_stage, stage))
