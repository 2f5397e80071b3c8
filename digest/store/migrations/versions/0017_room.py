"""PostgreSQL leaves room beside each delivery: what a lease and an answer leave behind is cleared without vacuum."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        # Of rows that come from now on: the others go as they are thinned and deleted.
        op.execute("ALTER TABLE deliveries SET (fillfactor = 50)")
