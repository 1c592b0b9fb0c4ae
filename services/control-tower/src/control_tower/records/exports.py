"""What was exported, in the database: each range is written down before its files are made, and closed after."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from control_tower.domain.lake import Range, next_range
from control_tower.records.days import WRITERS

BEGIN = "INSERT INTO export (id, folder, personal_data) VALUES (:id, :folder, :personal_data) ON CONFLICT DO NOTHING"
PLAN = "INSERT INTO export_range (export_id, first_seq, last_seq) VALUES (:id, :first, :last)"
OPEN = "SELECT first_seq, last_seq FROM export_range WHERE export_id = :id AND done_at IS NULL"
LAST = "SELECT COALESCE(max(last_seq), 0) AS last_seq FROM export_range WHERE export_id = :id"
CLOSE = (
    "UPDATE export_range SET done_at = now(), rows = :rows, files = CAST(:files AS jsonb) "
    "WHERE export_id = :id AND first_seq = :first"
)
STATUS = """
SELECT e.id, e.folder, e.personal_data, e.created_at, COALESCE(max(r.last_seq) FILTER (WHERE r.done_at IS NOT NULL), 0)
    AS exported_to, (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM event_seq) AS archived_to,
    COALESCE(sum(r.rows), 0)::bigint AS events, COALESCE(sum(jsonb_array_length(r.files)), 0)::bigint AS files,
    count(*) FILTER (WHERE r.first_seq IS NOT NULL AND r.done_at IS NULL) AS open, max(r.done_at) AS last_at
FROM export e LEFT JOIN export_range r ON r.export_id = e.id GROUP BY e.id ORDER BY e.created_at DESC
"""
SEQUENCE = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last_value FROM event_seq"
HOLDERS = """
SELECT virtualtransaction FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (classid::bigint << 32) + objid::bigint = :key
"""
EVENTS = """
SELECT seq, day, body FROM event WHERE seq > :after AND seq <= :last ORDER BY seq LIMIT :limit
"""


class Book:
    """The exports of one archive."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def begin(self, export_id: str, folder: str, *, personal_data: bool) -> None:
        """Write down an export, once."""
        await self._do(BEGIN, id=export_id, folder=folder, personal_data=personal_data)

    async def planned_to(self, export_id: str) -> int:
        """Return the last number of all ranges, done or not; 0 before the first."""
        return int((await self._rows(LAST, id=export_id))[0]["last_seq"])

    async def settled_to(self) -> tuple[int, frozenset[str]]:
        """Return the last number drawn, and the writers that may still have one up to it to commit.

        Every writer shares the lock before it draws, so whoever does not hold it now draws a later number.
        """
        last = int((await self._rows(SEQUENCE))[0]["last_value"])
        return last, await self.writers()

    async def writers(self) -> frozenset[str]:
        """Return the writers in the middle of a transaction."""
        return frozenset(row["virtualtransaction"] for row in await self._rows(HOLDERS, key=WRITERS))

    async def next(self, export_id: str, settled: int, most: int) -> Range | None:
        """Return the range that was begun and not ended, else a new one, written down; None when nothing is new."""
        if left := await self._rows(OPEN, id=export_id):
            return Range(left[0]["first_seq"], left[0]["last_seq"])
        cut = next_range(await self.planned_to(export_id), settled, most)
        if cut:
            await self._do(PLAN, id=export_id, first=cut.first, last=cut.last)
        return cut

    async def close(self, export_id: str, cut: Range, files: Sequence[Mapping[str, Any]]) -> None:
        """Write down that a range is exported."""
        rows = sum(int(one["rows"]) for one in files)
        await self._do(CLOSE, id=export_id, first=cut.first, rows=rows, files=orjson.dumps(files).decode())

    async def events(self, after: int, last: int, limit: int) -> list[dict[str, Any]]:
        """Return events by their numbers."""
        return await self._rows(EVENTS, after=after, last=last, limit=limit)

    async def status(self) -> list[dict[str, Any]]:
        """Return every export and how far it is."""
        return await self._rows(STATUS)

    @asynccontextmanager
    async def alone(self, export_id: str) -> AsyncIterator[bool]:
        """Say whether no other process works on this export; none can begin meanwhile."""
        key = {"name": f"export {export_id}"}
        async with self._engine.connect() as connection:
            query = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
            is_alone = bool((await connection.execute(query, key)).scalar_one())
            await connection.commit()
            try:
                yield is_alone
            finally:
                if is_alone:
                    await connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), key)

    async def _rows(self, query: str, **parameters: Any) -> list[dict[str, Any]]:  # noqa: ANN401  any SQL value
        async with self._engine.connect() as connection:
            return [dict(row._mapping) for row in await connection.execute(text(query), parameters)]

    async def _do(self, statement: str, **parameters: Any) -> None:  # noqa: ANN401  any SQL value
        async with self._engine.begin() as connection:
            await connection.execute(text(statement), parameters)
