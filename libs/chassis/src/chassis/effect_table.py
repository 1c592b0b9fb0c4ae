"""The pending effects of one kind in the database, and which of them a process takes into memory next.

Whatever is taken, a lane's effects are taken in their order: an effect comes only with all pending ones before it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

LEASE_SECONDS = 15.0
FRESH_SECONDS = 15.0
FRESH_ROOM = 500
URGENT_ROOM = 1_000

MINE = "mine AS MATERIALIZED (SELECT unnest(CAST(:held AS bigint[])) AS seq)"
PENDING = "state = 'pending' AND name = :name"


def _load(lanes: str = "") -> TextClause:
    """Return the statement that takes the oldest free effects, of some lanes; it passes over what others lease."""
    return text(
        f"WITH {MINE}, elsewhere AS MATERIALIZED (SELECT lane, min(seq) AS seq FROM effect e WHERE {PENDING} "  # noqa: S608
        "AND due_at > now() AND NOT EXISTS (SELECT FROM mine WHERE mine.seq = e.seq) GROUP BY lane) "
        "UPDATE effect SET due_at = now() + make_interval(secs => CAST(:lease AS float)), owner = :owner "
        f"WHERE seq = ANY(ARRAY(SELECT seq FROM effect e WHERE {PENDING} AND due_at <= now() "
        "AND NOT EXISTS (SELECT FROM mine WHERE mine.seq = e.seq) "
        "AND NOT EXISTS (SELECT FROM elsewhere o WHERE o.lane = e.lane AND o.seq <= e.seq) "
        f"{lanes} ORDER BY seq LIMIT :limit FOR UPDATE OF e SKIP LOCKED)) "
        "RETURNING seq, key, payload, cause, attempts, created_at"
    )


OLDEST = _load()
URGENT = _load(
    f"AND lane = ANY(ARRAY(SELECT lane FROM effect WHERE {PENDING} AND priority > 0 AND due_at <= now()))"  # noqa: S608
)
FRESH = _load(
    "AND lane = ANY(ARRAY(SELECT lane FROM (SELECT lane, min(seq) AS first, min(created_at) AS at FROM "  # noqa: S608
    f"(SELECT lane, seq, created_at FROM effect WHERE {PENDING} AND due_at <= now() ORDER BY seq DESC "
    f"LIMIT {FRESH_ROOM}) AS newest GROUP BY lane) AS n WHERE at > now() - make_interval(secs => {FRESH_SECONDS}) "
    f"AND NOT EXISTS (SELECT FROM effect b WHERE {PENDING} AND b.lane = n.lane AND b.seq < n.first)))"
)
LOADER = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 1))")
DUE = text(
    f"WITH {MINE} SELECT EXISTS (SELECT FROM effect e WHERE {PENDING} AND due_at <= now() "  # noqa: S608
    "AND NOT EXISTS (SELECT FROM mine WHERE mine.seq = e.seq))"
)
COUNT = text(
    "SELECT count(*) FROM (SELECT FROM effect WHERE state = 'pending' AND name = :name LIMIT :limit) AS waiting"
)
RENEW = text(
    "UPDATE effect SET due_at = now() + make_interval(secs => CAST(:lease AS float)) "
    "WHERE seq = ANY(ARRAY(SELECT seq FROM effect WHERE seq = ANY(CAST(:held AS bigint[])) AND state = 'pending' "
    "FOR UPDATE SKIP LOCKED))"  # what the committer is ending needs no lease, and is not waited for
)
RECLAIM = text(f"UPDATE effect SET due_at = now() WHERE {PENDING} AND owner = :owner AND due_at > now()")  # noqa: S608
NOTE = text("UPDATE effect SET attempts = :attempts, error = :error WHERE seq = :seq")


@dataclass(frozen=True, slots=True)
class Found:
    """What was taken, in the order of the table, and whether more waits there."""

    rows: Sequence[Row[Any]]
    is_more: bool


class EffectTable:
    """The effects of one kind, as one process sees them."""

    def __init__(self, engine: AsyncEngine, name: str, owner: str) -> None:
        self._engine, self._name, self._owner = engine, name, owner

    async def load(self, held: Collection[int], *, room: int, is_backlog: bool) -> Found | None:
        """Take what waits, at most `room` of the oldest; None when another process is at it.

        In a backlog urgent lanes and fresh ones have room of their own besides.
        """
        async with self._engine.begin() as connection:
            if not (await connection.execute(LOADER, {"name": self._name})).scalar_one():
                return None
            rows: list[Row[Any]] = []
            if is_backlog:
                rows += await self._take(connection, URGENT, held, room + FRESH_ROOM + URGENT_ROOM)
                rows += await self._take(connection, FRESH, [*held, *_seqs(rows)], room + FRESH_ROOM)
            rows += await self._take(connection, OLDEST, [*held, *_seqs(rows)], room)
            taken = {"name": self._name, "held": [*held, *_seqs(rows)]}
            is_more = bool(rows) or bool((await connection.execute(DUE, taken)).scalar_one())
        return Found(sorted(rows, key=lambda row: int(row.seq)), is_more)

    async def _take(
        self, connection: AsyncConnection, statement: TextClause, held: Collection[int], room: int
    ) -> Sequence[Row[Any]]:
        if room <= 0:
            return ()
        wanted = {"lease": LEASE_SECONDS, "owner": self._owner, "name": self._name, "limit": room, "held": list(held)}
        return (await connection.execute(statement, wanted)).all()

    async def count(self, limit: int) -> int:
        """Return how many effects wait, counted no further than the limit."""
        async with self._engine.connect() as connection:
            return int((await connection.execute(COUNT, {"name": self._name, "limit": limit})).scalar_one())

    async def renew(self, held: Collection[int]) -> None:
        """Keep the lease of what is in memory."""
        async with self._engine.begin() as connection:
            await connection.execute(RENEW, {"lease": LEASE_SECONDS, "held": list(held)})

    async def reclaim(self) -> None:
        """Give up the lease of what is this process's, or was a former life's."""
        async with self._engine.begin() as connection:
            await connection.execute(RECLAIM, {"name": self._name, "owner": self._owner})


def _seqs(rows: Sequence[Row[Any]]) -> list[int]:
    return [row.seq for row in rows]
