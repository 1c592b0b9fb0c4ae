"""The keeper: letters are written with the commit they belong to, and lanes wait behind those that wait."""

import logging
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from chassis.crashpoints import crash_here
from chassis.failures import letters
from chassis.failures.fate import Behind
from chassis.failures.letters import Lane, Letter
from chassis.telemetry import Metrics
from chassis.work import Work
from chassis.writer import Batch, Writer

log = logging.getLogger(__name__)

HELD = text(f"SELECT DISTINCT source, lane FROM letter WHERE {letters.HELD}")  # noqa: S608  a constant of ours


class Keeper:
    """Knows which lanes have a letter that waits, and writes the letters of a batch."""

    def __init__(self, writer: Writer, metrics: Metrics) -> None:
        self._writer, self._metrics = writer, metrics
        self._held: set[Lane] = set()
        self._empty: set[Lane] = set()

    async def load(self, engine: AsyncEngine) -> None:
        """Learn which lanes are held; one that no row holds at two looks in a row goes free.

        A look may miss a letter committed a moment ago, so the first miss is not believed.
        """
        async with engine.connect() as connection:
            found = {(row.source, row.lane) for row in await connection.execute(HELD)}
        missed = self._held - found
        self._held -= missed & self._empty
        self._empty = missed
        self._held |= found

    def put_behind(self, work: Work) -> None:
        """Make a message a waiting letter if its lane has one already; a letter that is being tried is at its turn."""
        is_new = work.settles is None and work.letter is None
        if is_new and work.lane and work.keep and (work.source, work.lane) in self._held:
            become(work, work.keep(Behind("an earlier message of the same key waits to be tried again")))

    async def write(self, session: AsyncSession, works: Sequence[Work], batch: Batch) -> None:
        """Write the letters failures made; close those that were tried again and took effect."""
        settled: list[tuple[int, str]] = []
        for work in works:
            if work.letter is None:
                if work.settles is not None:
                    fresh = batch.published[work] is not None
                    settled.append((work.settles, work.outcome if fresh else "it had taken effect before"))
            elif work.ends is None or batch.published[work] is not None:
                await self._write(session, work, work.letter, batch)
        await letters.settle(session, settled)
        tried = [work for work in works if work.settles is not None and work.lane]
        if tried:
            batch.held = await letters.held(session, {(work.source, str(work.lane)) for work in tried})

    async def _write(self, session: AsyncSession, work: Work, letter: Letter, batch: Batch) -> None:
        tries = await letters.keep(session, letter)
        if tries is None:
            return
        crash_here("letter-written")
        batch.published[work] = batch.published[work] or []
        batch.kept.add(work)
        if letter.state == "dead":
            batch.outbox.append(self._writer.letter(letter, tries))

    def note(self, batch: Batch) -> None:
        """Hold or free the lanes, and say what was kept, after the commit."""
        for work in batch.published:
            if work.lane and work.settles is not None:
                lane = (work.source, work.lane)
                self._held.add(lane) if lane in batch.held else self._held.discard(lane)
            if work.letter and work in batch.kept:
                crash_here("letter-kept")
                if work.lane and work.letter.state == "waiting":
                    self._held.add((work.source, work.lane))
                self._tell(work.letter)

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
