"""What a process of its own is asked to do: plan or make the repairs of a dataset."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import add
from pathlib import Path

from app.domain.finding import BuildGuess
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.domain.repair import RepairOutcome, RepairPlan
from app.domain.verdict import Verdict
from app.genotypes.bgzf import ContainerError
from app.genotypes.builds import evidence_of
from app.genotypes.cohort import Cohort, open_cohort
from app.genotypes.excluded_list import LearnedPanel, load_learned
from app.genotypes.liftover import read_chain
from app.genotypes.panels.learned_overlay import overlaid
from app.genotypes.panels.store import PanelAbout, PanelList, build_panel, open_panel
from app.genotypes.readers.contract import FormatError
from app.genotypes.reading import read_cohort
from app.genotypes.reference_sequence import ReferenceSequence
from app.genotypes.repair.apply import repair
from app.genotypes.repair.groups import StudyGroup, study_groups
from app.genotypes.repair.joining import joint_outcome, joint_plan, not_repaired
from app.genotypes.repair.plan import plan_repairs
from app.genotypes.repair.ready import Means, chain_back_of, make_ready, target_of
from app.genotypes.repair.staging import is_there
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.rules import RulePack
from app.genotypes.site_table import SiteTable
from app.genotypes.stated_build import judged

MOST_PEOPLE_BYTES = 1 << 30
"""Packed bytes of VCFs with the panel's people that are read for a plan; more would take many minutes."""


@dataclass(frozen=True)
class RepairErrand:
    """`cohorts` are packed folders of these files where a check left them; else the files are read.

    `panel` is the folder of a kept site list; `learned` is the file of the alleles that lists of real jobs
    told (`excluded_list.save_learned`), which win over it, and without one are all that is known.
    `site_lists` are files of a site list instead, of the build `panel_build`; they are read for this errand
    only. `rules` None: nobody in particular. Where there are several groups of people each takes of `chain`
    and `kept_chains` the one that leads from its build. `reference` is a FASTA file. What is packed for the
    errand lies in `work`, a folder that the caller removes; None: in a temporary one.
    """

    paths: tuple[str, ...]
    cohorts: tuple[str, ...] = ()
    rules: RulePack | None = None
    panel: str | None = None
    learned: str | None = None
    site_lists: tuple[str, ...] = ()
    panel_build: str = ""
    study_build: BuildGuess | None = None
    stated_build: str = ""
    chain: str | None = None
    kept_chains: tuple[str, ...] = ()
    reference: str | None = None
    choices: RepairChoices = RepairChoices()
    work: str | None = None


@dataclass(frozen=True)
class Repaired:
    """What became of a group of people, and what the twin says of its files."""

    outcome: RepairOutcome
    verdict: Verdict | None = None


def outcome_of(parts: Sequence[Repaired]) -> RepairOutcome:
    """The outcome of all groups."""
    return parts[0].outcome if len(parts) == 1 else joint_outcome([each.outcome for each in parts])


def plan_errand(errand: RepairErrand, report: Report = silent) -> RepairPlan:
    """The plan; ProblemError when the files cannot be read or do not belong together."""
    with _begun(errand, report) as (groups, means):
        if len(groups) == 1:
            return _planned(errand, groups[0], means, report)
        return joint_plan([_plan_of_group(errand, each, means, report) for each in groups])


def _planned(errand: RepairErrand, group: StudyGroup, means: Means, report: Report) -> RepairPlan:
    return plan_repairs(group.cohorts, _target(errand, means), errand.choices, report)


def _plan_of_group(errand: RepairErrand, group: StudyGroup, means: Means, report: Report) -> RepairPlan:
    """The plan of one of several groups; that nothing can be done with it is told in it."""
    mine = _means_of_group(errand, group, means)
    try:
        plan = _planned(errand, group, mine, partial(_tell, report, group.name))
    except ProblemError as error:
        if error.problem.kind is not Kind.INPUT:
            raise
        plan = RepairPlan(target=_target(errand, mine).name, refused=error.problem.sentence())
    return plan.model_copy(update={"group": group.name})


