"""How DuckDB reads an export: a view of each event type with typed columns, and what people ask of the lake first."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from canonical import EVENTS

ENVELOPE = (
    "id",
    "subject",
    "correlation_id",
    "causation_id",
    "region",
    "site",
    "company",
    "happened_at",
    "recorded_at",
    "day",
)
TYPES: Mapping[str, str] = MappingProxyType(
    {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date-time": "TIMESTAMPTZ"}
)
"""What a field of a JSON Schema is in DuckDB; all else stays JSON."""
MILESTONES = (
    ("released", "order.released"),
    ("allocated", "inventory.allocated"),
    ("picked", "warehouse.pick-completed"),
    ("packed", "warehouse.pack-completed"),
    ("planned", "transport.shipment-planned"),
    ("booked", "carrier.carrier-booked"),
    ("dispatched", "warehouse.shipment-dispatched"),
    ("picked_up", "carrier.picked-up"),
    ("delivered", "carrier.delivered"),
    ("completed", "order.completed"),
)
"""The moments of an order's life, each by the event that tells of it."""

HEAD = """\
-- Views on an export of Crossdock's archive. Run in DuckDB: .read views.sql
SET TimeZone = 'UTC';
CREATE OR REPLACE VIEW events AS
SELECT * FROM read_parquet({files}, hive_partitioning = true, hive_types = {{'day': DATE}});
"""
LEAD_TIMES = """
CREATE OR REPLACE VIEW lead_times AS
WITH life AS (
    SELECT correlation_id AS order_id, any_value(region) AS region, any_value(company) AS company,
        {moments}
    FROM events GROUP BY correlation_id
)
SELECT *,
    {spans}
FROM life WHERE {first}_at IS NOT NULL;
"""
LANES = """
CREATE OR REPLACE VIEW carrier_lanes AS
WITH trip AS (
    SELECT data->>'$.shipment_id' AS shipment_id,
        any_value(data->>'$.carrier_code') AS carrier,
        any_value(data->>'$.ship_from.country') AS from_country,
        any_value(data->>'$.ship_to.country') AS to_country,
        any_value(data->>'$.site') FILTER (WHERE type LIKE 'transport.shipment-planned.%') AS site,
        min(TRY_CAST(data->>'$.planned_delivery_at' AS TIMESTAMPTZ)) AS planned_at,
        min(happened_at) FILTER (WHERE type LIKE 'carrier.picked-up.%') AS picked_up_at,
        max(happened_at) FILTER (WHERE type LIKE 'carrier.delivered.%') AS delivered_at,
        count(*) FILTER (WHERE type LIKE 'carrier.delivery-exception.%') AS exceptions
    FROM events
    WHERE split_part(type, '.', 1) IN ('transport', 'carrier') AND data->>'$.shipment_id' IS NOT NULL
    GROUP BY ALL
)
SELECT carrier, site, from_country, to_country, count(*) AS shipments, count(delivered_at) AS delivered,
    round(avg((delivered_at <= planned_at)::INTEGER), 3) AS on_time_share,
    median(delivered_at - picked_up_at) AS transit_median,
    round(avg((exceptions > 0)::INTEGER), 3) AS exception_share
FROM trip GROUP BY ALL;
"""


def views(folder: str) -> str:
    """Return the SQL of all views on an export in a folder."""
    return "".join([HEAD.format(files=_quoted(f"{folder}/day=*/*.parquet")), *_of_types(), _lead_times(), LANES])


def _of_types() -> Iterator[str]:
    for event_type in sorted(EVENTS):
        schema = EVENTS[event_type].model_json_schema()
        columns = [*ENVELOPE, *(_column(name, field) for name, field in schema["properties"].items())]
        name = event_type.replace(".", "_").replace("-", "_")
        what = " ".join((EVENTS[event_type].__doc__ or "").split())
        yield (
            f"\n-- {what}\nCREATE OR REPLACE VIEW {name} AS SELECT\n    "
            + ",\n    ".join(columns)
            + f"\nFROM events WHERE type = {_quoted(event_type)};\n"
        )


def _column(name: str, field: Mapping[str, Any]) -> str:
    """Return the column of a field; a masked value that is no text is NULL."""
    kind, alias = _type(field), f"{name}_of_event" if name in ENVELOPE else name
    if kind == "JSON":
        return f"data::JSON->'$.{name}' AS {alias}"
    text = f"data->>'$.{name}'"
    return f"{text} AS {alias}" if kind == "VARCHAR" else f"TRY_CAST({text} AS {kind}) AS {alias}"


def _type(field: Mapping[str, Any]) -> str:
    if "anyOf" in field:
        (field, *others) = [one for one in field["anyOf"] if one.get("type") != "null"]
        if others:
            return "JSON"
    if field.get("format") in TYPES:
        return TYPES[field["format"]]
    return TYPES.get(field.get("type", ""), "JSON")


def _lead_times() -> str:
    moments = [
        f"min(happened_at) FILTER (WHERE type LIKE '{event_type}.v%') AS {name}_at" for name, event_type in MILESTONES
    ]
    (first, _), (last, _) = MILESTONES[0], MILESTONES[-1]
    steps = [f"{after}_at - {before}_at AS {before}_to_{after}" for (before, _), (after, _) in pairwise(MILESTONES)]
    columns, spans = (
        ",\n        ".join(moments),
        ",\n    ".join([*steps, f"{last}_at - {first}_at AS {first}_to_{last}"]),
    )
    return LEAD_TIMES.format(moments=columns, spans=spans, first=first)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
