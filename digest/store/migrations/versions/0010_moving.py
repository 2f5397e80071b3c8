"""A confirm may be for a subscription that is to go to another address."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE confirms ADD COLUMN subscription_id {kind} CONSTRAINT fk_confirms_subscription_id"
        " REFERENCES subscriptions (id)"
    )
    op.create_index(op.f("ix_confirms_subscription_id"), "confirms", ["subscription_id"])
