"""T05: a disk runs full under load and gets room again: nothing acknowledged is lost, and work goes on by itself."""

import time

import pytest
from rig.meshes import drained
from rig.report import Report, size
from rig.streams import acknowledged_and_missing, is_acknowledged
from rig.volume import BROKER_STORE, DATABASE_STORE, Disks, Volume, needs_volume

from crossdock_cli.demo import Report as Progress
from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

BEFORE_SECONDS, FULL_SECONDS = 2.0, size(6.0, 120.0)
RECOVERY_SECONDS = 60.0
ORDERS_PER_SECOND = 10.0
MESSAGE = ("order-release", "raw.eu.order-release.full", b"x" * 65536)
SEED = 5

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(size(300, 3600)), needs_volume]


class Shortage:
    """Fills a disk a while after the first look, and frees it later."""

    def __init__(self, whole_mesh: Mesh, disk: Volume) -> None:
        self._mesh, self._disk = whole_mesh, disk
        self._began = time.monotonic()
        self.state = "before"
        self.held_back = 0
        self.was_acknowledged = False
        self.recovery_seconds = 0.0
        self._released = 0
        self._freed = 0.0

    def look(self, progress: Progress) -> None:
        """Take the step that is due."""
        seconds = time.monotonic() - self._began
        if self.state == "before" and seconds > BEFORE_SECONDS:
            self._disk.fill()
            self.state = "full"
            self.was_acknowledged = is_acknowledged(self._mesh.layout, *MESSAGE)
        elif self.state == "full" and seconds > BEFORE_SECONDS + FULL_SECONDS:
            self._released = int(progress["released"])
            self.held_back = self._released - int(progress["ended"])
            self.free()
        elif self.state == "free" and int(progress["ended"]) >= self._released:
            self.recovery_seconds = round(time.monotonic() - self._freed, 1)
            self.state = "over"

    def free(self) -> None:
        """Give the room back."""
        if self.state == "full":
            self._disk.free()
            self.state, self._freed = "free", time.monotonic()


@pytest.mark.parametrize("store", [BROKER_STORE, DATABASE_STORE])
def test_disk_full(whole_mesh: Mesh, disks: Disks, report: Report, store: str) -> None:
    seconds = BEFORE_SECONDS + FULL_SECONDS
    wish = Wish(orders=int(seconds * ORDERS_PER_SECOND), seed=SEED, rate=ORDERS_PER_SECOND)
    shortage, starts = Shortage(whole_mesh, disks[store]), whole_mesh.restarts("nats-server")
    try:
        verdict = drained(whole_mesh, wish, seconds=seconds, on_progress=shortage.look)
    finally:
        shortage.free()
    whole_mesh.wait()
    verdict.assert_clean()
    assert shortage.held_back > FULL_SECONDS * ORDERS_PER_SECOND / 2, "the full disk held nothing back"
    assert shortage.was_acknowledged == (store != BROKER_STORE), "a full disk keeps nothing"
    assert 0 < shortage.recovery_seconds <= RECOVERY_SECONDS
    assert (whole_mesh.restarts("nats-server") > starts) == (store == BROKER_STORE), (
        "a broker that writes no more must restart"
    )
    acknowledged, missing = acknowledged_and_missing(whole_mesh.layout)
    assert acknowledged > wish.orders
    assert missing == []
    report.note(
        "T05", f"Disk of {store} full, then free", seed=SEED,
        figure=f"{FULL_SECONDS:.0f} s full, {wish.orders:,} orders ({shortage.held_back:,} held back): {len(missing)} "
        f"of {acknowledged:,} acknowledged events lost; {verdict}; "
        f"caught up {shortage.recovery_seconds} s after the room came back",
        seconds_full=FULL_SECONDS, recovery_seconds=shortage.recovery_seconds,
        acknowledged=acknowledged, acknowledged_lost=len(missing), **verdict.counts,
    )  # fmt: skip
