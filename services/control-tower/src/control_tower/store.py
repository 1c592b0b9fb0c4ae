"""The archive: writing events, and what follows from them, once and in batches."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from chassis.archive import Archive, Delivered
from chassis.errors import Permanent
from chassis.sql import fetch

from control_tower.domain.classes import class_of
from control_tower.domain.filing import LATEST_AHEAD, Filed, day_of, file
from control_tower.domain.stages import NAMES
from control_tower.domain.story import tell
from control_tower.records.days import WRITERS, make_days
from control_tower.records.deadlines import Deadlines
from control_tower.records.metadata import agreements

WRITING = "SELECT pg_advisory_xact_lock_shared($1)"
ADD_EVENTS = """
INSERT INTO event (class, day, id, type, correlation_id, recorded_at, body)
SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::bytea[])
ON CONFLICT DO NOTHING RETURNING id
"""
ADD_JOURNEYS = """
INSERT INTO journey AS j (correlation_id, company, region, first_at, last_at, events, rank, stage, stage_at, ended_at,
    disturbed)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::int[],
    $7::smallint[], $8::text[], $9::timestamptz[], $10::timestamptz[], $11::boolean[])
ON CONFLICT (correlation_id) DO UPDATE SET
    first_at = LEAST(j.first_at, excluded.first_at),
    last_at = GREATEST(j.last_at, excluded.last_at),
    events = j.events + excluded.events,
    rank = GREATEST(j.rank, excluded.rank),
    stage = CASE WHEN excluded.rank > j.rank THEN excluded.stage ELSE j.stage END,
    stage_at = CASE WHEN excluded.rank > j.rank THEN excluded.stage_at ELSE j.stage_at END,
    ended_at = LEAST(j.ended_at, excluded.ended_at),
    disturbed = j.disturbed OR excluded.disturbed
