"""The reconciler: what the streams acknowledged to this service is compared with what they still hold.

A broker that loses the tail of a stream (power, a damaged block) gives its sequences out again and says nothing. The
outbox remembers event and sequence of everything it published; what the stream no longer holds under them is lost, is
listed, and is published again when asked.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from canonical import topology
from chassis import marks
from chassis.errors import Temporary
from chassis.sql import Row
from chassis.telemetry import Metrics

log = logging.getLogger(__name__)

CHUNK = 500
AT_ONCE = 100
SCRUB = 200
LISTED = 100
NO_MESSAGE = 10037
API_SECONDS = 5.0
DAY_SECONDS = 86_400.0
MARGIN_SECONDS = 3_600.0
"""Rows this close to the stream's age limit are not judged: the stream may have dropped them as it should."""


class Lost(BaseModel):
    """What a stream acknowledged and no longer holds; at most 100 event ids are listed.

    From sequence `reused_from` on the stream gives its sequences out again: durables past it must go back. It is None
    when all of it lies in holes, which nothing else will fill.
    """

    count: int
    first: int
    last: int
    reused_from: int | None
    since: datetime
    event_ids: list[str]


class StreamReport(BaseModel):
    """One stream this service publishes to; `last_in_stream` is None when the broker has no such stream."""

    stream: str
    highest_acknowledged: int
    last_in_stream: int | None
    suspected_since: datetime | None
    waiting: int
    lost: Lost | None


