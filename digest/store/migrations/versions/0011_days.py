"""The day of the week, or of the month, on which a reader's edition comes."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("weekday", sa.String(20), server_default="monday", nullable=False))
    op.add_column("subscriptions", sa.Column("month_day", sa.SmallInteger(), server_default="1", nullable=False))
