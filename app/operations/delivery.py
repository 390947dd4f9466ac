"""Ask a service, before anything is sent, whether and how the results of a job can come back."""

from __future__ import annotations

from app.domain.dataset import DataFile
from app.domain.parameter import Form, ParameterType
from app.domain.problem import Kind, ProblemError
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft, Obstacle
from app.services.abilities import ChecksDelivery
from app.services.contract import Submission


async def delivery_obstacles(
    desk: Desk, service: Service, draft: JobDraft, form: Form | None, files: tuple[DataFile, ...]
) -> tuple[Obstacle, ...]:
    """What stands in the way of a delivery; nothing for families whose results always come back.

    Without a form the service could not be asked, which is told elsewhere. A service that is away for the
    moment is no obstacle of its own.
    """
    checker = desk.family(service)
    if not isinstance(checker, ChecksDelivery) or form is None:
        return ()
    from app.operations.submit_job import sent_options

    field = next((p.id for p in form.of_type(ParameterType.FILES)), "files")
    submission = Submission(
        app_id=draft.app_id,
        remote_name="preflight",
        files=files,
        files_parameter=field,
        options=sent_options(draft, form),
    )
    try:
        await checker.check_delivery(await desk.connection(service), submission)
    except ProblemError as error:
        if error.problem.retry:
            return ()
        field = "token" if error.problem.kind is Kind.SIGN_IN else "service"
        return (Obstacle(field=field, problem=error.problem),)
    return ()
