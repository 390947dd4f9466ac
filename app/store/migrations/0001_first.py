"""The first version: services, panels, datasets, jobs, results and what belongs to them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_services_added", "services", ("added", "id")),
    ("ix_services_name_key", "services", ("name_key", "id")),
    ("ix_services_state", "services", ("state", "id")),
    ("ix_health_service_id_at", "health", ("service_id", "at", "id")),
    ("ix_panels_as_of", "panels", ("as_of", "id")),
    ("ix_panels_build", "panels", ("build", "id")),
    ("ix_panels_name_key", "panels", ("name_key", "id")),
    ("ix_panels_samples", "panels", ("samples", "id")),
    ("ix_panels_service_id_name_key", "panels", ("service_id", "name_key", "id")),
    ("ix_panels_variants", "panels", ("variants", "id")),
    ("ix_panel_changes_at", "panel_changes", ("at", "id")),
    ("ix_panel_changes_service_id_at", "panel_changes", ("service_id", "at", "id")),
    ("ix_datasets_added", "datasets", ("added", "id")),
    ("ix_datasets_build", "datasets", ("build", "id")),
    ("ix_datasets_checked", "datasets", ("checked", "id")),
    ("ix_datasets_name_key", "datasets", ("name_key", "id")),
    ("ix_datasets_samples", "datasets", ("samples", "id")),
    ("ix_datasets_size", "datasets", ("size", "id")),
    ("ix_datasets_state_added", "datasets", ("state", "added", "id")),
    ("ix_datasets_variants", "datasets", ("variants", "id")),
    ("ix_jobs_created", "jobs", ("created", "id")),
    ("ix_jobs_dataset_id", "jobs", ("dataset_id", "id")),
    ("ix_jobs_ended", "jobs", ("ended", "id")),
    ("ix_jobs_expires", "jobs", ("expires", "id")),
    ("ix_jobs_group_id", "jobs", ("group_id", "id")),
    ("ix_jobs_name_key", "jobs", ("name_key", "id")),
    ("ix_jobs_panel_key", "jobs", ("panel_key", "id")),
    ("ix_jobs_problem", "jobs", ("problem", "id")),
    ("ix_jobs_progress", "jobs", ("progress", "id")),
    ("ix_jobs_service_id_created", "jobs", ("service_id", "created", "id")),
    ("ix_jobs_service_id_remote_id", "jobs", ("service_id", "remote_id", "id")),
    ("ix_jobs_service_key", "jobs", ("service_key", "id")),
    ("ix_jobs_size", "jobs", ("size", "id")),
    ("ix_jobs_started", "jobs", ("started", "id")),
    ("ix_jobs_state", "jobs", ("state", "id")),
    ("ix_jobs_state_created", "jobs", ("state", "created", "id")),
    ("ix_jobs_submitted", "jobs", ("submitted", "id")),
    ("ix_jobs_watched_created", "jobs", ("watched", "created", "id")),
    ("ix_events_at", "events", ("at", "id")),
    ("ix_events_dataset_id_at", "events", ("dataset_id", "at", "id")),
    ("ix_events_job_id_at", "events", ("job_id", "at", "id")),
    ("ix_events_kind_at", "events", ("kind", "at", "id")),
    ("ix_events_service_id_at", "events", ("service_id", "at", "id")),
    ("ix_consents_job_id", "consents", ("job_id", "id")),
    ("ix_notices_at", "notices", ("at", "id")),
    ("ix_notices_sent_at", "notices", ("sent", "at", "id")),
    ("ix_results_job_id_started", "results", ("job_id", "started", "id")),
    ("ix_results_job_key", "results", ("job_key", "id")),
    ("ix_results_mean_r2", "results", ("mean_r2", "id")),
    ("ix_results_size", "results", ("size", "id")),
    ("ix_results_started", "results", ("started", "id")),
    ("ix_results_state_started", "results", ("state", "started", "id")),
    ("ix_results_variants", "results", ("variants", "id")),
    ("ix_results_verified", "results", ("verified", "id")),
)


def upgrade() -> None:
    """Make all tables and indexes."""
    _services()
    _panels()
    _datasets()
    _jobs()
    _timeline()
    _results()
    for name, table, columns in _INDEXES:
        op.create_index(name, table, list(columns))


def _services() -> None:
    op.create_table(
        "services",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("family", sa.Text, nullable=False),
        sa.Column("base_url", sa.Text, nullable=False),
        sa.Column("country", sa.Text, nullable=False),
        sa.Column("operator", sa.Text, nullable=False),
        sa.Column("generation", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("practice", sa.Boolean, nullable=False),
        sa.Column("response_ms", sa.Float),
        sa.Column("panels", sa.Integer, nullable=False),
        sa.Column("token_present", sa.Boolean, nullable=False),
        sa.Column("token_expires", sa.BigInteger),
        sa.Column("last_checked", sa.BigInteger),
        sa.Column("last_synced", sa.BigInteger),
        sa.Column("down_since", sa.BigInteger),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
    )
    op.create_table(
        "service_documents",
        sa.Column("id", sa.Text, sa.ForeignKey("services.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "health",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("service_id", sa.Text, sa.ForeignKey("services.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "forms",
        sa.Column("service_id", sa.Text, sa.ForeignKey("services.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("app_id", sa.Text, primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
    )


def _panels() -> None:
    op.create_table(
        "panels",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("service_id", sa.Text, sa.ForeignKey("services.id", ondelete="CASCADE"), nullable=False),
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("panel_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("build", sa.Text),
        sa.Column("populations", sa.Text, nullable=False),
        sa.Column("samples", sa.Integer),
        sa.Column("variants", sa.BigInteger),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
    )
    op.create_table(
        "panel_documents",
        sa.Column("id", sa.Text, sa.ForeignKey("panels.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "panel_changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("service_id", sa.Text, sa.ForeignKey("services.id", ondelete="CASCADE"), nullable=False),
        sa.Column("panel_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )


def _datasets() -> None:
    op.create_table(
        "datasets",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("samples", sa.Integer),
        sa.Column("variants", sa.BigInteger),
        sa.Column("build", sa.Text),
        sa.Column("chromosomes", sa.Text, nullable=False),
        sa.Column("accepted", sa.Boolean),
        sa.Column("severe", sa.Integer),
        sa.Column("warnings", sa.Integer),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("checked", sa.BigInteger),
        sa.Column("search", sa.Text, nullable=False),
    )
    op.create_table(
        "dataset_documents",
        sa.Column("id", sa.Text, sa.ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("group_id", sa.Text),
        sa.Column("remote_id", sa.Text),
        sa.Column("service_id", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("service_key", sa.Text, nullable=False),
        sa.Column("panel", sa.Text, nullable=False),
        sa.Column("panel_key", sa.Text, nullable=False),
        sa.Column("dataset_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("raw_state", sa.Integer),
        sa.Column("progress", sa.Float),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("queue_position", sa.Integer),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("submitted", sa.BigInteger),
        sa.Column("started", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
        sa.Column("expires", sa.BigInteger),
        sa.Column("last_visit", sa.BigInteger),
        sa.Column("watched", sa.Boolean, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
    )
    op.create_table(
        "job_documents",
        sa.Column("id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
    )


def _timeline() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("job_id", sa.Text),
        sa.Column("service_id", sa.Text),
        sa.Column("dataset_id", sa.Text),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("job_id", sa.Text),
        sa.Column("service_id", sa.Text),
        sa.Column("sent", sa.BigInteger),
        sa.Column("seen", sa.Boolean, nullable=False),
        sa.UniqueConstraint("key", name="uq_notices_key"),
    )
    op.create_table(
        "state",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
    )


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("job_key", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("samples", sa.Integer),
        sa.Column("variants", sa.BigInteger),
        sa.Column("mean_r2", sa.Float),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("seen", sa.Boolean, nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("verified", sa.BigInteger),
        sa.Column("search", sa.Text, nullable=False),
    )
    op.create_table(
        "result_documents",
        sa.Column("id", sa.Text, sa.ForeignKey("results.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
    )
