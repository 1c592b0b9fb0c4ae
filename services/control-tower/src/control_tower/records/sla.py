"""How the time limits stand: all of them in figures, and those of one transaction."""

import asyncio
import time
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from canonical import Envelope

NOW = """
SELECT d.flow, d.after, count(*) AS awaited,
    count(*) FILTER (WHERE d.due_at IS NULL) AS held,
    count(*) FILTER (WHERE d.risk_at <= now() AND d.due_at > now()) AS at_risk,
    count(*) FILTER (WHERE d.due_at <= now()) AS breached
FROM deadline d JOIN journey j USING (correlation_id)
WHERE d.opened_at IS NOT NULL AND d.met_at IS NULL AND j.ended_at IS NULL GROUP BY d.flow, d.after
"""
LATELY = """
SELECT flow, after, count(*) AS met, count(*) FILTER (WHERE due_at IS NULL OR met_at <= due_at) AS in_time,
    percentile_cont(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM met_at - opened_at)) AS seconds
FROM deadline WHERE opened_at IS NOT NULL AND met_at > now() - make_interval(hours => :hours) GROUP BY flow, after
"""
MISSED = """
SELECT d.flow, d.after, count(*) AS missed FROM deadline d JOIN journey j USING (correlation_id)
WHERE d.opened_at IS NOT NULL AND d.met_at IS NULL AND d.due_at <= now()
    AND d.due_at > now() - make_interval(hours => :hours) AND (j.ended_at IS NULL OR j.ended_at > d.due_at)
GROUP BY d.flow, d.after
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
WINDOWS = {"day": 24, "week": 168}
FRESH_SECONDS = 5.0

Key = tuple[str, str]


class Sla:
    """Questions about time limits."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._lock = asyncio.Lock()
        self._counted: tuple[float, dict[Key, dict[str, Any]]] = (float("-inf"), {})

    async def figures(self) -> dict[Key, dict[str, Any]]:
        """Return figures by flow and the event a limit begins with, as of at most five seconds ago."""
        async with self._lock:
            if time.monotonic() - self._counted[0] > FRESH_SECONDS:
                self._counted = time.monotonic(), await self._count()
            return self._counted[1]

    async def _count(self) -> dict[Key, dict[str, Any]]:
        found: dict[Key, dict[str, Any]] = {}
        for row in await self._rows(NOW):
            found.setdefault((row["flow"], row["after"]), {}).update(row)
        for window, hours in WINDOWS.items():
            for query in (LATELY, MISSED):
                for row in await self._rows(query, hours=hours):
                    found.setdefault((row["flow"], row["after"]), {}).setdefault(window, {}).update(row)
        return found

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
