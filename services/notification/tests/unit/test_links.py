"""Messages about a shipment lead to its page, in the customer's language."""

from datetime import timedelta
from pathlib import Path

import pytest

from canonical.metadata import Brand
from canonical.tracking import keys_of, read
from chassis import FixedClock, LiveFile

from notification.connectors.smtp.mapping import message
from notification.directory import NoLinks, TrackingLinks
from notification.handlers import make_mail, make_webhook, tell_delivery
from notification.ports import PostWebhook, SendMail

from ..fakes import FakeBrands, orders_of, wishes_of
from .test_handlers import DELIVERED, _order

KEY = "k" * 32


@pytest.fixture
def links(tmp_path: Path) -> TrackingLinks:
    file = tmp_path / "keys"
    file.write_text(KEY)
    clock = FixedClock(DELIVERED.occurred_at)
    return TrackingLinks(base_url="https://track.example/", keys=LiveFile(file, keys_of), days=2, clock=clock)


class Sent:
    """A mail server and a portal that remember the links."""

    def __init__(self) -> None:
        self.links: list[str | None] = []

    async def send(self, mail: SendMail, *, key: str, link: str | None, brand: Brand | None) -> None:
        self.links.append(link)

    async def post(self, hook: PostWebhook, *, key: str, link: str | None) -> None:
        self.links.append(link)


async def test_a_mail_and_a_webhook_of_a_shipment_carry_its_link(links: TrackingLinks) -> None:
    sent = Sent()
    for told in await tell_delivery(DELIVERED, orders=orders_of(_order()), preferences=wishes_of()):
        if isinstance(told, SendMail):
            await make_mail(told, key="k", mailer=sent, links=links, brands=FakeBrands({}))
        elif isinstance(told, PostWebhook):
            await make_webhook(told, key="k", portal=sent, links=links)
    assert len(sent.links) == 2
    for link in sent.links:
        assert link
        assert link.startswith("https://track.example/t/")
        token, _, language = link.rsplit("/", 1)[1].partition("?lang=")
        assert language == "de"
        assert read(token, DELIVERED.occurred_at + timedelta(days=1), [KEY.encode()]) == "SH-1"


async def test_a_mail_about_no_shipment_carries_none(links: TrackingLinks) -> None:
    sent = Sent()
    mail = SendMail(
        lane="SO-1", order_id="SO-1", customer_id="C-1", recipient="a@example.com", language="de", template="cancelled"
    )
    await make_mail(mail, key="k", mailer=sent, links=links, brands=FakeBrands({}))
    assert sent.links == [None]
    assert NoLinks().link("SH-1", "de") is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize("link", [None, "https://track.example/t/x?lang=de"])
def test_a_mail_shows_the_link_it_is_given(link: str | None) -> None:
    mail = SendMail(
        lane="SO-1", order_id="SO-1", customer_id="C-1", recipient="a@example.com", language="de", template="delivered"
    )
    made = message(mail, key="k", sender="shop@example.com", title="", link=link)
    assert (b"Sendung verfolgen" in _body(made)) == bool(link)


def _body(mail: bytes) -> bytes:
    from email import message_from_bytes

    payload = message_from_bytes(mail).get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload
