"""The SQL of the group commit: inbox, outbox and effect rows, each kind with one statement per batch."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.work import EffectEnd
from chassis.writer import NewEffect, OutboxRow

CLAIM = text(
    "INSERT INTO inbox (source, message_id) "
    "SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) "
    "ON CONFLICT DO NOTHING RETURNING source, message_id"
)
END_EFFECTS = text(
    "UPDATE effect e SET state = v.state, error = v.error, done_at = now() FROM "
    "unnest(CAST(:seqs AS bigint[]), CAST(:states AS text[]), CAST(:errors AS text[])) AS v(seq, state, error) "
    "WHERE e.seq = v.seq AND e.state = 'pending' RETURNING e.seq"
)
ADD_OUTBOX = text(
    "INSERT INTO outbox (event_id, stream, subject, payload) SELECT * FROM "
    "unnest(CAST(:ids AS text[]), CAST(:streams AS text[]), CAST(:subjects AS text[]), CAST(:payloads AS bytea[]))"
)
ADD_EFFECTS = text(
    "INSERT INTO effect (key, name, lane, payload, cause, owner, due_at) "
    "SELECT u.key, u.name, u.lane, CAST(u.payload AS jsonb), CAST(u.cause AS jsonb), CAST(:owner AS text), "
    "now() + make_interval(secs => u.lease) FROM "
    "unnest(CAST(:keys AS text[]), CAST(:names AS text[]), CAST(:lanes AS text[]), CAST(:payloads AS text[]), "
    "CAST(:causes AS text[]), CAST(:leases AS float[])) "
    "WITH ORDINALITY AS u(key, name, lane, payload, cause, lease, place) ORDER BY u.place "
    "ON CONFLICT (key) DO NOTHING RETURNING seq, key"
)


async def claim(session: AsyncSession, keys: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Write inbox rows of (source, message id); returns those that were not there."""
    if not keys:
        return []
    parameters = {"sources": [source for source, _ in keys], "ids": [message_id for _, message_id in keys]}
    return [(row.source, row.message_id) for row in await session.execute(CLAIM, parameters)]


async def end_effects(session: AsyncSession, ends: Sequence[EffectEnd]) -> list[int]:
    """End pending effects; returns the sequences of those that were pending."""
    if not ends:
        return []
    parameters = {
        "seqs": [end.seq for end in ends],
        "states": [end.state for end in ends],
        "errors": [end.error for end in ends],
    }
    return [row.seq for row in await session.execute(END_EFFECTS, parameters)]


async def add_outbox(session: AsyncSession, added: Sequence[OutboxRow]) -> None:
    """Write events to be published, in their order."""
    if not added:
        return
    parameters = {
        "ids": [row.event_id for row in added],
        "streams": [row.stream for row in added],
        "subjects": [row.subject for row in added],
        "payloads": [row.payload for row in added],
    }
    await session.execute(ADD_OUTBOX, parameters)


async def add_effects(session: AsyncSession, added: Sequence[NewEffect], owner: str) -> None:
    """Write effects to be made and note their sequences."""
    if not added:
        return
    parameters = {
        "keys": [new.key for new in added],
        "names": [new.effect.name for new in added],
        "lanes": [new.effect.lane for new in added],
        "payloads": [new.effect.model_dump_json() for new in added],
        "causes": [new.cause_json for new in added],
        "leases": [new.lease for new in added],
        "owner": owner,
    }
    found = {row.key: row.seq for row in await session.execute(ADD_EFFECTS, parameters)}
    for new in added:
        new.seq = found.get(new.key, 0)
