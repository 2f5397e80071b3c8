"""The day of the week, or of the month, on which a reader's edition comes; and when it was last looked for what is due."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("weekday", sa.String(20), server_default="monday", nullable=False))
    op.create_table(
        "ticks",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_ticks")),
    )
    op.add_column("subscriptions", sa.Column("month_day", sa.SmallInteger(), server_default="1", nullable=False))
