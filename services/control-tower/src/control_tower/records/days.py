"""The tables of the archive's days, one for each class of events: made ahead, and dropped whole."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from control_tower.domain.classes import CLASSES

DAYS_BEFORE, DAYS_AHEAD = 15, 3
"""Days around today that have a table; the streams keep 14 days, and nothing older comes but by hand."""
MAKE_DAY = (
    "CREATE TABLE IF NOT EXISTS event_{name}_{day:%Y%m%d} PARTITION OF event_{name} "
    "FOR VALUES FROM ('{day}') TO ('{next}')"
)
DAYS = "SELECT relname FROM pg_class WHERE relname ~ '^event_[a-z]+_[0-9]{8}$' AND relkind = 'r'"
WRITERS = 0x6172636869766572
"""Advisory lock that every writer of the archive shares until its commit: "archiver"."""
JOURNEYS = "DELETE FROM journey WHERE last_at < :before"
ORPHANS = "DELETE FROM {table} o WHERE NOT EXISTS (SELECT FROM journey j WHERE j.correlation_id = o.correlation_id)"


async def make_days(engine: AsyncEngine, today: date) -> None:
    """Make the tables of the days around today."""
    async with _days(engine) as (connection, have):
        for offset in range(-DAYS_BEFORE, DAYS_AHEAD + 1):
            day = today + timedelta(days=offset)
            for name in CLASSES:
                if f"event_{name}_{day:%Y%m%d}" not in have:
                    await connection.execute(text(MAKE_DAY.format(name=name, day=day, next=day + timedelta(days=1))))


async def drop_days(engine: AsyncEngine, before: Mapping[str, date]) -> None:
    """Drop each class's tables of earlier days; a journey goes when nothing of it can be left."""
    async with _days(engine) as (connection, have):
        for name, first in before.items():
            for table in sorted(have):
                if table.startswith(f"event_{name}_") and table < f"event_{name}_{first:%Y%m%d}":
                    await connection.execute(text(f"DROP TABLE {table}"))
            query = text(f"DELETE FROM event_{name}_earlier WHERE day < :before")  # noqa: S608
            await connection.execute(query, {"before": first})
    first_kept = datetime.combine(min(before.values()), time(), UTC)
    async with engine.begin() as connection:
        if (await connection.execute(text(JOURNEYS), {"before": first_kept})).rowcount:
            for table in ("number", "deadline"):
                await connection.execute(text(ORPHANS.format(table=table)))


@asynccontextmanager
async def _days(engine: AsyncEngine) -> AsyncIterator[tuple[AsyncConnection, set[str]]]:
    """Give a transaction that no other process changes days beside, and the tables there are."""
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('event days', 0))"))
        yield connection, set((await connection.execute(text(DAYS))).scalars())
