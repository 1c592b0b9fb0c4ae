"""Runs, progress, the report, and the fault switches."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import oracle, scenario
from sandbox.calls import reply
from sandbox.carriers import Carrier
from sandbox.chance import Chance
from sandbox.erp import SCARCE_SKUS, SKUS, Erp
from sandbox.wms import Task, Wms
from sandbox.world import World

SITES = ("DC-BER", "DC-LYO")
CANCEL_STAGES = ("released", "accepted", "picked", "packed", "shipped")
SYSTEMS = frozenset({"erp", "erp-status", "wms", "tms", "swiftparcel", "nordfreight", "crm", "portal"})


class Control:
    """The hand that moves the world."""

    def __init__(self, world: World, erp: Erp, wms: Wms, carriers: list[Carrier]) -> None:
        self.world, self.erp, self.wms, self.carriers = world, erp, wms, carriers
        wms.shipped = self._shipped
        wms.cancel_order = self._cancel
        self.expected = 0

    def routes(self) -> list[Route]:
        """Return the HTTP interface."""
        return [
            Route("/_sandbox/run", self._run, methods=["POST"]),
            Route("/_sandbox/progress", self._progress),
            Route("/_sandbox/report", self._report),
            Route("/_sandbox/ledger", self._ledger),
            Route("/_sandbox/traffic", self._traffic),
            Route("/_sandbox/faults", self._faults, methods=["POST"]),
            Route("/_sandbox/faults", self._heal, methods=["DELETE"]),
            Route("/health/ready", self._ready),
        ]

    def _shipped(self, task: Task) -> None:
        for carrier in self.carriers:
            carrier.collect(task.shipment_id)

    def _cancel(self, order_id: str) -> None:
        if fate := self.world.fates.get(order_id):
            self.erp.cancel(fate)

    async def _run(self, request: Request) -> Response:
        wanted = orjson.loads(await request.body())
        name = str(wanted.get("scenario", "happy-path"))
        try:
            self.world.scenario = scenario.load(name)
        except KeyError:
            return reply({"error": f"no scenario {name}", "scenarios": scenario.names()}, 404)
        orders, seed = int(wanted.get("orders", 25)), int(wanted.get("seed", 7))
        self.world.chance = Chance(seed)
        tag = wanted.get("tag") or datetime.now(UTC).strftime("%y%m%d%H%M%S")
        self.expected += orders
        self.world.spawn(self._play(orders, str(tag), wanted.get("rate_per_second")))
        return reply({"tag": tag, "orders": orders, "scenario": name}, 202)

    async def _play(self, orders: int, tag: str, rate: float | None) -> None:
        self._stock(orders, tag)
        await self.wms.pushed()
        self._plan_outages()
        started = time.monotonic()
        for number in range(1, orders + 1):
            fate = self.erp.make_order(tag, number)
            if self.world.chance.happens(self.world.scenario.cancel_rate, "cancel", number):
                fate.cancel_after = self.world.chance.pick(CANCEL_STAGES, "cancel-stage", number)
            self.erp.release(fate)
            if fate.cancel_after == "released":
                self.erp.cancel(fate)
            if rate:
                await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
            elif number % 100 == 0:
                await asyncio.sleep(0)

    def _stock(self, orders: int, tag: str) -> None:
        for number in range(1, SKUS + 1):
            for site in SITES:
                self.wms.receive(f"SKU-{number:04d}", site, 1000 + orders * 4, f"OPENING-{tag}")
        if self.world.scenario.scarce_sku_rate:
            for number in range(1, SCARCE_SKUS + 1):
                self.wms.receive(f"RARE-{number:04d}", SITES[0], 2, f"OPENING-{tag}")
            self.world.timetable.after(3.0, lambda: self._replenish(orders, tag))

    def _replenish(self, orders: int, tag: str) -> None:
        for number in range(1, SCARCE_SKUS + 1):
            self.wms.receive(f"RARE-{number:04d}", SITES[1], 100 + orders * 4, f"PO-{tag}")

    def _plan_outages(self) -> None:
        for outage in self.world.scenario.outages:
            self.world.timetable.after(
                outage.after_seconds,
                lambda outage=outage: self._down(outage.system, outage.seconds),  # type: ignore[misc]
            )

    def _down(self, system: str, seconds: float) -> None:
        self.world.fault(system).down_until = time.time() + seconds

    async def _progress(self, request: Request) -> Response:
        del request
        return reply(self._counts())

    def _counts(self) -> dict[str, Any]:
        fates = self.world.fates.values()
        return {
            "orders": self.expected,
            "released": len(self.world.fates),
            "picked": sum("PICKED" in fate.statuses for fate in fates),
            "shipped": sum("SHIPPED" in fate.statuses for fate in fates),
            "delivered": sum("COMPLETED" in fate.statuses for fate in fates),
            "cancellations_asked": sum(fate.cancelled_at is not None for fate in fates),
            "cancelled": sum("CANCELLED" in fate.statuses for fate in fates),
            "ended": sum(fate.ended_at is not None for fate in fates),
            "unsent": self.world.unsent + self.wms.pending,
            "calls": len(self.world.ledger.records),
        }

    async def _report(self, request: Request) -> Response:
        since = float(request.query_params.get("since", "0"))
        fates = self.world.fates
        verdict = oracle.judge(fates, self.world.ledger.applied)
        ended = [fate.ended_at for fate in fates.values() if fate.ended_at]
        seconds = max(ended) - min(fate.released_at for fate in fates.values()) if ended else 0.0
        timed = [fate for fate in fates.values() if fate.released_at >= since]
        delivered = [f for f in timed if f.ended_at and "COMPLETED" in f.statuses]
        return reply(
            self._counts()
            | {
                "lost": len(verdict.lost),
                "duplicate_effects": len(verdict.duplicates),
                "ghost_effects": len(verdict.ghosts),
                "lost_ids": verdict.lost[:50],
                "duplicates": verdict.duplicates[:50],
                "ghosts": verdict.ghosts[:50],
                "seconds": round(seconds, 2),
                "orders_per_second": round(len(ended) / seconds, 1) if seconds else None,
                "release_to_planned_ms": oracle.percentiles(
                    f.planned_at - f.released_at for f in timed if f.planned_at
                ),
                "warehouse_order_to_planned_ms": oracle.percentiles(
                    f.planned_at - f.ordered_at for f in timed if f.planned_at and f.ordered_at
                ),
                "release_to_delivered_ms": oracle.percentiles((f.ended_at or 0.0) - f.released_at for f in delivered),
            }
        )

    async def _ledger(self, request: Request) -> Response:
        return reply(self.world.ledger.about(request.query_params.get("order", "")))

    async def _traffic(self, request: Request) -> Response:
        since = float(request.query_params.get("since", "0"))
        return reply(self.world.traffic(request.query_params.get("system", "")).report(since))

    async def _faults(self, request: Request) -> Response:
        body = orjson.loads(await request.body())
        system, kind, value = str(body.get("system")), str(body.get("kind")), float(body.get("value", 0))
        if system not in SYSTEMS:
            return reply({"error": f"no system {system}", "systems": sorted(SYSTEMS)}, 404)
        fault = self.world.fault(system)
        match kind:
            case "down":
                fault.down_until = time.time() + (value or 3600)
            case "slow":
                fault.slow_ms = value
            case "error_rate":
                fault.error_rate = value
            case "retry_after":
                fault.retry_after = value
            case "timeout_after_apply":
                fault.timeout_after_apply = value
            case _:
                return reply({"error": f"no fault {kind}"}, 422)
        return reply({"ok": True})

    async def _heal(self, request: Request) -> Response:
        del request
        self.world.faults.clear()
        return reply({"ok": True})

    async def _ready(self, request: Request) -> Response:
        del request
        return reply({"status": "ready"})
