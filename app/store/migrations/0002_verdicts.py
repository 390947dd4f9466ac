"""What the last prediction says of a dataset, beside its other figures, to be shown and sorted in tables."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and fill them from the documents."""
    for name in ("outcome", "verdict"):
        op.add_column("datasets", sa.Column(name, sa.Text, nullable=False, server_default=""))
    c = op.get_bind()
    write = sa.text("update datasets set outcome = :outcome, verdict = :verdict where id = :id")
    for key, document in c.execute(sa.text("select id, document from dataset_documents")).all():
        outcome, verdict = _said(json.loads(document))
        c.execute(write, {"id": key, "outcome": outcome, "verdict": verdict})


def _said(dataset: dict[str, object]) -> tuple[str, str]:
    verdicts, report = dataset.get("verdicts"), dataset.get("report")
    if isinstance(verdicts, list) and verdicts:
        return verdicts[0]["outcome"], verdicts[0]["headline"]
    if isinstance(report, dict):
        return "ready" if report["accepted"] else "refuses", ""
    return "", ""
