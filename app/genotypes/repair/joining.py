"""The plans, books and outcomes of several groups of people as one whose figures are their exact sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from app.domain.repair import (
    Ledger,
    LedgerLine,
    RepairCode,
    RepairOutcome,
    RepairPlan,
    RepairStep,
    Unresolved,
)
from app.genotypes.repair.draft import MOST_EXAMPLES

NOT_REPAIRED = "group_not_repaired"
_Kind = tuple[RepairCode, bool, bool]


def joint_plan(plans: Sequence[RepairPlan]) -> RepairPlan:
    """One plan of all groups. It is refused only where all are; else a caution names those that are."""
    refused = [each for each in plans if each.refused]
    nothing_works = len(refused) == len(plans)
    sites, people = sum(p.sites_left for p in plans), sum(p.samples_left for p in plans)
    builds = {each.build for each in plans}
    return RepairPlan(
        target=plans[0].target,
        steps=_steps([(each.group, each.steps) for each in plans]),
        unresolved=_unresolved([(each.group, each.unresolved) for each in plans]),
        after=f"{sites:,} sites of {people:,} samples are left, in {len(plans):,} groups of people.",
        refused=_by_group([(e.group, e.refused) for e in refused], len(plans)) if nothing_works else "",
        cautions=(
            *(() if nothing_works else (f"{each.group}: {each.refused}" for each in refused)),
            *_cautions(plans),
        ),
        groups=tuple(plans),
        build=builds.pop() if len(builds) == 1 else "",
        sites_left=sites,
        samples_left=people,
        wanted_chains=tuple(dict.fromkeys(chain for each in plans for chain in each.wanted_chains)),
    )


def joint_outcome(outcomes: Sequence[RepairOutcome]) -> RepairOutcome:
    """One outcome of all groups; it is ready only when all of them are."""
    ready = [each.ready for each in outcomes]
    verdicts = [(each.group, each.verdict) for each in outcomes if each.verdict]
    refused = [(each.group, each.refused) for each in outcomes if each.refused]
    return RepairOutcome(
        applied=_steps([(each.group, each.applied) for each in outcomes]),
        unresolved=_unresolved([(each.group, each.unresolved) for each in outcomes]),
        files=tuple(file for each in outcomes for file in each.files),
        ledger=joint_ledger([each.ledger for each in outcomes]),
        ready=False if False in ready else None if None in ready else True,
        verdict=_by_group(verdicts, len(outcomes)),
        refused=_by_group(refused, len(outcomes)),
        groups=tuple(outcomes),
    )


def joint_ledger(ledgers: Sequence[Ledger]) -> Ledger:
    """The books of all groups in one. People who are in several groups count in each of them."""
    lines: dict[str, LedgerLine] = {}
    for line in (line for each in ledgers for line in each.lines):
        lines[line.code] = _added(lines[line.code], line) if line.code in lines else line
    return Ledger(
        sites_in=sum(each.sites_in for each in ledgers),
        samples_in=sum(each.samples_in for each in ledgers),
        lines=tuple(lines.values()),
        sites_out=sum(each.sites_out for each in ledgers),
        samples_out=sum(each.samples_out for each in ledgers),
    )


_COUNTS = (
    "changed_sites",
    "removed_sites",
    "added_sites",
    "changed_samples",
    "removed_samples",
    "missing_calls",
)


def _added(one: LedgerLine, other: LedgerLine) -> LedgerLine:
    return one.model_copy(update={name: getattr(one, name) + getattr(other, name) for name in _COUNTS})


def not_repaired(group: str, records: int, people: int, why: str) -> RepairOutcome:
    """The outcome of a group that could not be repaired: all of it is lost, and the books say so."""
    line = LedgerLine(
        code=NOT_REPAIRED,
        title="Groups of people that could not be repaired",
        removed_sites=records,
        removed_samples=people,
    )
    books = Ledger(sites_in=records, samples_in=people, lines=(line,), sites_out=0, samples_out=0)
    return RepairOutcome(group=group, ledger=books, ready=False, refused=why)


def _steps(groups: Sequence[tuple[str, Sequence[RepairStep]]]) -> tuple[RepairStep, ...]:
    """Steps of the same kind are one; it is ticked where any of them is."""
    found: dict[_Kind, list[tuple[str, RepairStep]]] = {}
    for group, steps in groups:
        for step in steps:
            found.setdefault(_kind(step), []).append((group, step))
    return tuple(_step(found[kind]) for kind in _ordered([list(map(_kind, each)) for _, each in groups]))


def _kind(step: RepairStep) -> _Kind:
    return step.code, bool(step.lost_sites or step.lost_samples), step.optional


def _ordered(lists: Sequence[Sequence[_Kind]]) -> list[_Kind]:
    """All kinds, each before those that stand behind it in its group: all plans keep one order."""
    merged: list[_Kind] = []
    for kinds in lists:
        at = len(merged)
        for kind in reversed(kinds):
            if kind in merged:
                at = min(at, merged.index(kind))
            else:
                merged.insert(at, kind)
    return merged


def _step(found: Sequence[tuple[str, RepairStep]]) -> RepairStep:
    steps = [step for _, step in found]
    chosen = any(step.chosen for step in steps)
    cautions = list(dict.fromkeys(step.caution for step in steps if step.caution))
    apart = list(dict.fromkeys(group for group, step in found if step.chosen != chosen))
    if apart:
        cautions.append(f"Not proposed for {', '.join(apart)}.")
    return steps[0].model_copy(
        update={
            "why": next((step.why for step in steps if step.chosen), steps[0].why),
            "sites": sum(step.sites for step in steps),
            "samples": sum(step.samples for step in steps),
            "lost_sites": sum(step.lost_sites for step in steps),
            "lost_samples": sum(step.lost_samples for step in steps),
            "examples": _examples([(group, step.examples) for group, step in found]),
            "chosen": chosen,
            "caution": " ".join(cautions),
        }
    )


def _unresolved(groups: Sequence[tuple[str, Sequence[Unresolved]]]) -> tuple[Unresolved, ...]:
    found: dict[tuple[str, str], list[tuple[str, Unresolved]]] = {}
    for group, rows in groups:
        for row in rows:
            found.setdefault((row.code, row.title), []).append((group, row))
    return tuple(
        rows[0][1].model_copy(
            update={
                "sites": sum(row.sites for _, row in rows),
                "samples": sum(row.samples for _, row in rows),
                "examples": _examples([(group, row.examples) for group, row in rows]),
            }
        )
        for rows in found.values()
    )


def _examples(groups: Sequence[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    """The first places of each group in turn."""
    named = [[f"{group} {place}" for place in places] for group, places in groups]
    in_turn = [each for row in zip_longest(*named) for each in row if each is not None]
    return tuple(in_turn[:MOST_EXAMPLES])


def _cautions(plans: Sequence[RepairPlan]) -> Iterable[str]:
    """What is said of all groups once, and of some with their names."""
    for text in dict.fromkeys(text for each in plans for text in each.cautions):
        names = [each.group for each in plans if text in each.cautions]
        yield text if len(names) == len(plans) else f"{', '.join(names)}: {text}"


def _by_group(told: Sequence[tuple[str, str]], groups: int) -> str:
    """One sentence where it is that of all, else each with the name of its group."""
    texts = {text for _, text in told}
    if len(told) == groups and len(texts) == 1:
        return texts.pop()
    return " ".join(f"{group}: {text}" for group, text in told)
