"""What people did at the desk, and how carriers do by week."""

from alembic import op

revision = "0006"
down_revision = "0005"

DESK_ACT = """
CREATE TABLE desk_act (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    action text NOT NULL,
    carrier_code text NOT NULL,
    subject text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    before text,
    after text
)
"""

WEEK = """
CREATE VIEW carrier_week AS
SELECT carrier_code, CAST(date_trunc('week', booked_at) AS date) AS week,
       count(*) AS parcels,
       count(delivered_at) AS delivered,
       round(avg(CASE WHEN delivered_at <= promised_at THEN 1 ELSE 0 END)
             FILTER (WHERE delivered_at IS NOT NULL), 4) AS on_time_share,
       round(CAST(percentile_cont(0.5) WITHIN GROUP (
             ORDER BY extract(epoch FROM delivered_at - picked_up_at) / 86400) AS numeric), 2) AS transit_days_median,
       round(avg(CASE WHEN exceptions > 0 THEN 1 ELSE 0 END), 4) AS exception_rate
FROM carrier_parcel WHERE booked_at IS NOT NULL
GROUP BY carrier_code, week
"""


def upgrade() -> None:
    op.execute(DESK_ACT)
    op.execute(WEEK)
    op.execute("CREATE INDEX raw_message_newest ON raw_message (carrier_code, seq DESC)")


def downgrade() -> None:
    op.execute("DROP INDEX raw_message_newest")
    op.execute("DROP VIEW carrier_week")
    op.execute("DROP TABLE desk_act")
