"""A stream that lost its tail: noticed, listed exactly, published again, processed once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from canonical import topology
from canonical.orders import OrderReleased
from canonical.values import Address, Contact, Money, OrderLine
from chassis import Service, rebase
from chassis.administrator import administrator
from chassis.effect import Outcome
from chassis.reconcile import Lost
from chassis.testing import LocalMesh, eventually
from chassis.testing.damage import blocks, flip, truncate
from chassis.testing.sample.app import build

pytestmark = [pytest.mark.integration, pytest.mark.faults]

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PRICE = Money(amount=Decimal(5), currency="EUR")
EVENTS = 200
TIMES = text("SELECT key, (state ->> 'times')::int AS times FROM note")


def released(order_id: str) -> OrderReleased:
    return OrderReleased(
        occurred_at=NOON,
        order_id=order_id,
        customer_id="C-1",
        ship_to=Address(name="Ada", street="Weg 1", city="Berlin", postal_code="10115", country="DE"),
        contact=Contact(email="ada@example.com"),
        lines=(OrderLine(line_number=10, sku="SKU-1", quantity=1, unit_price=PRICE, unit_weight_grams=100),),
        service_level="standard",
        promised_at=NOON,
        total=PRICE,
    )


async def release(order: OrderReleased) -> Outcome:
    return [order]


@dataclass
class Pair:
    """A service that publishes orders and one that notes how often it heard of each."""

    mesh: LocalMesh
    publisher: Service
    consumer: Service
    taken: int = 0

    async def publish(self, count: int) -> None:
        numbers = range(self.taken, self.taken + count)
        self.taken += count
        await asyncio.gather(*(self.publisher.accept("erp", f"{n}", released(f"SO-{n}"), release) for n in numbers))
        await eventually(self.all_published)

    async def all_published(self) -> bool:
        return not await self.rows("published_at IS NULL")

    async def rows(self, condition: str) -> Sequence[str]:
        async with self.publisher.engine.connect() as connection:
            found = await connection.execute(text(f"SELECT event_id FROM outbox WHERE {condition} ORDER BY seq"))
            return list(found.scalars())

    async def times(self) -> dict[str, int]:
        async with self.consumer.engine.connect() as connection:
            found = {row.key: row.times for row in await connection.execute(TIMES)}
        return {f"SO-{n}": found.get(f"SO-{n}", 0) for n in range(self.taken)}

    async def all_once(self, within_seconds: float = 20.0) -> None:
        async def settled() -> bool:
            return all((await self.times()).values())

        await eventually(settled, within_seconds)
        assert set((await self.times()).values()) == {1}

    async def damage(self, harm: Callable[[Path], None], which: int = -1) -> None:
        """End the broker without warning, harm a block of ORDER, start it again."""
        self.mesh.nats.kill()
        harm(blocks(self.mesh.nats, "ORDER")[which])
        await asyncio.to_thread(self.mesh.nats.start)
        await eventually(self.connected)

    async def connected(self) -> bool:
        return self.publisher.broker.is_connected and self.consumer.broker.is_connected

    async def in_stream(self) -> set[str]:
        """Return the ids the stream really holds, read one by one by another user."""
        client = await self.mesh.connect("operator")
        try:
            js = client.jetstream()
            state = (await js.stream_info("ORDER")).state
            subscription = await js.pull_subscribe("", stream="ORDER", durable=None)
            found: set[str] = set()
            while len(found) < state.messages:
                for message in await subscription.fetch(100, timeout=5):
                    found.add((message.headers or {})["Nats-Msg-Id"])
            return found
        finally:
            await client.close()

    async def lost(self) -> Lost | None:
        await self.publisher.reconciler.check()
        return {report.stream: report.lost for report in await self.publisher.reconciler.report()}["ORDER"]

    async def set_back(self, lost_from: int) -> list[rebase.Move]:
        nats = self.mesh.nats
        async with administrator(nats.url, "provisioner", nats.password("provisioner")) as js:
            found = await rebase.positions(js, rebase.every_durable(topology.load(), "eu"))
            moves = rebase.plan(found, {"ORDER": lost_from})
            for move in moves:
                await rebase.apply(js, move)
        return moves

    async def repair(self) -> None:
        lost = await self.lost()
        assert lost is not None
        await self.set_back(lost.first)
        await self.publisher.reconciler.republish()
        self.publisher.relay.wake()
        await eventually(self.all_published)


@asynccontextmanager
async def running(*services: Service) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for service in services:
            await service.start()
            stack.push_async_callback(service.stop)
        yield


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    mesh = LocalMesh(tmp_path)
    await asyncio.to_thread(mesh.start)
    try:
        publisher = Service("order-release", await mesh.settings("order-release"))
        publisher.package = "chassis.testing.sample"
        consumer = build(await mesh.settings("inventory-sync"))
        async with running(publisher, consumer):
            yield Pair(mesh, publisher, consumer)
    finally:
        await asyncio.to_thread(mesh.stop)


@pytest.mark.parametrize("harm", [flip, truncate])
async def test_a_lost_tail_is_listed_exactly_and_every_event_is_processed_once(
    pair: Pair, harm: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    await pair.publish(EVENTS)
    await pair.all_once()
    assert await pair.lost() is None
    await pair.damage(harm)
    held = await pair.in_stream()
    missing = [event_id for event_id in await pair.rows("true") if event_id not in held]
    assert 0 < len(missing) < EVENTS

    lost = await pair.lost()
    assert lost is not None
    assert (lost.count, lost.event_ids) == (len(missing), missing[:100])
    assert pair.publisher.metrics.lost.labels("ORDER")._value.get() == len(missing)
    assert "events_lost" in caplog.messages

    await pair.publish(len(missing) // 2)
    assert (await pair.lost()).count == len(missing)  # type: ignore[union-attr]
    await pair.repair()
    await pair.publish(10)
    await pair.all_once()
    assert await pair.lost() is None
    assert await pair.in_stream() == set(await pair.rows("true"))
