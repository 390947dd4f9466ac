"""What a process of its own is asked to do: plan or make the repairs of a dataset."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.domain.finding import BuildGuess
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report, silent
from app.domain.repair import RepairOutcome, RepairPlan
from app.domain.verdict import Verdict
from app.genotypes.bgzf import ContainerError
from app.genotypes.cohort import Cohort, open_cohort
from app.genotypes.excluded_list import LearnedPanel, load_learned
from app.genotypes.panels.store import PanelAbout, PanelList, build_panel, open_panel
from app.genotypes.readers.contract import FormatError
from app.genotypes.reading import read_cohort
from app.genotypes.repair.apply import repair
from app.genotypes.repair.plan import plan_repairs
from app.genotypes.repair.ready import Means, chain_back_of, make_ready, target_of
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.rules import RulePack
from app.genotypes.site_table import SiteTable

MOST_PEOPLE_BYTES = 1 << 30
"""Packed bytes of VCFs with the panel's people that are read for a plan; more would take many minutes."""


@dataclass(frozen=True)
class RepairErrand:
    """`cohorts` are packed folders of these files where a check left them; else the files are read.

    `panel` is the folder of a kept site list; without one, `learned` is the file of the alleles that lists of
    real jobs told (`excluded_list.save_learned`), in the build of the files. `site_lists` are files of a site
    list instead, of the build `panel_build`; they are read for this errand only. `rules` None: nobody in
    particular. What is packed for the errand lies in `work`, a folder that the caller removes; None: in a
    temporary one.
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
    choices: RepairChoices = RepairChoices()
    work: str | None = None


def plan_errand(errand: RepairErrand, report: Report = silent) -> RepairPlan:
    """The plan; ProblemError when the files cannot be read or do not belong together."""
    with _begun(errand, report) as (cohorts, means):
        return plan_repairs(cohorts, _target(errand, means), errand.choices, report)


def repair_errand(
    errand: RepairErrand, out: str, home: str, report: Report = silent
) -> tuple[RepairOutcome, Verdict | None]:
    """Repair into a folder; with rules also what the twin says of the outcome. ProblemError.

    `home` is where the files will be moved: nothing there may have one of their names.
    """
    place, final = Path(out), Path(home)
    with _begun(errand, report) as (cohorts, means):
        if errand.rules is not None:
            return make_ready(cohorts, errand.rules, means, errand.choices, place, report, final)
        return repair(cohorts, _target(errand, means), errand.choices, place, report, final), None


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
    )


@contextmanager
def _begun(errand: RepairErrand, report: Report) -> Iterator[tuple[Sequence[Cohort], Means]]:
    """The cohorts and what is at hand; packed files made for this errand are removed at its end."""
    with tempfile.TemporaryDirectory(
        prefix="haplodesk-repair-", dir=errand.work, ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        yield _cohorts(errand, folder / "cohorts", report), _means(errand, folder / "panel", report)


def _cohorts(errand: RepairErrand, folder: Path, report: Report) -> Sequence[Cohort]:
    kept = _kept(errand.cohorts)
    if kept and _cover(kept, errand.paths):
        return kept
    try:
        return read_cohort([Path(each) for each in errand.paths], folder, report)
    except FormatError as error:
        raise _unreadable(error.path, f"{error.title} {error.place}".strip(), error.advice) from error
    except ContainerError as error:
        raise _unreadable(errand.paths[0], f"The file is {error.fault}") from error
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
        panel=tables_of(panel) if panel is not None else _learned(errand),
        panel_build=panel.about.build if panel is not None else "",
        panel_genotypes=_people(panel) if panel is not None else None,
        study_build=errand.study_build,
        stated_build=errand.stated_build,
        chain=Path(errand.chain) if errand.chain else None,
    )


def _learned(errand: RepairErrand) -> dict[str, SiteTable] | None:
    """What lists of real jobs told of the panel; of all other sites nothing is known."""
    rows = load_learned(Path(errand.learned)) if errand.learned else {}
    panel = LearnedPanel(rows)
    found = {name: table for name in rows if (table := panel.sites(name)) is not None}
    return found or None


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
