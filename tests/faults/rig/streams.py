"""What the streams hold, against what the services were told they hold."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import nats
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig

from canonical import topology
from canonical.topology import inbox_prefix

from crossdock_cli.layout import Layout

READER = "provisioner"
ACKNOWLEDGED = "SELECT stream, stream_seq, event_id FROM outbox WHERE published_at IS NOT NULL"
ARCHIVED = "SELECT id FROM event"
ACK_SECONDS = 2.0
FETCH, FETCH_SECONDS = 500, 5.0

Held = dict[int, str]


@asynccontextmanager
async def connected(url: str, user: str, password: str) -> AsyncIterator[nats.NATS]:
    """Give a connection that is not tried again once it is gone."""
    client = await nats.connect(
        url, user=user, password=password, inbox_prefix=inbox_prefix(user).encode(),
        allow_reconnect=False, error_cb=_nobody_reads,
    )  # fmt: skip
    try:
        yield client
    finally:
        await client.close()


async def _nobody_reads(_: Exception) -> None:
    """What the client says when the broker goes; the caller sees the exception."""


async def held(client: nats.NATS, stream: str) -> Held:
    """Return the message ids a stream holds, by sequence."""
    js = client.jetstream()
    info = await js.add_consumer(stream, ConsumerConfig(ack_policy=AckPolicy.NONE, headers_only=True, mem_storage=True))
    pull = await js.pull_subscribe_bind(consumer=info.name, stream=stream)
    left, found = int(info.num_pending or 0), Held()
    while len(found) < left:
        for message in await pull.fetch(min(FETCH, left - len(found)), FETCH_SECONDS):
            found[message.metadata.sequence.stream] = str((message.headers or {})["Nats-Msg-Id"])
    await js.delete_consumer(stream, info.name)
    return found


def is_acknowledged(layout: Layout, user: str, subject: str, payload: bytes) -> bool:
    """Publish one message as a service would, and say whether the broker acknowledged it within two seconds."""
    return asyncio.run(_publish(layout, user, subject, payload))


async def _publish(layout: Layout, user: str, subject: str, payload: bytes) -> bool:
    async with connected(layout.broker_url(), user, password_of(layout, user)) as client:
        try:
            answer = await client.request(subject, payload, timeout=ACK_SECONDS)
        except NatsTimeoutError:
            return False
    return "error" not in json.loads(answer.data)


def password_of(layout: Layout, user: str) -> str:
    """Return the password of a broker user."""
    return (layout.broker_secrets / f"nats-{user}.password").read_text().strip()


def acknowledged_and_missing(layout: Layout) -> tuple[int, list[str]]:
    """Return how many events the broker acknowledged to all services, and which of them it no longer has."""
    return asyncio.run(_compare(layout))


async def _rows(layout: Layout, service: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(layout.database(service).replace("+asyncpg", ""))
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


async def _told(layout: Layout) -> dict[str, Held]:
    told: dict[str, Held] = {}
    for service in layout.services():
        for row in await _rows(layout, service, ACKNOWLEDGED):
            told.setdefault(row["stream"], {})[row["stream_seq"]] = row["event_id"]
    return told


def archived_and_published(layout: Layout) -> tuple[set[str], set[str]]:
    """Return the ids of the events control-tower has kept, and of those all services published."""
    return asyncio.run(_archived(layout))


async def _archived(layout: Layout) -> tuple[set[str], set[str]]:
    domains = {name for name, stream in topology.load().streams.items() if stream.domain}
    published = {event for name, held in (await _told(layout)).items() if name in domains for event in held.values()}
    return {row["id"] for row in await _rows(layout, "control-tower", ARCHIVED)}, published


async def _compare(layout: Layout) -> tuple[int, list[str]]:
    told = await _told(layout)
    missing: list[str] = []
    async with connected(layout.broker_url(), READER, password_of(layout, READER)) as client:
        for stream, acknowledged in told.items():
            has = await held(client, stream)
            missing += [f"{stream}:{seq} {event}" for seq, event in acknowledged.items() if has.get(seq) != event]
    return sum(len(acknowledged) for acknowledged in told.values()), missing
