"""How the time limits stand: all of them in figures, and those of one transaction."""

import asyncio
import time
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from canonical import Envelope

from control_tower.domain.board import STEPS, figures_of

NOW = """
SELECT d.flow, d.after, count(*) AS awaited,
    count(*) FILTER (WHERE d.due_at IS NULL) AS held,
    count(*) FILTER (WHERE d.risk_at <= now() AND d.due_at > now()) AS at_risk,
    count(*) FILTER (WHERE d.due_at <= now()) AS breached
FROM deadline d JOIN journey j USING (correlation_id)
WHERE d.opened_at IS NOT NULL AND d.met_at IS NULL AND j.ended_at IS NULL GROUP BY d.flow, d.after
"""
MET = """
SELECT flow, after, met_at > now() - interval '1 day' AS today,
    floor(ln(greatest(extract(epoch FROM met_at - opened_at), 0.001)) * :steps)::int AS step,
    count(*) AS met, count(*) FILTER (WHERE due_at IS NULL OR met_at <= due_at) AS in_time
FROM deadline WHERE opened_at IS NOT NULL AND met_at > now() - interval '7 days' GROUP BY 1, 2, 3, 4
"""
MISSED = """
SELECT d.flow, d.after, d.due_at > now() - interval '1 day' AS today, count(*) AS missed
FROM deadline d JOIN journey j USING (correlation_id)
WHERE d.opened_at IS NOT NULL AND d.met_at IS NULL AND d.due_at <= now()
    AND d.due_at > now() - interval '7 days' AND (j.ended_at IS NULL OR j.ended_at > d.due_at) GROUP BY 1, 2, 3
"""
DEADLINES = """
SELECT correlation_id, flow, after, opened_at, risk_at, due_at, met_at FROM deadline
WHERE opened_at IS NOT NULL AND correlation_id = :correlation_id
"""
JOURNEY = "SELECT correlation_id, stage, ended_at FROM journey WHERE correlation_id = :correlation_id"
EVENTS = """
SELECT e.body FROM journey j JOIN event e ON e.correlation_id = j.correlation_id
    AND e.day BETWEEN (j.first_at AT TIME ZONE 'UTC')::date AND (j.last_at AT TIME ZONE 'UTC')::date
WHERE j.correlation_id = :correlation_id ORDER BY e.recorded_at LIMIT 5000
"""
FRESH_SECONDS = 5.0
REST = 10
"""A count that took long is made again only after so many times as long."""

Key = tuple[str, str]


class Sla:
    """Questions about time limits."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._figures: dict[Key, dict[str, Any]] | None = None
        self._stale_at = float("-inf")
        self._counting: asyncio.Task[None] | None = None

    async def figures(self) -> dict[Key, dict[str, Any]]:
        """Return figures by flow and the event a limit begins with.

        They are those of the last count, and a new one is begun when that is older than five seconds or, where millions
        are counted, than ten times what it took. Only the first is waited for.
        """
        if self._counting is None and time.monotonic() > self._stale_at:
            self._counting = asyncio.create_task(self._count())
        counting = self._counting
        if counting and (self._figures is None or counting.done()):
            try:
                await asyncio.shield(counting)
            finally:
                self._counting = None if counting.done() else counting
        return self._figures or {}

    async def _count(self) -> None:
        began = time.monotonic()
        now, met, missed = (
            await self._rows(NOW),
            await self._rows(MET, steps=STEPS),
            await self._rows(MISSED),
        )
        self._figures = figures_of(now, met, missed)
        ended = time.monotonic()
        self._stale_at = ended + max(FRESH_SECONDS, (ended - began) * REST)

    async def transaction(
        self, correlation_id: str
    ) -> tuple[dict[str, Any], list[dict[str, Any]], list[Envelope]] | None:
        """Return a journey, its deadlines and its events; None when it is not known."""
        journeys = await self._rows(JOURNEY, correlation_id=correlation_id)
        if not journeys:
            return None
        rows = await self._rows(EVENTS, correlation_id=correlation_id)
        events = [Envelope.model_validate_json(row["body"]) for row in rows]
        return journeys[0], await self._rows(DEADLINES, correlation_id=correlation_id), events

    async def _rows(self, query: str, **values: Any) -> list[dict[str, Any]]:  # noqa: ANN401  any SQL value
        async with self._engine.connect() as connection:
            return [dict(row._mapping) for row in await connection.execute(text(query), values)]
