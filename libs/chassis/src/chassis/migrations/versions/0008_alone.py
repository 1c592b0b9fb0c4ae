"""In how many lives the first open message of a durable was handled alone without an end."""

from alembic import op
from sqlalchemy import Column, Integer

revision = "0008"
down_revision = "0007"
is_additive = True


def upgrade() -> None:
    op.add_column("first_open", Column("alone", Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("first_open", "alone")
