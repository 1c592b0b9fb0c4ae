"""Tables of central metadata: documents as they are, and every revision they had."""

from alembic import op

from chassis import document_columns

revision = "0003"
down_revision = "0002"
is_additive = True

REVISION = """
CREATE TABLE metadata_revision (
    key text NOT NULL,
    kind text NOT NULL,
    revision integer NOT NULL,
    document jsonb NOT NULL,
    is_mirrored boolean NOT NULL DEFAULT false,
    PRIMARY KEY (key, revision)
)
"""


def upgrade() -> None:
    op.create_table("metadata", *document_columns())
    op.execute(REVISION)
    op.execute("CREATE INDEX metadata_unwritten ON metadata_revision (key) WHERE NOT is_mirrored")


def downgrade() -> None:
    op.drop_table("metadata")
    op.execute("DROP TABLE metadata_revision")
