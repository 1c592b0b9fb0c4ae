"""What a replay is asked for, what it would do, and where it is."""

from collections.abc import Mapping
from typing import Any, Literal

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

DEFAULT_RATE = 200.0
Handled = Literal["again", "once"]


class Selection(BaseModel):
    """Which events: all criteria hold at once; one that is not given holds for every event."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    types: tuple[str, ...] = ()
    """Event types, e.g. `order.released.v1`; all the service listens to when empty."""
    since: AwareDatetime | None = None
    """Recorded by the broker at this moment or later."""
    until: AwareDatetime | None = None
    """Recorded by the broker before this moment."""
    key: str | None = Field(default=None, min_length=1)
    """The event's business key."""
    correlation_id: str | None = Field(default=None, min_length=1)
    """The business transaction, usually the order."""
    event_ids: frozenset[str] | None = Field(default=None, max_length=10_000)
    """Just these events, e.g. those of a group of dead letters."""

    @property
    def is_read(self) -> bool:
        """Whether an event must be read to say if it is meant."""
        return (self.key, self.correlation_id, self.event_ids) != (None, None, None)

    def takes(self, body: bytes) -> bool:
        """Say whether an event with this envelope is meant; one that cannot be read is not."""
        if not self.is_read:
            return True
        try:
            envelope: Any = orjson.loads(body)
        except orjson.JSONDecodeError:
            return False
        if not isinstance(envelope, dict) or (self.event_ids is not None and envelope.get("id") not in self.event_ids):
            return False
        return all(
            wanted in (None, envelope.get(name))
            for name, wanted in (("partitionkey", self.key), ("correlationid", self.correlation_id))
        )


class Wanted(Selection):
    """A replay as it is asked for."""

    projection: str | None = None
    """Empty this projection's tables first and run only its handlers."""
    accept_loss: bool = False
    """Rebuild even though the streams no longer hold the first events."""
    rate: float = Field(default=DEFAULT_RATE, ge=1, le=10_000)
    """Events per second, at most."""
    reason: str = Field(default="", max_length=500)
    """Why."""
    actor: str = Field(default="unknown", max_length=200)
    """Who."""


class Cursor(BaseModel):
    """Where a replay is within one event type: the next sequence to read and the last one it covers."""

    stream: str
    next: int
    last: int


class Stretch(Cursor):
    """The events of one type that a replay covers."""

    type: str
    count: int
    first_at: AwareDatetime
    last_at: AwareDatetime
    handled: Handled


class Plan(BaseModel):
    """What a replay would do; nothing has been done."""

    service: str
    until: AwareDatetime | None
    types: list[Stretch]
    total: int
    seconds: float
    effects: Mapping[str, str]
    projection: str | None = None
    tables: list[str] = []
    has_start: bool = True


class Failed(BaseModel):
    """An event whose handler refused it again."""

    event_id: str
    type: str
    stream: str
    sequence: int
    error: str


class Counts(BaseModel):
    """What came of the events handled so far."""

    known: int = 0
    """Events the inbox knew: handled before, or by this replay before the process ended."""
    failed: int = 0
    """Events whose handler refused them."""
    published: int = 0
    """New events the outbox had never had."""
    repeated: int = 0
    """Events and effects that were there already and were not made again."""
    effects: int = 0
    """Effects never made before, made now."""
    suppressed: int = 0
    """Effects not made because their class says so."""

    def __add__(self, other: "Counts") -> "Counts":
        mine, others = self.model_dump(), other.model_dump()
        return Counts(**{name: mine[name] + others[name] for name in mine})


class Replay(BaseModel):
    """A replay and its progress."""

    id: str
    state: Literal["running", "stopped", "done", "failed"]
    request: Wanted
    cursors: dict[str, Cursor]
    total: int
    done: int
    counts: Counts
    failures: list[Failed]
    projection: str | None
    emptied_at: AwareDatetime | None
    per_second: float | None
    error: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    ended_at: AwareDatetime | None

    @property
    def remaining_seconds(self) -> float | None:
        """Seconds left at the speed so far; None while it is not known or nothing runs."""
        if self.state != "running" or not self.per_second:
            return None
        return round((self.total - self.done) / self.per_second, 1)
