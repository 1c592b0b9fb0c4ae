"""How an event is filed: its day, the numbers it is found by, the stage it shows, the deadlines it opens and meets."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from canonical import Envelope

from control_tower.domain.agreed import AS_IN_FLOWS, Agreed
from control_tower.domain.corrections import standing
from control_tower.domain.holds import NO_HOLDS, Held, holds, pausing
from control_tower.domain.limits import ENDS, Opened, met_by, opened_by
from control_tower.domain.numbers import numbers_of
from control_tower.domain.stages import Stage, stage_of

K = TypeVar("K")

LATEST_AHEAD = timedelta(days=2)
"""An event recorded further in the future comes from a wrong clock."""

Deadline = tuple[str, str, str]
"""A correlation id, a flow, and the event after which something is awaited."""


@dataclass(slots=True)
class Journey:
    """What a batch says of one business transaction."""

    company: str
    region: str
    first_at: datetime
    last_at: datetime
    events: int = 0
    stage: Stage | None = None
    stage_at: datetime | None = None
    ended_at: datetime | None = None
    is_disturbed: bool = False

    def take_in(self, envelope: Envelope) -> None:
        """Count one more event."""
        self.events += 1
        self.is_disturbed |= disturbs(envelope)
        self.first_at = min(self.first_at, envelope.recordedtime)
        self.last_at = max(self.last_at, envelope.recordedtime)
        if envelope.type in ENDS:
            self.ended_at = min(self.ended_at or envelope.time, envelope.time)
        stage = stage_of(envelope.type, envelope.data)
        if stage and (self.stage is None or stage.rank > self.stage.rank):
            self.stage, self.stage_at = stage, envelope.time


@dataclass(slots=True)
class Filed:
    """What a batch of events comes to, each kind of row once."""

    journeys: dict[str, Journey] = field(default_factory=dict)
    numbers: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    """When each (value, kind, correlation id) was first recorded."""
    opened: dict[Deadline, Opened] = field(default_factory=dict)
    met: dict[Deadline, datetime] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    """The order of each correlation id that has one."""


def day_of(envelope: Envelope) -> date:
    """Return the day an event is filed under: the one it was recorded on, in UTC."""
    return envelope.recordedtime.astimezone(UTC).date()


def file(envelopes: Iterable[Envelope], agreed: Agreed = AS_IN_FLOWS) -> Filed:
    """File events that are new to the archive; the outcome does not depend on how they are put into batches."""
    filed = Filed()
    for envelope in envelopes:
        _file_one(filed, envelope, NO_HOLDS, agreed)
    return filed


def file_anew(envelopes: Iterable[Envelope], agreed: Agreed = AS_IN_FLOWS) -> Filed:
    """File whole transactions, all their events given: without what was corrected, and with what stood still."""
    filed, stand = Filed(), standing(envelopes)
    held = holds(stand)
    for envelope in stand:
        _file_one(filed, envelope, held, agreed)
    return filed


def disturbs(envelope: Envelope) -> bool:
    """Whether deadlines cannot go on being kept event by event, and the transaction must be looked at as a whole."""
    return envelope.correctionof is not None or envelope.type in pausing()


def _file_one(filed: Filed, envelope: Envelope, held: Held, agreed: Agreed) -> None:
    correlation, recorded = envelope.correlationid, envelope.recordedtime
    journey = filed.journeys.get(correlation)
    if journey is None:
        journey = filed.journeys[correlation] = Journey(envelope.company, envelope.region, recorded, recorded)
    journey.take_in(envelope)
    numbers = numbers_of(envelope.data)
    if correlation not in (value for _, value in numbers):
        numbers |= {("correlation", correlation)}
    if envelope.sourceref:
        numbers |= {("reference", envelope.sourceref)}
    for kind, value in numbers:
        _earliest(filed.numbers, (value, kind, correlation), recorded)
    if isinstance(order := envelope.data.get("order_id"), str):
        filed.orders[correlation] = order
    for common in opened_by().get(envelope.type, ()):
        limit = agreed.of(common, envelope.data.get("customer_id"))
        key = (correlation, limit.flow, limit.after)
        opened = limit.opened(envelope.time, envelope.site, held.get((correlation, limit.flow), ()))
        filed.opened[key] = opened.earliest(filed.opened.get(key, opened))
    for limit in met_by().get(envelope.type, ()):
        _earliest(filed.met, (correlation, limit.flow, limit.after), envelope.time)


def _earliest(moments: dict[K, datetime], key: K, at: datetime) -> None:
    moments[key] = min(moments.get(key, at), at)
