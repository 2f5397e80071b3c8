"""Papers that turned out to be another one, each source's last word on a paper, and which cleaning made its texts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "former_papers",
        sa.Column("number", ID, autoincrement=False, nullable=False),
        sa.Column("paper_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["papers.id"], name=op.f("fk_former_papers_paper_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_former_papers")),
    )
    op.create_index(op.f("ix_former_papers_paper_id"), "former_papers", ["paper_id"])
    for name in ("upvotes", "comments", "stars"):
        op.add_column("paper_sources", sa.Column(name, sa.Integer(), nullable=True))
    with op.batch_alter_table("pieces") as batch_op:
        batch_op.drop_constraint(op.f("fk_pieces_paper_id"), type_="foreignkey")
    op.add_column("papers", sa.Column("cleaning", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_index("ix_papers_cleaning", "papers", ["cleaning", "id"])
