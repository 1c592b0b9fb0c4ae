"""Fakes of notification's ports."""

from notification.domain import OrderContact, Preferences


class FakeOrders:
    """Contacts in memory."""

    def __init__(self, *orders: OrderContact) -> None:
        self.documents = {order.order_id: order for order in orders}

    async def get(self, key: str) -> OrderContact | None:
        return self.documents.get(key)

    def put(self, key: str, document: OrderContact) -> None:
        self.documents[key] = document


class FakePreferences:
    """Preferences in memory."""

    def __init__(self, *wishes: Preferences) -> None:
        self.documents = {wish.customer_id: wish for wish in wishes}

    async def get(self, key: str) -> Preferences | None:
        return self.documents.get(key)
