"""The outbox relay: committed rows go to the streams in order, as atomic batches (one fsync each).

Rows are claimed by state under an advisory lock, so one relay works per database however many replicas run. A batch
that holds a message the stream already has is refused whole; the rows then go singly, where `duplicate` is success.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from chassis import marks
from chassis.away import is_away
from chassis.crashpoints import crash_here
from chassis.ending import ended
from chassis.sql import Row, fetch, transaction
from chassis.telemetry import Metrics

log = logging.getLogger(__name__)

LIMIT = 256
POLL_SECONDS = 1.0
ACK_SECONDS = 5.0
DUPLICATE_IN_BATCH = 10201
FORBIDDEN = 403
RELAY_LOCK = 0x4F5554424F58  # "OUTBOX": one relay per database

WAITING = (
    "WITH gate AS MATERIALIZED (SELECT pg_try_advisory_xact_lock($1) AS mine) "
    "SELECT seq, event_id, stream, subject, payload FROM outbox WHERE published_at IS NULL "
    "AND (SELECT mine FROM gate) ORDER BY seq LIMIT $2"
)
AGE = text(
    "SELECT COALESCE(EXTRACT(EPOCH FROM now() - (SELECT created_at FROM outbox WHERE published_at IS NULL "
    "ORDER BY seq LIMIT 1)), 0)"
)


class PublishRefused(Exception):
    """The stream answered with an error; the text is the broker's."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{description} (error {code})")
        self.code = code


class Relay:
    """Publishes what the outbox holds, in the order it was committed."""

    def __init__(self, engine: AsyncEngine, metrics: Metrics, *, denial: Callable[[str], str | None]) -> None:
        self._engine = engine
        self._denial = denial
        self._metrics = metrics
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._client: Client | None = None
        self.age_seconds = 0.0

    def start(self, client: Client) -> None:
        """Begin publishing through this connection."""
        self._client = client
        self._task = asyncio.create_task(self._loop(), name="outbox-relay")

    async def stop(self) -> None:
        """Publish what is there (at most five seconds), then end."""
        if self._task:
            await ended(self._task)
            try:
                async with asyncio.timeout(5):
                    while await self._step():
                        pass
            except (TimeoutError, NatsError, OSError, PublishRefused) as error:
                log.warning("outbox_left", extra={"error": repr(error)})

    def wake(self) -> None:
        """Say that rows were committed."""
        self._wake.set()

    async def _loop(self) -> None:
        while True:
            try:
                count = await self._step()
            except Exception as error:  # noqa: BLE001  the relay outlives whatever stops it, and says what that was
                self._report(error)
                await self._measure()
                await asyncio.sleep(0.5)
                continue
            if count < LIMIT:
                await self._sleep()

    @staticmethod
    def _report(error: Exception) -> None:
        if isinstance(error, PublishRefused):
            log.error("outbox_refused", extra={"error": str(error)})
        elif is_away(error) or isinstance(error, NatsError):
            log.warning("outbox_waits", extra={"error": str(error) or repr(error)})
        else:
            log.error("outbox_relay_failed", exc_info=error)

    async def _sleep(self) -> None:
        if not self._wake.is_set():
            self.age_seconds = 0.0
            self._metrics.outbox_age.set(0)
            try:
                await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
            except TimeoutError:
                return
        self._wake.clear()

    async def _measure(self) -> None:
        try:
            async with self._engine.connect() as connection:
                self.age_seconds = float((await connection.execute(AGE)).scalar_one())
                self._metrics.outbox_age.set(self.age_seconds)
        except Exception as error:
            if not is_away(error):
                raise

    async def _step(self) -> int:
        self._wake.clear()
        async with transaction(self._engine) as session:
            rows = await fetch(session, WAITING, RELAY_LOCK, LIMIT)
            for stream, group in groupby(rows, key=lambda row: str(row["stream"])):
                await self._publish(session, stream, list(group))
        return len(rows)

    async def _publish(self, session: AsyncSession, stream: str, rows: Sequence[Row]) -> None:
        crash_here("before-publish")
        sequences = await self._publish_rows(stream, rows)
        crash_here("after-publish")
        if await marks.published(session, stream, rows, sequences):
            log.critical("stream_suspected", extra={"stream": stream, "sequence": min(sequences)})
        crash_here("after-mark")
        self._metrics.published.labels(stream).inc(len(rows))

    async def _publish_rows(self, stream: str, rows: Sequence[Row]) -> list[int]:
        if len(rows) > 1:
            try:
                return await self._publish_batch(stream, rows)
            except PublishRefused as refused:
                if refused.code != DUPLICATE_IN_BATCH:
                    raise
        return [await self._publish_one(stream, row) for row in rows]

    async def _publish_batch(self, stream: str, rows: Sequence[Row]) -> list[int]:
        """Publish rows as one atomic batch (ADR-50 of the broker); returns their stream sequences."""
        client = self._connected()
        batch_id = uuid.uuid4().hex
        last = len(rows)
        for place, row in enumerate(rows[:-1], 1):
            headers = self._headers(stream, row, batch_id, place)
            if place == 1:
                await self._request(row, headers)
            else:
                await client.publish(row["subject"], row["payload"], headers=headers)
        headers = self._headers(stream, rows[-1], batch_id, last) | {"Nats-Batch-Commit": "1"}
        end = int((await self._request(rows[-1], headers))["seq"])
        return list(range(end - last + 1, end + 1))

    async def _publish_one(self, stream: str, row: Row) -> int:
        return int((await self._request(row, {"Nats-Msg-Id": row["event_id"], "Nats-Expected-Stream": stream}))["seq"])

    async def _request(self, row: Row, headers: dict[str, str]) -> dict[str, Any]:
        try:
            reply = await self._connected().request(
                row["subject"], row["payload"], timeout=ACK_SECONDS, headers=headers
            )
        except NatsTimeoutError:
            if denial := self._denial(row["subject"]):
                raise PublishRefused(FORBIDDEN, denial) from None
            raise
        return self._check(reply.data)

    def _connected(self) -> Client:
        if self._client is None:
            raise NatsError("the broker connection is not open")
        return self._client

    @staticmethod
    def _headers(stream: str, row: Row, batch_id: str, place: int) -> dict[str, str]:
        return {
            "Nats-Msg-Id": row["event_id"],
            "Nats-Expected-Stream": stream,
            "Nats-Batch-Id": batch_id,
            "Nats-Batch-Sequence": str(place),
        }

    @staticmethod
    def _check(data: bytes) -> dict[str, Any]:
        answer: dict[str, Any] = orjson.loads(data) if data else {}
        if error := answer.get("error"):
            raise PublishRefused(int(error.get("err_code", 0)), str(error.get("description", "refused")))
        return answer
