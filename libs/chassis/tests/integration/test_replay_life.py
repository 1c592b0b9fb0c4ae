"""How a replay ends, is stopped, is killed and goes on; and how a projection is rebuilt."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from canonical.orders import OrderReleased
from chassis import Permanent
from chassis.replay.selection import Wanted
from chassis.testing import LocalMesh, eventually
from chassis.testing.orders import released
from chassis.testing.sample.app import NoteStore, build

from .replaying import (
    Outside,
    broker_state,
    listening,
    made,
    noted,
    publish,
    running,
    sample_process,
    seen_to_end,
    times,
)

pytestmark = pytest.mark.integration


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    """An outside system on loopback."""
    async with listening() as system:
        yield system


@pytest.fixture
async def erp(mesh: LocalMesh) -> AsyncIterator[Client]:
    """A connection that publishes orders."""
    client = await mesh.connect("order-release")
    yield client
    await client.close()


async def test_a_stopped_replay_ends_within_a_second_and_can_go_on(mesh: LocalMesh, erp: Client) -> None:
    started = datetime.now(UTC)
    orders = [f"SO-stop-{number}" for number in range(60)]
    for order_id in orders:
        await publish(erp, released(order_id))
    async with running(build(await mesh.settings("inventory-sync"))) as service:
        await eventually(noted(service, orders))
        first, _ = await service.replayer.start(Wanted(since=started, rate=40))
        second, _ = await service.replayer.start(Wanted(since=started, rate=2000))
        await seen_to_end(service, second.id)
        await service.replayer.stop(first.id)
        await asyncio.sleep(1)
        stopped = await times(service, orders)
        assert 2 in stopped, "two replays at once do not wait for each other"
        await asyncio.sleep(0.5)
        assert await times(service, orders) == stopped
        replay = await service.replayer.known(first.id)
        assert (replay.state, replay.done < 60) == ("stopped", True)
        with pytest.raises(Permanent, match="nothing to stop"):
            await service.replayer.stop(first.id)
        await service.replayer.resume(first.id)
        assert (await seen_to_end(service, first.id)).done == 60
        assert await times(service, orders) == [3] * 60


async def test_a_killed_replay_goes_on_and_covers_exactly_what_it_said(mesh: LocalMesh, erp: Client) -> None:
    settings = await mesh.settings("inventory-sync")
    orders = [f"SO-kill-{number}" for number in range(300)]
    started = datetime.now(UTC).isoformat()
    for order_id in orders:
        await publish(erp, released(order_id))
    reader = build(settings)
    async with sample_process(settings) as (process, web):
        await eventually(noted(reader, orders))
        answer = await web.post("/replays", json={"since": started, "rate": 200, "reason": "a test", "actor": "ada"})
        assert answer.status_code == 202, answer.text
        replay_id, total = answer.json()["id"], answer.json()["plan"]["total"]

        async def is_half_way() -> bool:
            return bool((await web.get(f"/replays/{replay_id}")).json()["done"] >= 60)

        await eventually(is_half_way)
        process.kill()
    assert total == 300
    done = sum(await times(reader, orders)) - 300
    assert 60 <= done < 300
    await publish(erp, released("SO-kill-later"))
    async with sample_process(settings) as (process, web):

        async def is_done() -> bool:
            return bool((await web.get(f"/replays/{replay_id}")).json()["state"] == "done")

        await eventually(is_done)
        shown = (await web.get(f"/replays/{replay_id}")).json()
        assert (shown["total"], shown["done"], shown["request"]["actor"]) == (300, 300, "ada")
        assert shown["remaining_seconds"] is None
        assert (await web.get("/replays")).json()[0]["id"] == replay_id
        assert (await web.post(f"/replays/{replay_id}/stop")).status_code == 422
        assert (await web.post("/replays", json={"rate": 0})).status_code == 422
    assert await times(reader, orders) == [2] * 300
    assert await times(reader, ["SO-kill-later"]) == [1]
    await reader.engine.dispose()


async def test_a_rebuilt_projection_equals_the_original(tmp_path: Path) -> None:
    own = LocalMesh(tmp_path)
    await asyncio.to_thread(own.start)
    try:
        erp = await own.connect("order-release")
        settings = await own.settings("inventory-sync")
        orders = [f"SO-build-{number}" for number in range(400)]
        for order_id in orders:
            await publish(erp, released(order_id))
        async with running(build(settings)) as service:
            await eventually(noted(service, orders))
            async with service.engine.begin() as connection:
                await connection.execute(text("DELETE FROM note WHERE key LIKE '%7'"))
                await connection.execute(text("UPDATE note SET state = jsonb_set(state, '{times}', '9')"))
            replay, plan = await service.replayer.start(Wanted(projection="notes", rate=600))
            assert (plan.tables, plan.has_start, plan.effects) == (["note"], True, {})
            with pytest.raises(Permanent, match="rebuilt already"):
                await service.replayer.start(Wanted(projection="notes"))

            async def is_begun() -> bool:
                return (await service.replayer.known(replay.id)).done > 50

            await eventually(is_begun)
            late = [f"SO-build-late-{number}" for number in range(20)]
            for order_id in late:
                await publish(erp, released(order_id))
            ending = time.monotonic()
        assert time.monotonic() - ending < 20, "what the rebuild holds back kept the process from ending"
        assert (await build(settings).replayer.known(replay.id)).state == "running"
        async with running(build(settings)) as service:
            replay = await seen_to_end(service, replay.id)
            assert replay.done == replay.total >= 400
            await eventually(noted(service, [*orders, *late]))
            await asyncio.sleep(0.5)
            assert await times(service, [*orders, *late]) == [1] * 420
        await erp.close()
    finally:
        await asyncio.to_thread(own.stop)


async def test_a_projections_handler_may_bring_about_nothing(mesh: LocalMesh, erp: Client, outside: Outside) -> None:
    service = made(await mesh.settings("inventory-sync"), outside)
    service.projection("loud", NoteStore, events=(OrderReleased,))
    await publish(erp, released("SO-loud"))
    async with running(service):
        await eventually(noted(service, ["SO-loud"]))

        async def called() -> bool:
            return [order_id for _, order_id in outside.calls].count("SO-loud") == 2

        await eventually(called)
        calls = list(outside.calls)
        before = await broker_state(mesh)
        replay, _ = await service.replayer.start(Wanted(projection="loud", rate=5000))
        replay = await seen_to_end(service, replay.id, "failed" if replay.total >= 100 else "done")
        assert replay.counts.failed
        assert "may only write its tables" in replay.failures[-1].error
        assert outside.calls == calls
        assert await broker_state(mesh) == before


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (
            {"types": ("carrier.delivered.v1",)},
            "does not listen to carrier.delivered.v1: choose from order.released.v1",
        ),
        ({"projection": "nothing"}, "has no projection nothing: notes"),
        ({"projection": "notes", "key": "SO-1"}, "give no other criterion"),
    ],
)
async def test_what_cannot_be_replayed_is_refused(mesh: LocalMesh, wanted: dict[str, Any], said: str) -> None:
    async with running(build(await mesh.settings("inventory-sync"))) as service:
        with pytest.raises(Permanent, match=said):
            await service.replayer.start(Wanted(**wanted))
        assert await service.replayer.book.newest(10) == []


async def test_more_replicas_do_not_rebuild(mesh: LocalMesh) -> None:
    async with running(build(await mesh.settings("inventory-sync", replicas=2))) as service:
        with pytest.raises(Permanent, match="single replica"):
            await service.replayer.start(Wanted(projection="notes"))
