"""What a stream is known to have held, and which published rows it no longer holds."""

from alembic import op

revision = "0006"
down_revision = "0005"

MARKS = """
CREATE TABLE stream_mark (
  stream text PRIMARY KEY,
  highest bigint NOT NULL,
  highest_id text NOT NULL,
  suspect_from bigint,
  suspected_at timestamptz
)
"""
FILL = """
INSERT INTO stream_mark (stream, highest, highest_id)
SELECT DISTINCT ON (stream) stream, stream_seq, event_id FROM outbox
WHERE stream_seq IS NOT NULL ORDER BY stream, stream_seq DESC
"""


def upgrade() -> None:
    op.execute("ALTER TABLE outbox ADD COLUMN lost_at timestamptz, ADD COLUMN in_gap boolean")
    op.execute("CREATE INDEX outbox_lost ON outbox (stream, stream_seq) WHERE lost_at IS NOT NULL")
    op.execute(MARKS)
    op.execute(FILL)


def downgrade() -> None:
    op.execute("DROP TABLE stream_mark")
    op.execute("DROP INDEX outbox_lost")
    op.execute("ALTER TABLE outbox DROP COLUMN lost_at, DROP COLUMN in_gap")
