"""Shipments, tracking numbers and orders; a batch is read with one query per table and written with one."""

from collections.abc import Sequence

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from canonical.transport import ShipmentPlanned
from canonical.warehouse import PickShorted
from chassis import Document, Documents, Store

from carrier_gateway.domain import OrderIndex, Pointer, Shipment
from carrier_gateway.domain.reports import Report, pointer_key
from carrier_gateway.ports import BookShipment, CancelBooking


class ShipmentRow(Document, table=True):
    """Table of shipments."""

    __tablename__ = "carrier_shipments"


class PointerRow(Document, table=True):
    """Table of tracking numbers and of the facts that wait for their booking."""

    __tablename__ = "tracking_numbers"


class OrderRow(Document, table=True):
    """Table of order indexes."""

    __tablename__ = "orders_at_carriers"


class ShipmentStore(Documents[Shipment]):
    """Shipments by id."""

    table = ShipmentRow
    model = Shipment


class PointerStore(Documents[Pointer]):
    """Tracking numbers by carrier and number."""

    table = PointerRow
    model = Pointer


class OrderStore(Documents[OrderIndex]):
    """Indexes by order id."""

    table = OrderRow
    model = OrderIndex


class CarrierDesk(Store):
    """The three tables together: which shipment a report needs is known only after its tracking number was read."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self.shipments = ShipmentStore(session)
        self.pointers = PointerStore(session)
        self.orders = OrderStore(session)

    async def warm(self, messages: Sequence[BaseModel]) -> None:
        """Load and lock what a batch needs: tracking numbers, then orders, then shipments."""
        pointers: set[str] = set()
        orders: set[str] = set()
        shipments: set[str] = set()
        for message in messages:
            match message:
                case Report():
                    pointers.add(pointer_key(message.carrier_code, message.tracking_number))
                case ShipmentPlanned():
                    orders.add(message.order_id)
                    shipments.add(message.shipment_id)
                case PickShorted():
                    orders.add(message.order_id)
                case BookShipment() | CancelBooking():
                    shipments.add(message.shipment_id)
                case _:
                    pass
        await self._load(pointers, orders, shipments)

    async def _load(self, pointers: set[str], orders: set[str], shipments: set[str]) -> None:
        await self.pointers.load(pointers)
        await self.orders.load(orders)
        for key in pointers:
            if (found := await self.pointers.get(key)) and found.shipment_id:
                shipments.add(found.shipment_id)
        await self.shipments.load(shipments)

    async def flush(self) -> None:
        """Write what changed."""
        await self.pointers.flush()
        await self.orders.flush()
        await self.shipments.flush()
