"""What a job costs of a quota, looked at before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.dataset import Dataset
from app.domain.model import Model
from app.domain.problem import Kind, Problem, ProblemError
from app.domain.service import Quota, Service
from app.operations.desk import Desk
from app.operations.draft_job import Obstacle
from app.services.abilities import TellsQuota


class QuotaLook(Model):
    """The quota, None where the service has none, and what it means for a job."""

    quota: Quota | None = None
    obstacles: tuple[Obstacle, ...] = ()
    cautions: tuple[Obstacle, ...] = ()


async def look_at_quota(desk: Desk, service: Service, app_id: str, dataset: Dataset | None) -> QuotaLook:
    """Ask the service for what is left. A service that does not tell stops nothing: it judges by itself."""
    family = desk.family(service)
    if not isinstance(family, TellsQuota):
        return QuotaLook()
    try:
        quota = await family.quota(await desk.connection(service), app_id)
    except ProblemError as error:
        if error.problem.kind is Kind.SIGN_IN:
            return QuotaLook()  # told already, by everything else that was asked
        return QuotaLook(cautions=(Obstacle(field="service", problem=error.problem),))
    report = dataset.report if dataset is not None else None
    samples = report.samples if report is not None else None
    found = judge_quota(quota, samples, service.name)
    charged = () if found else charged_more(quota, samples, service.name)
    return QuotaLook(quota=quota, obstacles=found, cautions=charged)


def judge_quota(quota: Quota, samples: int | None, name: str) -> tuple[Obstacle, ...]:
    """Whether a job is larger than the service takes, or than what is left. Unknown numbers stop nothing."""
    unit = quota.unit or "samples"
    if samples is not None and quota.largest_job is not None and samples > quota.largest_job:
        what = f"{samples:,} {unit} are in the files; {name} takes {quota.largest_job:,.0f} in one job."
        return (_obstacle("The job is too large", what, "Split the samples into several jobs."),)
    charged = max(samples or 0, quota.charged_minimum or 0)
    left = quota.left
    if left is None or charged <= left:
        return ()
    rest = f"{left:,.0f} {unit} are left of {quota.limit:,.0f}"
    what = f"The job is charged with {charged:,.0f} {unit}; {rest}."
    return (_obstacle("The quota is not enough", what, f"Ask {name} for a higher quota."),)


def judge_together(quota: Quota, samples: Sequence[int | None], name: str) -> tuple[Obstacle, ...]:
    """Whether jobs that are sent at once are more than what is left, though each of them is not."""
    left, unit = quota.left, quota.unit or "samples"
    charged = sum(max(each or 0, quota.charged_minimum or 0) for each in samples)
    if left is None or charged <= left:
        return ()
    what = f"{len(samples)} jobs of this submission are charged with {charged:,.0f} {unit} together; "
    what += f"{left:,.0f} {unit} are left of {quota.limit:,.0f}."
    return (_obstacle("The quota is not enough for all", what, f"Leave one out, or ask {name} for more."),)


def charged_more(quota: Quota, samples: int | None, name: str) -> tuple[Obstacle, ...]:
    """Told to those who send fewer than are charged."""
    least = quota.charged_minimum
    if samples is None or least is None or samples >= least:
        return ()
    unit = quota.unit or "samples"
    what = f"{name} charges at least {least:,.0f} {unit} for a job; this one has {samples:,}."
    do = "Wait until more can be sent at once, or go on."
    return (_obstacle("More is charged than is sent", what, do),)


def _obstacle(title: str, what: str, do: str) -> Obstacle:
    told = Problem(kind=Kind.REFUSED, title=title, what_happened=what, what_you_can_do=do)
    return Obstacle(field="dataset", problem=told)
