"""The chassis' own tables in each service's database: inbox, outbox, effect."""

from typing import Any

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

metadata = MetaData()


def _created() -> Column[Any]:
    return Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False)


inbox = Table(
    "inbox",
    metadata,
    Column("source", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    _created(),
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    _created(),
    Column("published_at", DateTime(timezone=True)),
    Column("stream_seq", BigInteger),
    Index("outbox_waiting", "seq", postgresql_where=text("published_at IS NULL")),
)

effect = Table(
    "effect",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("cause", JSONB, nullable=False),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("owner", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("error", Text),
    _created(),
    Column("done_at", DateTime(timezone=True)),
    Index("effect_waiting", "name", "due_at", "seq", postgresql_where=text("state = 'pending'")),
)


def upgrade() -> None:
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    metadata.drop_all(op.get_bind())
