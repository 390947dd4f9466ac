"""The books of a result as lines and as JSON."""

from __future__ import annotations

from app.cli.output import pairs, table
from app.domain.ledger import Loss, ResultLedger, Stage

Row = dict[str, object]
MOST_LOSSES = 30
_STATIONS = (Stage.SENT, Stage.ACCEPTED, Stage.TYPED, Stage.IMPUTED, Stage.DOWNLOADED, Stage.CONVERTED)


def ledger_row(ledger: ResultLedger) -> Row:
    """The books as JSON: rows by chromosome and chunk, samples, remarks, and whether all adds up."""
    told: Row = ledger.model_dump(mode="json", exclude={"files", "result_id"})
    return {
        **told,
        "checked_files": [each.model_dump(mode="json") for each in ledger.files],
        "adds_up": ledger.adds_up,
        "complete": ledger.complete,
        "unexplained": ledger.unexplained,
    }


def ledger_lines(ledger: ResultLedger) -> list[str]:
    """The books as text: a line a chromosome, each loss with its reason, and what is odd."""
    known = [each for each in _STATIONS if ledger.total(each) is not None]
    rows = [(row.chromosome, *(row.at(each) for each in known)) for row in ledger.chromosomes]
    lines = ["", "Sites", *table(("chromosome", *known), rows)] if rows else []
    losses = [_loss(each) for each in ledger.lost_by_reason()]
    if losses:
        lines += ["", "Losses", *table(("before", "sites", "reason", "told by"), losses[:MOST_LOSSES])]
    lines += ["", *pairs([("samples", _samples(ledger))])]
    lines += [f"{'!' if each.red else ' '} {each.text}" for each in ledger.remarks]
    lines += [f"? {each}" for each in ledger.unknown]
    return [*lines, "", ledger.sentence]


def _loss(loss: Loss) -> tuple[object, ...]:
    return loss.stage, loss.count, loss.reason, loss.source or "nobody"


def _samples(ledger: ResultLedger) -> str:
    book = ledger.samples
    parts = [f"{book.found:,} in the result"]
    parts += [f"{book.sent:,} sent"] if book.sent is not None else []
    parts += ["in the order sent"] if book.order_kept else []
    parts += [f"{book.renamed:,} with their own names again"] if book.renamed else []
    return ", ".join(parts)
