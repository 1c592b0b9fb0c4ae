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
FRESH_SECONDS, OLDEST_SECONDS, PATIENCE_SECONDS = 5.0, 600.0, 2.0
REST = 10
"""A count that took long is made again only after so many times as long."""

Key = tuple[str, str]


class Sla:
    """Questions about time limits."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._figures: dict[Key, dict[str, Any]] = {}
        self._counted_at, self._fresh_until = float("-inf"), float("-inf")
        self._counting: asyncio.Task[None] | None = None

    async def figures(self) -> dict[Key, dict[str, Any]]:
        """Return figures by flow and the event a limit begins with, as of at most five seconds ago.

        Where millions are counted, a count rests for ten times what it took, and is waited for two seconds: then the
        former one is returned, unless that is older than ten minutes.
        """
        if time.monotonic() > self._fresh_until:
            counting = self._counting = self._counting or asyncio.create_task(self._count())
            is_old = time.monotonic() > self._counted_at + OLDEST_SECONDS
            done, _ = await asyncio.wait({counting}, timeout=None if is_old else PATIENCE_SECONDS)
            if done:
                counting.result()
        return self._figures

    async def count_ahead(self) -> None:
        """Count before anybody asks: then only who asks during the first count of millions waits for it."""
        await self.figures()

    async def _count(self) -> None:
        try:
            began = time.monotonic()
            now, met, missed = (await self._rows(NOW), await self._rows(MET, steps=STEPS), await self._rows(MISSED))
            self._figures = figures_of(now, met, missed)
            self._counted_at = time.monotonic()
            self._fresh_until = self._counted_at + max(FRESH_SECONDS, (self._counted_at - began) * REST)
        finally:
            self._counting = None

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
