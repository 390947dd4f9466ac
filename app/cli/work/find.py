"""Finds what a person named: a service by id or name, a panel in its spellings, a job by any of its ids."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.job import Job
from app.domain.panel import Panel
from app.domain.problem import Kind, problem
from app.domain.result import Result
from app.domain.service import Service
from app.operations.desk import Desk
from app.store import jobs, results, services


async def find_service(desk: Desk, named: str) -> Service:
    """The service of that id or name, in any case of letters."""
    return pick_service(await desk.store.read(services.services), named)


async def find_services(desk: Desk, named: Iterable[str]) -> tuple[Service, ...]:
    """Each service named, in order; all when none is."""
    known = await desk.store.read(services.services)
    wanted = list(named)
    return tuple(pick_service(known, each) for each in wanted) if wanted else known


def pick_service(known: tuple[Service, ...], named: str) -> Service:
    """The service of that id or name among the known ones."""
    found = next((s for s in known if s.id == named), None)
    found = found or next((s for s in known if s.name.casefold() == named.strip().casefold()), None)
    if found is None:
        names = ", ".join(s.id for s in known) or "none yet"
        raise problem(
            Kind.NOT_FOUND,
            "No such service",
            f"There is no service '{named}'.",
            f"Known are: {names}. Add one by 'services add'.",
            subject=named,
        )
    return found


def pick_panel(known: tuple[Panel, ...], service: Service, named: str, app: str = "") -> Panel:
    """The panel of a service by id, by id without `apps@` or version, or by its name.

    `app` narrows the choice to an application. Where several applications offer the panel, the one that
    the service lists first is taken.
    """
    offered = [p for p in known if not app or app in (p.app_id, p.app_id.split("@")[0])]
    found = [p for p in offered if p.id == named] or [p for p in offered if named in spellings(p.id)]
    found = found or [p for p in offered if p.name.casefold() == named.strip().casefold()]
    if len({p.id for p in found}) == 1:
        order = [a.id for a in service.apps]
        return min(found, key=lambda p: order.index(p.app_id) if p.app_id in order else len(order))
    ids = ", ".join(sorted({p.id for p in (found or offered)})) or "none"
    what = "fits several panels" if found else "is no panel"
    raise problem(
        Kind.INPUT if found else Kind.NOT_FOUND,
        "No such panel" if not found else "More than one panel",
        f"'{named}' {what} of {service.name}.",
        f"Choose one of: {ids}.",
        subject=named,
    )


def spellings(panel_id: str) -> frozenset[str]:
    """The shorter ways of writing a panel id such as `apps@hapmap-2@2.0.0`."""
    bare = panel_id.removeprefix("apps@")
    name = bare.split("@")[0]
    return frozenset({bare, name, f"apps@{name}"})


async def find_job(desk: Desk, named: str) -> Job:
    """The job of our id, of the server's id, or of a name that only one job has."""
    found = await desk.store.read(lambda c: jobs.job(c, named))
    if found is not None:
        return found
    known = await desk.store.read(jobs.jobs)
    matches = [j for j in known if j.remote_id == named] or [j for j in known if j.name == named]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise problem(
            Kind.INPUT,
            "More than one job",
            f"{len(matches)} jobs are called '{named}'.",
            f"Choose one of: {', '.join(j.id for j in matches)}.",
            subject=named,
        )
    raise problem(
        Kind.NOT_FOUND, "No such job", f"There is no job '{named}'.", "See 'jobs list'.", subject=named
    )


async def fetched_result(desk: Desk, job: Job) -> Result:
    """The result of a job on this computer; ProblemError while it was not fetched."""
    result = await desk.store.read(lambda c: results.result_of_job(c, job.id))
    if result is None:
        raise problem(
            Kind.NOT_FOUND,
            "The result is not on this computer",
            f"{job.name} was not fetched yet.",
            f"Fetch it by 'results fetch {job.id}'.",
            subject=job.name,
        )
    return result
