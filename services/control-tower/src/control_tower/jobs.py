"""What runs on a timer: time limits judged, days kept, brands, the registry, the mirror, the audit collected."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import text

from canonical import EVENTS
from canonical.catalogue import schema_of
from canonical.contracts import Contract, parse
from canonical.metadata import Document, SchemaEntry
from chassis import Rejected, Service, Temporary
from chassis.archive import Archiver
from chassis.metadata import Bucket

from control_tower import handlers
from control_tower.directory import Brands, Region, Regions
from control_tower.domain.audit import Entry, of_act, of_change, of_desk, of_replay
from control_tower.domain.catalogue import hearing
from control_tower.domain.limits import Alarm, limit_of
from control_tower.domain.metadata import Change, consumers_of, entry_of
from control_tower.records.audit import Audit
from control_tower.records.days import drop_days, make_days
from control_tower.records.metadata import MetadataStore, Records

log = logging.getLogger(__name__)

GRACE = timedelta(seconds=1)
"""What is under way between a service's commit and the archive."""
AT_ONCE = 1_000
TOWER = "control-tower"
NEWEST = 200
SOURCES: Mapping[str, Callable[[str, Mapping[str, Any]], Entry]] = {
    "dead-letters/acts": of_act,
    "dead-letters/changes": of_change,
    "replays": of_replay,
}
"""Where every service tells what people did, and how that is read."""
DESK = {"carrier-gateway": {"carriers/acts": of_desk}}
"""Where one service tells more."""
AT_RISK, BREACHED, SILENT = 1, 2, 3

DUE = """
WITH due AS (
    SELECT r.until, d.* FROM unnest(CAST(:regions AS text[]), CAST(:untils AS timestamptz[])) AS r(region, until)
    CROSS JOIN LATERAL (
        (SELECT d.* FROM deadline d JOIN journey j USING (correlation_id) WHERE j.region = r.region
            AND opened_at IS NOT NULL AND told = 0 AND risk_at <= r.until AND met_at IS NULL AND due_at IS NOT NULL
            ORDER BY risk_at LIMIT :limit)
        UNION
        (SELECT d.* FROM deadline d JOIN journey j USING (correlation_id) WHERE j.region = r.region
            AND opened_at IS NOT NULL AND told < 2 AND due_at <= r.until ORDER BY due_at LIMIT :limit)
    ) AS d
)
SELECT d.correlation_id, d.flow, d.after, d.order_id, d.risk_at, d.due_at,
    d.due_at <= d.until AND (d.met_at IS NULL OR d.met_at > d.due_at) AS breached,
    d.order_id IS NULL OR COALESCE(j.ended_at <= d.due_at, false) AS silent
FROM due d JOIN journey j USING (correlation_id) ORDER BY d.due_at LIMIT :limit
"""
TELL = """
UPDATE deadline SET told = u.told
FROM unnest(CAST(:correlations AS text[]), CAST(:flows AS text[]), CAST(:afters AS text[]), CAST(:told AS int[]))
    AS u(correlation_id, flow, after, told)
WHERE deadline.correlation_id = u.correlation_id AND deadline.flow = u.flow AND deadline.after = u.after
    AND deadline.told < u.told
"""


class Monitor:
    """Judges deadlines only up to the moment to which a region's events are complete.

    So catching up alarms nobody, nor does a region whose link is cut.
    """

    def __init__(self, service: Service, archiver: Archiver) -> None:
        self._service, self._archiver = service, archiver

    async def judge(self) -> None:
        """Tell of every deadline that has come to be at risk or breached; the outbox publishes what is told."""
        known = await self._archiver.completeness()
        until = {region: one.until - GRACE for region, one in known.items() if one.until}
        while until:
            due = await self._due(until)
            await asyncio.gather(*(self._sound(row) for row in due if _state(row) != SILENT))
            await self._note(due)
            if len(due) < AT_ONCE:
                return

    async def _due(self, until: Mapping[str, datetime]) -> Sequence[Mapping[str, Any]]:
        limits = {"regions": list(until), "untils": list(until.values()), "limit": AT_ONCE}
        async with self._service.engine.connect() as connection:
            found = await connection.execute(text(DUE), limits)
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


