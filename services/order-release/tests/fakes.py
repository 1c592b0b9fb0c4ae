"""Ports kept in memory."""

from order_release.domain import Order


class FakeOrders:
    """Keeps orders in a dictionary."""

    def __init__(self) -> None:
        self.by_id: dict[str, Order] = {}

    async def get(self, key: str) -> Order | None:
        return self.by_id.get(key)

    def put(self, key: str, document: Order) -> None:
        self.by_id[key] = document
