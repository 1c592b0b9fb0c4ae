"""Keeping every event: what all durables delivered shares one transaction, straight into the tables of the archive.

An archive needs no inbox: the event's own id says whether it is there. A batch that cannot be kept goes the way of
every other message, one by one through the group commit, so that the one at fault becomes a dead letter.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from sqlalchemy.ext.asyncio import AsyncEngine

from canonical import Envelope
from canonical.topology import Durable
from chassis.completeness import FED_WITHIN, Feed, FeedWatch, Known, feeds_of, together
from chassis.consume import SUSPECT_DELIVERIES, Opened, Subscription
from chassis.effect import Outcome
from chassis.errors import Temporary
from chassis.pull import respond
from chassis.sql import transaction
from chassis.store import Store
from chassis.telemetry import Metrics

log = logging.getLogger(__name__)

Handle = Callable[[Sequence[Msg]], Awaitable[None]]

API_SECONDS = 5.0
LARGEST = 2048
"""Events of one transaction at most."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """An event as it came: its envelope, read, and its bytes; of a type the catalogue need not know."""

    envelope: Envelope
    body: bytes


Waiting = tuple[Sequence[Delivered], "asyncio.Future[None]"]
"""A durable's batch, and who waits for it to be kept."""


class Archive(Store):
    """Base of the store that keeps every event; `flush` writes what was added, and passes over what is there."""

    @classmethod
    async def prepare(cls, engine: AsyncEngine) -> None:
        """Make ready for events, before the first one; the default needs nothing."""

    def add(self, delivered: Delivered) -> None:
        """Have the next `flush` keep an event."""
        raise NotImplementedError


def opening(store: type[Archive]) -> Callable[[bytes], Opened]:
    """Return how an archive's events are read where they are handled one by one."""
    subscription = Subscription(_keep_one, {"archive": store})

    def opened(body: bytes) -> Opened:
        delivered = read(body)
        return delivered.envelope, delivered, subscription

    return opened


async def _keep_one(delivered: Delivered, *, archive: Archive) -> Outcome:
    archive.add(delivered)
    return ()


class Archiver:
    """The one writer of the fast way."""

    def __init__(
        self, engine: AsyncEngine, store: type[Archive], metrics: Metrics, region: str, client: Callable[[], Client]
    ) -> None:
        self._engine, self._store, self._metrics, self._client = engine, store, metrics, client
        self._region = region
        self._kept: dict[Durable, datetime | None] = {}
        self._recorded: dict[tuple[Durable, str], datetime] = {}
        self._feeds = FeedWatch()
        self._waiting: list[Waiting] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to write."""
        await self._store.prepare(self._engine)
        self._task = asyncio.create_task(self._loop(), name="archiver")

    def stop(self) -> None:
        """Write no more; what waits is not acknowledged, and comes again."""
        if self._task:
            self._task.cancel()

    async def completeness(self) -> Mapping[str, Known]:
        """Return of each region until when every event it published is kept; nothing while that is not known."""
        now = datetime.now(UTC)
        try:
            return together(await asyncio.gather(*(self._known_of(durable, now) for durable in self._kept)))
        except (NatsError, TimeoutError) as error:
            log.warning("archive_not_judged", extra={"error": repr(error)})
            return {}

    async def _known_of(self, durable: Durable, now: datetime) -> dict[str, Known]:
        client = self._client()
        # the stream first: what its feeds have brought until then, the durable's answer counts
        answer = await client.request(f"$JS.API.STREAM.INFO.{durable.stream}", timeout=API_SECONDS)
        info = await client.jetstream(timeout=API_SECONDS).consumer_info(durable.stream, durable.name)
        is_done = not (info.num_pending or info.num_ack_pending)
        feeds = feeds_of(orjson.loads(answer.data))
        if not feeds:
            return {self._region: Known(now if is_done else self._kept[durable], is_done)}
        return {feed.region: self._fed(durable, feed, now, is_done=is_done) for feed in feeds}

    def _fed(self, durable: Durable, feed: Feed, now: datetime, *, is_done: bool) -> Known:
        if self._feeds.is_live(durable.stream, feed, now) and is_done:
            return Known(now - FED_WITHIN, is_live=True)
        return Known(self._recorded.get((durable, feed.region)), is_live=False)

    def handling(self, durable: Durable, one_by_one: Handle) -> Handle:
        """Return what handles a durable's batches; `one_by_one` takes those that cannot be kept as a whole."""
        self._kept[durable] = None

        async def handle(messages: Sequence[Msg]) -> None:
            last = messages[-1].metadata.timestamp
            try:
                if messages[0].metadata.num_delivered > SUSPECT_DELIVERIES:
                    raise Temporary("delivered again and again without an answer")
                delivered = [read(msg.data) for msg in messages]
                await self._keep(delivered)
            except Exception as error:  # noqa: BLE001  the group commit finds the one at fault, or waits for the database
                log.warning("batch_kept_one_by_one", extra={"size": len(messages), "error": repr(error)})
                await one_by_one(messages)
            else:
                self._metrics.consumed.labels(durable.domain).inc(len(messages))
                for msg in messages:
                    await respond(msg.ack())
                self._note(durable, delivered)
            self._kept[durable] = last

        return handle

    def _note(self, durable: Durable, delivered: Sequence[Delivered]) -> None:
        """Note how far each region's events have come; they come in the order of their publishing."""
        for one in delivered:
            key, recorded = (durable, one.envelope.region), min(one.envelope.recordedtime, datetime.now(UTC))
            self._recorded[key] = max(self._recorded.get(key, recorded), recorded)

    async def _keep(self, delivered: Sequence[Delivered]) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivered, future))
        self._wake.set()
        await future

    async def _loop(self) -> None:
        while True:
            await self._wake.wait()
            taken = self._take()
            try:
                await self._write([one for delivered, _ in taken for one in delivered])
            except Exception as error:  # noqa: BLE001  each waiting batch gets it, and is kept one by one
                for _, future in taken:
                    future.set_exception(error)
            else:
                for _, future in taken:
                    future.set_result(None)

    def _take(self) -> list[Waiting]:
        taken: list[Waiting] = []
        size = 0
        while self._waiting and (not taken or size + len(self._waiting[0][0]) <= LARGEST):
            taken.append(self._waiting.pop(0))
            size += len(taken[-1][0])
        if not self._waiting:
            self._wake.clear()
        return taken

    async def _write(self, delivered: Sequence[Delivered]) -> None:
        async with transaction(self._engine) as session:
            archive = self._store(session)
            for one in delivered:
                archive.add(one)
            await archive.flush()


def read(body: bytes) -> Delivered:
    """Read an event's bytes.

    Raises:
        pydantic.ValidationError: they are no envelope.
    """
    return Delivered(Envelope.model_validate_json(body), body)
