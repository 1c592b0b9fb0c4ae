"""A shipment: its booking, its parcels, what was reported of them, and which of it the mesh was told."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, Field, computed_field

from canonical.values import BookedParcel, Contact

from carrier_gateway.domain.facts import RULES, Fact, Kind, ParcelState, identity, merge, moment_order, state_of

Stage = Literal["booking", "booked", "refused", "held", "cancelling", "cancelled"]
ETA_THRESHOLD = timedelta(hours=2)
"""An estimate that moved by less is nobody's news."""


class Told(NamedTuple):
    """A fact the mesh is to be told: about which parcel, and the how-manieth of its kind."""

    kind: Kind
    tracking_number: str
    fact: Fact
    ordinal: int = 1


class Label(BaseModel):
    """A parcel's label, ready to print."""

    shipment_id: str
    tracking_number: str
    media_type: str
    content: bytes


class Booking(BaseModel):
    """What a carrier answered to a booking; labels by tracking number where they came with it."""

    reference: str = Field(min_length=1, max_length=64)
    parcels: tuple[BookedParcel, ...] = Field(min_length=1)
    labels: dict[str, tuple[str, bytes]] = Field(default_factory=dict)


class ParcelTrack(BaseModel):
    """A booked parcel and every fact reported of it."""

    sscc: str
    label_ref: str
    facts: dict[str, Fact] = Field(default_factory=dict)

    def note(self, fact: Fact) -> bool:
        """Keep a fact; says whether it is a new one rather than more of a known one."""
        key = identity(fact)
        known = self.facts.get(key)
        self.facts[key] = merge(known, fact) if known else fact
        return known is None

    def count(self, kind: Kind) -> int:
        """Return how many facts of this kind are known."""
        return sum(fact.kind == kind for fact in self.facts.values())

    def state(self) -> ParcelState:
        """Return where the parcel stands."""
        return state_of(self.facts.values())


class Waiting(BaseModel):
    """A fact that came before the booking of its parcel was recorded."""

    fact: Fact
    since: datetime


class Pointer(BaseModel):
    """Where a tracking number belongs; without a shipment its facts wait here for the booking."""

    shipment_id: str | None = None
    waiting: list[Waiting] = Field(default_factory=list)

    def wait(self, fact: Fact, since: datetime) -> None:
        """Keep a fact until the booking is recorded."""
        if all(identity(item.fact) != identity(fact) or item.fact != fact for item in self.waiting):
            self.waiting.append(Waiting(fact=fact, since=since))


class OrderIndex(BaseModel):
    """The shipments of an order, and the warehouse orders that were stopped."""

    shipments: list[str] = Field(default_factory=list)
    stopped: list[str] = Field(default_factory=list)


