"""Journeys that holds or corrections disturb, and what the board of time limits counts."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE journey ADD COLUMN disturbed boolean NOT NULL DEFAULT false")
    op.execute("CREATE INDEX deadline_open ON deadline (due_at) WHERE met_at IS NULL AND opened_at IS NOT NULL")
    op.execute("CREATE INDEX deadline_met ON deadline (met_at) WHERE met_at IS NOT NULL AND opened_at IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX deadline_met")
    op.execute("DROP INDEX deadline_open")
    op.execute("ALTER TABLE journey DROP COLUMN disturbed")
