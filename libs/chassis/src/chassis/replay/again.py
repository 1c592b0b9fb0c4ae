"""Events into their handlers a second time, through the group commit."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from canonical import CanonicalEvent, Envelope, UnknownEventType, decode
from canonical.subjects import domain_of
from chassis.commit import Committer
from chassis.consume import Subscription
from chassis.errors import Permanent
from chassis.failures.fate import backoff
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


class Again:
    """Handles events again."""

    def __init__(self, committer: Committer, subscriptions: Mapping[str, Subscription]) -> None:
        self._committer, self._subscriptions = committer, subscriptions

    async def handle(self, replay: Replay, items: Sequence[Item]) -> Counts:
        """Handle events in order per key; what fails a few times, or for good, is kept among the failures."""
        counts = Counts()
        lanes: dict[str, list[tuple[Item, Envelope, CanonicalEvent]]] = {}
        for item in items:
            try:
                envelope, event = decode(item.stored.data)
            except (UnknownEventType, ValidationError, ValueError) as error:
                counts += _note_failure(replay, item, "", error)
            else:
                lanes.setdefault(envelope.partitionkey, []).append((item, envelope, event))
        return sum(await asyncio.gather(*(self._lane(replay, lane) for lane in lanes.values())), counts)

    async def _lane(self, replay: Replay, lane: Sequence[tuple[Item, Envelope, CanonicalEvent]]) -> Counts:
        counts = Counts()
        for item, envelope, event in lane:
            counts += await self._one(replay, item, envelope, event)
        return counts

    async def _one(self, replay: Replay, item: Item, envelope: Envelope, event: CanonicalEvent) -> Counts:
        tries = 1
        while True:
            work = self._work(replay, item, envelope, event)
            try:
                is_known = await self._committer.submit(work) is None
            except Exception as error:  # noqa: BLE001  answered per event: again, or kept among the failures
                if tries >= TRIES or isinstance(error, Permanent):
                    return _note_failure(replay, item, work.message_id, error)
                await asyncio.sleep(backoff(tries))
                tries += 1
            else:
                return Counts(known=1) if is_known or work.redo is None else _counts(work.redo)

    def _work(self, replay: Replay, item: Item, envelope: Envelope, event: CanonicalEvent) -> Work:
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
        )


def _counts(redo: Redo) -> Counts:
    made = sum(1 for effect in redo.effects if effect.seq)
    repeated = len(redo.outbox) - redo.published + len(redo.effects) - made
    return Counts(published=redo.published, effects=made, repeated=repeated, suppressed=redo.suppressed)


def _note_failure(replay: Replay, item: Item, event_id: str, error: Exception) -> Counts:
    failed = Failed(
        event_id=event_id,
        type=item.type,
        stream=item.stored.stream,
        sequence=item.stored.sequence,
        error=f"{type(error).__name__}: {error}"[:500],
    )
    replay.failures = [*replay.failures, failed][-FAILURES_KEPT:]
    return Counts(failed=1)
