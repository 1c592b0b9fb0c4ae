"""Orders to bench with, and how to put many of them into a stream quickly."""

import asyncio
import uuid

from nats.aio.client import Client

from canonical import publish_subject, seal
from chassis.testing.orders import NOON, released

WINDOW = 500
BATCH = 250


def messages(count: int, first: int = 0) -> list[tuple[str, bytes]]:
    """Return subject and envelope of so many orders."""
    made = []
    for number in range(first, first + count):
        event = released(f"SO-{number:08d}")
        envelope = seal(
            event,
            event_id=str(uuid.UUID(int=number)),
            source="/eu/order-release",
            correlation_id=event.order_id,
            causation_id=None,
            region="eu",
            recorded_at=NOON,
        )
        made.append((publish_subject(event, "eu"), envelope.model_dump_json(exclude_none=True).encode()))
    return made


async def publish_batches(client: Client, load: list[tuple[str, bytes]]) -> None:
    """Publish as atomic batches, one acknowledgment each."""
    for start in range(0, len(load), BATCH):
        part = load[start : start + BATCH]
        name = uuid.uuid4().hex
        for place, (subject, body) in enumerate(part, 1):
            headers = {"Nats-Batch-Id": name, "Nats-Batch-Sequence": str(place)}
            if place == len(part):
                await client.request(subject, body, timeout=30, headers={**headers, "Nats-Batch-Commit": "1"})
            elif place == 1:
                await client.request(subject, body, timeout=30, headers=headers)
            else:
                await client.publish(subject, body, headers=headers)


async def publish_singly(client: Client, load: list[tuple[str, bytes]]) -> None:
    """Publish one message after the other is acknowledged, many of them in flight."""
    gate = asyncio.Semaphore(WINDOW)

    async def one(subject: str, body: bytes) -> None:
        async with gate:
            await client.request(subject, body, timeout=30)

    await asyncio.gather(*(one(subject, body) for subject, body in load))
