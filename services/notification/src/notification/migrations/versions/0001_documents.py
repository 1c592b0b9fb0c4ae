"""Tables of the first version."""

from alembic import op

from chassis import document_columns

revision = "0001"
down_revision = None

TABLES = ("orders", "preferences")


def upgrade() -> None:
    for table in TABLES:
        op.create_table(table, *document_columns())


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
