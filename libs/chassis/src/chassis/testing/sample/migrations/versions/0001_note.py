"""The table of notes."""

from alembic import op

from chassis import document_columns

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table("note", *document_columns())


def downgrade() -> None:
    op.drop_table("note")