class Shipment(BaseModel):
    """A shipment a carrier is to take, or has taken."""

    shipment_id: str
    order_id: str
    warehouse_order_id: str
    site: str
    customer_id: str
    contact: Contact
    carrier_code: str
    service_code: str
    planned_delivery_at: datetime
    destination: str = "?"
    stage: Stage
    since: datetime
    booked_at: datetime | None = None
    why: str = ""
    booking_reference: str | None = None
    is_stopped: bool = False
    parcels: dict[str, ParcelTrack] = Field(default_factory=dict)
    told: list[str] = Field(default_factory=list)
    told_eta: datetime | None = None
    subscribed_until: datetime | None = None
    manifest_id: str | None = None

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own idiom
    @property
    def is_open(self) -> bool:
        """Whether the carrier is still to report something."""
        return self.stage == "booked" and "proof-of-delivery" not in self.told

    def reach(self, stage: Stage, since: datetime, why: str = "") -> None:
        """Note a new stage and why."""
        self.stage, self.since, self.why = stage, since, why

    def book(self, booking: Booking, at: datetime) -> None:
        """Note the booking."""
        self.booking_reference, self.booked_at = booking.reference, at
        self.parcels = {
            parcel.tracking_number: ParcelTrack(sscc=parcel.sscc, label_ref=parcel.label_ref)
            for parcel in booking.parcels
        }
        self.reach("booked", at)

    def labels(self, booking: Booking) -> list[Label]:
        """Return the labels that came with the booking."""
        return [
            Label(shipment_id=self.shipment_id, tracking_number=number, media_type=media_type, content=content)
            for number, (media_type, content) in booking.labels.items()
            if number in self.parcels
        ]

    def has_left(self) -> bool:
        """Say whether the carrier has anything of it."""
        facts = [fact for parcel in self.parcels.values() for fact in parcel.facts.values()]
        return any(RULES[fact.kind].moves or fact.kind == "proof-of-delivery" for fact in facts)

    def note(self, tracking_number: str, fact: Fact) -> list[Told]:
        """Keep a fact of a parcel; return what of it, and of what it completes, is news."""
        parcel = self.parcels[tracking_number]
        if not parcel.note(fact):
            return self._completed(tracking_number)
        return [*self._news(tracking_number, parcel, fact), *self._completed(tracking_number)]

    def eta(self) -> datetime | None:
        """Return the carrier's newest estimate."""
        estimates = [fact for parcel in self.parcels.values() for fact in parcel.facts.values() if fact.eta]
        return max(estimates, key=lambda fact: (fact.order, fact.eta)).eta if estimates else None

    def states(self) -> dict[str, ParcelState]:
        """Return where each parcel stands."""
        return {number: parcel.state() for number, parcel in self.parcels.items()}

    def status(self) -> str:
        """Return where the shipment stands: its stage until something moved, then what its parcels say together."""
        states = [state for state in self.states().values() if state.since]
        if not states:
            return self.stage
        if any(state.state == "return-in-transit" for state in states):
            return "return-in-transit"
        handed_over = sum(state.delivered_at is not None for state in states)
        if handed_over:
            return "delivered" if handed_over == len(self.parcels) else "partially-delivered"
        return max(states, key=_latest).state

    def delivered_at(self) -> datetime | None:
        """Return when the last parcel was handed over, None while one is missing."""
        moments = [state.delivered_at for state in self.states().values() if state.delivered_at]
        return max(moments, key=moment_order) if moments and len(moments) == len(self.parcels) else None

    def waits(self) -> str | None:
        """Return what the shipment waits for, None when it waits for nothing."""
        if self.stage != "booked":
            return _WAITS[self.stage] if not self.why else f"{_WAITS[self.stage] or self.stage}: {self.why}"
        if not self.delivered_at():
            return f"{self.carrier_code} reports the next milestone"
        return None if "proof-of-delivery" in self.told else f"{self.carrier_code} sends the proof of delivery"

    def _news(self, tracking_number: str, parcel: ParcelTrack, fact: Fact) -> list[Told]:
        key, ordinal = str(fact.kind), 1
        match RULES[fact.kind].occurs:
            case "once":
                pass
            case "each-place":
                key = f"{fact.kind}:{fact.place}"
            case "each-time":
                ordinal = parcel.count(fact.kind)
                key = f"{fact.kind}:{ordinal}"
            case "each-fact":
                key = f"{tracking_number}:{identity(fact)}"
            case "past-threshold":
                return [Told(fact.kind, tracking_number, fact)] if self._is_eta_news(fact) else []
            case "when-complete" | "never":
                return []
        return [Told(fact.kind, tracking_number, fact, ordinal)] if self._tell(key) else []

    def _is_eta_news(self, fact: Fact) -> bool:
        if fact.eta is None or fact.eta != self.eta() or self.delivered_at():
            return False
        return abs(fact.eta - (self.told_eta or self.planned_delivery_at)) >= ETA_THRESHOLD

    def _completed(self, tracking_number: str) -> list[Told]:
        states = self.states()
        news: list[Told] = []
        if "proof-of-delivery" in self.told:
            richer = self._tell(_proof_key(states.values()))
            return [Told("proof-of-delivery", tracking_number, self._closing(tracking_number))] if richer else []
        if all(state.delivered_at for state in states.values()) and self._tell("delivered"):
            news.append(Told("delivered", tracking_number, self._closing(tracking_number)))
        if all(state.document_ref is not None for state in states.values()) and self._tell("proof-of-delivery"):
            self._tell(_proof_key(states.values()))
            news.append(Told("proof-of-delivery", tracking_number, self._closing(tracking_number)))
        return news

    def _closing(self, tracking_number: str) -> Fact:
        facts = self.parcels[tracking_number].facts.values()
        return max(facts, key=lambda fact: (RULES[fact.kind].rank, fact.order))

    def _tell(self, key: str) -> bool:
        if key in self.told:
            return False
        self.told.append(key)
        return True


_WAITS: dict[Stage, str | None] = {
    "booking": "the carrier confirms the booking",
    "booked": None,
    "refused": "transport-planner plans it anew",
    "held": "a person looks at the booking",
    "cancelling": "the carrier confirms the cancellation",
    "cancelled": None,
}


def _proof_key(states: Iterable[ParcelState]) -> str:
    """Return what the proof consists of: one that becomes richer is told anew, the delivery is not."""
    parts = [f"{state.document_ref or ''}{'+signature' if state.signed_by else ''}" for state in states]
    return f"proof:{';'.join(parts)}"


def _latest(state: ParcelState) -> tuple[Any, int]:
    return moment_order(state.since) if state.since else None, 0 if state.state == "booked" else RULES[state.state].rank
