"""What goes finds what refers to it: messages by their printing and by what was to be confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("printing_id", "confirm_id"):
        told = sa.text(f"{column} IS NOT NULL")
        name = op.f(f"ix_deliveries_{column}")
        op.create_index(name, "deliveries", [column], sqlite_where=told, postgresql_where=told)