def repair_errand(errand: RepairErrand, out: str, home: str, report: Report = silent) -> tuple[Repaired, ...]:
    """Repair into a folder, each of several groups of people into one of its own inside. ProblemError.

    A group of which nothing can be made is told in its outcome, unless it is the only one. `home` is where
    the files will be moved: nothing there may have one of their names.
    """
    place, final = Path(out), Path(home)
    with _begun(errand, report) as (groups, means):
        if len(groups) == 1:
            return (_repaired(errand, groups[0], means, report, (place, final)),)
        for group in groups:
            _refuse_filled(final / group.folder)
        parts = [_repair_of_group(errand, each, means, report, (place, final)) for each in groups]
    if not any(each.outcome.files for each in parts):
        raise problem(
            Kind.INPUT,
            "No group of people can be repaired",
            joint_outcome([each.outcome for each in parts]).refused,
            "Look at the plan, and repair each group by itself.",
        )
    return tuple(parts)


def _repaired(
    errand: RepairErrand, group: StudyGroup, means: Means, report: Report, places: tuple[Path, Path]
) -> Repaired:
    place, final = places
    if errand.rules is not None:
        return Repaired(*make_ready(group.cohorts, errand.rules, means, errand.choices, place, report, final))
    return Repaired(repair(group.cohorts, _target(errand, means), errand.choices, place, report, final))


def _repair_of_group(
    errand: RepairErrand, group: StudyGroup, means: Means, report: Report, places: tuple[Path, Path]
) -> Repaired:
    inside = places[0] / group.folder, places[1] / group.folder
    mine = _means_of_group(errand, group, means)
    try:
        found = _repaired(errand, group, mine, partial(_tell, report, group.name), inside)
    except ProblemError as error:
        if error.problem.kind is not Kind.INPUT:
            raise
        people = {name for each in group.cohorts for name in each.samples}
        records = sum(each.records for each in group.cohorts)
        return Repaired(not_repaired(group.name, records, len(people), error.problem.sentence()))
    return replace(found, outcome=found.outcome.model_copy(update={"group": group.name}))


def _tell(report: Report, group: str, progress: Progress) -> None:
    report(replace(progress, step=f"{progress.step} of {group}"))


def _refuse_filled(folder: Path) -> None:
    """The folder of a group may be there, but nothing in it: it may be an input. ProblemError."""
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise is_there(folder)


def _means_of_group(errand: RepairErrand, group: StudyGroup, means: Means) -> Means:
    """With the build of this group alone, and the chain file that leads from it."""
    build = judged(reduce(add, map(evidence_of, group.cohorts)), errand.stated_build).value
    wanted = _target(errand, replace(means, chain=None)).build
    chains = (Path(each) for each in (errand.chain, *errand.kept_chains) if each)
    chain = next((each for each in chains if _leads(each, build, wanted)), None)
    return replace(means, study_build=None, chain=chain, chain_back=None)


def _leads(chain: Path, here: str | None, there: str | None) -> bool:
    builds = read_chain(chain).builds
    return None in builds or builds == (here, there)


def _target(errand: RepairErrand, means: Means) -> RepairTarget:
    if errand.rules is not None:
        return target_of(errand.rules, means)
    return RepairTarget(
        build=errand.panel_build or None,
        panel=means.panel or {},
        panel_genotypes=means.panel_genotypes or {},
        study_build=means.study_build,
        stated_build=means.stated_build,
        chain=means.chain,
        chain_back=means.chain_back or chain_back_of(means.chain),
        reference=means.reference,
    )


