"""Rows that have served their time are found by age without reading the rest."""

from alembic import op

revision = "0002"
down_revision = "0001"
is_additive = True

AGES = {"inbox": "created_at", "outbox": "published_at", "effect": "done_at"}


def upgrade() -> None:
    for table, column in AGES.items():
        op.create_index(f"{table}_age", table, [column], postgresql_using="brin")


def downgrade() -> None:
    for table in AGES:
        op.drop_index(f"{table}_age", table)
