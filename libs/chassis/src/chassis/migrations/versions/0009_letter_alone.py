"""How often a letter was tried alone, after a try that was cut off, without an end."""

from alembic import op
from sqlalchemy import Column, Integer

revision = "0009"
down_revision = "0008"
is_additive = True


def upgrade() -> None:
    op.add_column("letter", Column("alone", Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("letter", "alone")
