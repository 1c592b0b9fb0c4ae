"""The SQL of durability: what each stream acknowledged to this service, and which of it the stream lost.

A row's `stream_seq` is where the stream said it keeps the event. `stream_mark` holds the highest of them per stream,
raised in the transaction that marks rows as published, so that a stream which starts to give out old sequences again
is suspected by the same commit that learns of it.
"""

from collections.abc import AsyncGenerator, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from chassis.sql import DRIVER, Row, fetch, transaction

PUBLISHED = (
    "WITH v AS (SELECT * FROM unnest($2::bigint[], $3::bigint[]) AS v(seq, stream_seq)), "
    "done AS (UPDATE outbox o SET published_at = now(), stream_seq = v.stream_seq, lost_at = NULL, in_gap = NULL "
    "FROM v WHERE o.seq = v.seq RETURNING o.stream_seq, o.event_id), "
    "ends AS (SELECT min(stream_seq) AS low, max(stream_seq) AS high, "
    "(array_agg(event_id ORDER BY stream_seq DESC))[1] AS id FROM done) "
    "INSERT INTO stream_mark AS m (stream, highest, highest_id) SELECT $1, high, id FROM ends "
    "ON CONFLICT (stream) DO UPDATE SET "
    "highest = GREATEST(m.highest, excluded.highest), "
    "highest_id = CASE WHEN excluded.highest > m.highest THEN excluded.highest_id ELSE m.highest_id END, "
    "suspect_from = CASE WHEN (SELECT low FROM ends) <= m.highest "
    "THEN LEAST(m.suspect_from, (SELECT low FROM ends)) ELSE m.suspect_from END, "
    "suspected_at = CASE WHEN (SELECT low FROM ends) <= m.highest "
    "THEN COALESCE(m.suspected_at, now()) ELSE m.suspected_at END "
    "RETURNING suspect_from"
)
SUSPECT = (
    "UPDATE stream_mark SET suspect_from = LEAST(suspect_from, $2), suspected_at = COALESCE(suspected_at, now()) "
    "WHERE stream = $1"
)
MARKS = "SELECT stream, highest, highest_id, suspect_from, suspected_at FROM stream_mark ORDER BY stream"
COLUMNS = "SELECT seq, event_id, stream, stream_seq, published_at FROM outbox "
HELD = "published_at IS NOT NULL AND lost_at IS NULL AND published_at > now() - make_interval(secs => $2::float) "
DOWNWARDS = f"{COLUMNS} WHERE stream = $1 AND {HELD} ORDER BY stream_seq DESC"
AT = f"{COLUMNS} WHERE stream = $1 AND {HELD} AND stream_seq = ANY($3::bigint[])"
NEXT = f"{COLUMNS} WHERE seq > $1 AND {HELD} ORDER BY seq LIMIT $3"
LOSE = (
    "UPDATE outbox o SET lost_at = now(), in_gap = v.in_gap "
    "FROM unnest($1::bigint[], $2::bigint[], $3::boolean[]) AS v(seq, stream_seq, in_gap) "
    "WHERE o.seq = v.seq AND o.stream_seq = v.stream_seq AND o.published_at IS NOT NULL AND o.lost_at IS NULL"
)
LOCK = "SELECT suspect_from FROM stream_mark WHERE stream = $1 FOR UPDATE"
SETTLE = (
    "UPDATE stream_mark m SET suspect_from = NULL, suspected_at = NULL, highest = COALESCE(top.stream_seq, 0), "
    "highest_id = COALESCE(top.event_id, '') FROM (VALUES (1)) AS one LEFT JOIN LATERAL "
    "(SELECT stream_seq, event_id FROM outbox WHERE stream = $1 AND published_at IS NOT NULL AND lost_at IS NULL "
    "ORDER BY stream_seq DESC LIMIT 1) AS top ON true WHERE m.stream = $1"
)
LOST = (
    "SELECT stream, count(*) AS count, min(stream_seq) AS first, max(stream_seq) AS last, min(lost_at) AS since, "
    "min(stream_seq) FILTER (WHERE NOT in_gap) AS reused_from, "
    "(array_agg(event_id ORDER BY stream_seq))[1:$1] AS event_ids "
    "FROM outbox WHERE lost_at IS NOT NULL GROUP BY stream"
)
WAITING = "SELECT stream, count(*) AS count FROM outbox WHERE published_at IS NULL GROUP BY stream"
REPUBLISH = (
    "WITH again AS (UPDATE outbox SET published_at = NULL, stream_seq = NULL, lost_at = NULL, in_gap = NULL "
    "WHERE lost_at IS NOT NULL RETURNING stream) SELECT stream, count(*) AS count FROM again GROUP BY stream"
)


async def published(session: AsyncSession, stream: str, rows: Sequence[Row], sequences: Sequence[int]) -> bool:
    """Note where a stream keeps rows; returns whether it is suspected of having lost its tail."""
    found = await fetch(session, PUBLISHED, stream, [row["seq"] for row in rows], sequences)
    return found[0]["suspect_from"] is not None


async def downwards(engine: AsyncEngine, stream: str, age: float, size: int) -> AsyncGenerator[Sequence[Row], None]:
    """Yield the published rows of a stream younger than `age` seconds, the highest sequence first."""
    async with transaction(engine) as session:
        cursor = await session.info[DRIVER].cursor(DOWNWARDS, stream, age)
        while rows := await cursor.fetch(size):
            yield rows


async def query(engine: AsyncEngine, statement: str, *values: object) -> Sequence[Row]:
    """Run one statement in a transaction of its own and return its rows."""
    async with transaction(engine) as session:
        return await fetch(session, statement, *values)


async def lose(engine: AsyncEngine, rows: Sequence[Row], in_gap: Sequence[bool]) -> None:
    """Note that the stream does not hold these rows; one published again in the meantime is left alone.

    `in_gap` says of each row whether its sequence is a hole, which no other message will ever fill.
    """
    if rows:
        await query(engine, LOSE, [row["seq"] for row in rows], [row["stream_seq"] for row in rows], in_gap)


async def settle(engine: AsyncEngine, stream: str, suspect_from: int) -> None:
    """End a suspicion that was looked into; one that grew meanwhile stays."""
    async with transaction(engine) as session:
        (found,) = await fetch(session, LOCK, stream)
        if found["suspect_from"] == suspect_from:
            await fetch(session, SETTLE, stream)
