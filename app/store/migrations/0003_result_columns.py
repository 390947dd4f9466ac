"""What tables show and sort: columns of results, and the score of services, ancestry and access of panels."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and fill them from the documents; completeness is noted when the books are read."""
    for name in ("panel", "panel_key"):
        op.add_column("results", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("results", sa.Column("good", sa.BigInteger))
    op.add_column("results", sa.Column("elsewhere", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("results", sa.Column("complete", sa.Boolean))
    op.add_column("services", sa.Column("score", sa.Integer))
    op.add_column("services", sa.Column("last_day", sa.Text, nullable=False, server_default=""))
    for name in ("ancestry", "access"):
        op.add_column("panels", sa.Column(name, sa.Text, nullable=False, server_default=""))
    for name in ("panel_key", "good"):
        op.create_index(f"ix_results_{name}", "results", [name, "id"])
    _fill(op.get_bind())


def _fill(c: sa.Connection) -> None:
    panels = {job: panel for job, panel in c.execute(sa.text("select id, panel from jobs"))}
    write = sa.text(
        "update results set panel = :panel, panel_key = :key, good = :good, elsewhere = :elsewhere"
        " where id = :id"
    )
    for result_id, document in c.execute(sa.text("select id, document from result_documents")).all():
        result = json.loads(document)
        panel = panels.get(result.get("job_id"), "")
        told = {"panel": panel, "key": panel.casefold(), "good": _good(result.get("quality"))}
        c.execute(write, {**told, "elsewhere": not result.get("job_id"), "id": result_id})


def _good(quality: object) -> int | None:
    """Variants with an R2 of 0.8 or more, from the shares of the ranges of frequency."""
    if not isinstance(quality, dict):
        return None
    bins = quality.get("by_maf") or ()
    good: float = sum(each["variants"] * (each["share_r2_08"] or 0.0) for each in bins)
    return round(good)
