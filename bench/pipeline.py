"""Consume, keep state, publish what follows, acknowledge: ours, a bare loop, and stock FastStream per message.

All three give the same guarantee on the same broker and database, fsync on: an event handled once however often it
comes, and what follows published once. The bare loop is nats-py and asyncpg by hand, in batches, without types.
"""

import asyncio
import time
from datetime import timedelta
from typing import Any

import asyncpg
import orjson
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage
from faststream.security import SASLPlaintext
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, StorageType, StreamConfig

from canonical.inventory import AllocationFailed
from canonical.orders import OrderReleased
from canonical.values import LineQuantity
from chassis import Book, Service
from chassis.effect import Outcome
from chassis.testing import LocalMesh, eventually
from chassis.testing.sample.app import Note, NoteStore, empty

from bench.load import BATCH, messages, publish_batches
from bench.servers import USER

TABLES = "CREATE TABLE seen (id text PRIMARY KEY); CREATE TABLE note (key text PRIMARY KEY, state jsonb)"
SEEN = "INSERT INTO seen SELECT unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING id"
KEEP = (
    "INSERT INTO note SELECT * FROM unnest($1::text[], $2::jsonb[]) "
    "ON CONFLICT (key) DO UPDATE SET state = excluded.state"
)
NEWS = "BENCH_NEWS"


async def answer(event: OrderReleased, *, notes: Book[Note]) -> Outcome:
    """Note the order and say something of it."""
    note = await notes.get(event.order_id) or Note(order_id=event.order_id)
    note.times += 1
    notes.put(event.order_id, note)
    line = event.lines[0]
    missing = LineQuantity(line_number=line.line_number, sku=line.sku, quantity=line.quantity)
    return [
        AllocationFailed(
            occurred_at=event.occurred_at, order_id=event.order_id, lines=(missing,), reason="out-of-stock"
        )
    ]


async def ours(mesh: LocalMesh, load: list[tuple[str, bytes]]) -> float:
    """Return events per second of one service process."""
    settings = await mesh.settings("inventory-sync")
    service: Service = empty(settings)
    service.on(OrderReleased, answer, notes=NoteStore)
    client = await mesh.connect("order-release")
    await publish_batches(client, load)
    await client.close()
    started = time.perf_counter()
    await service.start()
    try:

        async def published() -> bool:
            return bool(service.metrics.published.labels("INVENTORY")._value.get() >= len(load))

        await eventually(published, within_seconds=120)
        return len(load) / (time.perf_counter() - started)
    finally:
        await service.stop()


async def _streams(client: Client, name: str) -> None:
    js = client.jetstream()
    for stream in (name, NEWS):
        await js.add_stream(
            StreamConfig(
                name=stream,
                subjects=[f"{stream.lower()}.>"],
                storage=StorageType.FILE,
                duplicate_window=timedelta(minutes=2).total_seconds(),
                allow_atomic=True,
            )
        )


async def _remove(client: Client, name: str) -> None:
    for stream in (name, NEWS):
        await client.jetstream().delete_stream(stream)


async def bare(mesh: LocalMesh, load: list[tuple[str, bytes]]) -> float:
    """Return events per second of a loop written by hand over nats-py and asyncpg, in batches."""
    client, pool = await mesh.connect(USER), await _database(mesh)
    await _streams(client, "BENCH")
    await publish_batches(client, _moved(load))
    pull = await client.jetstream().pull_subscribe("bench.>", "bench", config=ConsumerConfig(max_ack_pending=4096))
    started, done = time.perf_counter(), 0
    while done < len(load):
        batch = await pull.fetch(BATCH, timeout=5)
        bodies = [orjson.loads(message.data) for message in batch]
        async with pool.acquire() as connection, connection.transaction():
            fresh = {row["id"] for row in await connection.fetch(SEEN, [body["id"] for body in bodies])}
            new = [body for body in bodies if body["id"] in fresh]
            await connection.execute(KEEP, *_state(new))
        await publish_batches(client, [(f"{NEWS.lower()}.x", orjson.dumps(body["data"])) for body in new])
        await asyncio.gather(*(message.ack() for message in batch))
        done += len(batch)
    rate = len(load) / (time.perf_counter() - started)
    await _remove(client, "BENCH")
    await client.close()
    await pool.close()
    return rate


async def stock(mesh: LocalMesh, load: list[tuple[str, bytes]]) -> float:
    """Return events per second of a stock FastStream subscriber: one transaction, one publish, one ack per message."""
    client, pool = await mesh.connect(USER), await _database(mesh)
    await _streams(client, "BENCH")
    await publish_batches(client, _moved(load))
    security = SASLPlaintext(username=USER, password=mesh.nats.password(USER))
    broker = NatsBroker(mesh.nats.url, security=security, logger=None)
    done = 0

    @broker.subscriber(
        "bench.>",
        stream=JStream("BENCH", declare=False),
        durable="bench",
        pull_sub=True,
        max_workers=32,
        ack_policy=AckPolicy.MANUAL,
    )
    async def handle(body: dict[str, Any], message: NatsMessage) -> None:
        nonlocal done
        async with pool.acquire() as connection, connection.transaction():
            if await connection.fetch(SEEN, [body["id"]]):
                await connection.execute(KEEP, *_state([body]))
        await broker.publish(
            orjson.dumps(body["data"]), f"{NEWS.lower()}.x", stream=NEWS, headers={"Nats-Msg-Id": body["id"]}
        )
        await message.ack()
        done += 1

    started = time.perf_counter()
    await broker.start()

    async def all_done() -> bool:
        return done >= len(load)

    await eventually(all_done, within_seconds=120)
    rate = len(load) / (time.perf_counter() - started)
    await broker.stop()
    await _remove(client, "BENCH")
    await client.close()
    await pool.close()
    return rate


def _moved(load: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [("bench.x", body) for _, body in load]


def _state(bodies: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    return [body["subject"] for body in bodies], [orjson.dumps(body["data"]).decode() for body in bodies]


async def _database(mesh: LocalMesh) -> "asyncpg.Pool[asyncpg.Record]":
    settings = await mesh.settings("inventory-sync")
    pool = await asyncpg.create_pool(settings.database_url.replace("+asyncpg", ""), max_size=16)
    await pool.execute(TABLES)
    return pool


def load_of(count: int, run: int) -> list[tuple[str, bytes]]:
    """Return orders no other run had."""
    return messages(count, first=run * count)
