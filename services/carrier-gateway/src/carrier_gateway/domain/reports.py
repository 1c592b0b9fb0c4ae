"""What carriers report: messages as they came, and what they say in our words."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from profiles import Event, Item, Reading

from carrier_gateway.domain.facts import Fact

Channel = Literal["webhook", "poll"]
NUMBER_LENGTH = 64
Outcome = Literal["tracking", "ignored", "handshake", "empty", "dead"]


class RawMessage(BaseModel):
    """A message of a carrier as it came."""

    model_config = ConfigDict(frozen=True)

    seq: int = 0
    carrier_code: str
    channel: Channel
    digest: str
    body: bytes
    headers: dict[str, str] = Field(default_factory=dict)
    request: dict[str, str] = Field(default_factory=dict)
    received_at: datetime


class Report(BaseModel):
    """One event of a carrier's message, in our words."""

    model_config = ConfigDict(frozen=True)

    carrier_code: str
    tracking_number: str
    fact: Fact


class CallBack(BaseModel):
    """What a handshake asks us to call."""

    model_config = ConfigDict(frozen=True)

    url: str
    body: Any = None


class Mapped(BaseModel):
    """What a raw message was found to say."""

    model_config = ConfigDict(frozen=True)

    seq: int
    carrier_code: str
    outcome: Outcome
    reports: tuple[Report, ...] = ()
    unmapped: int = 0
    problem: str | None = None
    call_back: CallBack | None = None


class MappedBatch(BaseModel):
    """Raw messages mapped together, in the order they came."""

    messages: tuple[Mapped, ...]


class Asked(BaseModel):
    """A carrier was asked about shipments, or subscribed to them until a moment."""

    shipment_ids: tuple[str, ...]
    subscribed_until: datetime | None = None


def mapped(message: RawMessage, reading: Reading) -> Mapped:
    """Return what a message says as reports; an item nobody can tell the parcel of costs the others nothing."""
    items = [item for item in reading.items if item.events and not item.is_test]
    numbers = [_number(message, item) for item in items]
    return Mapped(
        seq=message.seq,
        carrier_code=message.carrier_code,
        outcome=reading.disposition,
        reports=tuple(
            report
            for item, number in zip(items, numbers, strict=True)
            if number
            for report in _reports(message, item, number)
        ),
        unmapped=len(reading.unmapped),
        call_back=_call_back(reading),
        problem="an item has events and no tracking number" if None in numbers else None,
    )


def _call_back(reading: Reading) -> CallBack | None:
    """Return the call a handshake asks for, to the hosts its profile names and nowhere else."""
    asked = reading.handshake
    url = asked.call_back.text_in(reading.scope) if asked and asked.call_back else None
    if asked is None or url is None:
        return None
    address = urlsplit(url)
    if address.netloc not in asked.call_hosts or address.scheme not in {"https", "http"}:
        return None
    return CallBack(url=url, body=asked.call_body(reading.scope) if asked.call_body else None)


def _number(message: RawMessage, item: Item) -> str | None:
    number = item.tracking_number or message.request.get("number")
    return number if number and len(number) <= NUMBER_LENGTH and not any(sign.isspace() for sign in number) else None


def _reports(message: RawMessage, item: Item, number: str) -> Iterator[Report]:
    for event in item.events:
        for fact in _facts(message, item, event):
            yield Report(carrier_code=message.carrier_code, tracking_number=number, fact=fact)


def _facts(message: RawMessage, item: Item, event: Event) -> Iterator[Fact]:
    moment = event.moment
    eta = item.eta.at if item.eta and item.eta.at.tzinfo else None
    if event.milestone == "eta-changed" and eta is None and moment and moment.at.tzinfo:
        eta = moment.at
    fact = Fact(
        kind=event.milestone,
        at=moment.at if moment else message.received_at,
        basis=moment.basis if moment else "received",
        code=event.code or event.milestone,
        text=event.text[:500],
        place=event.place,
        reason=event.reason,
        eta=eta if event.milestone == "eta-changed" else None,
        signed_by=event.signed_by,
        document_ref=event.document,
        heard_at=message.received_at,
    )
    yield fact
    if event.is_proof and fact.kind == "delivered":
        yield fact.model_copy(update={"kind": "proof-of-delivery"})
    if event is item.events[-1] and fact.kind != "eta-changed" and eta is not None:
        yield fact.model_copy(update={"kind": "eta-changed", "eta": eta, "signed_by": None, "document_ref": None})


def pointer_key(carrier_code: str, tracking_number: str) -> str:
    """Return the key of a tracking number; two carriers may use the same one."""
    return f"{carrier_code}:{tracking_number}"