class Registrar:
    """Registers the events of the tower's own catalogue, with their owners and who reads them."""

    def __init__(self, service: Service, contracts_dir: Path) -> None:
        self._service, self._folder = service, contracts_dir
        self._records = Records(service.engine)

    async def register(self) -> None:
        """Bring every event's entry up to date; what is so already changes nothing, a break is refused and told."""
        contracts, past = self._contracts(), await self._records.schemas()
        known = {document.name: document for document in await self._records.current(SchemaEntry.kind)}
        wishes: list[Change] = []
        for event_type, event in sorted(EVENTS.items()):
            document, entries = known.get(event_type), past.get(event_type, [])
            before = entries[-1].consumers if entries else ()
            consumers = consumers_of(event_type, hearing(event_type), contracts, before, self._service.clock.now())
            entry = entry_of(event_type, schema_of(event), event.owner, entries, consumers)
            if isinstance(entry, str):
                log.error("schema_refused", extra={"event": event_type, "error": entry})
                continue
            body = entry.model_dump(mode="json")
            if document is None or document.body != body:
                wishes.append(_wish(event_type, body, document))
        await asyncio.gather(*(make(self._service, wish) for wish in wishes))

    def _contracts(self) -> dict[str, Contract]:
        found = [parse(file.read_text(encoding="utf-8")) for file in sorted(self._folder.glob("*/contract.yaml"))]
        return {contract.service: contract for contract in found}


def _wish(event_type: str, body: dict[str, Any], known: Document | None) -> Change:
    return Change(
        kind=SchemaEntry.kind,
        name=event_type,
        body=body,
        expected=known.revision if known else None,
        actor=TOWER,
        reason="the catalogue of this release",
    )


async def make(service: Service, wish: Change) -> None:
    """Have a change made; the same one sent again is made once.

    Raises:
        Superseded: its author did not know the present revision.
    """
    await service.accept("metadata", wish.number, wish, handlers.change, metadata=MetadataStore, clock=service.clock)


class Mirror:
    """Writes what has changed to the broker, where every service of the region reads it."""

    def __init__(self, service: Service) -> None:
        self._records, self._bucket = Records(service.engine), Bucket(lambda: service.broker.client)

    async def write(self) -> None:
        """Write what the broker's copy lacks; one that has less than was written, being made anew, gets everything."""
        if await self._bucket.count() < await self._records.written():
            await self._records.forget_written()
        while documents := await self._records.unwritten(AT_ONCE):
            for document in documents:
                await self._bucket.put(document)
                await self._records.note_written(document)


class Collector:
    """Brings what people did in the services into the audit, before the services forget it."""

    def __init__(self, service: Service, regions: Regions) -> None:
        self._regions, self._audit = regions, Audit(service.engine)

    async def collect(self) -> None:
        """Ask every service for what was done last; one that does not answer, or has none, is asked again."""
        asked = [(region, name) for region in self._regions.each for name in region.names]
        found = await asyncio.gather(*(self._of(region, name) for region, name in asked))
        await self._audit.keep([entry for entries in found for entry in entries])

    async def _of(self, region: Region, service: str) -> list[Entry]:
        entries: list[Entry] = []
        for path, read in {**SOURCES, **DESK.get(service, {})}.items():
            try:
                body = await region.ask(service, "GET", path, params={"limit": str(NEWEST)})
            except (Temporary, Rejected) as error:
                log.info("audit_not_collected", extra={"from": service, "path": path, "error": str(error)[:200]})
                continue
            entries += [read(region.titles[service], one) for one in orjson.loads(body)]
        return entries
