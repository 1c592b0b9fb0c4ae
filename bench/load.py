"""Orders to bench with, and how to put many of them into a stream quickly."""

import asyncio
import uuid
from datetime import UTC, datetime
from decimal import Decimal

from nats.aio.client import Client

from canonical import publish_subject, seal
from canonical.orders import OrderReleased
from canonical.values import Address, Contact, Money, OrderLine

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PRICE = Money(amount=Decimal(5), currency="EUR")
WINDOW = 500
BATCH = 250


def released(number: int) -> OrderReleased:
    """Return an order."""
    return OrderReleased(
        occurred_at=NOON,
        order_id=f"SO-{number:08d}",
        customer_id="C-1",
        ship_to=Address(name="Ada Berg", street="Weg 1", city="Berlin", postal_code="10115", country="DE"),
        contact=Contact(email="ada@example.com"),
        lines=(OrderLine(line_number=10, sku="SKU-1", quantity=1, unit_price=PRICE, unit_weight_grams=100),),
        service_level="standard",
        promised_at=NOON,
        total=PRICE,
    )


def messages(count: int, first: int = 0) -> list[tuple[str, bytes]]:
    """Return subject and envelope of so many orders."""
    made = []
    for number in range(first, first + count):
        event = released(number)
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
