"""What the books of a result say in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.domain.ledger import LedgerRow, Loss, Remark, ResultLedger, SampleBook, Stage

ROW = LedgerRow(
    chromosome="20", sent=10, accepted=8, losses=(Loss(stage=Stage.ACCEPTED, reason="x", count=2),)
)
LOST = Loss(stage=Stage.ACCEPTED, reason="x", count=2, explained=False)


@pytest.mark.parametrize(
    ("row", "remarks", "sent", "sentence", "complete"),
    [
        (ROW, (), 5, "All sites and samples are accounted for.", True),
        (ROW, (), None, "Nothing that can be told is missing.", True),
        (ROW, (Remark(text="odd"),), 5, "The sums fit, but 1 remark needs a look.", False),
        (ROW, (Remark(text="a"), Remark(text="b")), 5, "The sums fit, but 2 remarks need a look.", False),
        (
            ROW.model_copy(update={"losses": (LOST,)}),
            (),
            5,
            "2 sites got lost without a reason that anybody tells.",
            False,
        ),
        (ROW.model_copy(update={"losses": ()}), (), 5, "The books do not add up; please report this.", False),
    ],
    ids=["whole", "nothing sent", "remark", "remarks", "unexplained", "sums"],
)
def test_one_sentence(
    row: LedgerRow, remarks: tuple[Remark, ...], sent: int | None, sentence: str, complete: bool
) -> None:
    made = datetime(2026, 11, 26, tzinfo=UTC)
    samples = SampleBook(sent=sent, found=5)
    books = ResultLedger(made=made, chromosomes=(row,), remarks=remarks, samples=samples)
    assert (books.sentence, books.complete) == (sentence, complete)
