"""Labels, ready to print."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
is_additive = True


def upgrade() -> None:
    op.create_table(
        "label",
        sa.Column("shipment_id", sa.Text(), primary_key=True),
        sa.Column("tracking_number", sa.Text(), primary_key=True),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("label")
