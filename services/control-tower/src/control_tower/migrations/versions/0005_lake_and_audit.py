"""What was exported to the data lake, range by range; and who did what in the whole mesh."""

from alembic import op

revision = "0005"
down_revision = "0004"
is_additive = True

EXPORT = """
CREATE TABLE export (
    id text PRIMARY KEY,
    folder text NOT NULL,
    personal_data boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
)
"""
RANGE = """
CREATE TABLE export_range (
    export_id text NOT NULL REFERENCES export,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    planned_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz,
    rows bigint,
    files jsonb,
    PRIMARY KEY (export_id, first_seq)
)
"""
AUDIT = """
CREATE TABLE audit (
    service text NOT NULL,
    id text NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    target text,
    about text[] NOT NULL,
    covered bigint NOT NULL,
    state text NOT NULL,
    at timestamptz NOT NULL,
    ended_at timestamptz,
    detail jsonb NOT NULL,
    PRIMARY KEY (service, id)
)
"""


def upgrade() -> None:
    for table in (EXPORT, RANGE, AUDIT):
        op.execute(table)
    op.execute("CREATE INDEX export_range_open ON export_range (export_id) WHERE done_at IS NULL")
    op.execute("CREATE INDEX audit_newest ON audit (at DESC)")
    op.execute("CREATE INDEX audit_about ON audit USING gin (about)")


def downgrade() -> None:
    for table in ("audit", "export_range", "export"):
        op.execute(f"DROP TABLE {table}")
