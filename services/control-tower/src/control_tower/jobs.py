"""What runs on a timer: time limits judged, days kept, the audit collected, brands looked at."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import text

from chassis import Service, Temporary
from chassis.archive import Archiver

from control_tower import handlers
from control_tower.directory import Brands, Region
from control_tower.domain.audit import Entry, of_act, of_replay
from control_tower.domain.limits import Alarm, limit_of
from control_tower.records.audit import Audit
from control_tower.records.days import drop_days, make_days

GRACE = timedelta(seconds=1)
"""What is under way between a service's commit and the archive."""
AT_ONCE = 500
NEWEST = 200
SOURCES: Mapping[str, Callable[[str, Mapping[str, Any]], Entry]] = {"dead-letters/acts": of_act, "replays": of_replay}
"""Where a service tells what people did, and how that is read."""
AT_RISK, BREACHED, SILENT = 1, 2, 3

DUE = """
SELECT d.correlation_id, d.flow, d.after, d.order_id, d.risk_at, d.due_at,
    d.due_at <= :until AND (d.met_at IS NULL OR d.met_at > d.due_at) AS breached,
    d.order_id IS NULL OR COALESCE(j.ended_at <= d.due_at, false) AS silent
FROM deadline d LEFT JOIN journey j USING (correlation_id)
WHERE d.opened_at IS NOT NULL
    AND (d.told = 0 AND d.risk_at <= :until AND d.met_at IS NULL AND d.due_at IS NOT NULL
        OR d.told < 2 AND d.due_at <= :until)
ORDER BY d.due_at LIMIT :limit
"""
TELL = """
UPDATE deadline SET told = u.told
FROM unnest(CAST(:correlations AS text[]), CAST(:flows AS text[]), CAST(:afters AS text[]), CAST(:told AS int[]))
    AS u(correlation_id, flow, after, told)
WHERE deadline.correlation_id = u.correlation_id AND deadline.flow = u.flow AND deadline.after = u.after
    AND deadline.told < u.told
"""


class Monitor:
    """Judges deadlines only up to the moment to which the archive is complete, so that catching up alarms nobody."""

    def __init__(self, service: Service, archiver: Archiver) -> None:
        self._service, self._archiver = service, archiver

    async def judge(self) -> None:
        """Tell of every deadline that has come to be at risk or breached; the outbox publishes what is told."""
        until = await self._archiver.complete_until()
        while until:
            due = await self._due(until - GRACE)
            await asyncio.gather(*(self._sound(row) for row in due if _state(row) != SILENT))
            await self._note(due)
            if len(due) < AT_ONCE:
                return

    async def _due(self, until: datetime) -> Sequence[Mapping[str, Any]]:
        async with self._service.engine.connect() as connection:
            found = await connection.execute(text(DUE), {"until": until, "limit": AT_ONCE})
            return [dict(row._mapping) for row in found]

    async def _sound(self, row: Mapping[str, Any]) -> None:
        limit = limit_of(row["flow"], row["after"])
        alarm = Alarm(
            correlation_id=row["correlation_id"],
            order_id=row["order_id"],
            flow=limit.flow,
            after=limit.after,
            awaited=limit.awaited,
            due_at=row["due_at"],
            at=row["due_at"] if row["breached"] else row["risk_at"],
            breached=row["breached"],
            process_domain=limit.process_domain,
            responsible=limit.step.publisher,
        )
        number = f"{alarm.correlation_id}|{alarm.flow}|{alarm.after}|{_state(row)}"
        await self._service.accept("deadline", number, alarm, handlers.sound)

    async def _note(self, due: Sequence[Mapping[str, Any]]) -> None:
        columns = {
            "correlations": [row["correlation_id"] for row in due],
            "flows": [row["flow"] for row in due],
            "afters": [row["after"] for row in due],
            "told": [_state(row) for row in due],
        }
        async with self._service.engine.begin() as connection:
            await connection.execute(text(TELL), columns)


def _state(row: Mapping[str, Any]) -> int:
    if row["silent"]:
        return SILENT
    return BREACHED if row["breached"] else AT_RISK


class Keeper:
    """Makes the tables of the archive's days, and drops those of each class in its time."""

    def __init__(self, service: Service, days: Mapping[str, int]) -> None:
        self._service, self._days = service, days

    async def keep(self) -> None:
        """Make those of the days to come, drop those that have served their time."""
        today = self._service.clock.now().date()
        await make_days(self._service.engine, today)
        before = {name: today - timedelta(days=days) for name, days in self._days.items()}
        await drop_days(self._service.engine, before)


class Refresher:
    """Looks whether the brands' files have changed."""

    def __init__(self, brands: Brands) -> None:
        self._brands = brands

    async def refresh(self) -> None:
        """Read what changed."""
        self._brands.refresh()


class Collector:
    """Brings what people did in the services into the audit, before the services forget it."""

    def __init__(self, service: Service, region: Region) -> None:
        self._region, self._audit = region, Audit(service.engine)

    async def collect(self) -> None:
        """Ask every service for its newest acts and replays; one that does not answer is asked again later."""
        found = await asyncio.gather(*(self._of(name) for name in self._region.names))
        await self._audit.keep([entry for entries in found for entry in entries])

    async def _of(self, service: str) -> list[Entry]:
        entries: list[Entry] = []
        for path, entry_of in SOURCES.items():
            try:
                body = await self._region.ask(service, "GET", path, params={"limit": str(NEWEST)})
            except Temporary:
                return entries
            entries += [entry_of(service, one) for one in orjson.loads(body)]
        return entries
