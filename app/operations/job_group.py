"""One submission to several services: every draft is looked at before any job is made."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.names import new_id
from app.domain.problem import Kind, Problem, ProblemError
from app.operations.check_dataset import dataset_of
from app.operations.desk import Desk
from app.operations.disk_forecast import Forecast, look_at_disk_together, room_for
from app.operations.draft_job import JobDraft, Obstacle, Preflight
from app.operations.earlier_results import remember_results
from app.operations.job_quota import judge_together
from app.operations.no_phasing import without_phasing
from app.operations.one_file import with_one_file
from app.operations.preflight import preflight, preview
from app.operations.submit_job import refusal, refuse_password, write_job


@dataclass(frozen=True)
class GroupSent:
    """The jobs that were made, and for each draft, in order, what stood in its way: nothing where it went."""

    changes: Changes
    job_ids: tuple[str, ...]
    obstacles: tuple[tuple[Obstacle, ...], ...]


async def create_group(
    desk: Desk,
    drafts: Sequence[JobDraft],
    password: SecretStr | None = None,
    *,
    send_others: bool = False,
    phase_with: str = "",
    phase_by: str = "",
) -> GroupSent:
    """Check every draft, and write their jobs down as one group; nothing is sent yet.

    Nothing is made unless every draft can be sent; with `send_others` those are made that can be. Raises
    ProblemError that names each draft which cannot be sent and why. The group of a draft stays (a benchmark
    knows its own by it); others join it, and a draft that is left alone is no group.

    `phase_with` is a panel of this computer: the data are phased once with it, each service is told not to
    phase, and one that would phase all the same is refused. Nothing is phased for jobs that cannot be sent.
    `phase_by` is `builtin` or `beagle`, empty for the first.
    """
    refuse_password(password)
    if phase_with:
        drafts = await _phased(desk, drafts, send_others, phase_with, phase_by)
    ready = [await with_one_file(desk, draft) for draft in drafts]
    found = await _looked_at(desk, ready, unphased=bool(phase_with))
    good = [(d, f) for d, f in zip(ready, found, strict=True) if not f.obstacles]
    _refuse_unless(found, send_others)
    group = next((draft.group for draft in ready if draft.group), None)
    if len(good) > 1:
        group = group or new_id("group")
    changes = Changes()
    made: tuple[str, ...] = ()
    for draft, looked in good:
        written = await write_job(desk, draft.model_copy(update={"group": group}), looked, password)
        changes, made = changes | written, (*made, *written.ids(Noun.JOB))
    return GroupSent(changes, made, tuple(each.obstacles for each in found))


async def preview_group(
    desk: Desk, drafts: Sequence[JobDraft], phase_with: str = ""
) -> tuple[Preflight, ...]:
    """What can be said of each draft of a group without asking anybody, in order."""
    told = [await without_phasing(desk, draft) if phase_with else (draft, ()) for draft in drafts]
    found = await asyncio.gather(*(preview(desk, draft, to_phase=bool(phase_with)) for draft, _ in told))
    return await _with_more(desk, [draft for draft, _ in told], found, [more for _, more in told])


async def _phased(
    desk: Desk, drafts: Sequence[JobDraft], send_others: bool, panel_id: str, by: str
) -> list[JobDraft]:
    """The drafts with phased data; ProblemError, before the long work, where they cannot be sent anyway."""
    from app.operations.phase_once import phased_once  # NumPy comes with it

    found = await _looked_at(desk, drafts, unphased=True)
    _refuse_unless(found, send_others)
    made: dict[str, str] = {}
    for draft in drafts:
        if draft.dataset_id not in made:
            made[draft.dataset_id] = await phased_once(desk, draft.dataset_id, panel_id, by)
    told = [(await without_phasing(desk, draft))[0] for draft in drafts]
    names = {draft.dataset_id: (await dataset_of(desk, draft.dataset_id)).name for draft in drafts}
    return [
        draft.model_copy(
            update={"dataset_id": made[draft.dataset_id], "name": draft.name or names[draft.dataset_id]}
        )
        for draft in told
    ]


async def _looked_at(desk: Desk, drafts: Sequence[JobDraft], *, unphased: bool) -> tuple[Preflight, ...]:
    """The preflight of all; `unphased`: each service is to be told not to phase."""
    await remember_results(desk)  # once, not by each of them at the same time
    told = [await without_phasing(desk, draft) if unphased else (draft, ()) for draft in drafts]
    found = await asyncio.gather(*(preflight(desk, draft, to_phase=unphased) for draft, _ in told))
    return await _with_more(desk, [draft for draft, _ in told], found, [more for _, more in told])


async def _with_more(
    desk: Desk,
    drafts: Sequence[JobDraft],
    found: Sequence[Preflight],
    more: Sequence[tuple[Obstacle, ...]],
) -> tuple[Preflight, ...]:
    all_of_it = [
        each.model_copy(update={"obstacles": (*each.obstacles, *others)})
        for each, others in zip(found, more, strict=True)
    ]
    return await _together(desk, drafts, all_of_it)


def _refuse_unless(found: Sequence[Preflight], send_others: bool) -> None:
    """ProblemError unless all can be sent, or some and that is wanted."""
    bad = sum(bool(each.obstacles) for each in found)
    if bad == len(found) or (bad and not send_others):
        raise _refused(found)


async def _together(
    desk: Desk, drafts: Sequence[JobDraft], found: Sequence[Preflight]
) -> tuple[Preflight, ...]:
    """What was found of each, and what stands in the way of the later ones because of those before.

    Of what a service counts, and of the disk, only those before count that can be sent.
    """
    seen: list[JobDraft] = []
    sure: list[tuple[JobDraft, Preflight]] = []
    rooms: list[Forecast] = []
    judged = []
    for draft, looked in zip(drafts, found, strict=True):
        more = _twice(draft, looked, seen) + _too_many(draft, looked, seen) + _overspent(draft, looked, sure)
        room = await room_for(desk, looked.panel, looked.dataset, draft.options)
        fits = not looked.obstacles and not more
        full, tight = await look_at_disk_together(desk, [*rooms, room]) if fits and rooms else ((), ())
        obstacles = (*looked.obstacles, *more, *full)
        cautions = (*looked.cautions, *tight)
        judged.append(looked.model_copy(update={"obstacles": obstacles, "cautions": cautions}))
        seen.append(draft)
        if not obstacles:
            sure.append((draft, looked))
            rooms.append(room)
    return tuple(judged)


def _overspent(
    draft: JobDraft, found: Preflight, before: Sequence[tuple[JobDraft, Preflight]]
) -> tuple[Obstacle, ...]:
    """The jobs of this group are charged to one quota, if they go to one application."""
    same = [
        each for other, each in before if (other.service_id, other.app_id) == (draft.service_id, draft.app_id)
    ]
    if found.quota is None or not same:
        return ()
    samples = [each.dataset.report.samples if each.dataset.report else None for each in (*same, found)]
    return judge_together(found.quota, samples, found.service.name)


def _twice(draft: JobDraft, found: Preflight, before: Sequence[JobDraft]) -> tuple[Obstacle, ...]:
    def same(other: JobDraft) -> bool:
        fields = ("dataset_id", "service_id", "app_id", "panel_id", "options")
        return all(getattr(draft, name) == getattr(other, name) for name in fields)

    if not any(same(other) for other in before):
        return ()
    said = Problem(
        kind=Kind.INPUT,
        title="The same job twice",
        what_happened=f"{found.service.name} would get the same data with the same panel and options twice.",
        what_you_can_do="Remove one, or choose another panel or option.",
        subject=found.service.name,
    )
    return (Obstacle(field="service", problem=said),)


def _too_many(draft: JobDraft, found: Preflight, before: Sequence[JobDraft]) -> tuple[Obstacle, ...]:
    """The jobs of this group count against the limit of their service too."""
    limit, ours = found.service.limits.max_running_jobs, sum(d.service_id == draft.service_id for d in before)
    running = found.running_jobs or 0
    if limit is None or not ours or running >= limit or running + ours < limit:
        return ()
    said = Problem(
        kind=Kind.BUSY,
        title="Too many jobs at once",
        what_happened=f"{found.service.name} runs {limit} jobs of a user at a time; {running} of yours are "
        f"not finished, and {ours} more of this submission {'goes' if ours == 1 else 'go'} there.",
        what_you_can_do="Leave this one out, and send it when one of them has ended.",
        subject=found.service.name,
    )
    return (Obstacle(field="service", problem=said),)


def _refused(found: Sequence[Preflight]) -> ProblemError:
    """What stands in the way, by service; of one draft alone as ever."""
    if len(found) == 1:
        return refusal(found[0].obstacles)
    bad = [each for each in found if each.obstacles]
    said = [
        f"{each.service.name}, {each.panel.name if each.panel else 'its panel'}: "
        + " ".join(obstacle.problem.sentence() for obstacle in each.obstacles)
        for each in bad
    ]
    return ProblemError(
        Problem(
            kind=bad[0].obstacles[0].problem.kind,
            title="Nothing was sent",
            what_happened=f"{len(bad)} of {len(found)} jobs cannot be sent. {' '.join(said)}",
            what_you_can_do="Mend or remove them, or send the others without them.",
        )
    )
