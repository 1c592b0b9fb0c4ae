"""Questions to inventory-sync."""

from collections.abc import Collection

from chassis import Http

from order_release.connectors.inventory.mapping import questions
from order_release.connectors.inventory.wire import Items

REMEMBERED = 200_000


class InventoryClient:
    """inventory-sync over HTTP; an SKU once known stays known, so only new ones are asked about."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._known: set[str] = set()

    async def unknown(self, skus: Collection[str]) -> set[str]:
        """Return those of the SKUs nobody has received or counted.

        Raises:
            Temporary: inventory-sync is away.
        """
        asked = set(skus) - self._known
        found: set[str] = set()
        for path in questions(asked):
            answer = await self._http.request("GET", path)
            found.update(Items.model_validate_json(answer.content).known)
        if len(self._known) + len(found) > REMEMBERED:
            self._known.clear()
        self._known |= found
        return asked - found
