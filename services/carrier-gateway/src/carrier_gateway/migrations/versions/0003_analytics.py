"""How carriers do, as views: one row a parcel, then a carrier's lanes, then how good its data is."""

from alembic import op

revision = "0003"
down_revision = "0002"

PARCEL = """
CREATE VIEW carrier_parcel AS
SELECT s.state ->> 'carrier_code' AS carrier_code,
       s.state ->> 'shipment_id' AS shipment_id,
       p.key AS tracking_number,
       s.state ->> 'site' AS origin,
       COALESCE(s.state ->> 'destination', '?') AS destination,
       CAST(s.state ->> 'booked_at' AS timestamptz) AS booked_at,
       CAST(s.state ->> 'planned_delivery_at' AS timestamptz) AS promised_at,
       f.*
FROM carrier_shipments s
CROSS JOIN LATERAL jsonb_each(s.state -> 'parcels') AS p(key, value)
CROSS JOIN LATERAL (
    SELECT min(at) FILTER (WHERE kind = 'picked-up') AS picked_up_at,
           min(at) FILTER (WHERE kind IN ('delivered', 'proof-of-delivery')) AS delivered_at,
           min(at) FILTER (WHERE kind NOT IN ('label-created', 'info', 'unmapped', 'eta-changed')) AS first_scan_at,
           count(*) FILTER (WHERE kind = 'delivery-exception') AS exceptions,
           count(*) FILTER (WHERE kind = 'delivery-attempted') AS attempts,
           count(*) FILTER (WHERE kind = 'return-in-transit') AS returns,
           count(*) AS facts,
           count(*) FILTER (WHERE kind = 'unmapped') AS unmapped,
           count(*) FILTER (WHERE basis <> 'offset' AND basis <> 'profile') AS zoneless,
           count(*) FILTER (WHERE heard_at - at > interval '6 hours') AS late
    FROM (
        SELECT value ->> 'kind' AS kind,
               value ->> 'basis' AS basis,
               CASE WHEN value ->> 'basis' = 'local-unknown' THEN NULL
                    ELSE CAST(value ->> 'at' AS timestamptz) END AS at,
               CAST(value ->> 'heard_at' AS timestamptz) AS heard_at
        FROM jsonb_each(p.value -> 'facts') AS each(key, value)
    ) AS told
) AS f
"""
PERFORMANCE = """
CREATE VIEW carrier_performance AS
SELECT carrier_code, origin, destination,
       count(*) AS parcels,
       count(delivered_at) AS delivered,
       round(avg(CASE WHEN delivered_at <= promised_at THEN 1 ELSE 0 END)
             FILTER (WHERE delivered_at IS NOT NULL), 4) AS on_time_share,
       round(CAST(percentile_cont(0.5) WITHIN GROUP (
             ORDER BY extract(epoch FROM delivered_at - picked_up_at) / 86400) AS numeric), 2) AS transit_days_median,
       round(avg(CASE WHEN exceptions > 0 THEN 1 ELSE 0 END), 4) AS exception_rate,
       round(avg(CASE WHEN attempts > 0 THEN 1 ELSE 0 END), 4) AS attempt_rate,
       round(avg(CASE WHEN returns > 0 THEN 1 ELSE 0 END), 4) AS return_rate,
       round(CAST(percentile_cont(0.5) WITHIN GROUP (
             ORDER BY extract(epoch FROM first_scan_at - booked_at) / 3600) AS numeric), 2) AS first_scan_hours_median
FROM carrier_parcel
GROUP BY carrier_code, origin, destination
"""
QUALITY = """
CREATE VIEW carrier_data_quality AS
SELECT COALESCE(f.carrier_code, m.carrier_code) AS carrier_code,
       COALESCE(m.messages, 0) AS messages,
       COALESCE(m.dead, 0) AS dead_messages,
       COALESCE(m.unmapped, 0) AS unmapped_events,
       COALESCE(f.facts, 0) AS facts,
       round(CAST(f.zoneless AS numeric) / NULLIF(f.facts, 0), 4) AS zoneless_share,
       round(CAST(f.late AS numeric) / NULLIF(f.facts, 0), 4) AS late_share
FROM (SELECT carrier_code, sum(facts) AS facts, sum(zoneless) AS zoneless, sum(late) AS late
      FROM carrier_parcel GROUP BY carrier_code) AS f
FULL JOIN (SELECT carrier_code, count(*) AS messages, count(*) FILTER (WHERE outcome = 'dead') AS dead,
                  sum(unmapped) AS unmapped
           FROM raw_message GROUP BY carrier_code) AS m USING (carrier_code)
"""


def upgrade() -> None:
    for view in (PARCEL, PERFORMANCE, QUALITY):
        op.execute(view)


def downgrade() -> None:
    for name in ("carrier_data_quality", "carrier_performance", "carrier_parcel"):
        op.execute(f"DROP VIEW {name}")
