"""The rules of shipments in carriers' hands; pure and synchronous."""

from carrier_gateway.domain.facts import RULES, Fact, Kind, ParcelState, Rule, identity, merge, state_of
from carrier_gateway.domain.manifest import CloseOutWish, Manifest
from carrier_gateway.domain.shipment import Booking, Label, OrderIndex, ParcelTrack, Pointer, Shipment, Told, Waiting

__all__ = [
    "RULES",
    "Booking",
    "CloseOutWish",
    "Fact",
    "Kind",
    "Label",
    "Manifest",
    "OrderIndex",
    "ParcelState",
    "ParcelTrack",
    "Pointer",
    "Rule",
    "Shipment",
    "Told",
    "Waiting",
    "identity",
    "merge",
    "state_of",
]
