"""From a durable into the group commit: decode, hand over, and answer the broker per message.

A failed message is never put back to the broker: it becomes a letter (letters.py), durable before it is acknowledged.
Waiting letters are tried again by `retry.py`, dead ones need a person.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nats.aio.msg import Msg
from pydantic import ValidationError

from canonical import Envelope, UnknownEventType, decode
from canonical.topology import Durable
from chassis.commit import Committer, Forgotten
from chassis.crashpoints import crash_here
from chassis.effect import Handler
from chassis.errors import Permanent, Temporary
from chassis.failures.ceiling import Ceiling
from chassis.failures.fate import Behind, Unanswered, backoff
from chassis.failures.letters import Letter, Origin, judged
from chassis.failures.lives import ALONE_LIVES, Lives
from chassis.failures.turns import Turns
from chassis.pull import respond
from chassis.telemetry import Metrics
from chassis.work import Cause, Work, cause_of

log = logging.getLogger(__name__)

SUSPECT_DELIVERIES = 3
"""A message delivered more often than this without an answer is kept first: it may be what ends the process."""

Read = Callable[[Msg], Awaitable[Work]]
"""Makes work of what a durable delivered."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A handler for one event type, with the dependencies it is called with.

    One that is not `repeatable` counts what it is told: a replay passes over what it has handled.
    """

    handler: Handler
    deps: dict[str, Any] = field(default_factory=dict)
    repeatable: bool = True


Opened = tuple[Envelope, Any, Subscription | None]
"""An event's envelope, what its handler is called with, and who that is."""


class Reader:
    """Makes work of event bytes, however they came: from a durable, or from a letter."""

    def __init__(self, service: str, subscriptions: dict[str, Subscription], ceiling: Ceiling) -> None:
        self._service, self._subscriptions, self.ceiling = service, subscriptions, ceiling
        self.open: Callable[[bytes], Opened] = self._open

    def reading(self, durable: Durable) -> Read:
        """Return how a durable's deliveries are read."""

        async def read(msg: Msg) -> Work:
            sequence = msg.metadata.sequence.stream
            return self.work(msg.data, origin_at(durable, sequence, msg.subject, msg.headers or {}))

        return read

    def work(self, body: bytes, origin: Origin) -> Work:
        """Return the work of a message; one that cannot be decoded is a dead letter at once."""
        try:
            opened = self.open(body)
        except (UnknownEventType, ValidationError, ValueError) as error:
            return self.kept(body, origin, Permanent(f"schema: {error}", remedy="fix-at-sender"))
        return self._work(body, origin, *opened)

    def kept(self, body: bytes, origin: Origin, error: Exception) -> Work:
        """Return work that only keeps a message as the letter this failure makes of it."""
        work = Work(source=origin.source, message_id=origin.id, cause=Cause(origin.id))
        work.letter = self._letter(origin, body, error)
        return work

    def _open(self, body: bytes) -> Opened:
        envelope, event = decode(body)
        return envelope, event, self._subscriptions.get(envelope.type)

    def _work(
        self,
        body: bytes,
        origin: Origin,
        envelope: Envelope,
        message: Any,  # noqa: ANN401  an event, or what an archive keeps of it
        subscription: Subscription | None,
    ) -> Work:
        known = replace(
            origin,
            message_id=envelope.id,
            kind=envelope.type,
            lane=envelope.partitionkey,
            correlation_id=envelope.correlationid,
        )
        return Work(
            source=origin.source,
            message_id=envelope.id,
            cause=cause_of(envelope),
            message=message,
            handler=subscription.handler if subscription else None,
            args=(message,),
            deps=subscription.deps if subscription else {},
            lane=envelope.partitionkey,
            keep=lambda error: self._letter(known, body, error),
        )

    def _letter(self, origin: Origin, body: bytes, error: Exception) -> Letter:
        if not isinstance(error, Temporary | Permanent | Unanswered | Behind):
            fields = {"origin": origin.id, "correlation_id": origin.correlation_id, "tries": origin.tries}
            log.error("handler_failed", exc_info=error, extra=fields)
        return judged(self._service, origin, body, error, self.ceiling)


class Consumer:
    """Handles the batches of one durable."""

    def __init__(
        self, name: str, read: Read, committer: Committer, ceiling: Ceiling, *, turns: Turns, lives: Lives,
        metrics: Metrics,
    ) -> None:  # fmt: skip
        self._name, self._read = name, read
        self._committer, self._ceiling, self._metrics = committer, ceiling, metrics
        self._turns, self._lives = turns, lives

    async def handle(self, messages: Sequence[Msg]) -> None:
        """Commit a batch and acknowledge each message; while the ceiling is reached, wait with the batch in hand."""
        if not await self._ceiling.until_open():
            await asyncio.gather(*(respond(msg.nak()) for msg in messages))
            return
        self._metrics.consumed.labels(self._name).inc(len(messages))
        crash_here("batch-received")
        if await self._lives.of(messages[0]) < ALONE_LIVES:
            async with self._turns.together():
                await asyncio.gather(*(self._handle_one(msg) for msg in messages))
            return
        async with self._turns.alone():
            await self._handle_one(messages[0], await self._lives.begin_alone())
            await self._lives.end_alone()
        async with self._turns.together():
            for msg in messages[1:]:
                await self._handle_one(msg)

    async def _handle_one(self, msg: Msg, lives: int = 0) -> None:
        tries = max(msg.metadata.num_delivered, lives)
        try:
            work = await self._read(msg)
            if work.keep and work.handler and tries > SUSPECT_DELIVERIES:
                letter = work.keep(Unanswered(f"delivered {tries} times without an answer"))
                work.letter = replace(letter, origin=replace(letter.origin, tries=tries))
            if work.handler or work.letter:
                await self._committer.submit(work)
        except Forgotten:
            return
        except Exception as error:
            # not even the letter could be kept: the broker keeps the message
            level = logging.WARNING if isinstance(error, Temporary) else logging.ERROR
            log.log(level, "message_put_back", exc_info=error, extra={"subject": msg.subject})
            await respond(msg.nak(delay=backoff(tries)))
            return
        crash_here("before-ack")
        await respond(msg.ack())
        crash_here("after-ack")
        if work.handler:
            self._ceiling.succeeded()


def origin_at(durable: Durable, sequence: int, subject: str, headers: Mapping[str, str]) -> Origin:
    """Return the origin of a message at a stream's sequence."""
    return Origin(
        source=durable.domain,
        id=f"{durable.stream}:{sequence}",
        stream=durable.stream,
        sequence=sequence,
        subject=subject,
        headers=headers,
        partition=partition_of(subject),
    )


def partition_of(subject: str) -> int | None:
    """Return the partition a stored subject ends with; None when it ends otherwise."""
    last = subject.rsplit(".", 1)[-1]
    return int(last) if last.isdigit() else None
