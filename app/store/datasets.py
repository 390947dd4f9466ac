"""Datasets and what checks found in them."""

from sqlalchemy import Connection, delete, select

from app.domain.dataset import Dataset
from app.domain.finding import Severity
from app.store import tables as t
from app.store.documents import document_of, parse_all, search_text, upsert


def save_dataset(c: Connection, dataset: Dataset) -> None:
    """Insert or replace a dataset."""
    upsert(c, t.datasets, _row(dataset))
    upsert(c, t.dataset_documents, {"id": dataset.id, "document": dataset.model_dump_json()})


def _row(d: Dataset) -> dict[str, object]:
    report = d.report
    newest = d.verdicts[0] if d.verdicts else None
    return {
        "id": d.id,
        "name": d.name,
        "name_key": d.name.casefold(),
        "state": d.state,
        "files": len(d.files),
        "size": d.size,
        "samples": report.samples if report else None,
        "variants": report.snps if report else None,
        "build": report.build.value if report else None,
        "chromosomes": ", ".join(report.chromosomes) if report else "",
        "accepted": report.accepted if report else None,
        "severe": report.count(Severity.SEVERE) if report else None,
        "warnings": report.count(Severity.WARNING) if report else None,
        "added": d.added,
        "checked": d.checked,
        "search": search_text(
            d.name, *(f.name for f in d.files[:50]), d.id, newest.headline if newest else ""
        ),
        "outcome": newest.outcome if newest else _outcome(d),
        "verdict": newest.headline if newest else "",
    }


def _outcome(d: Dataset) -> str:
    """Of a dataset for which nothing was predicted: what the check says of the files alone."""
    if d.report is None:
        return ""
    if d.to_prepare:
        return "prepare"
    return "ready" if d.report.accepted else "refuses"


def dataset(c: Connection, dataset_id: str) -> Dataset | None:
    """The dataset of that id."""
    return document_of(c, t.dataset_documents, Dataset, dataset_id)


def datasets(c: Connection) -> tuple[Dataset, ...]:
    """All datasets, newest first."""
    query = select(t.dataset_documents.c.document).join(t.datasets)
    return parse_all(Dataset, c.scalars(query.order_by(t.datasets.c.added.desc(), t.datasets.c.id.desc())))


def dataset_names(c: Connection) -> tuple[tuple[str, str], ...]:
    """Names and ids of all datasets, newest first; their documents stay unread."""
    d = t.datasets.c
    return tuple(
        (row.name, row.id) for row in c.execute(select(d.name, d.id).order_by(d.added.desc(), d.id.desc()))
    )


def remove_dataset(c: Connection, dataset_id: str) -> None:
    """Forget a dataset; the user's files, jobs and the timeline stay."""
    c.execute(delete(t.datasets).where(t.datasets.c.id == dataset_id))
