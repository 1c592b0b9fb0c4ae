"""Events of the order domain, owned by order-release."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from canonical.event import CanonicalEvent
from canonical.ids import CustomerId, OrderId, ReturnId, SiteCode
from canonical.values import SECRET, Address, Contact, LineQuantity, Money, OrderLine

ServiceLevel = Literal["standard", "express"]


class OrderEvent(CanonicalEvent):
    """A fact about one order."""

    owner: ClassVar[str] = "order-release"

    order_id: OrderId
    """The order."""


class OrderReleased(OrderEvent):
    """The ERP released an order for delivery; nothing is allocated yet."""

    type: ClassVar[str] = "order.released.v1"

    customer_id: CustomerId
    """Who bought."""
    ship_to: Address
    """Where the goods go."""
    contact: Contact
    """How the customer is told."""
    lines: tuple[OrderLine, ...] = Field(min_length=1, max_length=500)
    """What was bought."""
    service_level: ServiceLevel
    """How fast it was promised."""
    promised_at: AwareDatetime
    """When delivery was promised at the latest."""
    total: Money = Field(json_schema_extra=SECRET)
    """Order value."""


class OrderChanged(OrderEvent):
    """The ERP changed an order that was released; only the fields given changed."""

    type: ClassVar[str] = "order.changed.v1"

    ship_to: Address | None = None
    """New delivery address."""
    promised_at: AwareDatetime | None = None
    """New promised delivery time."""
    lines: tuple[OrderLine, ...] | None = None
    """New lines, all of them."""
    reason: str
    """Why it changed."""


class OrderCancelled(OrderEvent):
    """The order is to be cancelled: every service stops what it still can."""

    type: ClassVar[str] = "order.cancelled.v1"

    reason: str
    """Why."""
    requested_by: str
    """Who asked: the ERP, the customer, or a service by name."""


class OrderCompleted(OrderEvent):
    """Nothing more will happen to the order."""

    type: ClassVar[str] = "order.completed.v1"

    customer_id: CustomerId
    """Who bought."""
    outcome: Literal["delivered", "partially-delivered", "cancelled"]
    """How it ended."""
    delivered_lines: tuple[LineQuantity, ...]
    """What arrived."""
    cancelled_lines: tuple[LineQuantity, ...]
    """What was not delivered."""


class ReturnEvent(OrderEvent):
    """A fact about one return."""

    return_id: ReturnId
    """The return."""


class ReturnRequested(ReturnEvent):
    """The customer wants to send goods back."""

    type: ClassVar[str] = "order.return-requested.v1"

    lines: tuple[LineQuantity, ...]
    """What is to come back."""
    reason: str
    """Why."""


class ReturnAuthorized(ReturnEvent):
    """The return was accepted; a return shipment may be planned."""

    type: ClassVar[str] = "order.return-authorized.v1"

    customer_id: CustomerId
    """Who returns."""
    lines: tuple[LineQuantity, ...]
    """What may come back."""
    ship_from: Address
    """Where it is picked up."""
    contact: Contact
    """How the customer is told."""
    return_site: SiteCode
    """Where it goes."""


class ReturnClosed(ReturnEvent):
    """The return is settled."""

    type: ClassVar[str] = "order.return-closed.v1"

    disposition: Literal["restocked", "scrapped", "expired"]
    """What became of the goods."""
