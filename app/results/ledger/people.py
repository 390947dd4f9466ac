"""Samples and their order: what came back against what was sent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from app.domain.ledger import SampleBook
from app.results.indexing.figures import FileFigures
from app.results.indexing.kinds import FileKind


def samples_hash(names: Sequence[str]) -> str:
    """As a check of files makes it: of the names in their order."""
    return hashlib.sha256("\t".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def with_samples(files: Sequence[FileFigures]) -> list[FileFigures]:
    """The files in which people stand."""
    return [each for each in files if each.kind is not FileKind.INFO and each.sent_names]


def sample_book(
    files: Sequence[FileFigures], sent: Sequence[str] | None, sent_hash: str, sent_count: int | None
) -> SampleBook:
    """The worst of all files counts: a sample that one of them lacks is missing."""
    people = with_samples(files)
    book = SampleBook(
        sent=len(sent) if sent is not None else sent_count,
        found=max((len(each.sent_names) for each in people), default=0),
        renamed=max((each.renamed for each in people), default=0),
        kept_names=max((each.kept_names for each in people), default=0),
    )
    if not people:
        return book
    if sent is None:
        kept = all(samples_hash(each.sent_names) == sent_hash for each in people) if sent_hash else None
        return book.model_copy(update={"order_kept": kept})
    wanted = set(sent)
    return book.model_copy(
        update={
            "missing": max(len(wanted - set(each.sent_names)) for each in people),
            "foreign": max(len(set(each.sent_names) - wanted) for each in people),
            "order_kept": all(tuple(each.sent_names) == tuple(sent) for each in people),
        }
    )
