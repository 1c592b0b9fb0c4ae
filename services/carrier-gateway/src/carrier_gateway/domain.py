"""Shipments in carriers' hands: rank-and-time rules, so that the order of arrival never matters."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from canonical.transport import ShipmentPlanned
from canonical.values import BookedParcel
from pydantic import BaseModel, ConfigDict, Field

Kind = Literal[
    "picked-up", "in-transit", "arrived", "customs", "out-for-delivery", "eta", "delayed", "attempted", "exception",
    "pickup-point", "delivered", "proof", "returning", "unmapped",
]  # fmt: skip

RANK: Mapping[Kind, int] = {
    "unmapped": 0, "eta": 0, "delayed": 0, "picked-up": 1, "in-transit": 2, "arrived": 2, "customs": 2,
    "out-for-delivery": 3, "attempted": 3, "exception": 3, "pickup-point": 4, "returning": 5, "delivered": 6, "proof": 7,
}  # fmt: skip
"""The later stage wins, whatever came first; `delivered` sticks. Facts of rank 0 change no stage."""

ONCE_PER_SHIPMENT: frozenset[Kind] = frozenset(
    {"picked-up", "in-transit", "arrived", "out-for-delivery", "delayed", "pickup-point", "returning", "customs"}
)
"""Told for the first parcel that reaches them; attempts and exceptions are told each time they happen."""


class Scan(BaseModel):
    """One thing a carrier reported about one parcel, in our words."""

    model_config = ConfigDict(frozen=True)

    carrier_code: str
    scan_id: str
    tracking_number: str
    kind: Kind
    at: datetime
    code: str
    description: str = ""
    location: str | None = None
    reason: str | None = None
    signed_by: str | None = None
    document_ref: str | None = None
    eta: datetime | None = None

    @property
    def key(self) -> str:
        """What makes two reports the same fact: the carrier's own id of the scan."""
        return f"{self.carrier_code}/{self.scan_id}"


class ParcelState(BaseModel):
    """Where one parcel is."""

    tracking_number: str
    sscc: str
    stage: Kind = "unmapped"
    stage_at: datetime | None = None
    delivered_at: datetime | None = None
    signed_by: str | None = None
    document_ref: str | None = None
    scans: list[Scan] = Field(default_factory=list)

    def see(self, scan: Scan) -> None:
        """Take a scan in: a higher rank wins; in one rank the later time, then the kind's name (so ties are stable)."""
        self.scans.append(scan)
        place = (RANK[scan.kind], scan.at, scan.kind)
        if RANK[scan.kind] and (self.stage_at is None or place > (RANK[self.stage], self.stage_at, self.stage)):
            self.stage, self.stage_at = scan.kind, scan.at
        if scan.kind in {"delivered", "proof"}:
            self.delivered_at = min(self.delivered_at, scan.at) if self.delivered_at else scan.at
            self.signed_by = min(filter(None, (self.signed_by, scan.signed_by)), default=None)
        if scan.kind == "proof":
            self.document_ref = min(filter(None, (self.document_ref, scan.document_ref)), default=None)


class Shipment(BaseModel):
    """One shipment and its parcels."""

    plan: ShipmentPlanned
    booking_reference: str | None = None
    refused: str | None = None
    parcels: list[ParcelState] = Field(default_factory=list)
    told: list[str] = Field(default_factory=list)
    eta: datetime | None = None

    def parcel(self, tracking_number: str) -> ParcelState | None:
        """Return a parcel of the shipment."""
        return next((parcel for parcel in self.parcels if parcel.tracking_number == tracking_number), None)

    @property
    def is_delivered(self) -> bool:
        """Whether every parcel was handed over."""
        return bool(self.parcels) and all(parcel.delivered_at for parcel in self.parcels)

    @property
    def is_proven(self) -> bool:
        """Whether every parcel has its proof of delivery."""
        return bool(self.parcels) and all(parcel.document_ref for parcel in self.parcels)

    @property
    def delivered_at(self) -> datetime | None:
        """When the last parcel was handed over."""
        return max((p.delivered_at for p in self.parcels if p.delivered_at), default=None)

    def tell(self, fact: str) -> bool:
        """Say whether a fact is told for the first time, and remember it."""
        if fact in self.told:
            return False
        self.told.append(fact)
        return True

    def moves_eta(self, eta: datetime, threshold: timedelta) -> bool:
        """Say whether an estimate differs enough from the last one told to be told."""
        return self.eta is None or abs(eta - self.eta) >= threshold


class Parcel(BaseModel):
    """Which shipment a tracking number belongs to; scans that came before the booking wait here."""

    shipment_id: str | None = None
    waiting: list[Scan] = Field(default_factory=list)


class Booked(BaseModel):
    """A carrier's answer to a booking."""

    reference: str
    parcels: tuple[BookedParcel, ...]
