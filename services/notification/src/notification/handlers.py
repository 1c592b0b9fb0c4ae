"""What customers are told: each function takes a fact and returns the messages that follow."""

from datetime import timedelta
from typing import Any

from canonical.carrier import (
    AvailableForPickup,
    Delivered,
    DeliveryAttempted,
    DeliveryDelayed,
    DeliveryException,
    OutForDelivery,
)
from canonical.inventory import AllocationFailed
from canonical.notification import CaseClosed, CaseOpened, NotificationFailed, NotificationSent
from canonical.orders import OrderCompleted, OrderReleased
from canonical.warehouse import ShipmentDispatched
from chassis import Clock, Effect, Outcome, Permanent, Temporary, current_cause

from notification.domain import OrderContact, Preferences, brand_of
from notification.ports import (
    Brands,
    CloseCase,
    Crm,
    Links,
    Mailer,
    OpenCase,
    Orders,
    Portal,
    PostWebhook,
    PreferencesBook,
    SendMail,
)

BOOKING_REJECTED = "booking-rejected"


async def confirm_order(event: OrderReleased, *, orders: Orders, preferences: PreferencesBook) -> Outcome:
    """The customer learns that the order is in."""
    if await orders.get(event.order_id):
        return []
    order = OrderContact(order_id=event.order_id, customer_id=event.customer_id, contact=event.contact)
    return await _mail(order, "order-confirmed", "", orders=orders, preferences=preferences)


async def tell_backorder(event: AllocationFailed, *, orders: Orders, preferences: PreferencesBook) -> Outcome:
    """The customer learns that goods are missing for now."""
    order = await _known(event.order_id, orders)
    if event.reason != "out-of-stock":
        return []
    return await _mail(order, "backorder", "", orders=orders, preferences=preferences)


async def tell_dispatch(event: ShipmentDispatched, *, orders: Orders, preferences: PreferencesBook) -> Outcome:
    """The customer learns that a shipment left."""
    order = await _known(event.order_id, orders)
    numbers = ", ".join(parcel.tracking_number for parcel in event.parcels)
    mail = await _mail(
        order,
        "dispatched",
        event.shipment_id,
        orders=orders,
        preferences=preferences,
        detail=f"{event.carrier_code}: {numbers}",
    )
    data = {"shipment_id": event.shipment_id, "carrier": event.carrier_code, "tracking_numbers": numbers.split(", ")}
    return [*mail, *await _hook(order, "order.shipped", event, data, preferences)]


async def tell_tour(event: OutForDelivery, *, orders: Orders, preferences: PreferencesBook) -> Outcome:
    """The customer learns that the parcel comes today."""
    order = await _known(event.order_id, orders)
    return await _mail(order, "out-for-delivery", event.shipment_id, orders=orders, preferences=preferences)


async def tell_attempt(event: DeliveryAttempted, *, orders: Orders, preferences: PreferencesBook) -> Outcome:
    """The customer learns that nobody was there."""
    order = await _known(event.order_id, orders)
    return await _mail(
        order, "attempted", event.shipment_id, orders=orders, preferences=preferences, detail=event.reason
    )


async def tell_delay(event: DeliveryDelayed, *, orders: Orders, preferences: PreferencesBook) -> Outcome:
    """The customer learns that it will be late."""
    order = await _known(event.order_id, orders)
    return await _mail(order, "delayed", event.shipment_id, orders=orders, preferences=preferences, detail=event.reason)


async def tell_pickup_point(event: AvailableForPickup, *, orders: Orders, preferences: PreferencesBook) -> Outcome:
    """The customer learns where the parcel waits."""
    order = await _known(event.order_id, orders)
    return await _mail(
        order, "pickup-point", event.shipment_id, orders=orders, preferences=preferences, detail=event.place
    )


async def tell_exception(event: DeliveryException, *, orders: Orders, preferences: PreferencesBook) -> Outcome:
    """The customer learns of a problem, and customer service gets a case; a refused booking is the planner's."""
    order = await _known(event.order_id, orders)
    if event.reason == BOOKING_REJECTED:
        return []
    outcome: list[Effect] = list(
        await _mail(order, "exception", event.shipment_id, orders=orders, preferences=preferences, detail=event.reason)  # type: ignore[arg-type]
    )
    if order.tell(f"case:{event.shipment_id}"):
        case = OpenCase(
            lane=order.order_id,
            order_id=order.order_id,
            shipment_id=event.shipment_id,
            reason=event.reason,
            text=event.description,
        )
        outcome.append(case)
    return outcome


async def tell_delivery(event: Delivered, *, orders: Orders, preferences: PreferencesBook) -> Outcome:
    """The customer learns that a shipment arrived; its case is closed."""
    order = await _known(event.order_id, orders)
    mail = await _mail(order, "delivered", event.shipment_id, orders=orders, preferences=preferences)
    data = {"shipment_id": event.shipment_id, "signed_by": event.signed_by}
    hook = await _hook(order, "order.delivered", event, data, preferences)
    case_id = order.cases.pop(event.shipment_id, None)
    if case_id is None:
        return [*mail, *hook]
    close = CloseCase(lane=order.order_id, order_id=order.order_id, case_id=case_id, resolution="delivered")
    return [*mail, *hook, close]


