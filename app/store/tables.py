"""The tables of today.

The nouns that views show (`services`, `panels`, `datasets`, `jobs`, `results`) have a slim table with real,
indexed columns, and a table of their JSON documents beside it: a scan for a filter then never reads the
documents, which are a hundred times larger. `*_key` columns are casefolded for sorting, `search` holds all
words a person may look for. Names that views sort by (the name of a job's service) are kept in the row.

Indexes end in `id`, so that the ids of 100,000 rows come out of the index alone, in order.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """A moment as microseconds since 1970 in UTC: sorts as a number in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To microseconds; a time without a zone is a mistake and is refused by the subtraction."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Back to an aware time in UTC."""
        return None if value is None else _EPOCH + value * _MICROSECOND


metadata = MetaData()


def _documents(noun: str, owner: str) -> Table:
    return Table(
        f"{noun}_documents",
        metadata,
        Column("id", Text, ForeignKey(f"{owner}.id", ondelete="CASCADE"), primary_key=True),
        Column("document", Text, nullable=False),
    )


def _index(table: str, *columns: str) -> Index:
    return Index(f"ix_{table}_{'_'.join(columns)}", *columns, "id")


services = Table(
    "services",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("generation", Text),
    Column("state", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("practice", Boolean, nullable=False),
    Column("response_ms", Float),
    Column("panels", Integer, nullable=False, default=0),
    Column("token_present", Boolean, nullable=False),
    Column("token_expires", Instant),
    Column("last_checked", Instant),
    Column("last_synced", Instant),
    Column("down_since", Instant),
    Column("added", Instant, nullable=False),
    Column("search", Text, nullable=False),
    Column("score", Integer),
    Column("last_day", Text, nullable=False, default=""),
    _index("services", "name_key"),
    _index("services", "state"),
    _index("services", "added"),
)
service_documents = _documents("service", "services")

health = Table(
    "health",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("service_id", Text, ForeignKey("services.id", ondelete="CASCADE"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("document", Text, nullable=False),
    _index("health", "service_id", "at"),
)

forms = Table(
    "forms",
    metadata,
    Column("service_id", Text, ForeignKey("services.id", ondelete="CASCADE"), primary_key=True),
    Column("app_id", Text, primary_key=True),
    Column("document", Text, nullable=False),
)

panels = Table(
    "panels",
    metadata,
    Column("id", Text, primary_key=True),
    Column("service_id", Text, ForeignKey("services.id", ondelete="CASCADE"), nullable=False),
    Column("app_id", Text, nullable=False),
    Column("panel_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("build", Text),
    Column("populations", Text, nullable=False),
    Column("samples", Integer),
    Column("variants", BigInteger),
    Column("version", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("search", Text, nullable=False),
    Column("ancestry", Text, nullable=False, default=""),
    Column("access", Text, nullable=False, default=""),
    _index("panels", "name_key"),
    _index("panels", "service_id", "name_key"),
    _index("panels", "build"),
    _index("panels", "samples"),
    _index("panels", "variants"),
    _index("panels", "as_of"),
)
panel_documents = _documents("panel", "panels")

panel_changes = Table(
    "panel_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("service_id", Text, ForeignKey("services.id", ondelete="CASCADE"), nullable=False),
    Column("panel_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("at", Instant, nullable=False),
    _index("panel_changes", "service_id", "at"),
    _index("panel_changes", "at"),
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("files", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("samples", Integer),
    Column("variants", BigInteger),
    Column("build", Text),
    Column("chromosomes", Text, nullable=False),
    Column("accepted", Boolean),
    Column("severe", Integer),
    Column("warnings", Integer),
    Column("added", Instant, nullable=False),
    Column("checked", Instant),
    Column("search", Text, nullable=False),
    Column("outcome", Text, nullable=False, server_default=""),
    Column("verdict", Text, nullable=False, server_default=""),
    _index("datasets", "added"),
    _index("datasets", "state", "added"),
    _index("datasets", "name_key"),
    _index("datasets", "size"),
    _index("datasets", "samples"),
    _index("datasets", "variants"),
    _index("datasets", "build"),
    _index("datasets", "checked"),
)
dataset_documents = _documents("dataset", "datasets")

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("group_id", Text),
    Column("remote_id", Text),
    Column("service_id", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("service_key", Text, nullable=False),
    Column("panel", Text, nullable=False),
    Column("panel_key", Text, nullable=False),
    Column("dataset_id", Text),
    Column("state", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("raw_state", Integer),
    Column("progress", Float),
    Column("step", Text, nullable=False),
    Column("queue_position", Integer),
    Column("size", BigInteger, nullable=False),
    Column("problem", Text, nullable=False),
    Column("created", Instant, nullable=False),
    Column("submitted", Instant),
    Column("started", Instant),
    Column("ended", Instant),
    Column("expires", Instant),
    Column("last_visit", Instant),
    Column("watched", Boolean, nullable=False),
    Column("search", Text, nullable=False),
    _index("jobs", "watched", "created"),
    _index("jobs", "created"),
    _index("jobs", "state", "created"),
    _index("jobs", "state"),
    _index("jobs", "service_id", "created"),
    _index("jobs", "service_id", "remote_id"),
    _index("jobs", "name_key"),
    _index("jobs", "service_key"),
    _index("jobs", "panel_key"),
    _index("jobs", "group_id"),
    _index("jobs", "dataset_id"),
    _index("jobs", "size"),
    _index("jobs", "progress"),
    _index("jobs", "submitted"),
    _index("jobs", "started"),
    _index("jobs", "problem"),
    _index("jobs", "ended"),
    _index("jobs", "expires"),
)
job_documents = _documents("job", "jobs")

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("job_id", Text),
    Column("service_id", Text),
    Column("dataset_id", Text),
    _index("events", "at"),
    _index("events", "kind", "at"),
    _index("events", "job_id", "at"),
    _index("events", "service_id", "at"),
    _index("events", "dataset_id", "at"),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("document", Text, nullable=False),
    _index("consents", "job_id"),
)

results = Table(
    "results",
    metadata,
    Column("id", Text, primary_key=True),
    Column("job_id", Text, nullable=False),
    Column("job", Text, nullable=False),
    Column("job_key", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("files", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("samples", Integer),
    Column("variants", BigInteger),
    Column("mean_r2", Float),
    Column("verdict", Text, nullable=False),
    Column("seen", Boolean, nullable=False),
    Column("started", Instant, nullable=False),
    Column("verified", Instant),
    Column("search", Text, nullable=False),
    Column("panel", Text, nullable=False, server_default=""),
    Column("panel_key", Text, nullable=False, server_default=""),
    Column("good", BigInteger),
    Column("elsewhere", Boolean, nullable=False, server_default=false()),
    Column("complete", Boolean),
    _index("results", "started"),
    _index("results", "state", "started"),
    _index("results", "job_id", "started"),
    _index("results", "job_key"),
    _index("results", "size"),
    _index("results", "variants"),
    _index("results", "mean_r2"),
    _index("results", "verified"),
    _index("results", "panel_key"),
    _index("results", "good"),
)
result_documents = _documents("result", "results")

notices = Table(
    "notices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("job_id", Text),
    Column("service_id", Text),
    Column("sent", Instant),
    Column("seen", Boolean, nullable=False),
    UniqueConstraint("key", name="uq_notices_key"),
    _index("notices", "at"),
    _index("notices", "sent", "at"),
)

state = Table(
    "state",
    metadata,
    Column("key", Text, primary_key=True),
    Column("text", Text, nullable=False),
)
