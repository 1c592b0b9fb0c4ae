"""Tables of the archive: events by day, journeys, the numbers they are found by, and deadlines."""

from alembic import op

revision = "0001"
down_revision = None

EVENT = """
CREATE TABLE event (
    day date NOT NULL,
    id text NOT NULL,
    seq bigint NOT NULL DEFAULT nextval('event_seq'),
    type text NOT NULL,
    correlation_id text NOT NULL,
    recorded_at timestamptz NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (id, day)
) PARTITION BY RANGE (day)
"""
JOURNEY = """
CREATE TABLE journey (
    correlation_id text PRIMARY KEY,
    company text NOT NULL,
    region text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    events integer NOT NULL,
    rank smallint NOT NULL,
    stage text,
    stage_at timestamptz,
    ended_at timestamptz
) WITH (fillfactor = 80)
"""
NUMBER = """
CREATE TABLE number (
    value text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    correlation_id text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (value, kind, correlation_id)
)
"""
DEADLINE = """
CREATE TABLE deadline (
    correlation_id text NOT NULL,
    flow text NOT NULL,
    after text NOT NULL,
    order_id text,
    opened_at timestamptz,
    risk_at timestamptz,
    due_at timestamptz,
    met_at timestamptz,
    told smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (correlation_id, flow, after)
) WITH (fillfactor = 80)
"""


def upgrade() -> None:
    op.execute("CREATE SEQUENCE event_seq")
    op.execute(EVENT)
    op.execute("CREATE TABLE event_earlier PARTITION OF event DEFAULT")
    op.execute("CREATE INDEX event_correlation ON event (correlation_id)")
    op.execute("CREATE INDEX event_by_seq ON event (seq)")
    op.execute("CREATE INDEX event_by_time ON event USING brin (recorded_at) WITH (pages_per_range = 16)")
    op.execute(JOURNEY)
    op.execute("CREATE INDEX journey_by_stage ON journey (stage, stage_at DESC) WHERE stage IS NOT NULL")
    op.execute(NUMBER)
    op.execute("CREATE INDEX number_newest ON number (value, seen_at DESC)")
    op.execute(DEADLINE)
    op.execute("CREATE INDEX deadline_risk ON deadline (risk_at) WHERE told = 0 AND opened_at IS NOT NULL")
    op.execute("CREATE INDEX deadline_due ON deadline (due_at) WHERE told < 2 AND opened_at IS NOT NULL")


def downgrade() -> None:
    for table in ("deadline", "number", "journey", "event"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP SEQUENCE event_seq")
