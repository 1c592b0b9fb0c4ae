"""An order is found by every kind of number its events carry."""

from datetime import UTC, datetime
from pathlib import Path

from chassis.archive import read
from chassis.migrate import migrate
from chassis.sql import engine_of, transaction
from chassis.testing import LocalMesh

from control_tower import store
from control_tower.domain.numbers import KINDS
from control_tower.store import Library

from ..fakes import envelope


async def test_every_kind_of_number_is_found_whole_and_by_its_beginning(mesh: LocalMesh) -> None:
    engine = engine_of((await mesh.settings("control-tower")).database_url)
    await migrate(engine, Path(store.__file__).parent / "migrations")
    await store.EventArchive.prepare(engine)
    values = {field: f"{field.upper()}-0815" for field in KINDS}
    async with transaction(engine) as session:
        archive = store.EventArchive(session)
        for field, value in values.items():
            data = {"order_id": f"SO-{field}", "lines": [{field: value}]} | (
                {field: value} if field == "order_id" else {}
            )
            more = {"id": field, "correlationid": f"B2B-{field}", "sourceref": f"45-{field}", "data": data}
            archive.add(
                read(
                    envelope("warehouse.goods-received.v1", start=datetime.now(UTC), **more).model_dump_json().encode()
                )
            )
        await archive.flush()
    library = Library(engine)
    for field, value in values.items():
        for wanted in (value, value[:-1]):
            (hit,) = await library.search(wanted, 5)
            assert (hit["correlation_id"], hit["kind"], hit["value"]) == (f"B2B-{field}", KINDS[field], value)
        (by_correlation,) = await library.search(f"B2B-{field}", 5)
        assert by_correlation["kind"] == "correlation"
        (by_reference,) = await library.search(f"45-{field}", 5)
        assert by_reference["kind"] == "reference"
    assert await library.search("nobody", 5) == []
    assert {"order", "shipment", "tracking number", "purchase order", "SSCC", "SKU", "partner"} <= set(KINDS.values())
    await engine.dispose()
