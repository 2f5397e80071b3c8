"""Sentences that a language model wrote about papers, and how often it was asked."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "summaries",
        sa.Column("paper_id", number, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name="fk_summaries_paper_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("paper_id", name="pk_summaries"),
    )
    op.create_index("ix_summaries_asked_at", "summaries", ["asked_at"])
