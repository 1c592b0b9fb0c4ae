"""Fakes of notification's ports."""

from collections.abc import Mapping

from canonical.metadata import Brand
from chassis.testing import FakeBook

from notification.domain import OrderContact, Preferences
from notification.ports import SendMail


def orders_of(*orders: OrderContact) -> FakeBook[OrderContact]:
    """Return contacts in memory."""
    return FakeBook({order.order_id: order for order in orders})


def wishes_of(*wishes: Preferences) -> FakeBook[Preferences]:
    """Return preferences in memory."""
    return FakeBook({wish.customer_id: wish for wish in wishes})


class FakeBrands:
    """Brands in memory."""

    def __init__(self, brands: Mapping[str, Brand]) -> None:
        self._brands = brands

    def all(self) -> Mapping[str, Brand]:
        """Return every brand by name."""
        return self._brands


class FakeMailer:
    """A mail server that remembers what it took."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Brand | None]] = []

    async def send(self, mail: SendMail, *, key: str, link: str | None, brand: Brand | None) -> None:
        """Take a mail."""
        del mail, link
        self.sent.append((key, brand))
