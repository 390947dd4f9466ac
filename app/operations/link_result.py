"""Say later what was sent for a result that came from elsewhere."""

from __future__ import annotations

from app.domain.changes import Changes, Noun
from app.domain.problem import Kind, problem
from app.operations.desk import Desk
from app.operations.result_ledger import book_result
from app.operations.tasks import TaskKind
from app.store import datasets, results
from app.store.store import Connection as StoreConnection


async def link_result(desk: Desk, result_id: str, dataset_id: str | None) -> Changes:
    """Keep which dataset was sent, None for not known, and make the books of the result anew by it.

    Files stay as they are: names that were given for the upload come back only where files are taken in as
    copies. ProblemError where there is no such result or dataset, or where a job knows what was sent.
    """

    def write(c: StoreConnection) -> bool:
        found = results.result(c, result_id)
        if found is None:
            raise problem(Kind.NOT_FOUND, "No such result", f"There is no result '{result_id}'.")
        if found.job_id:
            raise problem(
                Kind.INPUT,
                "The job knows what was sent",
                f"'{result_id}' is the result of the job '{found.job_id}'.",
                "Only of results that were taken in from elsewhere can it be said.",
                subject=result_id,
            )
        if dataset_id is not None and datasets.dataset(c, dataset_id) is None:
            raise problem(Kind.NOT_FOUND, "No such dataset", f"There is no dataset '{dataset_id}'.")
        if found.dataset_id == dataset_id:
            return False
        results.save_result(c, found.model_copy(update={"dataset_id": dataset_id}))
        return True

    if not await desk.store.write(write):
        return Changes()
    desk.announce(Changes.of(Noun.RESULT, result_id))
    with desk.tasks.running_task(TaskKind.DECRYPT, "Counting sites and samples") as task:
        await book_result(desk, result_id, task.report)
    return desk.announce(Changes.of(Noun.RESULT, result_id))
