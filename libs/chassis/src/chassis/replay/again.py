"""Events into their handlers a second time, through the group commit."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from canonical import UnknownEventType, decode
from canonical.subjects import domain_of
from chassis.commit import Committer
from chassis.consume import Subscription
from chassis.effects import backoff
from chassis.errors import Permanent, Waits
from chassis.redo import Redo
from chassis.replay.history import Stored
from chassis.replay.selection import Counts, Failed, Replay
from chassis.work import Work, cause_of

TRIES = 3
FAILURES_KEPT = 20


@dataclass(frozen=True, slots=True)
class Item:
    """An event to be handled again."""

    type: str
    stored: Stored


@dataclass(slots=True)
class Attempt:
    """An item, and how often its handler failed."""

    item: Item
    tries: int = 0


class Again:
    """Handles events again."""

    def __init__(self, committer: Committer, subscriptions: Mapping[str, Subscription]) -> None:
        self._committer, self._subscriptions = committer, subscriptions

    async def handle(self, replay: Replay, items: Sequence[Item]) -> Counts:
        """Handle events in order per key; what fails a few times, or for good, is kept among the failures."""
        counts = Counts()
        left = [Attempt(item) for item in items]
        while left:
            results = await asyncio.gather(*(self._try(replay, attempt) for attempt in left))
            for result in results:
                counts += result or Counts()
            before = len(left)
            left = [attempt for attempt, result in zip(left, results, strict=True) if result is None]
            if left and len(left) == before:
                await asyncio.sleep(backoff(max(attempt.tries for attempt in left)))
        return counts

    async def _try(self, replay: Replay, attempt: Attempt) -> Counts | None:
        """Return what came of an event; None when it is to be tried again."""
        work: Work | None = None
        try:
            work = self._work(replay, attempt.item)
            is_known = await self._committer.submit(work) is None
        except Waits:
            return None
        except Exception as error:  # noqa: BLE001  answered per event: again, or kept among the failures
            attempt.tries += 1
            if attempt.tries < TRIES and not isinstance(error, Permanent):
                return None
            if work:
                self._committer.unpark(work)
            replay.failures = [*replay.failures, _failed(attempt.item, work, error)][-FAILURES_KEPT:]
            return Counts(failed=1)
        return Counts(known=1) if is_known or work.redo is None else _counts(work.redo)

    def _work(self, replay: Replay, item: Item) -> Work:
        stored = item.stored
        try:
            envelope, event = decode(stored.data)
        except (UnknownEventType, ValidationError, ValueError) as error:
            raise Permanent(f"schema: {error}", remedy="fix-at-sender") from error
        subscription = self._subscriptions[item.type]
        domain = domain_of(item.type)
        is_again = replay.projection is not None or subscription.repeatable
        return Work(
            source=f"replay-{replay.id}" if is_again else domain,
            message_id=envelope.id,
            cause=cause_of(envelope),
            message=event,
            handler=subscription.handler,
            args=(event,),
            deps=subscription.deps,
            redo=Redo(domain, "rebuild" if replay.projection else "replay"),
            lane=f"{replay.id}/{stored.stream}/{envelope.partitionkey}",
            order=stored.sequence,
        )


def _counts(redo: Redo) -> Counts:
    made = sum(1 for effect in redo.effects if effect.seq)
    repeated = len(redo.outbox) - redo.published + len(redo.effects) - made
    return Counts(published=redo.published, effects=made, repeated=repeated, suppressed=redo.suppressed)


def _failed(item: Item, work: Work | None, error: Exception) -> Failed:
    return Failed(
        event_id=work.message_id if work else "",
        type=item.type,
        stream=item.stored.stream,
        sequence=item.stored.sequence,
        error=f"{type(error).__name__}: {error}"[:500],
    )
