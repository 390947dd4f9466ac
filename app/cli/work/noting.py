"""`results price`, `results sent` and `results leave-out`: what the commands do."""

from __future__ import annotations

from app.cli.program import Session
from app.cli.work.books import ledger_lines, ledger_row
from app.cli.work.desk import with_desk
from app.cli.work.report import result_of
from app.domain.changes import Noun
from app.domain.ledger import ResultLedger
from app.domain.problem import Kind, problem
from app.operations.change_settings import note_price
from app.operations.desk import Desk
from app.operations.leave_out_suspects import leave_out_suspects
from app.operations.link_result import link_result
from app.operations.result_ledger import ledger_of
from app.operations.show_quality import measure_quality, quality_of
from app.store import datasets


def price(session: Session, named: str, words: str) -> None:
    """Keep the price of a result."""

    async def work(desk: Desk) -> str:
        result = await result_of(desk, named)
        await note_price(desk, result.id, words)
        return result.id

    result_id = with_desk(session, work)
    said = " ".join(words.split())
    lines = [f"{result_id} cost {said}." if said else f"The price of {result_id} is not known."]
    session.out.answer({"result": result_id, "price": said or None}, lines)


def sent(session: Session, named: str, dataset: str) -> None:
    """Keep which dataset was sent, and show the books."""

    async def work(desk: Desk) -> tuple[str, ResultLedger | None]:
        result = await result_of(desk, named)
        await link_result(desk, result.id, dataset or None)
        return result.id, await ledger_of(desk, result.id)

    result_id, books = with_desk(session, work)
    known = f"{result_id} was made of {dataset}."
    if not dataset:
        known = f"What was sent for {result_id} is not known."
    row = ledger_row(books) if books else None
    answer: dict[str, object] = {"result": result_id, "dataset": dataset or None, "ledger": row}
    session.out.answer(answer, [known, *(ledger_lines(books) if books else [])])


def leave_out(session: Session, named: str) -> None:
    """Measure the result where nobody has yet, and write its dataset without the suspects."""

    async def work(desk: Desk) -> tuple[int, list[dict[str, object]]]:
        result = await result_of(desk, named)
        found = await quality_of(desk, result.id)
        if found is None:
            await measure_quality(desk, result.id)
            found = await quality_of(desk, result.id)
        suspects = found.figures.suspects if found is not None else ()
        if not suspects:
            raise problem(
                Kind.INPUT,
                "No site is suspect",
                "No typed site of the result has a high R2 and a low ER2.",
                "There is nothing to leave out.",
                subject=result.id,
            )
        changes = await leave_out_suspects(desk, result.id, [(each.chrom, each.pos) for each in suspects])
        return len(suspects), [await _told(desk, each) for each in changes.ids(Noun.DATASET)]

    count, made = with_desk(session, work)
    lines = [f"{each['id']}: {each['name']}, {each['sites']:,} sites in {each['folder']}" for each in made]
    session.out.answer({"suspects": count, "datasets": made}, [f"{count:,} suspects are left out.", *lines])


async def _told(desk: Desk, dataset_id: str) -> dict[str, object]:
    from pathlib import Path

    dataset = await desk.store.read(lambda c: datasets.dataset(c, dataset_id))
    assert dataset is not None
    assert dataset.outcome is not None
    return {
        "id": dataset.id,
        "name": dataset.name,
        "sites": dataset.outcome.ledger.sites_out,
        "folder": str(Path(dataset.files[0].path).parent),
        "files": [each.path for each in dataset.files],
    }
