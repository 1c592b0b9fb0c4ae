"""Business identifiers: one name each, printable, without blanks, at most 64 characters."""

from typing import Annotated

from pydantic import StringConstraints

_ID = StringConstraints(min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f]+$")

OrderId = Annotated[str, _ID]
"""The shipper's order number."""
ShipmentId = Annotated[str, _ID]
"""Our number of a shipment: what one carrier takes in one booking."""
WarehouseOrderId = Annotated[str, _ID]
"""Our number of the order to one warehouse."""
AllocationId = Annotated[str, _ID]
"""Our number of stock set aside for an order at one site."""
ReturnId = Annotated[str, _ID]
"""Number of a return authorisation (RMA)."""
CaseId = Annotated[str, _ID]
"""Number of a customer-service case."""
NotificationId = Annotated[str, _ID]
"""Number of a message to a customer."""
CustomerId = Annotated[str, _ID]
"""The shipper's number of the customer (sold-to party)."""
Sku = Annotated[str, _ID]
"""Stock keeping unit."""
SiteCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,15}$")]
"""Code of a warehouse, store or 3PL site."""
CarrierCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
"""Code of a carrier profile."""
TrackingNumber = Annotated[str, _ID]
"""The carrier's number of one parcel."""
Sscc = Annotated[str, StringConstraints(pattern=r"^[0-9]{18}$")]
"""Serial shipping container code (GS1 SSCC-18) of one parcel."""
