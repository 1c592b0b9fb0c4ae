"""T17: ten times the peak against an ERP of 50 calls a second: it gets no more, nothing is lost, urgent goes first."""

import asyncio
import random
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from nats.js import JetStreamContext
from rig.erp import LoneErp, lone_erp
from rig.pipeline import environment_of
from rig.process import RELEASE, ServiceProcess
from rig.report import Report, size

from canonical import publish_subject, seal
from canonical.inventory import AllocationFailed
from canonical.values import LineQuantity
from chassis.local.ports import free_port
from chassis.testing import LocalMesh, eventually

ERP_PER_SECOND = 50
PEAK = 10 * ERP_PER_SECOND
PEAK_SECONDS, AFTER_SECONDS = size((12, 5), (600, 300))
URGENT_EVERY, URGENT_WITHIN = size((0.5, 30.0), (1.0, 30.0))
BUSIEST, MEMORY_MIB = 52, 300.0
STEP_SECONDS = 0.25
SEED = 17
MIB = 1 << 20

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(size(180, 3600))]


class Load:
    """Orders at the peak's pace, and now and then word that one of them is held, which the ERP should know at once."""

    def __init__(self, erp: LoneErp, js: JetStreamContext, process: ServiceProcess) -> None:
        self._erp, self._js, self._process = erp, js, process
        self._chance = random.Random(SEED)
        self._orders: list[str] = []
        self.held: dict[str, float] = {}
        self.rss_mib: list[float] = []
        self.backlog = 0

    async def run(self) -> None:
        """Go through the peak and a while after it."""
        began, next_urgent = time.monotonic(), URGENT_EVERY
        while (seconds := time.monotonic() - began) < PEAK_SECONDS + AFTER_SECONDS:
            due = int(PEAK * min(seconds, PEAK_SECONDS)) - len(self._orders)
            self._orders += self._erp.release(due) if due > 0 else []
            if seconds >= next_urgent + 3 * URGENT_EVERY:
                next_urgent += URGENT_EVERY
                await self._hold_one()
            self.rss_mib.append(psutil.Process(self._process.pid).memory_info().rss / MIB)
            self.backlog = max(self.backlog, self._erp.behind())
            await asyncio.sleep(STEP_SECONDS)

    async def _hold_one(self) -> None:
        """Say as inventory-sync does that an order waits for stock: one of those taken in a moment ago."""
        known = [order for order in self._orders[: self._erp.taken()] if order not in self.held]
        order_id = self._chance.choice(known[-PEAK:])
        line = LineQuantity(line_number=10, sku="SKU-0001", quantity=1)
        event = AllocationFailed(occurred_at=datetime.now(UTC), order_id=order_id, lines=(line,), reason="out-of-stock")
        envelope = seal(
            event, event_id=f"held-{order_id}", source="/eu/inventory-sync", correlation_id=order_id,
            causation_id=None, region="eu", recorded_at=event.occurred_at,
        )  # fmt: skip
        body = envelope.model_dump_json(exclude_none=True).encode()
        await self._js.publish(publish_subject(event, "eu"), body, headers={"Nats-Msg-Id": envelope.id}, timeout=30)
        self.held[order_id] = time.time()


async def test_peak(servers: LocalMesh, tmp_path: Path, report: Report) -> None:
    settings = await servers.settings("order-release")
    inventory = await servers.connect("inventory-sync")

    async def life(erp: LoneErp, updates: int) -> ServiceProcess:
        more = {"port": free_port(), "erp_url": erp.url, "erp_updates_per_call": updates}
        process = ServiceProcess(environment_of(settings, **more), tmp_path / "service.log", service=RELEASE)
        assert await process.ready()
        return process

    async with lone_erp() as erp:
        process = await life(erp, updates=1)
        load = Load(erp, inventory.jetstream(), process)
        await load.run()
        told = erp.told_at("BACKORDERED")
        ages = sorted(told.get(order, time.time()) - at for order, at in load.held.items())
        await process.stop()
        process = await life(erp, updates=ERP_PER_SECOND)

        async def drained() -> bool:
            return erp.behind() == 0 and len(erp.told_at("BACKORDERED")) == len(load.held)

        await eventually(drained, within_seconds=size(60.0, 900.0))
        await process.stop()
    await inventory.close()
    disorder = sum(erp.told(order)[:2] != ["RELEASED", "BACKORDERED"] for order in load.held)
    orders, rss_mib = len(erp.world.fates), max(load.rss_mib)
    assert load.backlog > orders / 2, "there was no peak"
    assert erp.busiest_second() <= BUSIEST
    assert erp.doubled() == disorder == 0
    assert ages[-1] <= URGENT_WITHIN, ages
    assert rss_mib <= MEMORY_MIB
    report.note(
        "T17", "Ten times the peak against an ERP of 50 calls a second", seed=SEED,
        figure=f"{orders:,} orders in {PEAK_SECONDS} s: at most {erp.busiest_second()} calls in any second, "
        f"{erp.limited()} refused; {load.backlog:,} waited; {len(ages)} urgent ones told within {ages[-1]:.1f} s; "
        f"memory at most {rss_mib:.0f} MiB; then 0 lost, {erp.doubled()} doubled, {disorder} out of order",
        busiest_second=erp.busiest_second(), limited=erp.limited(), backlog=load.backlog,
        urgent_seconds=round(ages[-1], 1), rss_mib=round(rss_mib, 1), lost=erp.behind(), doubled=erp.doubled(),
        disorder=disorder,
    )  # fmt: skip