async def tell_end(event: OrderCompleted, *, orders: Orders, preferences: PreferencesBook) -> Outcome:
    """The customer learns that the order was cancelled; a delivered one was told already."""
    order = await _known(event.order_id, orders)
    if event.outcome != "cancelled":
        return []
    return await _mail(order, "cancelled", "", orders=orders, preferences=preferences)


async def make_mail(effect: SendMail, *, key: str, mailer: Mailer, links: Links, brands: Brands) -> None:
    """Send the mail under the brand its customer knows, with the link to its shipment's page where it is about one."""
    link = links.link(effect.shipment_id, effect.language) if effect.shipment_id else None
    await mailer.send(effect, key=key, link=link, brand=brand_of(effect.customer_id, brands.all()))


async def make_webhook(effect: PostWebhook, *, key: str, portal: Portal, links: Links) -> None:
    """Post the webhook, with the link to its shipment's page."""
    await portal.post(effect, key=key, link=links.link(effect.data["shipment_id"], effect.language))


async def make_case(effect: OpenCase, *, key: str, crm: Crm) -> str:
    """Open the case."""
    return await crm.open(effect, key=key)


async def make_closing(effect: CloseCase, *, key: str, crm: Crm) -> None:
    """Close the case."""
    await crm.close(effect, key=key)


async def note_sent(effect: SendMail | PostWebhook, result: None, *, clock: Clock) -> Outcome:
    """A message was accepted."""
    del result
    return [NotificationSent(occurred_at=clock.now(), **_message(effect))]


async def note_failed(effect: SendMail | PostWebhook, failure: Permanent, *, clock: Clock) -> Outcome:
    """A message was refused for good."""
    return [NotificationFailed(occurred_at=clock.now(), **_message(effect), reason=str(failure)[:500])]


async def note_case(effect: OpenCase, case_id: str, *, orders: Orders, clock: Clock) -> Outcome:
    """A case is open."""
    order = await _known(effect.order_id, orders)
    order.cases[effect.shipment_id] = case_id
    orders.put(order.order_id, order)
    return [
        CaseOpened(
            occurred_at=clock.now(),
            order_id=effect.order_id,
            shipment_id=effect.shipment_id,
            case_id=case_id,
            reason=effect.reason,
        )
    ]


async def note_closing(effect: CloseCase, result: None, *, clock: Clock) -> Outcome:
    """A case is closed."""
    del result
    return [
        CaseClosed(
            occurred_at=clock.now(), order_id=effect.order_id, case_id=effect.case_id, resolution=effect.resolution
        )
    ]


def _message(effect: SendMail | PostWebhook) -> dict[str, Any]:
    is_mail = isinstance(effect, SendMail)
    return {
        "order_id": effect.order_id,
        "customer_id": effect.customer_id,
        "notification_id": current_cause().step_id,
        "channel": "email" if is_mail else "webhook",
        "template": effect.template if isinstance(effect, SendMail) else effect.kind,
        "recipient": effect.recipient if isinstance(effect, SendMail) else "portal",
    }


async def _known(order_id: str, orders: Orders) -> OrderContact:
    order = await orders.get(order_id)
    if order is None:
        raise Temporary(
            "the order's contact has not come yet", retry_in=timedelta(seconds=1), remedy="wait-for-reference"
        )
    orders.put(order_id, order)
    return order


async def _mail(
    order: OrderContact, template: str, part: str, *, orders: Orders, preferences: PreferencesBook, detail: str = ""
) -> Outcome:
    """Return the mail of a template, once per order and part, unless the customer does not want it."""
    orders.put(order.order_id, order)
    wishes = await preferences.get(order.customer_id) or Preferences()
    if not wishes.email or template in wishes.muted_templates or not order.tell(f"{template}:{part}"):
        return []
    return [
        SendMail(
            lane=order.order_id,
            order_id=order.order_id,
            customer_id=order.customer_id,
            recipient=order.contact.email,
            language=order.contact.language,
            template=template,
            detail=detail,
            shipment_id=part,
        )
    ]


async def _hook(
    order: OrderContact,
    kind: str,
    event: ShipmentDispatched | Delivered,
    data: dict[str, Any],
    preferences: PreferencesBook,
) -> Outcome:
    wishes = await preferences.get(order.customer_id) or Preferences()
    if not wishes.webhook or not order.tell(f"{kind}:{event.shipment_id}"):
        return []
    return [
        PostWebhook(
            lane=order.order_id,
            order_id=order.order_id,
            customer_id=order.customer_id,
            kind=kind,
            language=order.contact.language,
            at=event.occurred_at,
            data=data,
        )
    ]
