"""Where an order's time went: per step of the flow and per service, as far as its events tell."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel

from canonical import flows
from canonical.flows import Step as FlowStep

from control_tower.domain.story import Told

Kind = Literal["reaction", "call", "outside"]

CALLED = frozenset(
    {
        "transport.shipment-planned",
        "transport.return-shipment-planned",
        "carrier.carrier-booked",
        "notification.notification-sent",
        "notification.notification-failed",
        "notification.case-opened",
        "notification.case-closed",
    }
)
"""What is published when an outside system has answered a call: the time until then holds the call."""
MESSAGE = "notification.notification-sent"
"""The customer has been told."""


class Spent(BaseModel):
    """The time one step took, from what it follows to what tells that it is done."""

    event_id: str
    """The event that ended it."""
    type: str
    """Its type."""
    what: str
    """What has happened then."""
    service: str
    """Who published it."""
    after: str | None
    """Type of what it follows; None where the story begins."""
    kind: Kind
    """A service's own work on an event; work with a call to an outside system; or the world's, reported to us."""
    ms: float
    """Milliseconds it took, all of it."""
    reported_ms: float
    """Of these, from its happening in the world to our record of it."""
    limit_ms: float | None
    """What the flow allows; None where nobody promised anything."""


class Share(BaseModel):
    """What one service's steps took; steps beside each other each count whole."""

    service: str
    """The service."""
    steps: int
    """Its steps."""
    reaction_ms: float = 0.0
    """Waiting for its turn and handling, together: events do not tell them apart."""
    call_ms: float = 0.0
    """The same with a call to an outside system in it."""
    outside_ms: float = 0.0
    """Until something happened in the world."""
    reported_ms: float = 0.0
    """From then until it was recorded."""


def steps_of(story: Sequence[Told]) -> list[Spent]:
    """Return the steps of a story, in the order they ended."""
    before: list[Told] = []
    found = []
    for one in sorted(story, key=lambda told: (told.recorded_at, told.id)):
        if step := _spent(one, before):
            found.append(step)
        before.append(one)
    return found


def shares_of(steps: Iterable[Spent]) -> list[Share]:
    """Return what each service's steps took, those of the most time first."""
    shares: dict[str, Share] = {}
    for step in steps:
        share = shares.setdefault(step.service, Share(service=step.service, steps=0))
        share.steps += 1
        share.reported_ms = round(share.reported_ms + step.reported_ms, 1)
        match step.kind:
            case "reaction":
                share.reaction_ms = round(share.reaction_ms + step.ms, 1)
            case "call":
                share.call_ms = round(share.call_ms + step.ms, 1)
            case "outside":
                share.outside_ms = round(share.outside_ms + step.ms - step.reported_ms, 1)
    return sorted(shares.values(), key=lambda share: -(share.reaction_ms + share.call_ms + share.outside_ms))


def until_told_ms(story: Sequence[Told]) -> float | None:
    """Return the time from the first transaction to the last message to the customer; None when none was sent."""
    messages = [one.recorded_at for one in story if _plain(one.type) == MESSAGE]
    return _ms(min(one.happened_at for one in story), max(messages)) if messages else None


def _spent(one: Told, before: Sequence[Told]) -> Spent | None:
    """Return the step that an event ends: of a flow, or a message; None when it is neither."""
    named = _steps().get(one.type)
    if named is None and _plain(one.type) not in CALLED:
        return None
    cause = next((other for other in reversed(before) if _leads_to(other, one, named)), None)
    begun = cause.recorded_at if cause else one.happened_at
    kind = _kind(one, cause)
    reported = _ms(max(one.happened_at, begun), one.recorded_at) if kind == "outside" else 0.0
    return Spent(
        event_id=one.id,
        type=one.type,
        what=named.what if named else "the customer, or customer service, is told",
        service=one.service,
        after=cause.type if cause else None,
        kind=kind,
        ms=_ms(begun, one.recorded_at),
        reported_ms=reported,
        limit_ms=named.within_seconds * 1000 if named and named.within_seconds and cause else None,
    )


def _leads_to(other: Told, one: Told, step: FlowStep | None) -> bool:
    return other.id == one.cause or (one.cause is None and step is not None and other.type in step.after)


def _kind(one: Told, cause: Told | None) -> Kind:
    if _plain(one.type) in CALLED:
        return "call"
    return "reaction" if one.cause is not None and cause is not None else "outside"


@cache
def _steps() -> Mapping[str, FlowStep]:
    """Return the steps by event type; of an event in several flows the one with the shortest limit."""
    found: dict[str, FlowStep] = {}
    for step in (step for flow in flows.load().values() for step in flow.steps):
        known = found.get(step.event)
        if known is None or (step.within_seconds or 1e12) < (known.within_seconds or 1e12):
            found[step.event] = step
    return MappingProxyType(found)


def _plain(event_type: str) -> str:
    return event_type.rsplit(".", 1)[0]


def _ms(begun: datetime, ended: datetime) -> float:
    return round(max((ended - begun).total_seconds(), 0.0) * 1000, 1)
