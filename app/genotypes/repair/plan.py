"""The repairs in the order in which they are made, and the plan that shows them beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add

import numpy as np

from app.domain.finding import BuildGuess
from app.domain.progress import Progress, Report, silent
from app.domain.repair import RepairPlan
from app.genotypes.builds import SPOKEN, BuildEvidence, evidence_of, judge, settled
from app.genotypes.cohort import Cohort
from app.genotypes.repair import (
    alleles,
    by_reference,
    consistency,
    duplicates,
    indel_spelling,
    lift,
    orientation,
    palindromic,
    samples,
    sex_chromosomes,
    sites,
    structure,
    thin,
)
from app.genotypes.repair.draft import Draft, begin
from app.genotypes.repair.study import unite
from app.genotypes.repair.target import ENOUGH_CONFIDENCE, RepairChoices, RepairTarget

Step = Callable[[Draft], None]


def _with_build(step: Step) -> Step:
    """A repair that trusts positions: only where the build is certain and that of the panel."""

    def guarded(draft: Draft) -> None:
        same = draft.target.build in (None, draft.build_now)
        if draft.target.panel and not draft.refused and same:
            step(draft)

    return guarded


def _after_lifting(step: Step) -> Step:
    """Once more where positions have changed."""

    def guarded(draft: Draft) -> None:
        if draft.lifted:
            step(draft)

    return guarded


STEPS: tuple[Step, ...] = (
    samples.settle,
    structure.packing,
    structure.chromosomes,
    structure.alleles,
    structure.positions,
    by_reference.left_align,
    lift.lift_over,
    _after_lifting(by_reference.left_align),
    by_reference.tell_unused,
    sites.named,
    structure.names,
    _with_build(orientation.prove),
    _with_build(alleles.restore_missing),
    _with_build(indel_spelling.respell),
    by_reference.orient,
    structure.bad_alleles,
    _with_build(alleles.position_of_identifiers),
    _with_build(alleles.align),
    _with_build(palindromic.orient),
    _with_build(consistency.consistent),
    duplicates.duplicates,
    samples.people,
    sex_chromosomes.ploidy,
    sites.quality,
    thin.thin,
    alleles.unanchored,
    samples.rename,
    samples.batches,
)


def draft_repairs(
    cohorts: Sequence[Cohort], target: RepairTarget, choices: RepairChoices, report: Report = silent
) -> Draft:
    """Work every repair out; nothing is written. ProblemError when the files do not belong together."""
    study = unite(cohorts, choices.sex)
    draft = begin(study, target, choices, target.study_build or BuildGuess())
    if target.study_build is None or not _is_certain(draft.build):
        draft.build = _build_for(draft, reduce(add, map(evidence_of, cohorts)))
    draft.certain = _is_certain(draft.build)
    draft.refused = _refusal(draft)
    if draft.refused and not draft.certain:
        title = "The build is not certain: alleles and positions are left as they are"
        draft.leave("build_uncertain", title, np.flatnonzero(draft.alive))
    for number, step in enumerate(STEPS):
        report(Progress(done=number, total=len(STEPS), unit="steps", step="Planning repairs"))
        step(draft)
    return draft


def plan_repairs(
    cohorts: Sequence[Cohort],
    target: RepairTarget,
    choices: RepairChoices | None = None,
    report: Report = silent,
) -> RepairPlan:
    """What would be done, with counts and places; see `RepairPlan`."""
    return plan_of(draft_repairs(cohorts, target, choices or RepairChoices(), report))


def plan_of(draft: Draft) -> RepairPlan:
    """The plan of a draft."""
    return RepairPlan(
        target=draft.target.name,
        steps=tuple(draft.steps),
        unresolved=tuple(draft.unresolved),
        after=f"{int(draft.alive.sum()):,} sites of {draft.people:,} samples are left.",
        refused=draft.refused,
        cautions=tuple(draft.cautions),
        build=(draft.build.value or "") if draft.certain else "",
        sites_left=int(draft.alive.sum()),
        samples_left=draft.people,
        wanted_chains=_wanted_chains(draft),
    )


def _wanted_chains(draft: Draft) -> tuple[tuple[str, str], ...]:
    here, there = draft.build.value, draft.target.build
    lacking = draft.certain and here and there and here != there and draft.target.chain is None
    return ((here, there),) if lacking and here and there else ()


def _is_certain(build: BuildGuess) -> bool:
    return build.value is not None and build.confidence >= ENOUGH_CONFIDENCE


def _build_for(draft: Draft, evidence: BuildEvidence) -> BuildGuess:
    """The build by all that is at hand: the files, what the person states, and how they fit the panel."""
    target = draft.target
    found = target.study_build or judge(evidence)
    if _is_certain(found):
        return found
    if target.stated_build:
        why = f"{SPOKEN[target.stated_build]} is stated by you, and nothing contradicts it."
        found = settled(evidence, target.stated_build, why) or found
    if not _is_certain(found) and target.build in SPOKEN and orientation.lies_in_panel(draft):
        why = f"The sites lie where those of the panel lie, which is {SPOKEN[target.build]}."
        found = settled(evidence, target.build, why) or found
    if _is_certain(found):
        draft.cautions.append(found.evidence[0])
    return found


def build_of(cohorts: Sequence[Cohort]) -> BuildGuess:
    """The build of all files together."""
    return judge(reduce(add, map(evidence_of, cohorts)))


def _refusal(draft: Draft) -> str:
    """Why alleles and positions are left alone, empty when they may be changed."""
    target, build = draft.target, draft.build
    if not target.panel:
        return ""
    if not draft.certain:
        sure = f"{build.confidence:.0%} sure" if build.value else "unknown"
        return (
            f"The build of the files is not certain ({sure}); nothing is flipped or lifted below "
            f"{ENOUGH_CONFIDENCE:.0%}. State the build, or bring more sites, such as whole chromosomes."
        )
    if target.build and target.build != build.value and target.chain is None:
        here, there = SPOKEN.get(build.value or "", build.value), SPOKEN.get(target.build, target.build)
        return (
            f"The files are {here} and the panel is {there}. Alleles can be compared only after lifting: "
            "choose a chain file."
        )
    return ""
