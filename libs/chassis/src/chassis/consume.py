"""From a durable into the group commit: decode, hand over, and answer the broker per message."""

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import ValidationError

from canonical import CanonicalEvent, Envelope, UnknownEventType, decode
from chassis.clock import Clock
from chassis.commit import Committer
from chassis.crashpoints import crash_here
from chassis.dlq import Origin, letter
from chassis.effect import Handler
from chassis.effects import backoff
from chassis.errors import Permanent, Temporary, Waits
from chassis.telemetry import Metrics
from chassis.work import Cause, Work, cause_of

log = logging.getLogger(__name__)

BUG_TRIES = 5
TEMPORARY_TRIES = 25


@dataclass(frozen=True, slots=True)
class Subscription:
    """A handler for one event type, with the dependencies it is called with.

    One that is not `repeatable` counts what it is told: a replay passes over what it has handled.
    """

    handler: Handler
    deps: dict[str, Any] = field(default_factory=dict)
    repeatable: bool = True


class Consumer:
    """Handles the batches of one durable."""

    def __init__(
        self,
        *,
        service: str,
        region: str,
        domain: str,
        stream: str,
        subscriptions: dict[str, Subscription],
        committer: Committer,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._service, self._region, self._domain, self._stream = service, region, domain, stream
        self._subscriptions = subscriptions
        self._committer, self._metrics, self._clock = committer, metrics, clock
        self._waiting: set[asyncio.Task[None]] = set()

    async def handle(self, messages: Sequence[Msg]) -> None:
        """Commit a batch and acknowledge each message according to what became of it."""
        self._metrics.consumed.labels(self._domain).inc(len(messages))
        crash_here("batch-received")
        await asyncio.gather(*(self._handle_one(msg) for msg in messages))

    async def _handle_one(self, msg: Msg) -> None:
        try:
            envelope, event = decode(msg.data)
        except (UnknownEventType, ValidationError, ValueError) as error:
            await self._bury(msg, Permanent(f"schema: {error}", remedy="fix-at-sender"), None)
            return
        work = self._work(msg, envelope, event)
        try:
            if work.handler:
                await self._committer.submit(work)
        except Exception as error:  # noqa: BLE001  answered per message: retry or dead letter
            await self._answer_failure(msg, error, work)
            return
        crash_here("before-ack")
        await self._respond(msg.ack())
        crash_here("after-ack")

    def _work(self, msg: Msg, envelope: Envelope, event: CanonicalEvent) -> Work:
        subscription = self._subscriptions.get(type(event).type)
        return Work(
            source=self._domain,
            message_id=envelope.id,
            cause=cause_of(envelope),
            message=event,
            handler=subscription.handler if subscription else None,
            args=(event,),
            deps=subscription.deps if subscription else {},
            lane=envelope.partitionkey,
            order=msg.metadata.sequence.stream,
        )

    async def _answer_failure(self, msg: Msg, error: Exception, work: Work) -> None:
        if isinstance(error, Waits):
            self._behind(msg, error.turn)
            return
        tries = msg.metadata.num_delivered
        limit = TEMPORARY_TRIES if isinstance(error, Temporary) else BUG_TRIES
        if not isinstance(error, Temporary | Permanent):
            fields = {"id": work.message_id, "correlation_id": work.cause.correlation_id, "tries": tries}
            log.error("handler_failed", exc_info=error, extra=fields)
        if isinstance(error, Permanent) or tries >= limit:
            await self._bury(msg, error, work)
            return
        wanted = error.retry_in.total_seconds() if isinstance(error, Temporary) and error.retry_in else None
        await self._put_back(msg, backoff(tries) if wanted is None else wanted * random.uniform(1.0, 1.2))  # noqa: S311

    def _behind(self, msg: Msg, turn: "asyncio.Future[None]") -> None:
        """Handle a message again when it is its turn; the broker is told meanwhile that we are at it."""

        async def in_turn() -> None:
            await turn
            await self._handle_one(msg)

        task = asyncio.create_task(in_turn())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _put_back(self, msg: Msg, delay: float) -> None:
        self._metrics.retries.labels(self._domain).inc()
        crash_here("before-nak")
        await self._respond(msg.nak(delay=delay))

    async def _bury(self, msg: Msg, error: Exception, failed: Work | None) -> None:
        """Keep the message as a dead letter, exactly once, then tell the broker to stop delivering it."""
        origin = Origin(
            source=self._domain,
            message_id=f"{self._stream}:{msg.metadata.sequence.stream}",
            stream=self._stream,
            sequence=msg.metadata.sequence.stream,
            subject=msg.subject,
            headers=msg.headers or {},
            tries=msg.metadata.num_delivered,
            correlation_id=failed.cause.correlation_id if failed else None,
        )
        dead = letter(self._service, self._region, origin=origin, body=msg.data, error=error, clock=self._clock)
        work = Work(
            source=f"dlq-{self._domain}", message_id=origin.message_id, cause=Cause(origin.message_id), letter=dead
        )
        crash_here("before-dead-letter")
        try:
            await self._committer.submit(work)
        except Temporary as full:
            await self._put_back(msg, backoff(3))
            log.warning("dead_letter_waits", extra={"error": str(full)})
            return
        if failed:
            self._committer.unpark(failed)
        self._metrics.dead_letters.labels(self._domain).inc()
        log.error(
            "dead_letter", extra={"origin": origin.message_id, "error": str(error)[:500], "kind": type(error).__name__}
        )
        crash_here("before-term")
        await self._respond(msg.term())
        crash_here("after-term")

    @staticmethod
    async def _respond(response: Any) -> None:  # noqa: ANN401  one of nats-py's acknowledgment coroutines
        try:
            await response
        except NatsError as error:
            log.warning("ack_failed", extra={"error": repr(error)})
