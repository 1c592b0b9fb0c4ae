"""What must follow, and by when: kept event by event, or anew from all events of a transaction that was disturbed.

A transaction is disturbed by an event that corrects another, or pauses a flow. Its journey's row is locked by then, so
that two writers never look at it at once, and the later sees the events of both.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import chain

from sqlalchemy.ext.asyncio import AsyncSession

from canonical import Envelope
from chassis.sql import fetch

from control_tower.domain.agreed import Agreed
from control_tower.domain.filing import Deadline, Filed, file_anew
from control_tower.domain.limits import Opened

COLUMNS = "correlation_id, flow, after, order_id, opened_at, risk_at, due_at, met_at"
GIVEN = f"""
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[],
    $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[]) AS u({COLUMNS})
"""
ADD = f"""
INSERT INTO deadline AS d ({COLUMNS}, told)
SELECT u.*, CASE WHEN u.met_at <= u.due_at THEN 3 ELSE 0 END {GIVEN}
ON CONFLICT (correlation_id, flow, after) DO UPDATE SET
    order_id = COALESCE(d.order_id, excluded.order_id),
    opened_at = LEAST(d.opened_at, excluded.opened_at),
    risk_at = LEAST(d.risk_at, excluded.risk_at),
    due_at = LEAST(d.due_at, excluded.due_at),
    met_at = LEAST(d.met_at, excluded.met_at),
    told = CASE WHEN d.told < 2 AND LEAST(d.met_at, excluded.met_at) <= LEAST(d.due_at, excluded.due_at) THEN 3
        ELSE d.told END
"""
FORGET = """
UPDATE deadline SET opened_at = NULL, risk_at = NULL, due_at = NULL, met_at = NULL
WHERE correlation_id = ANY($1::text[])
"""
PUT = f"""
INSERT INTO deadline AS d ({COLUMNS}, told)
SELECT u.*, CASE WHEN u.met_at <= u.due_at THEN 3 ELSE 0 END {GIVEN}
ON CONFLICT (correlation_id, flow, after) DO UPDATE SET
    order_id = COALESCE(d.order_id, excluded.order_id),
    opened_at = excluded.opened_at, risk_at = excluded.risk_at, due_at = excluded.due_at, met_at = excluded.met_at,
    told = CASE WHEN d.told = 2 THEN 2 WHEN excluded.met_at <= excluded.due_at THEN 3 WHEN d.told = 1 THEN 1 ELSE 0 END
"""
PUT_JOURNEYS = """
UPDATE journey SET rank = u.rank, stage = u.stage, stage_at = u.stage_at, ended_at = u.ended_at
FROM unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[], $5::timestamptz[])
    AS u(correlation_id, rank, stage, stage_at, ended_at)
WHERE journey.correlation_id = u.correlation_id
"""
ALL_EVENTS = """
SELECT e.body FROM journey j JOIN event e ON e.correlation_id = j.correlation_id
    AND e.day BETWEEN (j.first_at AT TIME ZONE 'UTC')::date AND (j.last_at AT TIME ZONE 'UTC')::date
WHERE j.correlation_id = ANY($1::text[])
"""


class Deadlines:
    """The deadlines that follow from events which are kept for the first time."""

    def __init__(self, session: AsyncSession, agreed: Agreed) -> None:
        self._session, self._agreed = session, agreed

    async def add(self, filed: Filed, disturbed: Collection[str]) -> None:
        """Add what follows from new events; `disturbed` names the transactions that are looked at as a whole."""
        opened = {key: value for key, value in filed.opened.items() if key[0] not in disturbed}
        met = {key: value for key, value in filed.met.items() if key[0] not in disturbed}
        await self._write(ADD, opened, met, filed.orders)
        if disturbed:
            await self._put(sorted(disturbed))

    async def _put(self, correlations: Sequence[str]) -> None:
        rows = await fetch(self._session, ALL_EVENTS, correlations)
        filed = file_anew((Envelope.model_validate_json(row["body"]) for row in rows), self._agreed)
        await fetch(self._session, FORGET, correlations)
        await self._write(PUT, filed.opened, filed.met, filed.orders)
        journeys = [filed.journeys[key] for key in sorted(filed.journeys)]
        await fetch(
            self._session,
            PUT_JOURNEYS,
            sorted(filed.journeys),
            [journey.stage.rank if journey.stage else 0 for journey in journeys],
            [journey.stage.name if journey.stage else None for journey in journeys],
            [journey.stage_at for journey in journeys],
            [journey.ended_at for journey in journeys],
        )

    async def _write(
        self,
        statement: str,
        opened: Mapping[Deadline, Opened],
        met: Mapping[Deadline, datetime],
        orders: Mapping[str, str],
    ) -> None:
        keys: list[Deadline] = sorted(set(chain(opened, met)))
        begun = [opened.get(key) for key in keys]
        await fetch(
            self._session,
            statement,
            [key[0] for key in keys],
            [key[1] for key in keys],
            [key[2] for key in keys],
            [orders.get(key[0]) for key in keys],
            [one.at if one else None for one in begun],
            [one.risk_at if one else None for one in begun],
            [one.due_at if one else None for one in begun],
            [met.get(key) for key in keys],
        )
