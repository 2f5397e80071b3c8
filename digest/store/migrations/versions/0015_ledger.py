"""What is sent and held by nobody stands in fewer indexes: each of them made the ledger slower, and larger."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, columns, kept in (
        ("ix_deliveries_queue", ["state", "priority", "send_after_at", "id"], "state <> 'sent'"),
        (op.f("ix_deliveries_lease_id"), ["lease_id"], "lease_id IS NOT NULL"),
    ):
        op.drop_index(name, "deliveries")
        told = sa.text(kept)
        op.create_index(name, "deliveries", columns, sqlite_where=told, postgresql_where=told)
