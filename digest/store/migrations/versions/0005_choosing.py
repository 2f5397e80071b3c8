"""Papers' features, counted once; what readers say of papers; their own weights."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "features",
        sa.Column("paper_id", ID, autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_features_paper_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_features")),
    )
    op.create_table(
        "feedback",
        sa.Column("subscription_id", ID, nullable=False),
        sa.Column("paper_id", ID, nullable=False),
        sa.Column("want", sa.String(length=20), nullable=False),
        sa.Column("interest", sa.Text(), nullable=False),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_feedback_subscription_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_feedback_paper_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("subscription_id", "paper_id", name=op.f("pk_feedback")),
    )
    op.create_index(op.f("ix_feedback_paper_id"), "feedback", ["paper_id"])
    op.add_column("subscriptions", sa.Column("weights", sa.JSON(), nullable=True))
    op.add_column("subscriptions", sa.Column("only_matches", sa.Boolean(), server_default=sa.false(), nullable=False))
    # What was fitted by another method is of no use to this one.
    op.execute("DELETE FROM backgrounds")
