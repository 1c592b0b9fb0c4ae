"""The keeper: letters are written with the commit they belong to, and lanes wait behind those that wait."""

import logging
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from chassis import letters
from chassis.fate import Behind
from chassis.letters import Letter
from chassis.telemetry import Metrics
from chassis.work import Work
from chassis.writer import Batch, Writer

log = logging.getLogger(__name__)

HELD = text(
    "SELECT source, lane, count(*) FROM letter WHERE lane IS NOT NULL AND state IN ('waiting', 'retrying') "
    "GROUP BY source, lane"
)

Lane = tuple[str, str]
"""A source and the business key whose messages keep their order."""


class Keeper:
    """Knows which lanes have a letter that waits, and writes the letters of a batch."""

    def __init__(self, writer: Writer, metrics: Metrics) -> None:
        self._writer, self._metrics = writer, metrics
        self._held: Counter[Lane] = Counter()
        self._empty: set[Lane] = set()

    async def load(self, engine: AsyncEngine) -> None:
        """Learn which lanes are held; one that no row holds at two looks in a row goes free.

        A look may miss a letter committed a moment ago, so the first miss is not believed.
        """
        async with engine.connect() as connection:
            rows = (await connection.execute(HELD)).all()
        found = Counter({(row.source, row.lane): row.count for row in rows})
        missed = set(self._held) - set(found)
        for lane in missed & self._empty:
            del self._held[lane]
        self._empty = missed
        for lane, count in found.items():
            self._held.setdefault(lane, count)

    def put_behind(self, work: Work) -> None:
        """Make a message a waiting letter if its lane has one already."""
        if work.lane and work.keep and work.letter is None and self._held.get((work.source, work.lane)):
            become(work, work.keep(Behind("an earlier message of the same key waits to be tried again")))

    async def write(self, session: AsyncSession, works: Sequence[Work], batch: Batch) -> None:
        """Write the letters failures made; close those that were tried again and took effect."""
        settled: list[tuple[int, str]] = []
        for work in works:
            if work.letter is None:
                if work.settles is not None:
                    fresh = batch.published[work] is not None
                    settled.append((work.settles, "it took effect" if fresh else "it had taken effect before"))
            elif work.ends is None or batch.published[work] is not None:
                await self._write(session, work, work.letter, batch)
        await letters.settle(session, settled)

    async def _write(self, session: AsyncSession, work: Work, letter: Letter, batch: Batch) -> None:
        kept = await letters.keep(session, letter)
        if kept is None:
            return
        batch.published[work] = batch.published[work] or []
        batch.kept[work] = kept.fresh
        if letter.state == "dead":
            batch.outbox.append(self._writer.letter(letter, kept.tries))

    def note(self, batch: Batch) -> None:
        """Say what was kept, and hold or free the lanes, after the commit."""
        for work in batch.published:
            lane = (work.source, work.lane) if work.lane else None
            waits = work.letter is not None and work.letter.state == "waiting"
            if lane and waits and batch.kept.get(work):
                self._held[lane] += 1
            elif lane and work.settles is not None and not waits:
                self.free(lane)
            if work.letter and work in batch.kept:
                self._tell(work.letter)

    def free(self, lane: Lane) -> None:
        """Say that one letter of a lane waits no more."""
        self._held[lane] -= 1
        if self._held[lane] <= 0:
            del self._held[lane]

    def _tell(self, letter: Letter) -> None:
        fields = {
            "source": letter.origin.source,
            "origin": letter.origin.id,
            "correlation_id": letter.origin.correlation_id,
            "tries": letter.origin.tries,
            "kind": type(letter.error).__name__,
            "error": str(letter.error)[:500],
        }
        if letter.state == "dead":
            self._metrics.dead_letters.labels(letter.origin.source).inc()
            log.error("dead_letter", extra=fields)
        elif letter.state == "waiting":
            self._metrics.retries.labels(letter.origin.source).inc()
            log.info("message_waits", extra=fields)


def become(work: Work, letter: Letter) -> None:
    """Make a failed message one that is only kept."""
    work.letter, work.handler = letter, None
