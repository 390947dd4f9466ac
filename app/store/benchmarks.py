"""Masked benchmarks, each a document among the small things that the program remembers: there are few."""

from sqlalchemy import Connection, select

from app.domain.benchmark import Benchmark
from app.domain.job import Job, JobState
from app.store import tables as t
from app.store.documents import parse, parse_all
from app.store.settings import set_state, state

_PREFIX = "benchmark/"
_IN_VAIN = (JobState.FAILED, JobState.CANCELLED)


def save_benchmark(c: Connection, benchmark: Benchmark) -> None:
    """Insert or replace a benchmark."""
    set_state(c, _PREFIX + benchmark.id, benchmark.model_dump_json())


def benchmark(c: Connection, benchmark_id: str) -> Benchmark | None:
    """The benchmark of that id, with the job of the whole dataset."""
    text = state(c, _PREFIX + benchmark_id)
    return None if text is None else _with_whole_job(c, parse(Benchmark, text))


def benchmarks(c: Connection) -> tuple[Benchmark, ...]:
    """All benchmarks, newest first."""
    texts = c.scalars(select(t.state.c.text).where(t.state.c.key.startswith(_PREFIX, autoescape=True)))
    found = parse_all(Benchmark, texts)
    found = tuple(_with_whole_job(c, each) for each in found)
    return tuple(sorted(found, key=lambda each: (each.created, each.id), reverse=True))


def remove_benchmark(c: Connection, benchmark_id: str) -> None:
    """Forget a benchmark; its datasets, jobs and results stay."""
    set_state(c, _PREFIX + benchmark_id, None)


def _with_whole_job(c: Connection, made: Benchmark) -> Benchmark:
    """The group of a job tells, so that the one which sends everything is known from its first moment.

    One that failed or was cancelled sent nothing that would be sent twice.
    """
    j = t.jobs.c
    query = select(j.id).where(j.group_id == made.whole_group, j.state.not_in(_IN_VAIN))
    found = c.scalars(query.order_by(j.created.desc(), j.id.desc()).limit(1)).first()
    return made if found == made.full_job_id else made.model_copy(update={"full_job_id": found})


def jobs_of_benchmark(c: Connection, benchmark_id: str) -> tuple[Job, ...]:
    """The jobs that were made for a benchmark, newest first."""
    j = t.jobs.c
    query = select(t.job_documents.c.document).join(t.jobs).where(j.group_id == benchmark_id)
    return parse_all(Job, c.scalars(query.order_by(j.created.desc(), j.id.desc())))
