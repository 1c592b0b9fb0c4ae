"""How far each store's edge has come; a store's books may say less than none."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

COUNTS = "inventory_sync_shelf_counts"


def upgrade() -> None:
    op.create_table(
        "inventory_sync_edge",
        sa.Column("edge", sa.Text(), primary_key=True),
        sa.Column("site", sa.Text(), nullable=False, index=True),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.drop_constraint(COUNTS, "inventory_sync_shelf")
    op.create_check_constraint(COUNTS, "inventory_sync_shelf", "allocated >= 0")


def downgrade() -> None:
    op.drop_constraint(COUNTS, "inventory_sync_shelf")
    op.create_check_constraint(COUNTS, "inventory_sync_shelf", "on_hand >= 0 AND allocated >= 0")
    op.drop_table("inventory_sync_edge")
