"""Ports kept in memory."""

from chassis.testing import FakeBook

from order_release.domain import Order

FakeOrders = FakeBook[Order]
