"""A mail goes out under the brand its customer knows."""

from email import message_from_bytes

import pytest

from canonical.metadata import Brand

from notification.connectors.smtp.mapping import message
from notification.directory import NoLinks
from notification.domain import brand_of
from notification.handlers import make_mail
from notification.ports import SendMail

from ..fakes import FakeBrands, FakeMailer

OWN, OTHERS = Brand(title="Nordhandel", customers=("C-1",), mail_from="hello@nord.example"), Brand(title="Crossdock")
MAIL = SendMail(
    lane="SO-1", order_id="SO-1", customer_id="C-1", recipient="a@example.com", language="en", template="delivered"
)


@pytest.mark.parametrize(
    ("customer", "brands", "expected"),
    [
        ("C-1", {"nord": OWN, "default": OTHERS}, OWN),
        ("C-2", {"nord": OWN, "default": OTHERS}, OTHERS),
        ("C-2", {"nord": OWN}, None),
        ("C-2", {}, None),
    ],
)
def test_a_customer_knows_one_brand(customer: str, brands: dict[str, Brand], expected: Brand | None) -> None:
    assert brand_of(customer, brands) == expected


async def test_a_mail_is_sent_under_its_customers_brand() -> None:
    mailer = FakeMailer()
    await make_mail(MAIL, key="N-1", mailer=mailer, links=NoLinks(), brands=FakeBrands({"nord": OWN}))
    assert mailer.sent == [("N-1", OWN)]


@pytest.mark.parametrize(
    ("title", "sender", "shown"),
    [
        ("Nordhandel", "hello@nord.example", "Nordhandel <hello@nord.example>"),
        ("", "orders@crossdock.example", "orders@crossdock.example"),
        ("Høst", "hello@nord.example", "=?utf-8?b?SMO4c3Q=?= <hello@nord.example>"),
    ],
)
def test_the_sender_is_shown_by_name(title: str, sender: str, shown: str) -> None:
    made = message_from_bytes(message(MAIL, key="N-1", sender=sender, title=title, link=None))
    assert made["From"] == shown
    assert made["Message-ID"] == f"<N-1@{sender.split('@')[1]}>"
