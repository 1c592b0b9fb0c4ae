"""Messages kept by the service: those that wait to be tried again, and those given up on; what was done to them."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"

metadata = MetaData()

OPEN = "state IN ('waiting', 'dead', 'queued', 'retrying')"

act = Table(
    "letter_act",
    metadata,
    Column("id", Text, primary_key=True),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("selection", JSONB, nullable=False),
    Column("covered", Integer, nullable=False, server_default="0"),
    Column("wave", Integer, nullable=False, server_default="0"),
    Column("keep_going", Boolean, nullable=False, server_default="false"),
    Column("target", Text),
    Column("state", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Index("letter_act_running", "created_at", postgresql_where=text("state = 'running'")),
)

letter = Table(
    "letter",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("source", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("message_id", Text),
    Column("state", Text, nullable=False),
    Column("stream", Text),
    Column("stream_seq", BigInteger),
    Column("subject", Text),
    Column("headers", JSONB, nullable=False, server_default="{}"),
    Column("body", LargeBinary, nullable=False),
    Column("kind", Text),
    Column("partition", Integer),
    Column("lane", Text),
    Column("error_class", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("assignee", Text),
    Column("tries", Integer, nullable=False),
    Column("correlation_id", Text),
    Column("due_at", DateTime(timezone=True)),
    Column("act_id", Text, ForeignKey("letter_act.id")),
    Column("act_wave", Integer),
    Column("outcome", Text),
    Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    Column("waits_since", DateTime(timezone=True), server_default=func.now(), nullable=False),
    Column("changed_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    UniqueConstraint("source", "origin"),
    Index("letter_due", "due_at", postgresql_where=text("state IN ('waiting', 'queued', 'retrying')")),
    Index("letter_lane", "source", "lane", "id", postgresql_where=text("lane IS NOT NULL")),
    Index("letter_group", "fingerprint", postgresql_where=text(OPEN)),
    Index("letter_message", "source", "message_id"),
    Index("letter_correlation", "correlation_id"),
    Index("letter_of_act", "act_id", "state"),
    Index("letter_age", "changed_at", postgresql_using="brin"),
)

history = Table(
    "letter_history",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("letter_id", BigInteger, nullable=False, index=True),
    Column("act_id", Text),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), server_default=func.now(), nullable=False),
)

first_open = Table(
    "first_open",
    metadata,
    Column("durable", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("lives", Integer, nullable=False),
)


def upgrade() -> None:
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    metadata.drop_all(op.get_bind())
