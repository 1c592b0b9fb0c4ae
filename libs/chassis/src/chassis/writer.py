"""Turn what handlers return into rows: sealed envelopes for the outbox, keyed calls for the effect table."""

import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import orjson

from canonical import CanonicalEvent, Envelope, derived_id, publish_subject, seal
from chassis.clock import Clock
from chassis.effect import Effect
from chassis.failures.letters import Lane, Letter
from chassis.work import Cause, Work


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An event waiting to be published, as bytes."""

    event_id: str
    stream: str
    subject: str
    payload: bytes


@dataclass(slots=True)
class NewEffect:
    """An effect just committed; `seq` is 0 when the row was there before, `lease` is 0 when memory had no room.

    `born` is when it was committed, in seconds since 1970.
    """

    effect: Effect
    key: str
    cause: Cause
    cause_json: str
    seq: int = 0
    attempts: int = 0
    lease: float = 0.0
    born: float = field(default_factory=time.time)


@dataclass(slots=True)
class Batch:
    """What one transaction writes: what each unit of work produced, whose letters were kept, which lanes are held."""

    published: dict[Work, Sequence[Envelope] | None] = field(default_factory=dict)
    outbox: list[OutboxRow] = field(default_factory=list)
    effects: list[NewEffect] = field(default_factory=list)
    kept: set[Work] = field(default_factory=set)
    held: set[Lane] = field(default_factory=set)


class Writer:
    """Gives every outgoing fact its identity: who, where, why; ids follow from the cause, so a re-run repeats them."""

    def __init__(self, *, service: str, region: str, company: str, clock: Clock) -> None:
        self._service = service
        self._source = f"/{region}/{service}"
        self._region = region
        self._company = company
        self._clock = clock

    def event(self, event: CanonicalEvent, cause: Cause, index: int) -> tuple[Envelope, OutboxRow]:
        """Seal an event and make its outbox row."""
        correlation = str(getattr(event, "order_id", None) or cause.correlation_id or event.key)
        envelope = seal(
            event,
            event_id=derived_id(cause.step_id, f"{index}:{type(event).type}:{event.key}"),
            source=self._source,
            correlation_id=correlation,
            causation_id=cause.causation_id,
            region=self._region,
            recorded_at=self._clock.now(),
            traceparent=cause.traceparent,
            company=cause.company or self._company,
        )
        domain = type(event).type.split(".", 1)[0]
        row = OutboxRow(
            event_id=envelope.id,
            stream=domain.upper(),
            subject=publish_subject(event, self._region),
            payload=envelope.model_dump_json(exclude_none=True).encode(),
        )
        return envelope, row

    @staticmethod
    def effect(effect: Effect, cause: Cause, index: int) -> NewEffect:
        """Key an effect by its cause and step."""
        key = derived_id(cause.step_id, f"{index}:{effect.name}:{effect.lane}")
        return NewEffect(effect=effect, key=key, cause=cause, cause_json=orjson.dumps(asdict(cause)).decode())

    def letter(self, letter: Letter, tries: int) -> OutboxRow:
        """Make the outbox row of a dead letter; one that dies again after a retry is told again."""
        source = re.sub(r"[^a-z0-9-]", "-", letter.origin.source.lower())
        record = letter.record(self._service, tries, self._clock.now().isoformat())
        return OutboxRow(
            event_id=f"{self._service}:{letter.origin.source}:{letter.origin.id}:{tries}",
            stream="DLQ",
            subject=f"dlq.{self._region}.{self._service}.{source}.{type(letter.error).__name__}",
            payload=orjson.dumps(record),
        )
