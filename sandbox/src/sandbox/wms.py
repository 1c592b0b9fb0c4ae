"""The WMS of both warehouses: takes orders, picks, packs, ships, and reports."""

import asyncio
import time
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.calls import Answer, Desk
from sandbox.world import Door, World

ADAPTER = Door("warehouse-adapter", 3)
PUSH_LIMIT = 100
BUSY_SECONDS = 1.5


@dataclass(slots=True)
class Task:
    """One warehouse order on the floor."""

    body: dict[str, Any]
    stage: str = "accepted"
    lines: list[dict[str, Any]] = field(default_factory=list)
    parcels: list[dict[str, Any]] = field(default_factory=list)
    shipment_id: str = ""
    busy_seconds: float = 0.0

    @property
    def id(self) -> str:
        """The warehouse order."""
        return str(self.body["warehouseOrderId"])

    @property
    def order_id(self) -> str:
        """The order."""
        return str(self.body["orderId"])


def sscc(number: int) -> str:
    """Return an SSCC-18 with its GS1 check digit."""
    digits = f"3{4012345:07d}{number % 10**9:09d}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


class Wms:
    """The floor of both warehouses."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.desk = Desk(world, "wms")
        self.tasks: dict[str, Task] = {}
        self.shipped: Any = lambda task: None
        self._outbox: list[dict[str, Any]] = []
        self._wake = asyncio.Event()
        self._events = 0
        self._parcels = 0
        self.pending = 0
        self._idle = asyncio.Event()

    def routes(self) -> list[Route]:
        """Return the HTTP interface."""
        return [
            Route("/wms/warehouse-orders", self._create, methods=["POST"]),
            Route("/wms/warehouse-orders/{id:path}/cancel", self._cancel, methods=["POST"]),
            Route("/wms/warehouse-orders/{id:path}/labels", self._labels, methods=["POST"]),
        ]

    async def _create(self, request: Request) -> Response:
        return await self.desk.take(request, self._created)

    def _created(self, body: dict[str, Any]) -> Answer:
        task = Task(body, lines=list(body["lines"]))
        answer = Answer({"warehouseOrderId": task.id}, "warehouse-order", str(body["allocationId"]), task.order_id, 201)
        if task.id in self.tasks:
            return replace(answer, body={"error": "exists"}, status=409, is_refused=True)
        self.tasks[task.id] = task
        if fate := self.world.fates.get(task.order_id):
            fate.warehouse_orders.append(task.id)
            fate.ordered_at = fate.ordered_at or time.time()
        self.report(task, "ORDER_ACCEPTED")
        self.world.later(lambda: self._pick(task), "pick", task.id, busy_seconds=self._reached(task, "accepted"))
        return answer

    def _reached(self, task: Task, stage: str) -> float:
        """Cancel the order if its customer does at this stage; return how long, in seconds, the floor is busy then."""
        fate = self.world.fates.get(task.order_id)
        if fate is None or fate.cancel_after != stage:
            return 0.0
        self.world.later(lambda: self.cancel_order(task.order_id), "cancel", task.id)
        return BUSY_SECONDS

    cancel_order: Any = staticmethod(lambda order_id: None)

    def _pick(self, task: Task) -> None:
        if task.stage == "cancelled":
            return
        task.stage = "picked"
        chance, rate = self.world.chance, self.world.scenario.short_pick_rate
        shorted = [
            {**line, "qty": chance.number(1, line["qty"], "short-by", task.id, line["line"])}
            for line in task.lines
            if chance.happens(rate, "short", task.order_id, line["line"], task.body["allocationId"])
        ]
        missing = {line["line"]: line["qty"] for line in shorted}
        picked = [{**line, "qty": line["qty"] - missing.get(line["line"], 0)} for line in task.lines]
        task.lines = [line for line in picked if line["qty"] > 0]
        if shorted:
            self.report(task, "PICK_SHORT", lines=task.lines, shorted=shorted, reason="short")
        else:
            self.report(task, "PICK_CONFIRMED", lines=task.lines)
        if not task.lines:
            task.stage = "cancelled"
            if fate := self.world.fates.get(task.order_id):
                fate.found_nothing = True
            return
        self.world.later(lambda: self._pack(task), "pack", task.id, busy_seconds=self._reached(task, "picked"))

    def _pack(self, task: Task) -> None:
        if task.stage == "cancelled":
            return
        task.stage = "packed"
        count = min(len(task.lines), self.world.chance.number(1, self.world.scenario.max_parcels, "parcels", task.id))
        for place in range(count):
            contents = task.lines[place::count]
            self._parcels += 1
            task.parcels.append(
                {
                    "sscc": sscc(int(self.world.started_at) * 1000 % 10**9 + self._parcels),
                    "weightGrams": 200 + sum(line["qty"] for line in contents) * 400,
                    "lengthMm": 400,
                    "widthMm": 300,
                    "heightMm": 200,
                    "contents": contents,
                }
            )
        self.report(task, "PACKED", parcels=task.parcels)
        task.busy_seconds = self._reached(task, "packed")

    async def _cancel(self, request: Request) -> Response:
        task = self.tasks.get(request.path_params["id"])

        def rule(body: dict[str, Any]) -> Answer:
            del body
            if task is None:
                return Answer({"error": "unknown"}, "cancel", request.path_params["id"], "", 404, is_refused=True)
            if task.stage in {"accepted", "picked", "packed"}:
                task.stage = "cancelled"
                self.report(task, "CANCELLED")
            answer = {"cancelled": task.stage == "cancelled", "stage": task.stage}
            return Answer(answer, "cancel", task.id, task.order_id)

        return await self.desk.take(request, rule)

    async def _labels(self, request: Request) -> Response:
        task = self.tasks.get(request.path_params["id"])

        def rule(body: dict[str, Any]) -> Answer:
            if task is None:
                return Answer({"error": "unknown"}, "labels", str(body.get("shipmentId")), "", 404, is_refused=True)
            if task.stage == "packed":
                task.shipment_id = body["shipmentId"]
                self.world.later(lambda: self._ship(task), "ship", task.id, busy_seconds=task.busy_seconds)
            return Answer({"ok": True}, "labels", str(body["shipmentId"]), task.order_id)

        return await self.desk.take(request, rule)

    def _ship(self, task: Task) -> None:
        if task.stage != "packed":
            return
        task.stage = "shipped"
        self.report(task, "SHIPPED", shipmentId=task.shipment_id)
        self.shipped(task)
        self._reached(task, "shipped")

    def receive(self, sku: str, site: str, quantity: int, reference: str) -> None:
        """Put goods on stock and report it."""
        self._report({"type": "GOODS_RECEIVED", "sku": sku, "site": site, "qty": quantity, "reference": reference})

    def report(self, task: Task, kind: str, **more: object) -> None:
        """Report on a warehouse order."""
        self._report({"type": kind, "warehouseOrderId": task.id, **more})

    def _report(self, event: dict[str, Any]) -> None:
        self._events += 1
        number = f"{int(self.world.started_at)}-{self._events}"
        event |= {"eventId": f"W-{number}", "at": self.world.now()}
        if event["type"] == "GOODS_RECEIVED":
            event["receiptId"] = f"R-{number}"
        copies = 3 if self.world.chance.happens(self.world.scenario.duplicate_rate, "copies", event["eventId"]) else 1
        self._outbox += [event] * copies
        self.pending += copies
        self._idle.clear()
        self._wake.set()

    async def pushed(self) -> None:
        """Wait until every report was taken."""
        await self._idle.wait()

    async def push(self) -> None:
        """Push reports, one batch at a time, until cancelled."""
        while True:
            if not self._outbox:
                self._wake.clear()
                await self._wake.wait()
            batch, self._outbox = self._outbox[:PUSH_LIMIT], self._outbox[PUSH_LIMIT:]
            await self.world.post(ADAPTER, "/wms/events", orjson.dumps({"events": batch}), lambda _: {})
            self.pending -= len(batch)
            if not self.pending:
                self._idle.set()
