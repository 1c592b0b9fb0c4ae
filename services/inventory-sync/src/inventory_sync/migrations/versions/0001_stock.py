"""Shelves, demands and the queues of those who wait."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "inventory_sync_shelf",
        sa.Column("sku", sa.Text(), primary_key=True),
        sa.Column("site", sa.Text(), primary_key=True),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("allocated", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("on_hand >= 0 AND allocated >= 0", name="inventory_sync_shelf_counts"),
    )
    op.create_table(
        "inventory_sync_demand",
        sa.Column("order_id", sa.Text(), primary_key=True),
        sa.Column("doc", JSONB(), nullable=False),
    )
    op.create_table(
        "inventory_sync_waiting",
        sa.Column("sku", sa.Text(), primary_key=True),
        sa.Column("order_id", sa.Text(), primary_key=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_unknown", sa.Boolean(), nullable=False),
    )
    op.create_index(
        "inventory_sync_waiting_unknown",
        "inventory_sync_waiting",
        ["since"],
        postgresql_where=sa.text("is_unknown"),
    )


def downgrade() -> None:
    op.drop_table("inventory_sync_waiting")
    op.drop_table("inventory_sync_demand")
    op.drop_table("inventory_sync_shelf")