RETURNING correlation_id, disturbed
"""
ADD_NUMBERS = """
INSERT INTO number (value, kind, correlation_id, seen_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
ON CONFLICT DO NOTHING
"""


class EventArchive(Archive):
    """Every event, and the journeys, numbers and deadlines that follow from those not kept before."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self._added: dict[str, Delivered] = {}

    @classmethod
    async def prepare(cls, engine: AsyncEngine) -> None:
        """Make the tables of the days around today: a day's table is there before its first event."""
        await make_days(engine, datetime.now(UTC).date())

    def add(self, delivered: Delivered) -> None:
        """Have the next `flush` keep an event.

        Raises:
            Permanent: it was recorded in the future.
        """
        envelope = delivered.envelope
        if envelope.recordedtime > datetime.now(UTC) + LATEST_AHEAD:
            when = envelope.recordedtime.isoformat()
            raise Permanent(f"recorded in the future, at {when}: a clock is wrong", remedy="fix-at-sender")
        self._added[envelope.id] = delivered

    async def flush(self) -> None:
        """Write what was added; events that are there already change nothing.

        Rows are written in the order of their keys, so that two writers never wait for each other.
        """
        added, self._added = self._added, {}
        if not added:
            return
        await fetch(self.session, WRITING, WRITERS)
        fresh = await self._add_events([added[key] for key in sorted(added)])
        agreed = await agreements(self.session)
        filed = file((added[key].envelope for key in fresh), agreed)
        disturbed = await self._add_journeys(filed)
        await self._add_numbers(filed)
        await Deadlines(self.session, agreed).add(filed, disturbed)

    async def _add_events(self, delivered: Sequence[Delivered]) -> list[str]:
        envelopes = [one.envelope for one in delivered]
        rows = await fetch(
            self.session,
            ADD_EVENTS,
            [class_of(envelope.type) for envelope in envelopes],
            [day_of(envelope) for envelope in envelopes],
            [envelope.id for envelope in envelopes],
            [envelope.type for envelope in envelopes],
            [envelope.correlationid for envelope in envelopes],
            [envelope.recordedtime for envelope in envelopes],
            [one.body for one in delivered],
        )
        return [row["id"] for row in rows]

    async def _add_journeys(self, filed: Filed) -> frozenset[str]:
        """Add to the journeys; returns those of them that are disturbed, by these events or earlier ones."""
        keys = sorted(filed.journeys)
        journeys = [filed.journeys[key] for key in keys]
        rows = await fetch(
            self.session,
            ADD_JOURNEYS,
            keys,
            [journey.company for journey in journeys],
            [journey.region for journey in journeys],
            [journey.first_at for journey in journeys],
            [journey.last_at for journey in journeys],
            [journey.events for journey in journeys],
            [journey.stage.rank if journey.stage else 0 for journey in journeys],
            [journey.stage.name if journey.stage else None for journey in journeys],
            [journey.stage_at for journey in journeys],
            [journey.ended_at for journey in journeys],
            [journey.is_disturbed for journey in journeys],
        )
        return frozenset(row["correlation_id"] for row in rows if row["disturbed"])

    async def _add_numbers(self, filed: Filed) -> None:
        keys = sorted(filed.numbers)
        values, kinds, correlations = zip(*keys, strict=True) if keys else ((), (), ())
        await fetch(self.session, ADD_NUMBERS, values, kinds, correlations, [filed.numbers[key] for key in keys])


SEARCH = """
WITH hit AS (
    (SELECT value, kind, correlation_id, seen_at, 0 AS place FROM number WHERE value = :wanted
        ORDER BY seen_at DESC LIMIT :limit)
    UNION ALL
    (SELECT value, kind, correlation_id, seen_at, 1 FROM number
        WHERE value > :wanted AND value < :behind ORDER BY value, kind, correlation_id LIMIT :limit)
)
SELECT hit.value, hit.kind, j.correlation_id, j.stage, j.stage_at, j.first_at, j.last_at, j.events, j.company, j.region
FROM hit JOIN journey j USING (correlation_id) ORDER BY place, hit.value, hit.seen_at DESC LIMIT :limit
"""
STAGES = "SELECT stage, sum(journeys)::bigint AS journeys FROM stage_count GROUP BY stage"
JOURNEY = "SELECT correlation_id, stage, stage_at, first_at, last_at, events, company, region FROM journey "
STORY = """
SELECT body FROM event WHERE correlation_id = :correlation_id AND day BETWEEN :first AND :last
ORDER BY recorded_at, seq LIMIT :limit
"""
DEADLINES = """
SELECT flow, after, order_id, correlation_id, opened_at, risk_at, due_at, met_at, told FROM deadline
WHERE opened_at IS NOT NULL AND correlation_id = :correlation_id ORDER BY due_at
"""
LATE = """
SELECT d.flow, d.after, d.order_id, d.correlation_id, d.opened_at, d.risk_at, d.due_at, d.met_at, d.told
FROM deadline d JOIN journey j USING (correlation_id)
WHERE d.opened_at IS NOT NULL AND d.told < 3 AND d.met_at IS NULL AND d.risk_at < now() AND d.due_at IS NOT NULL
    AND j.ended_at IS NULL
ORDER BY d.due_at LIMIT :limit
"""
PER_MINUTE = """
SELECT type, count(*) AS events FROM event
WHERE day >= current_date - 1 AND recorded_at > now() - interval '60 seconds' GROUP BY type
"""
HIGHEST = "\U0010ffff"
STORY_LIMIT = 5_000


class Library:
    """Questions about what is kept."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def search(self, wanted: str, limit: int) -> list[dict[str, Any]]:
        """Return the journeys that carry a number, or one that begins so; the exact one first, the newest first."""
        return await self._rows(SEARCH, wanted=wanted, behind=wanted + HIGHEST, limit=limit)

    async def stages(self) -> dict[str, int]:
        """Return how many journeys are at each stage."""
        found = {row["stage"]: row["journeys"] for row in await self._rows(STAGES)}
        return {name: found.get(name, 0) for name in NAMES}

    async def journey(self, correlation_id: str) -> dict[str, Any] | None:
        """Return a journey with its story and deadlines; None when nothing is known of it."""
        rows = await self._rows(f"{JOURNEY} WHERE correlation_id = :correlation_id", correlation_id=correlation_id)
        if not rows:
            return None
        first, last = (rows[0][name].astimezone(UTC).date() for name in ("first_at", "last_at"))
        bodies = await self._rows(STORY, correlation_id=correlation_id, first=first, last=last, limit=STORY_LIMIT)
        story = tell([from_json(row["body"]) for row in bodies])
        return {**rows[0], "story": story, "deadlines": await self._rows(DEADLINES, correlation_id=correlation_id)}

    async def per_minute(self) -> dict[str, int]:
        """Return how many events of each type were recorded in the last minute."""
        return {row["type"]: row["events"] for row in await self._rows(PER_MINUTE)}

    async def kept(self) -> int:
        """Return the number of the latest event kept; it only grows."""
        return int((await self._rows("SELECT last_value FROM event_seq"))[0]["last_value"])

    async def late(self, limit: int) -> list[dict[str, Any]]:
        """Return open deadlines at risk or past, the earliest due first."""
        return await self._rows(LATE, limit=limit)

    async def _rows(self, query: str, **parameters: Any) -> list[dict[str, Any]]:  # noqa: ANN401  any SQL value
        async with self._engine.connect() as connection:
            return [dict(row._mapping) for row in await connection.execute(text(query), parameters)]
