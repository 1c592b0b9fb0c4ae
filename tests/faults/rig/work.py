"""Work in flight, read from outside a process: what its database and the broker hold for it at this moment."""

import asyncio
from dataclasses import dataclass

import asyncpg

from crossdock_cli.layout import Layout
from crossdock_cli.web import call

READ_SECONDS = 5.0
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
ROWS = (
    "SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL) AS unpublished, "
    "(SELECT count(*) FROM effect WHERE state = 'pending') AS effects"
)


@dataclass(frozen=True, slots=True)
class Work:
    """What one service had in hand."""

    transactions: int = 0
    unpublished: int = 0
    effects: int = 0
    unacknowledged: int = 0

    def __bool__(self) -> bool:
        return bool(self.transactions or self.unpublished or self.effects or self.unacknowledged)

    def __add__(self, other: "Work") -> "Work":
        return Work(
            self.transactions + other.transactions,
            self.unpublished + other.unpublished,
            self.effects + other.effects,
            self.unacknowledged + other.unacknowledged,
        )


def in_hand(layout: Layout, service: str) -> Work:
    """Return the work of one service; exact when the service is stopped (SIGSTOP) while this is read."""
    return asyncio.run(_read(layout, service))


def in_hand_of_all(layout: Layout) -> Work:
    """Return the work of every service together: what hangs on the broker or on the database."""
    return sum((in_hand(layout, name) for name in layout.services()), Work())


async def _read(layout: Layout, service: str) -> Work:
    connection = await asyncpg.connect(layout.database(service).replace("+asyncpg", ""), timeout=READ_SECONDS)
    try:
        transactions = int(await connection.fetchval(OPEN, service))
        row = await connection.fetchrow(ROWS)
    finally:
        await connection.close()
    assert row is not None
    return Work(transactions, int(row["unpublished"]), int(row["effects"]), unacknowledged(layout, service))


def unacknowledged(layout: Layout, service: str) -> int:
    """Return how many messages the broker has delivered to a service and got no answer for."""
    jsz = call("GET", f"{layout.monitor_url()}/jsz?consumers=1", timeout=READ_SECONDS).fields()
    return sum(
        int(consumer["num_ack_pending"])
        for account in jsz["account_details"]
        for stream in account["stream_detail"]
        for consumer in stream.get("consumer_detail") or ()
        if consumer["name"].startswith(f"{service}--")
    )
