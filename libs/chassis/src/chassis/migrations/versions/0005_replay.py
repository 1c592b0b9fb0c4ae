"""Replays of events, and the outbox by event id, for what a replay may not publish again."""

from alembic import op
from sqlalchemy import BigInteger, Column, DateTime, Float, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
is_additive = True


def upgrade() -> None:
    # hash: event ids are random and long, and only equality is asked for
    op.create_index("outbox_event", "outbox", ["event_id"], postgresql_using="hash")
    op.create_table(
        "replay",
        Column("id", Text, primary_key=True),
        Column("state", Text, nullable=False, server_default="running"),
        Column("request", JSONB, nullable=False),
        Column("cursors", JSONB, nullable=False),
        Column("total", BigInteger, nullable=False),
        Column("done", BigInteger, nullable=False, server_default="0"),
        Column("counts", JSONB, nullable=False, server_default="{}"),
        Column("failures", JSONB, nullable=False, server_default="[]"),
        Column("projection", Text),
        Column("emptied_at", DateTime(timezone=True)),
        Column("per_second", Float),
        Column("error", Text),
        Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
        Column("updated_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
        Column("ended_at", DateTime(timezone=True)),
    )
    running = text("state = 'running' AND projection IS NOT NULL")
    op.create_index("replay_rebuilds", "replay", ["projection"], unique=True, postgresql_where=running)


def downgrade() -> None:
    op.drop_table("replay")
    op.drop_index("outbox_event", "outbox")
