"""The books of a result as sections: every loss with its reason."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.ledger import LedgerRow, ResultLedger, Stage
from app.genotypes.reporting.hiding import NOT_SHOWN, Hiding
from app.results.reporting.content import Cell, Section, Table, Text

_HEADS = {
    Stage.SENT: "Sent",
    Stage.ACCEPTED: "Accepted",
    Stage.TYPED: "Typed in the result",
    Stage.IMPUTED: "Imputed",
    Stage.DOWNLOADED: "Downloaded",
    Stage.CONVERTED: "Converted",
}


def ledger_sections(ledger: ResultLedger, hiding: Hiding) -> Iterator[Section]:
    """Sites by chromosome and chunk, all losses, samples, and what cannot be told."""
    known = [each for each in Stage if ledger.total(each) is not None]
    rows = [(row.chromosome, *(row.at(each) for each in known)) for row in ledger.chromosomes]
    rows += [("All", *(ledger.total(each) for each in known))] if len(rows) > 1 else []
    blocks: list[Text | Table] = [Table(("Chromosome", *(_HEADS[each] for each in known)), rows)]
    losses = [
        (_HEADS[each.stage], each.count, hiding.text(each.reason), hiding.text(each.source) or "nobody")
        for each in ledger.lost_by_reason()
    ]
    blocks.append(Text("Every loss with its reason" if losses else "Nothing got lost."))
    blocks.append(Table(("Before", "Sites", "Reason", "Told by"), losses))
    blocks.append(Table(("Samples", ""), list(_samples(ledger, hiding))))
    blocks += [Text(hiding.text(each.text), "small") for each in ledger.remarks if not each.red]
    blocks += [Text(f"Not known: {hiding.text(each)}", "small") for each in ledger.unknown]
    yield Section("Books: from the sites sent to the files here", blocks)
    left_out = [_chunk(row, hiding) for row in ledger.chunks if row.left_out]
    if left_out:
        heads = ("Chromosome", "From", "To", "Sites sent", "Why it was left out")
        yield Section("Chunks left out", [Table(heads, left_out)])


def _chunk(row: LedgerRow, hiding: Hiding) -> tuple[Cell, ...]:
    return row.chromosome, row.start, row.end, row.sent, hiding.text(row.left_out)


def _samples(ledger: ResultLedger, hiding: Hiding) -> Iterator[tuple[Cell, ...]]:
    book = ledger.samples
    if book.sent is not None:
        yield "Sent", hiding.people(book.sent)
    few = any(not isinstance(hiding.people(each), int) for each in (book.missing, book.foreign))
    yield "In the result", NOT_SHOWN if few else hiding.people(book.found)
    yield "Missing", hiding.people(book.missing)
    yield "Not sent, but there", hiding.people(book.foreign)
    if book.order_kept is not None:
        yield "In the order in which they were sent", book.order_kept
    if book.renamed:
        yield "With their own names again", hiding.people(book.renamed)
