"""Days are dropped class by class, in UTC, and nothing that is still wanted goes with them."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.archive import read
from chassis.migrate import migrate
from chassis.sql import engine_of, transaction
from chassis.testing import LocalMesh

from control_tower import store
from control_tower.domain.classes import class_of
from control_tower.records.days import drop_days
from control_tower.store import Library

from ..fakes import envelope

TYPES = ("carrier.picked-up.v1", "notification.notification-sent.v1", "ops.sla-breached.v1")
TODAY = datetime.now(UTC).date()
BEFORE = {
    "business": TODAY - timedelta(days=6),
    "ops": TODAY - timedelta(days=4),
    "notification": TODAY - timedelta(days=2),
}


@pytest.fixture
async def engine(mesh: LocalMesh) -> AsyncIterator[AsyncEngine]:
    """An archive of the test's own, in a database whose clock shows another day than UTC."""
    url = (await mesh.settings("control-tower")).database_url
    made = engine_of(url)
    async with made.begin() as connection:
        await connection.execute(text(f"ALTER DATABASE {made.url.database} SET timezone = 'Pacific/Auckland'"))
    await made.dispose()
    made = engine_of(url)
    await migrate(made, Path(store.__file__).parent / "migrations")
    await store.EventArchive.prepare(made)
    yield made
    await made.dispose()


async def keep(engine: AsyncEngine, event_type: str, order: str, at: datetime, number: str) -> None:
    async with transaction(engine) as session:
        archive = store.EventArchive(session)
        one = envelope(event_type, order=order, start=at, id=number, data={"tracking_number": f"T-{order}"})
        archive.add(read(one.model_dump_json().encode()))
        await archive.flush()


async def kept(engine: AsyncEngine) -> set[tuple[str, date]]:
    async with engine.connect() as connection:
        return {(row[0], row[1]) for row in await connection.execute(text("SELECT type, day FROM event"))}


async def test_each_class_loses_its_own_days_and_no_other(engine: AsyncEngine) -> None:
    days = [TODAY - timedelta(days=back) for back in range(20)]  # the last five have no table of their own
    for day in days:
        for event_type in TYPES:
            for moment in (time(0, 0), time(23, 59, 59, 999_999)):
                if day < TODAY or moment == time(0, 0):
                    order = f"SO-{event_type}-{day}-{moment}"
                    await keep(engine, event_type, order, datetime.combine(day, moment, UTC), order)
    await drop_days(engine, BEFORE)
    wanted = {(name, day) for name in TYPES for day in days if day >= BEFORE[class_of(name)]}
    assert await kept(engine) == wanted
    library, first = Library(engine), BEFORE["business"]
    assert await library.search(f"T-SO-{TYPES[0]}-{first}-00:00:00", 5)
    assert not await library.search(f"T-SO-{TYPES[0]}-{first - timedelta(days=1)}", 5)
    async with engine.connect() as connection:
        left = await connection.execute(text("SELECT count(*) FROM event_business_earlier"))
        assert left.scalar() == 0


async def test_an_order_that_goes_on_is_found_by_what_it_began_with(engine: AsyncEngine) -> None:
    noon = datetime.combine(TODAY, time(0, 1), UTC)
    await keep(engine, TYPES[0], "SO-long", noon - timedelta(days=12), "first")
    await keep(engine, TYPES[1], "SO-long", noon, "last")
    await keep(engine, TYPES[0], "SO-short", noon - timedelta(days=12), "only")
    await drop_days(engine, BEFORE)
    library = Library(engine)
    assert [hit["correlation_id"] for hit in await library.search("T-SO-long", 5)] == ["SO-long"]
    assert await library.search("T-SO-short", 5) == []
    assert await library.journey("SO-short") is None
    stages = await library.stages()
    assert stages["in transit"] == 1


async def test_stages_are_counted_through_every_change(engine: AsyncEngine) -> None:
    noon = datetime.combine(TODAY, time(0, 1), UTC)
    for number in range(5):
        await keep(engine, "order.released.v1", f"SO-{number}", noon, f"r{number}")
    await keep(engine, "carrier.delivered.v1", "SO-1", noon, "d1")
    await keep(engine, "carrier.delivered.v1", "SO-1", noon, "d1")
    await keep(engine, "carrier.picked-up.v1", "SO-1", noon, "p1")
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM journey WHERE correlation_id = 'SO-2'"))
        counted = dict(
            (await connection.execute(text("SELECT stage, count(*) FROM journey GROUP BY stage"))).tuples().all()
        )
    found = {name: count for name, count in (await Library(engine).stages()).items() if count}
    assert found == counted == {"released": 3, "delivered": 1}
