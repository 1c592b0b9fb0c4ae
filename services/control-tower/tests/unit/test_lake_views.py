"""DuckDB reads every view of an export: each event type in the types of its schema, lead times, lanes."""

from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import orjson

from canonical import EVENTS, Envelope

from control_tower.domain.lake import Range, next_range, path_of, row_of
from control_tower.domain.lake_views import views
from control_tower.lake.folder import Folder

from ..fakes import NOON

EXAMPLES = Path(__file__).parents[4] / "libs" / "canonical" / "examples"


def exported(folder: Path) -> list[Envelope]:
    """Export the catalogue's example of every event."""
    found = [Envelope.model_validate_json((EXAMPLES / f"{name}.json").read_bytes()) for name in sorted(EVENTS)]
    with Folder(folder).files(Range(1, len(found))) as files:
        files.add(NOON.date(), [row_of(seq, one, personal_data=False) for seq, one in enumerate(found, 1)])
    return found


def test_every_view_reads_and_types_what_its_schema_says(tmp_path: Path) -> None:
    examples = exported(tmp_path / "it's a lake")
    with duckdb.connect() as lake:
        lake.execute(views(str(tmp_path / "it's a lake")))
        for one in examples:
            name = one.type.replace(".", "_").replace("-", "_")
            rows = lake.execute(f"SELECT id, occurred_at FROM {name}").fetchall()
            assert rows == [(one.id, datetime.fromisoformat(one.data["occurred_at"]))]
        kinds = dict(lake.execute("SELECT column_name, column_type FROM (DESCRIBE order_released_v1)").fetchall())
        assert (kinds["order_id"], kinds["promised_at"], kinds["lines"]) == (
            "VARCHAR",
            "TIMESTAMP WITH TIME ZONE",
            "JSON",
        )
        lead = lake.execute("SELECT order_id, released_to_allocated, released_to_completed FROM lead_times").fetchall()
        assert lead == [("SO-1001", timedelta(0), timedelta(0))]
        (lane,) = lake.execute(
            "SELECT carrier, from_country, to_country, delivered FROM carrier_lanes WHERE delivered > 0"
        ).fetchall()
        assert lane == ("swiftparcel", "DE", "DE", 1)


def test_ranges_follow_each_other_without_gap() -> None:
    assert next_range(0, 250, 100) == Range(1, 100)
    assert next_range(100, 250, 100) == Range(101, 200)
    assert next_range(200, 250, 100) == Range(201, 250)
    assert next_range(250, 250, 100) is None


def test_a_range_is_always_called_the_same() -> None:
    assert path_of(date(2026, 3, 2), Range(1, 99)) == "day=2026-03-02/events-000000000001-000000000099.parquet"


def test_numbers_beyond_64_bits_and_none_at_all_are_kept_readable() -> None:
    body = orjson.loads((EXAMPLES / "order.released.v1.json").read_bytes())
    raw = orjson.dumps(body | {"data": {}}).replace(
        b'"data":{}', b'"data":{"big":123456789012345678901234567890,"no":NaN}'
    )
    row = row_of(1, Envelope.model_validate_json(raw), personal_data=True)
    assert row["data"] == '{"big":123456789012345678901234567890,"no":null}'
    assert row["happened_at"] - NOON < timedelta(days=1)
