"""Fakes of notification's ports."""

from chassis.testing import FakeBook

from notification.domain import OrderContact, Preferences


def orders_of(*orders: OrderContact) -> FakeBook[OrderContact]:
    """Return contacts in memory."""
    return FakeBook({order.order_id: order for order in orders})


def wishes_of(*wishes: Preferences) -> FakeBook[Preferences]:
    """Return preferences in memory."""
    return FakeBook({wish.customer_id: wish for wish in wishes})
