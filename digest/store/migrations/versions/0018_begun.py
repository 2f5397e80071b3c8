"""A lease says what its holder is handing over: one row for a window, instead of one for each delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("leases", sa.Column("begun", sa.JSON(), nullable=False, server_default="[]"))
    connection = op.get_bind()
    begun: dict[int, list[int]] = {}
    under_way = "SELECT lease_id, id FROM deliveries WHERE lease_id IS NOT NULL AND attempted_at IS NOT NULL"
    for lease, number in connection.execute(sa.text(under_way)):
        begun.setdefault(lease, []).append(number)
    noted = sa.text("UPDATE leases SET begun = :begun WHERE id = :lease").bindparams(
        sa.bindparam("begun", type_=sa.JSON)
    )
    for lease, numbers in begun.items():
        connection.execute(noted, {"begun": numbers, "lease": lease})
    # They are counted once they are answered.
    op.execute("UPDATE deliveries SET attempts = attempts - 1 WHERE lease_id IS NOT NULL AND attempted_at IS NOT NULL")
    op.execute("ALTER TABLE deliveries DROP COLUMN attempted_at")
