"""T18: the ERP's write-back is slow and answers every second call with 503: it is not pressed, the others go on."""

import time

import pytest
from rig.door import Door
from rig.meshes import drained
from rig.report import Report, size

from chassis.retries import FLOOR, SHARE, WINDOW_SECONDS

from crossdock_cli.demo import Report as Progress
from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

BEFORE_SECONDS = size(3.0, 60.0)
BROWN_SECONDS = size(7.0, 600.0)
LATENCY_MS, ERRORS, REST_SECONDS = size(500, 10_000), 0.5, 1.0
ORDERS_PER_SECOND = 8.0
SEED = 18

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(size(300, 3600))]


class Brownout:
    """Heals the ERP when its time is over, and keeps what came to its door until then."""

    def __init__(self, door: Door) -> None:
        self.door, self.began = door, time.time()
        self.seen: dict[str, int] = {}
        self.recent_calls = 0

    def look(self, _: Progress) -> None:
        """Heal when it is time."""
        if not self.seen and time.time() - self.began > BROWN_SECONDS:
            self.seen = self.door.traffic(self.began)
            self.recent_calls = self.door.traffic(self.began - WINDOW_SECONDS)["calls"]
            self.door.heal()


def test_brownout(whole_mesh: Mesh, report: Report) -> None:
    door = Door(whole_mesh.url("sandbox"), "erp-status")
    healthy = time.time()
    drained(
        whole_mesh, Wish(orders=int(BEFORE_SECONDS * ORDERS_PER_SECOND), seed=SEED, rate=ORDERS_PER_SECOND), seconds=60
    )
    before = door.report(healthy)["warehouse_order_to_planned_ms"]
    brownout = Brownout(door)
    try:
        door.fault(slow=LATENCY_MS, error_rate=ERRORS, retry_after=REST_SECONDS)
        wish = Wish(orders=int(BROWN_SECONDS * ORDERS_PER_SECOND), seed=SEED, rate=ORDERS_PER_SECOND)
        verdict = drained(whole_mesh, wish, seconds=BROWN_SECONDS * 3, on_progress=brownout.look)
    finally:
        door.heal()
    seen, during = brownout.seen, door.report(brownout.began)["warehouse_order_to_planned_ms"]
    amplification = round(1 + seen["repeats"] / brownout.recent_calls, 2)
    assert seen["early"] == 0, seen
    assert seen["repeats"] <= SHARE * brownout.recent_calls + FLOOR, (seen, brownout.recent_calls)
    verdict.assert_clean()
    report.note(
        "T18", "ERP slow, half its answers 503", seed=SEED,
        figure=f"{BROWN_SECONDS:.0f} s, {wish.orders:,} orders: {seen['calls']} calls, {seen['repeats']} of them again "
        f"({amplification} x of the last minutes' calls), {seen['early']} before Retry-After was over; "
        f"p99 of the other adapters' way {during['p99'] / before['p99']:.2f} of what it was; then {verdict}",
        amplification=amplification, early=seen["early"], before_p99_ms=before["p99"], during_p99_ms=during["p99"],
        **verdict.counts,
    )  # fmt: skip
