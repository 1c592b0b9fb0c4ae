"""Effects that wait are found by lane and owner, so that processes keep the order of a lane between them."""

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"
is_additive = True


def upgrade() -> None:
    op.create_index("effect_lane", "effect", ["name", "lane", "owner"], postgresql_where=text("state = 'pending'"))


def downgrade() -> None:
    op.drop_index("effect_lane", "effect")
