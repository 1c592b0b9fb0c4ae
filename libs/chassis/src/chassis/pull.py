"""A FastStream batch subscriber with our own consume loop.

FastStream's loop waits for full batches, spins when the connection closes or the durable is gone, and its decoding
drops whole batches. Only the private loop is replaced (ADR 0004): pipelined pull requests, partial batches at once, a
watchdog for silence, and a clear word when the durable is missing.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

import orjson
from faststream.nats.subscriber.usecases.stream_pull_subscriber import BatchPullStreamSubscriber
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from chassis.ownership import Ownership

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.subscription import Subscription

log = logging.getLogger(__name__)

BATCH = 256
EXPIRES_SECONDS = 30
HEARTBEAT_SECONDS = 5
SILENCE_SECONDS = 12.0
RETRY_SECONDS = 1.0
RESET_SECONDS = 5.0
SHORTEST_ACK_WAIT_SECONDS = 1.0
NOT_FOUND = 404


class Durable:
    """One durable consumer of ours: keeps pull requests outstanding and hands over what arrived, in order.

    The broker counts deliveries. A count that is missing means that a message went elsewhere (to a former life of this
    process, over a connection that broke), so later ones of its key would overtake it: the durable is then rewound to
    its first unacknowledged message. What is delivered again on the way is in the inbox.
    """

    def __init__(
        self,
        client: "Client",
        stream: str,
        name: str,
        *,
        inbox: str,
        ownership: Ownership,
        may_pull: Callable[[], bool],
    ) -> None:
        self.stream, self.name = stream, name
        self._may_pull = may_pull
        self._client, self._ownership = client, ownership
        self._prefix = inbox
        self._inbox = ""
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"
        self._reset = f"$JS.API.CONSUMER.RESET.{stream}.{name}"
        self._arrived: list[Msg] = []
        self._given: list[Msg] = []
        self._wake = asyncio.Event()
        self._outstanding = 0
        self._heard = time.monotonic()
        self._term = 0
        self._deliveries = 0
        self._ack_wait_seconds = SHORTEST_ACK_WAIT_SECONDS
        self._in_order = False
        self.missing = False
        self._subscription: Subscription | None = None

    async def unsubscribe(self) -> None:
        """Hear nothing more."""
        if self._subscription:
            subscription, self._subscription = self._subscription, None
            await subscription.unsubscribe()

    async def take(self) -> list[Msg]:
        """Wait for messages and return all that are there (at most one batch)."""
        while self._is_stale() or not self._arrived:
            if self._is_stale():
                await self._rewind()
                continue
            await self._pull()
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), RETRY_SECONDS)
            except TimeoutError:
                self._watch_silence()
        batch, self._arrived = self._arrived[:BATCH], self._arrived[BATCH:]
        self._given += batch
        await self._pull()
        return batch

    def rest(self) -> list[Msg]:
        """Return what arrived and was not taken."""
        rest, self._arrived = self._arrived, []
        return rest

    def reconnected(self) -> None:
        """Start again: what was under way on the former connection is gone."""
        self._in_order = False
        self._wake.set()

    async def keep(self) -> None:
        """Tell the broker again and again that we are at what it delivered, so that it does not deliver it again."""
        while True:
            await asyncio.sleep(self._ack_wait_seconds / 3)
            self._given = [msg for msg in self._given if not msg._ackd]
            try:
                for msg in (*self._given, *self._arrived):
                    await msg.in_progress()
            except NatsError as error:
                log.warning("keep_failed", extra={"durable": self.name, "error": repr(error)})

    def _is_stale(self) -> bool:
        return not self._in_order or self._term != self._ownership.term(self.name)

    async def _rewind(self) -> None:
        """Become the owner and begin at the first message that is not acknowledged."""
        self._arrived, self._outstanding = [], 0
        await self.unsubscribe()
        term = await self._ownership.granted(self.name)
        try:
            self._inbox = f"{self._prefix}.{self._client._nuid.next().decode()}"
            self._subscription = await self._client.subscribe(self._inbox, cb=self._receive)
            reply = orjson.loads((await self._client.request(self._reset, timeout=RESET_SECONDS)).data)
        except NatsError as error:
            log.warning("rewind_failed", extra={"durable": self.name, "error": repr(error)})
            await asyncio.sleep(RETRY_SECONDS)
            return
        if refused := reply.get("error"):
            self.missing = refused.get("code") == NOT_FOUND
            log.error("durable_missing", extra={"stream": self.stream, "durable": self.name, "error": refused})
            await asyncio.sleep(RETRY_SECONDS)
            return
        self._ack_wait_seconds = reply["config"]["ack_wait"] / 10**9
        self._deliveries, self._term, self._in_order, self.missing = 0, term, True, False
        self._heard = time.monotonic()

    async def _receive(self, msg: Msg) -> None:
        self._heard = time.monotonic()
        status = msg.headers.get("Status") if msg.headers and not msg.data else None
        if status is None:
            self._arrive(msg)
        elif status != "100":
            self._end_pull(status, msg)

    def _arrive(self, msg: Msg) -> None:
        self._outstanding -= 1
        self._deliveries += 1
        if not self._in_order or msg.metadata.sequence.consumer != self._deliveries:
            if self._in_order:
                log.warning("delivery_missed", extra={"durable": self.name, "expected": self._deliveries})
            self._in_order = False
        else:
            self._arrived.append(msg)
        self._wake.set()

    def _end_pull(self, status: str, msg: Msg) -> None:
        headers = msg.headers or {}
        description = headers.get("Description", "")
        self._outstanding -= int(headers.get("Nats-Pending-Messages", BATCH))
        self._outstanding = max(self._outstanding, 0)
        if status == "503" or (status == "409" and "Deleted" in description):
            self.missing, self._in_order = True, False
            log.error("durable_missing", extra={"stream": self.stream, "durable": self.name, "status": status})
        self._wake.set()

    async def _pull(self) -> None:
        if self._outstanding > BATCH // 2 or len(self._arrived) >= BATCH or not self._client.is_connected:
            return
        if not self._may_pull():
            return
        request = {"batch": BATCH, "expires": EXPIRES_SECONDS * 10**9, "idle_heartbeat": HEARTBEAT_SECONDS * 10**9}
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


class MeshBatchSubscriber(BatchPullStreamSubscriber):
    """FastStream's batch subscriber bound to a `Durable`; everything but the loop is FastStream's."""

    __slots__ = ()

    durable: Durable
    ownership: Ownership
    may_pull: Callable[[], bool]

    async def _create_subscription(self) -> None:
        if self.subscription:
            return
        name = self.extra_options["durable"]
        inbox = f"{self.extra_options['inbox_prefix'].decode()}.{name}"
        self.durable = Durable(
            self.connection,
            self.stream.name,
            name,
            inbox=inbox,
            ownership=self.ownership,
            may_pull=self.may_pull,
        )
        self.subscription = self.durable  # type: ignore[assignment]  # FastStream only unsubscribes it
        self.add_task(self._consume_pull)
        self.add_task(self.durable.keep)

    async def _consume_pull(self) -> None:
        while self.running:
            await self.consume(await self.durable.take())

    async def stop(self) -> None:
        """Stop pulling and give back at once what was fetched but not started."""
        await super().stop()
        if hasattr(self, "durable"):
            for msg in self.durable.rest():
                await msg.nak()


def adopt(
    subscriber: Any,  # noqa: ANN401  FastStream's private type
    ownership: Ownership,
    may_pull: Callable[[], bool],
) -> MeshBatchSubscriber:
    """Give a FastStream batch subscriber our loop.

    Raises:
        TypeError: FastStream made another kind of subscriber than the one this was written for.
    """
    if type(subscriber) is not BatchPullStreamSubscriber:
        raise TypeError(f"expected FastStream's batch pull subscriber, got {type(subscriber).__name__}")
    subscriber.__class__ = MeshBatchSubscriber
    adopted = cast("MeshBatchSubscriber", subscriber)
    adopted.ownership, adopted.may_pull = ownership, may_pull
    return adopted


async def respond(response: Awaitable[None]) -> None:
    """Await an acknowledgment; one that cannot be sent only means that the broker delivers again."""
    try:
        await response
    except NatsError as error:
        log.warning("ack_failed", extra={"error": repr(error)})
