"""How much may leave, and what was taken of it; of each edition, what stops its newsletter."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("scope", sa.String(270), nullable=False),
        sa.Column("free", sa.Float(53), nullable=False),
        sa.Column("slowed_to", sa.Float(53)),
        sa.Column("learned", sa.Float(53), nullable=False),
        sa.Column("in_vain", sa.Integer, nullable=False),
        sa.Column("hours", sa.JSON, nullable=False),
        sa.Column("since_on", sa.Date),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_budgets")),
    )
    op.add_column("editions", sa.Column("gone", sa.Integer, server_default="0", nullable=False))
    op.add_column("editions", sa.Column("complained", sa.Integer, server_default="0", nullable=False))
    op.add_column("pauses", sa.Column("cause", sa.String(20), server_default="operator", nullable=False))
