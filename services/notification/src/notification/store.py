"""Contacts of orders and preferences of customers as documents."""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel
from sqlalchemy import text

from canonical.orders import OrderReleased
from chassis import Document, Documents

from notification.domain import OrderContact, Preferences

CUSTOMERS = text("SELECT DISTINCT state->>'customer_id' FROM orders WHERE key = ANY(:orders)")


class OrderRow(Document, table=True):
    """Table of contacts."""

    __tablename__ = "orders"


class PreferencesRow(Document, table=True):
    """Table of preferences."""

    __tablename__ = "preferences"


class OrderStore(Documents[OrderContact]):
    """Contacts by order id."""

    table = OrderRow
    model = OrderContact

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the order a message is about."""
        order_id = getattr(message, "order_id", None)
        return [order_id] if order_id else []


class PreferencesStore(Documents[Preferences]):
    """Preferences by customer id."""

    table = PreferencesRow
    model = Preferences

    async def warm(self, messages: Sequence[BaseModel]) -> None:
        """Load the preferences of the customers whose orders the messages are about."""
        named = {message.customer_id for message in messages if isinstance(message, OrderReleased)}
        orders = [str(getattr(message, "order_id", "")) for message in messages]
        rows = await self.session.execute(CUSTOMERS, {"orders": orders})
        await self.load(named | set(rows.scalars()))
