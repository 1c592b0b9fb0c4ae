"""Effects that are urgent go first, and fresh ones are found without reading the backlog."""

from alembic import op
from sqlalchemy import Column, SmallInteger, text

revision = "0004"
down_revision = "0003"
is_additive = True

PENDING = text("state = 'pending'")
URGENT = text("state = 'pending' AND priority > 0")


def upgrade() -> None:
    op.add_column("effect", Column("priority", SmallInteger, nullable=False, server_default="0"))
    op.create_index("effect_urgent", "effect", ["name", "lane"], postgresql_where=URGENT)
    op.create_index("effect_order", "effect", ["name", "seq"], postgresql_where=PENDING)


def downgrade() -> None:
    op.drop_index("effect_order", "effect")
    op.drop_index("effect_urgent", "effect")
    op.drop_column("effect", "priority")