@contextmanager
def _begun(errand: RepairErrand, report: Report) -> Iterator[tuple[list[StudyGroup], Means]]:
    """The groups and what is at hand; packed files made for this errand are removed at its end."""
    with tempfile.TemporaryDirectory(
        prefix="haplodesk-repair-", dir=errand.work, ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        groups = study_groups(_cohorts(errand, folder / "cohorts", report))
        yield groups, _means(errand, folder / "panel", report)


def _cohorts(errand: RepairErrand, folder: Path, report: Report) -> Sequence[Cohort]:
    kept = _kept(errand.cohorts)
    if kept and _cover(kept, errand.paths):
        return kept
    try:
        return read_cohort([Path(each) for each in errand.paths], folder, report)
    except FormatError as error:
        raise _unreadable(error.path, f"{error.title} {error.place}".strip(), error.advice) from error
    except ContainerError as error:
        raise _unreadable(error.path or errand.paths[0], f"The file is {error.fault}") from error
    except OSError as error:
        raise _unreadable(str(error.filename or errand.paths[0]), error.strerror or str(error)) from error


def _kept(folders: Sequence[str]) -> list[Cohort]:
    """What a check has packed; none when any of it is damaged or made anew: then the files are read."""
    marks = [Path(each) / "cohort.json" for each in folders]
    try:
        before = [mark.stat() for mark in marks]
        cohorts = [open_cohort(Path(each)) for each in folders]
        after = [mark.stat() for mark in marks]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    same = all(
        (old.st_ino, old.st_mtime_ns) == (new.st_ino, new.st_mtime_ns)
        for old, new in zip(before, after, strict=True)
    )
    return cohorts if same else []


def _cover(cohorts: Sequence[Cohort], paths: Sequence[str]) -> bool:
    """Whether no file is missing and none has changed since a check packed it.

    A check keeps no cohort of a file that it could not read to its end.
    """
    if not all(each.origin.is_current for each in cohorts):
        return False
    read = {os.path.abspath(each) for cohort in cohorts for each in cohort.origin.files}
    return all(os.path.abspath(path) in read for path in paths)


def _unreadable(path: str, why: str, advice: str = "") -> ProblemError:
    name = Path(path).name
    return problem(
        Kind.INPUT,
        "The file cannot be read as genotypes",
        f"{name}: {why}.",
        advice or "Check the file; the findings say what is wrong with it.",
        subject=name,
    )


def _means(errand: RepairErrand, folder: Path, report: Report) -> Means:
    panel = _panel(errand, folder, report)
    return Means(
        panel=_with_learned(errand, tables_of(panel)) if panel is not None else _learned(errand),
        panel_build=panel.about.build if panel is not None else "",
        panel_genotypes=_people(panel) if panel is not None else None,
        study_build=errand.study_build,
        stated_build=errand.stated_build,
        chain=Path(errand.chain) if errand.chain else None,
        reference=ReferenceSequence(Path(errand.reference)) if errand.reference else None,
    )


def _learned(errand: RepairErrand) -> dict[str, SiteTable] | None:
    """What lists of real jobs told of the panel; of all other sites nothing is known."""
    rows = load_learned(Path(errand.learned)) if errand.learned else {}
    panel = LearnedPanel(rows)
    found = {name: table for name in rows if (table := panel.sites(name)) is not None}
    return found or None


def _with_learned(errand: RepairErrand, tables: dict[str, SiteTable]) -> dict[str, SiteTable]:
    """The tables of a list, in which the server's own word of its alleles wins."""
    rows = load_learned(Path(errand.learned)) if errand.learned else {}
    return {name: overlaid(table, rows[name]) if name in rows else table for name, table in tables.items()}


def _people(panel: PanelList) -> dict[str, Path]:
    """The files with the panel's people, where they are small enough to be read for a plan."""
    found = panel.genotypes()
    size = sum(path.stat().st_size for path in set(found.values()))
    return found if size <= MOST_PEOPLE_BYTES else {}


def _panel(errand: RepairErrand, folder: Path, report: Report) -> PanelList | None:
    if errand.panel:
        return open_panel(Path(errand.panel))
    if errand.site_lists:
        about = PanelAbout("panel", errand.panel_build)
        return build_panel([Path(each) for each in errand.site_lists], folder, about, report)
    return None


def tables_of(panel: PanelList) -> dict[str, SiteTable]:
    """All tables of a kept list by plain chromosome name; memory-mapped."""
    tables = {name: panel.table(name) for name in panel.about.chromosomes}
    return {name: table for name, table in tables.items() if table is not None}
