"""Manifests."""

from alembic import op

from chassis import document_columns

revision = "0005"
down_revision = "0004"
is_additive = True


def upgrade() -> None:
    op.create_table("manifest", *document_columns())


def downgrade() -> None:
    op.drop_table("manifest")
