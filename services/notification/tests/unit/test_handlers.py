"""Customers are told once, and only what they want to hear."""

from datetime import UTC, datetime

from canonical.carrier import Delivered
from canonical.values import Contact

from notification.domain import OrderContact, Preferences, text
from notification.handlers import tell_delivery
from notification.ports import CloseCase, PostWebhook, SendMail

from ..fakes import orders_of, wishes_of


def _order(**more: object) -> OrderContact:
    contact = Contact(email="ada@example.com", language="de")
    return OrderContact(order_id="SO-1", customer_id="C-1", contact=contact, **more)


DELIVERED = Delivered(
    occurred_at=datetime(2026, 11, 1, tzinfo=UTC),
    order_id="SO-1",
    shipment_id="SH-1",
    carrier_code="swiftparcel",
    customer_id="C-1",
    tracking_number="T1",
    carrier_status_code="DL",
    parcels_total=1,
)


async def test_a_delivery_is_told_by_mail_and_webhook_once() -> None:
    orders = orders_of(_order())
    first = await tell_delivery(DELIVERED, orders=orders, preferences=wishes_of())
    again = await tell_delivery(DELIVERED, orders=orders, preferences=wishes_of())
    assert [type(item) for item in first] == [SendMail, PostWebhook]
    assert list(again) == []


async def test_a_delivery_closes_the_case_of_its_shipment() -> None:
    orders = orders_of(_order(cases={"SH-1": "CASE-1"}))
    told = await tell_delivery(DELIVERED, orders=orders, preferences=wishes_of())
    assert [item.case_id for item in told if isinstance(item, CloseCase)] == ["CASE-1"]


async def test_who_wants_no_mail_gets_none() -> None:
    wishes = wishes_of(Preferences(customer_id="C-1", email=False))
    told = await tell_delivery(DELIVERED, orders=orders_of(_order()), preferences=wishes)
    assert [type(item) for item in told] == [PostWebhook]


def test_a_language_we_do_not_have_is_english() -> None:
    assert text("delivered", "fi", order_id="SO-1")[0] == "Order SO-1 was delivered"
