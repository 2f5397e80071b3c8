"""What a confirm keeps of who asked: mailbox and network as keyed hashes, and which form they saw."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("mailbox", "network", "form"):
        op.add_column("confirms", sa.Column(name, sa.String(32), server_default="", nullable=False))
    op.create_index("ix_confirms_mailbox", "confirms", ["mailbox", "asked_at"])
    op.create_index("ix_confirms_network", "confirms", ["network", "asked_at"])
    op.create_index(op.f("ix_confirms_asked_at"), "confirms", ["asked_at"])
