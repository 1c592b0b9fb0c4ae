"""Shipments and tracking numbers as documents."""

from collections.abc import Iterable

from chassis import Document, Documents
from pydantic import BaseModel

from carrier_gateway.domain import Parcel, Shipment


class ShipmentRow(Document, table=True):
    """Table of shipments."""

    __tablename__ = "shipments"


class ParcelRow(Document, table=True):
    """Table of tracking numbers."""

    __tablename__ = "parcels"


class ShipmentStore(Documents[Shipment]):
    """Shipments by id."""

    table = ShipmentRow
    model = Shipment

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the shipment a message is about."""
        shipment_id = getattr(message, "shipment_id", None)
        return [shipment_id] if shipment_id else []


class ParcelStore(Documents[Parcel]):
    """Tracking numbers."""

    table = ParcelRow
    model = Parcel

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the tracking number a message is about."""
        number = getattr(message, "tracking_number", None)
        return [number] if number else []
