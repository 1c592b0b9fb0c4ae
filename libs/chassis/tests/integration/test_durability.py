"""A stream that lost its tail: noticed, listed exactly, published again, processed once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from nats.js.errors import NotFoundError
from sqlalchemy import text

from canonical import topology
from canonical.orders import OrderReleased
from chassis import Service, Settings, Temporary, rebase
from chassis.administrator import administrator
from chassis.effect import Outcome
from chassis.provision import provision_blocking
from chassis.reconcile import Lost
from chassis.testing import LocalMesh, eventually
from chassis.testing.damage import blocks, flip, truncate
from chassis.testing.orders import released
from chassis.testing.sample.app import build

pytestmark = [pytest.mark.integration, pytest.mark.faults]

EVENTS = 200
TIMES = text("SELECT key, (state ->> 'times')::int AS times FROM note")


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

    async def damage(self, harm: Callable[[Path], None], *, gently: bool = False) -> None:
        """End the broker, by default without warning, harm the last block of ORDER, start it again."""
        await asyncio.to_thread(self.mesh.nats.stop if gently else self.mesh.nats.kill)
        harm(blocks(self.mesh.nats, "ORDER")[-1])
        await asyncio.to_thread(self.mesh.nats.start)
        await eventually(self.connected)

    async def connected(self) -> bool:
        return self.publisher.broker.is_connected and self.consumer.broker.is_connected

    async def in_stream(self) -> set[str]:
        """Return the ids the stream really holds, read one by one by another user."""
        client, found = await self.mesh.connect("operator"), set[str]()
        try:
            js = client.jetstream()
            for sequence in range(1, (await js.stream_info("ORDER")).state.last_seq + 1):
                with suppress(NotFoundError):
                    found.add(((await js.get_msg("ORDER", sequence)).headers or {})["Nats-Msg-Id"])
            return found
        finally:
            await client.close()

    async def lost(self) -> Lost | None:
        with suppress(Temporary):
            await self.publisher.reconciler.check()
        return {report.stream: report.lost for report in await self.publisher.reconciler.report()}["ORDER"]

    async def set_back(self, reused_from: int | None) -> list[rebase.Position]:
        """Set back what must go back; returns where all durables were before."""
        nats = self.mesh.nats
        async with administrator(nats.url, "provisioner", nats.password("provisioner")) as js:
            found = await rebase.positions(js, rebase.every_durable(topology.load(), "eu"))
            for move in rebase.plan(found, {"ORDER": reused_from} if reused_from else {}):
                await rebase.apply(js, move)
        return found

    async def repair(self) -> None:
        lost = await self.lost()
        assert lost is not None
        await self.set_back(lost.reused_from)
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
async def pair(tmp_path: Path, mesh: LocalMesh) -> AsyncIterator[Pair]:
    """Two services on a broker of their own, that may be damaged, and the database server of all tests."""
    own = LocalMesh(tmp_path)
    nats, own.postgres = own.nats, mesh.postgres
    await asyncio.to_thread(nats.start)
    try:
        await asyncio.to_thread(provision_blocking, nats.url, nats.passwords["provisioner"], "eu")
        settings = {
            name: await mesh.settings(name, nats_url=nats.url, nats_password_file=nats.passwords[name])
            for name in ("order-release", "inventory-sync")
        }
        publisher, consumer = publishing(settings["order-release"]), build(settings["inventory-sync"])
        async with running(publisher, consumer):
            yield Pair(own, publisher, consumer)
    finally:
        nats.kill()


def publishing(settings: Settings) -> Service:
    """Return a service of the order domain that publishes what it is given."""
    service = Service("order-release", settings)
    service.package = "chassis.testing.sample"
    return service


async def expect_exactly(pair: Pair, missing: Sequence[str]) -> Lost:
    """Check that what is listed as lost is what is missing, no more and no less."""
    lost = await pair.lost()
    assert lost is not None
    assert (lost.count, lost.event_ids) == (len(missing), list(missing[:100]))
    assert await pair.rows("lost_at IS NOT NULL") == missing
    assert pair.publisher.metrics.lost.labels("ORDER")._value.get() == len(missing)
    return lost


async def missing_in(pair: Pair) -> list[str]:
    held = await pair.in_stream()
    return [event_id for event_id in await pair.rows("published_at IS NOT NULL") if event_id not in held]


async def expect_whole(pair: Pair) -> None:
    """Check that everything, what comes now too, is in the stream and was processed once."""
    await pair.publish(10)
    await pair.all_once()
    assert await pair.lost() is None
    assert await missing_in(pair) == []


@pytest.mark.parametrize("harm", [flip, truncate])
async def test_a_lost_tail_is_listed_exactly_and_every_event_is_processed_once(
    pair: Pair, harm: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    await pair.publish(EVENTS)
    await pair.all_once()
    await pair.damage(harm)
    missing = await missing_in(pair)
    assert 0 < len(missing) < EVENTS
    assert (await expect_exactly(pair, missing)).reused_from == EVENTS - len(missing) + 1
    assert "events_lost" in caplog.messages

    await pair.publish(len(missing) // 2)
    await expect_exactly(pair, missing)
    await pair.repair()
    await expect_whole(pair)


async def test_a_durable_past_the_end_is_deaf_until_it_is_set_back(pair: Pair) -> None:
    await pair.publish(20)
    await pair.all_once()
    nats = pair.mesh.nats
    async with administrator(nats.url, "provisioner", nats.password("provisioner")) as js:
        for partition in range(topology.load().partitions):
            await js.reset_consumer("ORDER", f"inventory-sync--order--p{partition:02d}", seq=1_000)
    await pair.publish(20)
    await asyncio.sleep(1.0)
    assert list((await pair.times()).values()) == [1] * 20 + [0] * 20

    before = await pair.set_back(None)
    deaf = [position for position in before if position.is_deaf]
    assert len(deaf) == topology.load().partitions
    assert not any(position.is_deaf for position in await pair.set_back(None))
    await pair.publish(20)
    await pair.all_once()


async def test_a_tail_that_was_overtaken_before_the_publisher_died_is_still_found(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    await pair.publish(EVENTS)
    await pair.damage(truncate)
    missing = await missing_in(pair)
    await pair.publish(len(missing) + 50)
    assert "stream_suspected" in caplog.messages
    assert pair.publisher.reconciler.lost == {}
    await pair.publisher.stop()
    pair.publisher = publishing(pair.publisher.settings)
    async with running(pair.publisher):
        await expect_exactly(pair, missing)
        await pair.repair()
        await expect_whole(pair)


@pytest.mark.parametrize("harm", [flip, truncate])
async def test_holes_are_found_and_filled(pair: Pair, harm: Callable[[Path], None]) -> None:
    """A server that ended in good order knows its last sequence: what is damaged leaves holes, not a lost tail."""
    await pair.publish(EVENTS)
    await pair.all_once()
    await pair.damage(harm, gently=True)
    await pair.publish(5)
    missing = await missing_in(pair)
    assert missing
    assert (await expect_exactly(pair, missing)).reused_from is None
    await pair.repair()
    await expect_whole(pair)


async def test_a_stream_that_is_gone_comes_back_from_the_outbox(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    await pair.publish(EVENTS)
    await pair.all_once()
    nats = pair.mesh.nats
    async with administrator(nats.url, "provisioner", nats.password("provisioner")) as js:
        await js.delete_stream("ORDER")
    assert await pair.lost() is None
    assert "stream_missing" in caplog.messages
    await asyncio.to_thread(provision_blocking, nats.url, nats.passwords["provisioner"], "eu")
    await expect_exactly(pair, await pair.rows("true"))
    await pair.repair()
    await expect_whole(pair)


async def test_a_publisher_and_a_broker_that_die_while_publishing_again_lose_nothing(pair: Pair) -> None:
    await pair.publish(EVENTS)
    await pair.damage(truncate)
    lost = await pair.lost()
    assert lost is not None
    await pair.set_back(lost.reused_from)
    await pair.publisher.reconciler.republish()
    pair.publisher.relay.wake()
    await asyncio.sleep(0.01)
    pair.mesh.nats.kill()
    pair.publisher.relay._task.cancel()  # type: ignore[union-attr]
    await asyncio.to_thread(pair.mesh.nats.start)
    await pair.publisher.stop()
    pair.publisher = publishing(pair.publisher.settings)
    async with running(pair.publisher):
        await eventually(pair.all_published)
        await expect_whole(pair)


async def test_where_nothing_is_lost_nothing_is_listed(pair: Pair) -> None:
    await pair.publish(EVENTS)
    await pair.damage(lambda _: None)
    await pair.publish(20)
    await pair.damage(lambda _: None, gently=True)
    await expect_whole(pair)
    assert all(report.suspected_since is None for report in await pair.publisher.reconciler.report())
    assert await pair.publisher.reconciler.republish() == {}
