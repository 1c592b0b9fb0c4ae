"""The SQL of the group commit: inbox, outbox and effect rows, each kind with one statement per batch."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.sql import fetch
from chassis.work import EffectEnd
from chassis.writer import NewEffect, OutboxRow

CLAIM = (
    "INSERT INTO inbox (source, message_id) "
    "SELECT * FROM unnest($1::text[], $2::text[]) "
    "ON CONFLICT DO NOTHING RETURNING source, message_id"
)
END_EFFECTS = (
    "UPDATE effect e SET state = v.state, error = v.error, done_at = now() FROM "
    "unnest($1::bigint[], $2::text[], $3::text[]) AS v(seq, state, error) "
    "WHERE e.seq = v.seq AND e.state = 'pending' RETURNING e.seq"
)
ADD_OUTBOX = (
    "INSERT INTO outbox (event_id, stream, subject, payload) SELECT * FROM "
    "unnest($1::text[], $2::text[], $3::text[], $4::bytea[])"
)
ADD_MISSING = (
    "INSERT INTO outbox (event_id, stream, subject, payload) SELECT u.* FROM "
    "unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) AS u(event_id, stream, subject, payload) "
    "WHERE NOT EXISTS (SELECT FROM outbox o WHERE o.event_id = u.event_id) RETURNING event_id"
)
ADD_EFFECTS = (
    "INSERT INTO effect (key, name, lane, payload, cause, priority, owner, due_at) "
    "SELECT u.key, u.name, u.lane, u.payload::jsonb, u.cause::jsonb, u.priority, $7::text, "
    "now() + make_interval(secs => CASE WHEN u.lease > 0 AND EXISTS ("  # one of another process waits in the lane
    "SELECT FROM effect b WHERE b.state = 'pending' AND b.name = u.name AND b.lane = u.lane AND b.owner < $7 UNION ALL "
    "SELECT FROM effect b WHERE b.state = 'pending' AND b.name = u.name AND b.lane = u.lane AND b.owner > $7) "
    "THEN 0 ELSE u.lease END) FROM "
    "unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float[], $8::smallint[]) "
    "WITH ORDINALITY AS u(key, name, lane, payload, cause, lease, priority, place) ORDER BY u.place "
    "ON CONFLICT (key) DO NOTHING RETURNING seq, key, due_at > now() AS leased"
)


async def claim(session: AsyncSession, keys: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Write inbox rows of (source, message id); returns those that were not there."""
    if not keys:
        return []
    rows = await fetch(session, CLAIM, [source for source, _ in keys], [message_id for _, message_id in keys])
    return [(row["source"], row["message_id"]) for row in rows]


async def end_effects(session: AsyncSession, ends: Sequence[EffectEnd]) -> list[int]:
    """End pending effects; returns the sequences of those that were pending."""
    if not ends:
        return []
    rows = await fetch(
        session, END_EFFECTS, [end.seq for end in ends], [end.state for end in ends], [end.error for end in ends]
    )
    return [row["seq"] for row in rows]


async def add_outbox(session: AsyncSession, added: Sequence[OutboxRow]) -> None:
    """Write events to be published, in their order."""
    if added:
        await fetch(session, ADD_OUTBOX, *_columns(added))


async def add_missing(session: AsyncSession, wanted: Sequence[OutboxRow]) -> list[str]:
    """Write those events the outbox never had, in their order; returns their ids."""
    if not wanted:
        return []
    return [row["event_id"] for row in await fetch(session, ADD_MISSING, *_columns(wanted))]


def _columns(rows: Sequence[OutboxRow]) -> tuple[list[str], list[str], list[str], list[bytes]]:
    return (
        [row.event_id for row in rows],
        [row.stream for row in rows],
        [row.subject for row in rows],
        [row.payload for row in rows],
    )


async def add_effects(session: AsyncSession, added: Sequence[NewEffect], owner: str) -> None:
    """Write effects to be made and note their sequences; one behind another process's in its lane gets no lease."""
    if not added:
        return
    rows = await fetch(
        session,
        ADD_EFFECTS,
        [new.key for new in added],
        [new.effect.name for new in added],
        [new.effect.lane for new in added],
        [new.effect.model_dump_json() for new in added],
        [new.cause_json for new in added],
        [new.lease for new in added],
        owner,
        [int(new.effect.is_urgent) for new in added],
    )
    found = {row["key"]: row for row in rows}
    for new in added:
        row = found.get(new.key)
        new.seq = row["seq"] if row else 0
        new.lease = new.lease if row and row["leased"] else 0.0
