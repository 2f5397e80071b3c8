"""Breaks that readers take, and the language of their editions."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("paused_until", sa.Date()))
    op.add_column("subscriptions", sa.Column("language", sa.String(20), server_default="en", nullable=False))
