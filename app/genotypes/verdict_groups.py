"""The verdicts on several groups of people, each a job of its own, as one."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.verdict import Outcome, Verdict

_WORST = (Outcome.REFUSES, Outcome.UNKNOWN, Outcome.PARTLY, Outcome.ACCEPTS)


def joint_verdict(verdicts: Sequence[Verdict]) -> Verdict:
    """What a service would say of all groups: the worst of their outcomes, and all reasons by name."""
    worst = min((each.outcome for each in verdicts), key=_WORST.index)
    first = next(each for each in verdicts if each.outcome is worst)
    reasons = tuple(
        reason.model_copy(update={"text": f"{each.group}: {reason.text}"})
        for each in verdicts
        for reason in each.reasons
    )
    return first.model_copy(
        update={
            "group": "",
            "groups": tuple(verdicts),
            "headline": _headline(verdicts, worst),
            "remedy": _remedy(verdicts),
            "server_says": "",
            "reasons": reasons,
            "counters": {},
            "warnings": _distinct([each.warnings for each in verdicts]),
            "chunks": _sum([each.chunks for each in verdicts]),
            "chunks_left": _sum([each.chunks_left for each in verdicts]),
            "lost_chunks": tuple(chunk for each in verdicts for chunk in each.lost_chunks),
            "excluded": sum(each.excluded for each in verdicts),
            "lifted": " ".join(f"{each.group}: {each.lifted}" for each in verdicts if each.lifted),
            "not_judged": _distinct([each.not_judged for each in verdicts]),
            "state_build_first": any(each.state_build_first for each in verdicts),
        }
    )


def _headline(verdicts: Sequence[Verdict], worst: Outcome) -> str:
    service, number = verdicts[0].service, len(verdicts)
    bad = [each for each in verdicts if each.outcome is worst]
    if worst is Outcome.REFUSES:
        which = f"all {number:,}" if len(bad) == number else f"{len(bad):,} of {number:,}"
        why = next((each.text for each in bad[0].reasons if each.stops), bad[0].headline).rstrip(".")
        example = f"{bad[0].group}: {why}"
        return f"{service} would refuse {which} groups of people, {example}."
    if worst is Outcome.UNKNOWN:
        return (
            f"Nothing speaks against {service}, whose own checks are not known here, for {number:,} groups."
        )
    if worst is Outcome.PARTLY:
        return (
            f"Nothing was found in {number:,} groups of people that {service} would refuse, but not "
            "everything could be judged."
        )
    return f"{service} would take each of {number:,} groups of people as a job of its own."


def _remedy(verdicts: Sequence[Verdict]) -> str:
    """The cures of the groups, and that a repair makes a dataset of each."""
    cures = [f"{each.group}: {each.remedy}" for each in verdicts if each.remedy]
    return " ".join(["A repair makes a dataset of each group, which can be sent by itself.", *cures[:3]])


def _distinct(lists: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for each in lists for text in each))


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [each for each in numbers if each is not None]
    return sum(known) if known else None
