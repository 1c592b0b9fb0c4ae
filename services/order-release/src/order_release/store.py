"""Orders and the position in the ERP's change feed."""

from collections.abc import Iterable
from typing import ClassVar

from pydantic import BaseModel

from chassis import Document, Documents

from order_release.domain import Order


class OrderRow(Document, table=True):
    """Table of orders."""

    __tablename__ = "orders"


class FeedRow(Document, table=True):
    """Table of feed positions."""

    __tablename__ = "feed"


class OrderStore(Documents[Order]):
    """Orders by order id."""

    table = OrderRow
    model = Order

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the order a message is about."""
        order_id = getattr(message, "order_id", None)
        return [order_id] if order_id else []


class Cursor(BaseModel):
    """How far a feed was read."""

    sequence: int = 0


class FeedStore(Documents[Cursor]):
    """Positions by feed name."""

    table = FeedRow
    model = Cursor
    NAME: ClassVar[str] = "erp"

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the one feed."""
        del message
        return [self.NAME]
