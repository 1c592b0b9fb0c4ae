"""The source of events: changes of orders, numbered from 1 within each order, published as the order domain."""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from nats.aio.client import Client

from canonical import publish_subject, seal
from canonical.orders import OrderChanged

CHUNK = 256
BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Change:
    """One event at the source; `word` says what the handler does with it, or that its body is `broken`."""

    order_id: str
    version: str
    word: str = ""


_runs = count(1)


def changes(keys: int, versions: int, words: Mapping[str, str] | None = None) -> list[Change]:
    """Return the changes 1 to `versions` of so many new orders, the orders in turn.

    `words` says by version what the handler does with it, for every third order.
    """
    run, words = next(_runs), words or {}
    return [
        Change(f"SO-{run}-{key}", str(version), words.get(str(version), "") if key % 3 == 0 else "")
        for version in range(1, versions + 1)
        for key in range(keys)
    ]


class Source:
    """Publishes changes and waits until the broker has stored them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._js = client.jetstream()

    async def publish(self, fed: Sequence[Change], *, per_second: float = 0.0) -> None:
        """Publish once each, in order; at most so many a second, unless that is 0."""
        chunk = CHUNK if not per_second else max(1, int(per_second / 10))
        for start in range(0, len(fed), chunk):
            pause = asyncio.sleep(chunk / per_second if per_second else 0.0)
            await asyncio.gather(pause, *(self._one(change, None) for change in fed[start : start + chunk]))

    async def publish_copies(self, fed: Sequence[Change], copies: int, chance: random.Random) -> None:
        """Publish each change so many times, the first copies in order and the others at random places behind them.

        Every copy has a broker id of its own, as copies beyond the broker's window have.
        """
        places = [
            (place if copy == 0 else chance.uniform(place, 1.2 * len(fed)), copy, change)
            for place, change in enumerate(fed)
            for copy in range(copies)
        ]
        line = [(change, copy) for _, copy, change in sorted(places, key=lambda entry: entry[0])]
        for start in range(0, len(line), CHUNK):
            part = line[start : start + CHUNK]
            await asyncio.gather(*(self._one(change, f"{_id(change)}-{copy}") for change, copy in part))

    async def _one(self, change: Change, broker_id: str | None) -> None:
        event = OrderChanged(
            occurred_at=datetime.now(UTC), order_id=change.order_id, reason=f"{change.version} {change.word}".strip()
        )
        envelope = seal(
            event,
            event_id=_id(change),
            source="/eu/order-release",
            correlation_id=change.order_id,
            causation_id=None,
            region="eu",
            recorded_at=event.occurred_at,
        )
        body = envelope.model_dump_json(exclude_none=True).encode()
        if change.word == BROKEN:
            body = body.replace(b'"reason"', b'"cause"')
        headers = {"Nats-Msg-Id": broker_id or envelope.id}
        await self._js.publish(publish_subject(event, "eu"), body, headers=headers, timeout=30)


def _id(change: Change) -> str:
    return f"{change.order_id}-{change.version}"


def by_order(fed: Iterable[Change]) -> dict[str, list[str]]:
    """Return the versions of every order, in their order."""
    found: dict[str, list[str]] = {}
    for change in fed:
        found.setdefault(change.order_id, []).append(change.version)
    return found
