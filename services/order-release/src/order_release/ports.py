"""What order-release needs from outside."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import ClassVar, Literal, Protocol

from chassis import Book, Effect

from order_release.domain import Order

URGENT_STATUSES = frozenset({"BACKORDERED", "CANCELLED"})
"""What the ERP should know at once: an order that is held or stopped."""


class WriteStatus(Effect):
    """Tell the ERP the status of an order, once."""

    name: ClassVar[str] = "write-status"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    order_id: str
    status: str
    at: datetime

    @property
    def is_urgent(self) -> bool:
        """Whether the order is held or stopped."""
        return self.status in URGENT_STATUSES


Orders = Book[Order]
"""The orders of this service."""


class Erp(Protocol):
    """The ERP as this service sees it."""

    async def write(self, updates: Sequence[WriteStatus]) -> Sequence[Exception | None]:
        """Write statuses back; one answer per update.

        Raises:
            Temporary: the ERP is away or limits us.
        """
        ...


class Items(Protocol):
    """The items of the mesh, as their owner knows them."""

    async def unknown(self, skus: Collection[str]) -> set[str]:
        """Return those of the SKUs nobody has heard of.

        Raises:
            Temporary: the owner is away.
        """
        ...
