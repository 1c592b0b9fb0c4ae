"""The ERP: sales orders in a change feed, and the statuses it is told."""

import time
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.calls import Desk, reply
from sandbox.world import Fate, World

CALLS_PER_SECOND = 50
FINAL = frozenset({"COMPLETED", "CANCELLED"})
TOWNS = (
    ("Hamburg", "20095", "DE"), ("München", "80331", "DE"), ("Lyon", "69001", "FR"), ("Paris", "75001", "FR"),
    ("Wien", "1010", "AT"), ("Rotterdam", "3011", "NL"), ("København", "1050", "DK"), ("Milano", "20121", "IT"),
)  # fmt: skip
NAMES = ("Ada Berg", "Jean Moreau", "Lena Fischer", "Tom Jansen", "Mia Rossi", "Erik Holm", "Sara Klein", "Paul Roux")
SKUS = 40
SCARCE_SKUS = 10


class Erp:
    """Sales orders and their statuses."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.desk = Desk(world, "erp")
        self.writes = Desk(world, "erp-status")
        self.feed: list[dict[str, Any]] = []
        self.taken = 0
        self._calls: deque[float] = deque()
        self._first = time.time_ns() // 1_000_000

    def routes(self) -> list[Route]:
        """Return the HTTP interface."""
        return [
            Route("/erp/SalesOrderChanges", self._changes),
            Route("/erp/StatusUpdates", self._updates, methods=["POST"]),
        ]

    def make_order(self, tag: str, number: int) -> Fate:
        """Make an order of the run."""
        world, order_id = self.world, f"SO-{tag}-{number:06d}"
        chance, story = world.chance, world.scenario
        town = chance.pick(TOWNS, "town", number)
        name = chance.pick(NAMES, "name", number)
        count = chance.number(1, story.max_lines, "lines", number)
        items = [self._item(number, line) for line in range(1, count + 1)]
        body = {
            "SalesOrder": order_id,
            "SoldToParty": f"C-{chance.number(1, 500, 'customer', number):04d}",
            "ShippingCondition": "EXPRESS" if chance.happens(story.express_rate, "express", number) else "STANDARD",
            "RequestedDeliveryDate": (datetime.now(UTC) + timedelta(days=5)).isoformat(),
            "TransactionCurrency": "EUR",
            "ShipTo": {
                "Name": name,
                "Street": f"Marktstraße {chance.number(1, 99, 'street', number)}",
                "City": town[0],
                "PostalCode": town[1],
                "Country": town[2],
                "Email": f"customer{number}@example.com",
                "Phone": None,
                "Language": {"FR": "fr", "DE": "de", "AT": "de"}.get(town[2], "en"),
            },
            "Items": items,
        }
        unknown = sum(item["Material"].startswith("GHOST") for item in items)
        return Fate(order_id, body, time.time(), unknown_lines=unknown)

    def _item(self, number: int, line: int) -> dict[str, Any]:
        chance, story = self.world.chance, self.world.scenario
        sku = f"SKU-{chance.number(1, SKUS, 'sku', number, line):04d}"
        if chance.happens(story.scarce_sku_rate, "scarce", number, line):
            sku = f"RARE-{chance.number(1, SCARCE_SKUS, 'rare', number, line):04d}"
        if chance.happens(story.unknown_sku_rate, "unknown", number, line):
            sku = f"GHOST-{number}-{line}"
        return {
            "Item": line * 10,
            "Material": sku,
            "Quantity": chance.number(1, 4, "quantity", number, line),
            "NetPrice": f"{chance.number(300, 9900, 'price', number, line) / 100:.2f}",
            "WeightGrams": chance.number(100, 3000, "weight", number, line),
        }

    def release(self, fate: Fate) -> None:
        """Put an order into the change feed."""
        fate.released_at = time.time()
        self.world.fates[fate.order_id] = fate
        self._put(fate, "RELEASE", None)

    def cancel(self, fate: Fate) -> None:
        """Put a cancellation into the change feed."""
        if fate.cancelled_at is None and not FINAL & set(fate.statuses):
            fate.cancelled_at = time.time()
            self._put(fate, "CANCEL", "customer changed their mind")

    def _put(self, fate: Fate, kind: str, reason: str | None) -> None:
        row = {
            "ChangeSequence": self._first + len(self.feed),
            "ChangeType": kind,
            "ChangedAt": self.world.now(),
            "SalesOrder": fate.body,
            "Reason": reason,
            "Return": None,
        }
        self.feed.append(row)

    async def _changes(self, request: Request) -> Response:
        if away := await self.desk.faulted():
            return away
        after = int(request.query_params["$filter"].rsplit(" ", 1)[1])
        top = int(request.query_params.get("$top", "100"))
        start = max(0, after - self._first + 1)
        self.taken = max(self.taken, start)  # a reader asks for what comes after the changes it has stored
        return reply({"value": self.feed[start : start + top]})

    def _limited(self) -> bool:
        now = time.monotonic()
        while self._calls and self._calls[0] <= now - 1.0:
            self._calls.popleft()
        if len(self._calls) >= CALLS_PER_SECOND:
            return True
        self._calls.append(now)
        return False

    async def _updates(self, request: Request) -> Response:
        body = orjson.loads(await request.body())
        wishes = [update["UpdateId"] for update in body["Updates"]]
        if away := await self.desk.faulted(wishes) or await self.writes.faulted(wishes):
            return away
        if self._limited():
            self.world.ledger.note("erp", "status", "", "", "rate_limited")
            return self.desk.later(429, "rate limit", 1)
        return reply({"Results": [self._update(update) for update in body["Updates"]]})

    def _update(self, update: dict[str, Any]) -> dict[str, Any]:
        order_id, status = update["SalesOrder"], update["Status"]
        fate = self.world.fates.get(order_id)
        if fate is not None and status in fate.statuses:
            self.world.ledger.note("erp", "status", status, order_id, "replayed")
            return {"UpdateId": update["UpdateId"], "Accepted": True}
        self.world.ledger.note("erp", "status", status, order_id, "applied")
        if fate is not None:
            fate.statuses.append(status)
            if status in FINAL:
                fate.ended_at = time.time()
        return {"UpdateId": update["UpdateId"], "Accepted": True}
