"""What a process takes from its table of effects: urgent lanes, fresh ones, the oldest; each lane in its order."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from chassis import Service, migrate
from chassis.effect_table import FRESH_ROOM, EffectTable, Found
from chassis.testing import LocalMesh
from chassis.testing.sample.app import empty
from chassis.testing.sample.changes import Ring, build
from chassis.testing.sample.settings import SampleSettings
from chassis.work import Cause
from chassis.writer import NewEffect

pytestmark = pytest.mark.integration

ADD = text(
    "INSERT INTO effect (key, name, lane, payload, cause, priority, created_at) SELECT gen_random_uuid(), :name, "
    "replace(:lane, '*', place::text), '{}', '{}', CAST(:priority AS smallint), now() - make_interval(secs => :age) "
    "FROM generate_series(1, :count) AS place"
)


class Table:
    """A real table, filled by hand."""

    def __init__(self, service: Service) -> None:
        self._engine = service.engine
        self.effects, self.others = (EffectTable(service.engine, name, "us-0") for name in ("ring", "chime"))

    async def add(self, lane: str, *, count: int = 1, priority: int = 0, age: float = 0.0) -> None:
        """Put effects into a lane, or into a lane each where the name has a star."""
        values = {"name": "ring", "lane": lane, "count": count, "priority": priority, "age": age}
        async with self._engine.begin() as connection:
            await connection.execute(ADD, values)

    async def load(self, room: int, held: set[int] | None = None) -> list[int]:
        """Return what was taken, by its place in the table."""
        found = await self.effects.load(held or set(), room=room, is_backlog=True)
        assert found is not None
        return [row.seq for row in found.rows]


@pytest.fixture
async def table(mesh: LocalMesh) -> AsyncIterator[Table]:
    service = empty(await mesh.settings("inventory-sync"))
    await migrate.migrate(service.engine, service._migrations())
    yield Table(service)
    await service.engine.dispose()


async def test_urgent_lanes_come_whole_and_in_order_whatever_the_backlog(table: Table) -> None:
    await table.add("old-*", count=50, age=100)
    await table.add("held", age=90)
    await table.add("held", priority=1, age=80)
    await table.add("held", age=70)
    assert await table.load(-FRESH_ROOM) == [51, 52, 53]


async def test_fresh_lanes_have_room_beside_the_oldest(table: Table) -> None:
    await table.add("old-*", count=FRESH_ROOM, age=100)
    await table.add("new-*", count=3, age=1)
    await table.add("old-1", age=1)
    assert await table.load(2) == [1, 2, FRESH_ROOM + 1, FRESH_ROOM + 2, FRESH_ROOM + 3]
    assert await table.load(2) == [3, 4]


async def test_the_oldest_come_up_to_the_room_and_what_is_held_comes_no_more(table: Table) -> None:
    await table.add("old-*", count=10, age=100)
    first = await table.load(4)
    assert first == [1, 2, 3, 4]
    assert await table.load(4, held=set(first)) == [5, 6, 7, 8]
    assert await table.effects.count(100) == 10
    await table.effects.reclaim()
    assert await table.load(100) == list(range(1, 11))


async def test_what_one_kind_gives_up_another_of_the_process_keeps(table: Table) -> None:
    """All kinds give up at once when a process ends: on the same rows they would lock each other out."""
    await table.add("ring", count=1)
    assert await table.load(10) == [1]
    await table.others.reclaim()
    assert await table.load(10) == []
    await table.effects.reclaim()
    assert await table.load(10) == [1]


async def test_what_is_left_in_the_table_during_a_look_keeps_later_ones_behind_it(
    mesh: LocalMesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = build(SampleSettings(**(await mesh.settings("inventory-sync")).model_dump()))
    await migrate.migrate(service.engine, service._migrations())
    runner, look = service._runners[Ring.name], EffectTable.load
    left = NewEffect(Ring(lane="SO-1", version="1"), "key", Cause("step"), "", seq=1)

    async def slow(table: EffectTable, held: set[int], *, room: int, is_backlog: bool) -> Found | None:
        found = await look(table, held, room=room, is_backlog=is_backlog)
        runner.offer(left)
        return found

    await runner._load()
    assert runner.lease() > 0
    monkeypatch.setattr(EffectTable, "load", slow)
    await runner._load()
    assert runner.lease() == 0
    monkeypatch.undo()
    await runner._load()
    assert runner.lease() > 0
    await service.engine.dispose()
