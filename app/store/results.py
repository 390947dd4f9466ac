"""Fetched results."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, or_, select

from app.domain.path_names import kept, shown
from app.domain.result import Quality, Result, ResultState
from app.store import tables as t
from app.store.documents import document_of, parse, parse_all, search_text, upsert


def save_result(c: Connection, result: Result) -> None:
    """Insert or replace a result."""
    upsert(c, t.results, _row(c, result))
    upsert(c, t.result_documents, {"id": result.id, "document": result.model_dump_json()})


def _row(c: Connection, r: Result) -> dict[str, object]:
    j = t.jobs.c
    found = c.execute(select(j.name, j.service, j.panel).where(j.id == r.job_id)).first()
    job, service, panel = (found.name, found.service, found.panel) if found else (r.name, r.origin, "")
    return {
        "id": r.id,
        "job_id": r.job_id,
        "job": job,
        "job_key": job.casefold(),
        "service": service,
        "folder": kept(r.folder),
        "state": r.state,
        "files": len(r.files),
        "size": sum(f.size for f in r.files),
        "samples": r.quality.samples if r.quality else None,
        "variants": r.quality.variants if r.quality else None,
        "mean_r2": _mean_r2(r.quality),
        "verdict": r.verdict,
        "seen": r.seen,
        "started": r.started,
        "verified": r.verified,
        "search": search_text(job, service, panel, shown(r.folder), r.verdict, r.job_id, r.id),
        "panel": panel,
        "panel_key": panel.casefold(),
        "good": r.quality.good if r.quality else None,
        "elsewhere": not r.job_id,
        "complete": r.complete,
    }


def _mean_r2(quality: Quality | None) -> float | None:
    """Mean R2 over all variants, from the means of the chromosomes."""
    known = [
        (q.mean_r2, q.variants) for q in (quality.by_chromosome if quality else ()) if q.mean_r2 is not None
    ]
    variants = sum(count for _, count in known)
    return sum(mean * count for mean, count in known) / variants if variants else None


def result(c: Connection, result_id: str) -> Result | None:
    """The result of that id."""
    return document_of(c, t.result_documents, Result, result_id)


def result_of_job(c: Connection, job_id: str) -> Result | None:
    """The newest result of a job; None for no job at all, as results from elsewhere have none."""
    if not job_id:
        return None
    r = t.results.c
    query = select(t.result_documents.c.document).join(t.results).where(r.job_id == job_id)
    text = c.scalar(query.order_by(r.started.desc(), r.id.desc()).limit(1))
    return None if text is None else parse(Result, text)


def results(c: Connection) -> tuple[Result, ...]:
    """All results, newest first."""
    query = select(t.result_documents.c.document).join(t.results)
    return parse_all(Result, c.scalars(query.order_by(t.results.c.started.desc(), t.results.c.id.desc())))


def results_in(c: Connection, folders: Collection[str]) -> tuple[Result, ...]:
    """The results that lie in one of the folders."""
    query = select(t.result_documents.c.document).join(t.results)
    return parse_all(Result, c.scalars(query.where(t.results.c.folder.in_(sorted(map(kept, folders))))))


def exported(c: Connection) -> tuple[Result, ...]:
    """The results of which something was written for other programs."""
    document = t.result_documents.c.document
    return parse_all(Result, c.scalars(select(document).where(document.like('%"exports":[{%'))))


def results_at_hand(c: Connection, job_ids: Collection[str]) -> tuple[Result, ...]:
    """Results that nobody has looked at, that are not whole, or that belong to one of the jobs."""
    r = t.results.c
    broken = [str(ResultState.FAILED), str(ResultState.INCOMPLETE)]
    wanted = or_(r.seen.is_(False), r.state.in_(broken), r.job_id.in_(job_ids))
    query = select(t.result_documents.c.document).join(t.results).where(wanted)
    return parse_all(Result, c.scalars(query.order_by(r.started.desc(), r.id.desc())))


def jobs_in_folder(c: Connection, folder: str) -> tuple[str, ...]:
    """The jobs whose results lie in this folder itself."""
    r = t.results.c
    return tuple(c.scalars(select(r.job_id).where(r.folder == kept(folder))))


def remove_result(c: Connection, result_id: str) -> None:
    """Forget a result; its files and its job stay."""
    c.execute(delete(t.results).where(t.results.c.id == result_id))
