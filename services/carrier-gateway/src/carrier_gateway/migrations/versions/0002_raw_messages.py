"""Carriers' messages as they came, and an index over open shipments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
is_additive = True


def upgrade() -> None:
    op.create_table(
        "raw_message",
        sa.Column("seq", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("carrier_code", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", JSONB(), nullable=False),
        sa.Column("request", JSONB(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mapped_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.Text()),
        sa.Column("facts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("unmapped", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_index("raw_message_waiting", "raw_message", ["seq"], postgresql_where=sa.text("mapped_at IS NULL"))
    op.create_index("raw_message_age", "raw_message", ["received_at"], postgresql_using="brin")
    op.create_index(
        "carrier_shipments_open",
        "carrier_shipments",
        [sa.text("(state ->> 'carrier_code')"), "updated_at"],
        postgresql_where=sa.text("(state ->> 'is_open') = 'true'"),
    )


def downgrade() -> None:
    op.drop_index("carrier_shipments_open", "carrier_shipments")
    op.drop_table("raw_message")
