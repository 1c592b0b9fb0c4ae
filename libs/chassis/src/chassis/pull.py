"""A FastStream batch subscriber with our own consume loop.

FastStream's loop waits for full batches, spins when the connection closes or the durable is gone, and its decoding
drops whole batches. Only the private loop is replaced (ADR 0004): pipelined pull requests, partial batches at once, a
watchdog for silence, and a clear word when the durable is missing.
"""

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any, cast

import orjson
from faststream.nats.subscriber.usecases.stream_pull_subscriber import BatchPullStreamSubscriber
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.subscription import Subscription

log = logging.getLogger(__name__)

BATCH = 256
EXPIRES_SECONDS = 30
HEARTBEAT_SECONDS = 5
SILENCE_SECONDS = 12.0
MISSING_RETRY_SECONDS = 1.0


class Durable:
    """One durable consumer of ours: keeps pull requests outstanding and hands over what arrived."""

    def __init__(self, client: "Client", stream: str, name: str, inbox: str) -> None:
        self.stream, self.name = stream, name
        self._client = client
        self._inbox = inbox
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"
        self._arrived: list[Msg] = []
        self._wake = asyncio.Event()
        self._outstanding = 0
        self._heard = time.monotonic()
        self.missing = False
        self.subscription: Subscription | None = None

    async def open(self) -> "Subscription":
        """Subscribe the inbox that messages come to."""
        self.subscription = await self._client.subscribe(self._inbox, cb=self._receive)
        return self.subscription

    async def _receive(self, msg: Msg) -> None:
        self._heard = time.monotonic()
        status = msg.headers.get("Status") if msg.headers and not msg.data else None
        if status is None:
            self._outstanding -= 1
            self._arrived.append(msg)
            self._wake.set()
        elif status != "100":
            self._end_pull(status, msg)

    def _end_pull(self, status: str, msg: Msg) -> None:
        headers = msg.headers or {}
        description = headers.get("Description", "")
        self._outstanding -= int(headers.get("Nats-Pending-Messages", BATCH))
        self._outstanding = max(self._outstanding, 0)
        if status == "503" or (status == "409" and "Deleted" in description):
            self.missing = True
            log.error("durable_missing", extra={"stream": self.stream, "durable": self.name, "status": status})
        self._wake.set()

    async def take(self) -> list[Msg]:
        """Wait for messages and return all that are there (at most one batch)."""
        while not self._arrived:
            await self._pull()
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), MISSING_RETRY_SECONDS)
            except TimeoutError:
                self._watch_silence()
        batch, self._arrived = self._arrived[:BATCH], self._arrived[BATCH:]
        self.missing = False
        await self._pull()
        return batch

    def rest(self) -> list[Msg]:
        """Return what arrived and was not taken."""
        rest, self._arrived = self._arrived, []
        return rest

    async def _pull(self) -> None:
        if self._outstanding > BATCH // 2 or len(self._arrived) >= BATCH or not self._client.is_connected:
            return
        request = {"batch": BATCH, "expires": EXPIRES_SECONDS * 10**9, "idle_heartbeat": HEARTBEAT_SECONDS * 10**9}
        if self.missing:
            await asyncio.sleep(MISSING_RETRY_SECONDS)
        try:
            await self._client.publish(self._next, orjson.dumps(request), reply=self._inbox)
        except NatsError as error:
            log.warning("pull_failed", extra={"durable": self.name, "error": repr(error)})
            return
        self._outstanding += BATCH

    def _watch_silence(self) -> None:
        if time.monotonic() - self._heard > SILENCE_SECONDS:
            self._outstanding = 0
            self._heard = time.monotonic()

    def reset(self) -> None:
        """Forget outstanding pulls: the connection they went through is gone."""
        self._outstanding = 0
        self._wake.set()


class MeshBatchSubscriber(BatchPullStreamSubscriber):
    """FastStream's batch subscriber bound to a `Durable`; everything but the loop is FastStream's."""

    __slots__ = ()

    durable: Durable

    async def _create_subscription(self) -> None:
        if self.subscription:
            return
        name = self.extra_options["durable"]
        prefix = self.extra_options["inbox_prefix"].decode()
        inbox = f"{prefix}.{name}.{self.connection._nuid.next().decode()}"
        self.durable = Durable(self.connection, self.stream.name, name, inbox)
        self.subscription = await self.durable.open()  # type: ignore[assignment]  # FastStream only unsubscribes it
        self.add_task(self._consume_pull)

    async def _consume_pull(self) -> None:
        while self.running:
            await self.consume(await self.durable.take())

    async def stop(self) -> None:
        """Stop pulling and give back at once what was fetched but not started."""
        await super().stop()
        if hasattr(self, "durable"):
            for msg in self.durable.rest():
                await msg.nak()


def adopt(subscriber: Any) -> MeshBatchSubscriber:  # noqa: ANN401  FastStream's factory returns a private type
    """Give a FastStream batch subscriber our loop.

    Raises:
        TypeError: FastStream made another kind of subscriber than the one this was written for.
    """
    if type(subscriber) is not BatchPullStreamSubscriber:
        raise TypeError(f"expected FastStream's batch pull subscriber, got {type(subscriber).__name__}")
    subscriber.__class__ = MeshBatchSubscriber
    return cast("MeshBatchSubscriber", subscriber)
