"""Events of the notification domain, owned by notification."""

from typing import ClassVar, Literal

from pydantic import Field

from canonical.event import CanonicalEvent
from canonical.ids import CaseId, CustomerId, NotificationId, OrderId, ShipmentId
from canonical.values import PII


class NotificationEvent(CanonicalEvent):
    """A fact about telling a customer."""

    owner: ClassVar[str] = "notification"

    order_id: OrderId
    """The order it is about."""


class NotificationSent(NotificationEvent):
    """A message was accepted by the mail server or the customer's endpoint."""

    type: ClassVar[str] = "notification.notification-sent.v1"

    notification_id: NotificationId
    """The message."""
    customer_id: CustomerId
    """To whom."""
    channel: Literal["email", "webhook"]
    """How."""
    template: str
    """Which message."""
    recipient: str = Field(json_schema_extra=PII)
    """Address or endpoint."""


class NotificationFailed(NotificationSent):
    """A message could not be delivered for good."""

    type: ClassVar[str] = "notification.notification-failed.v1"

    reason: str
    """Why."""


class CaseOpened(NotificationEvent):
    """Customer service has a case to look at."""

    type: ClassVar[str] = "notification.case-opened.v1"

    case_id: CaseId
    """The case in the CRM."""
    shipment_id: ShipmentId | None = None
    """The shipment it is about."""
    reason: str
    """What happened."""


class CaseClosed(NotificationEvent):
    """The case is settled."""

    type: ClassVar[str] = "notification.case-closed.v1"

    case_id: CaseId
    """The case in the CRM."""
    resolution: str
    """How it ended."""
