"""Contacts of orders and preferences of customers as documents."""

from collections.abc import Iterable

from pydantic import BaseModel

from chassis import Document, Documents

from notification.domain import OrderContact, Preferences


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

    def keys(self, message: BaseModel) -> Iterable[str]:
        """Return the customer a message is about."""
        customer_id = getattr(message, "customer_id", None)
        return [customer_id] if customer_id else []