class Reconciler:
    """Compares the outbox with the streams, bounded work at a time."""

    def __init__(self, engine: AsyncEngine, metrics: Metrics, *, client: Callable[[], Client]) -> None:
        self._engine, self._metrics, self._client = engine, metrics, client
        self._last: dict[str, int | None] = {}
        self._gaps: dict[str, tuple[int, int]] = {}
        self._scrubbed = 0
        self._one_at_a_time = asyncio.Lock()
        self.lost: dict[str, int] = {}

    async def check(self) -> None:
        """Look at every stream published to, verify what is suspected and the next rows in turn.

        Raises:
            Temporary: the broker does not answer.
        """
        async with self._one_at_a_time:
            try:
                for mark in await marks.query(self._engine, marks.MARKS):
                    await self._check(mark)
                await self._scrub()
            except NatsError as error:
                raise Temporary(f"the streams cannot be compared: {str(error) or repr(error)}") from error
            await self._count()

    async def _check(self, mark: Row) -> None:
        stream, suspect = str(mark["stream"]), mark["suspect_from"]
        state = await self._state(stream)
        self._last[stream] = state["last_seq"] if state else None
        if state is None:
            log.critical("stream_missing", extra={"stream": stream, "highest": mark["highest"]})
            return
        if (found := await self._suspicion(mark, state["last_seq"])) is not None:
            await marks.query(self._engine, marks.SUSPECT, stream, found)
            suspect = min(found, suspect or found)
        if suspect is not None:
            await self._verify(stream, suspect)
        if state.get("num_deleted"):
            await self._verify_gaps(stream, (state["first_seq"], state["num_deleted"]))

    async def _suspicion(self, mark: Row, last: int) -> int | None:
        """Return the sequence from which the stream cannot be what it was; None when nothing says so."""
        if last < mark["highest"]:
            return last + 1
        if mark["highest"] and await self._id_at(mark["stream"], mark["highest"]) != mark["highest_id"]:
            return int(mark["highest"])
        return None

    async def _verify(self, stream: str, suspect_from: int) -> None:
        """Compare rows from the highest sequence down to the first below the suspicion that the stream still holds."""
        async with aclosing(marks.downwards(self._engine, stream, age_of(stream), CHUNK)) as chunks:
            async for rows in chunks:
                missing = await self._lose(rows)
                if any(row["stream_seq"] < suspect_from and row["seq"] not in missing for row in rows):
                    break
        await marks.settle(self._engine, stream, suspect_from)

    async def _verify_gaps(self, stream: str, shape: tuple[int, int]) -> None:
        """Compare the rows at sequences the broker itself says it does not have."""
        if self._gaps.get(stream) == shape:
            return
        state = await self._state(stream, deleted_details=True) or {}
        deleted = state.get("deleted") or []
        await self._lose(await marks.query(self._engine, marks.AT, stream, age_of(stream), deleted))
        self._gaps[stream] = shape

    async def _scrub(self) -> None:
        """Compare the next rows in turn, so that a message gone bad where it lies is found too."""
        longest = max(age_of(stream) for stream in topology.load().streams)
        rows = await marks.query(self._engine, marks.NEXT, self._scrubbed, longest, SCRUB)
        self._scrubbed = rows[-1]["seq"] if len(rows) == SCRUB else 0
        await self._lose([row for row in rows if _is_judged(row)])

    async def _lose(self, rows: Sequence[Row]) -> set[int]:
        """Note those rows their stream does not hold; returns their outbox sequences."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def found_at(row: Row) -> str | None:
            async with slots:
                return await self._id_at(row["stream"], row["stream_seq"])

        held = await asyncio.gather(*(found_at(row) for row in rows))
        missing = [(row, other) for row, other in zip(rows, held, strict=True) if other != row["event_id"]]
        in_gap = [other is None and row["stream_seq"] <= (self._last[row["stream"]] or 0) for row, other in missing]
        await marks.lose(self._engine, [row for row, _ in missing], in_gap)
        return {row["seq"] for row, _ in missing}

    async def _id_at(self, stream: str, sequence: int) -> str | None:
        """Return the id of the message at a sequence, as the stream's leader has it; None when there is none."""
        try:
            message = await self._client().jetstream(timeout=API_SECONDS).get_msg(stream, sequence)
        except NotFoundError as error:
            if error.err_code == NO_MESSAGE:
                return None
            raise
        return (message.headers or {}).get("Nats-Msg-Id")

    async def _state(self, stream: str, **wanted: bool) -> dict[str, Any] | None:
        """Return the stream's state as the broker says it; None when there is no such stream."""
        answer = await self._client().request(
            f"$JS.API.STREAM.INFO.{stream}", orjson.dumps(wanted), timeout=API_SECONDS
        )
        said = orjson.loads(answer.data)
        if error := said.get("error"):
            if error.get("code") == 404:
                return None
            raise Temporary(f"the broker does not say how {stream} is: {error.get('description')}")
        state: dict[str, Any] = said["state"]
        return state

    async def _count(self) -> None:
        known = self.lost
        self.lost = {row["stream"]: row["count"] for row in await marks.query(self._engine, marks.LOST, 0)}
        for stream in {*known, *self.lost}:
            self._metrics.lost.labels(stream).set(self.lost.get(stream, 0))
            if self.lost.get(stream, 0) > known.get(stream, 0):
                log.critical("events_lost", extra={"stream": stream, "count": self.lost[stream]})

    async def report(self) -> list[StreamReport]:
        """Return what is known of each stream, as of the last check."""
        lost = {row["stream"]: row for row in await marks.query(self._engine, marks.LOST, LISTED)}
        waiting = {row["stream"]: row["count"] for row in await marks.query(self._engine, marks.WAITING)}
        return [
            StreamReport(
                stream=mark["stream"],
                highest_acknowledged=mark["highest"],
                last_in_stream=self._last.get(mark["stream"]),
                suspected_since=mark["suspected_at"],
                waiting=waiting.get(mark["stream"], 0),
                lost=Lost(**dict(lost[mark["stream"]])) if mark["stream"] in lost else None,
            )
            for mark in await marks.query(self._engine, marks.MARKS)
        ]

    async def republish(self) -> dict[str, int]:
        """Hand exactly the lost rows to the relay again; returns how many of each stream."""
        found = {row["stream"]: row["count"] for row in await marks.query(self._engine, marks.REPUBLISH)}
        for stream, count in found.items():
            log.warning("events_republished", extra={"stream": stream, "count": count})
        await self._count()
        return found


def age_of(stream: str) -> float:
    """Return how long, in seconds, a stream surely keeps a message."""
    return topology.load().streams[stream].max_age_days * DAY_SECONDS - MARGIN_SECONDS


def _is_judged(row: Row) -> bool:
    published_at: datetime = row["published_at"]
    return (datetime.now(UTC) - published_at).total_seconds() < age_of(row["stream"])
