"""T05: a disk runs full under load and gets room again: nothing acknowledged is lost, and the mesh goes on by itself."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rig.meshes import drained, running
from rig.readiness import Readiness
from rig.report import Report, size
from rig.streams import acknowledged_and_missing
from rig.volume import MIB, Volume, needs_volume, volume

from crossdock_cli.demo import Report as Progress
from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

BEFORE_SECONDS, FULL_SECONDS = 2.0, size(6.0, 120.0)
RECOVERY_SECONDS = 60.0
ORDERS_PER_SECOND = 10.0
BROKER_DISK, DATABASE_DISK = 4096 * MIB, 1024 * MIB
SEED = 5

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(size(300, 3600)), needs_volume]

Disks = dict[str, Volume]


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disks]:
    """The disks of broker and database, each of its own."""
    folder = tmp_path_factory.mktemp("disks")
    with (
        volume(folder / "broker.img", folder / "state" / "nats" / "jetstream", BROKER_DISK) as broker,
        volume(folder / "database.img", folder / "state" / "postgres", DATABASE_DISK) as database,
    ):
        yield {"broker": broker, "database": database}


@pytest.fixture(scope="module")
def own_mesh(disks: Disks) -> Iterator[Mesh]:
    """A mesh whose servers keep their data on these disks."""
    state: Path = disks["database"].at.parent
    with running(state) as mesh:
        yield mesh


class Shortage:
    """Fills a disk a while after the first look, and frees it later."""

    def __init__(self, disk: Volume) -> None:
        self._disk = disk
        self._began = time.monotonic()
        self.state = "before"
        self.held_back = 0
        self.freed_at = 0.0

    def look(self, progress: Progress) -> None:
        """Take the step that is due."""
        seconds = time.monotonic() - self._began
        if self.state == "before" and seconds > BEFORE_SECONDS:
            self._disk.fill()
            self.state = "full"
        elif self.state == "full" and seconds > BEFORE_SECONDS + FULL_SECONDS:
            self.held_back = int(progress["released"]) - int(progress["ended"])
            self.free()

    def free(self) -> None:
        """Give the room back."""
        if self.state == "full":
            self._disk.free()
            self.state, self.freed_at = "over", time.monotonic()


@pytest.mark.parametrize("which", ["broker", "database"])
def test_disk_full(own_mesh: Mesh, disks: Disks, report: Report, which: str) -> None:
    seconds = BEFORE_SECONDS + FULL_SECONDS
    wish = Wish(orders=int(seconds * ORDERS_PER_SECOND), seed=SEED, rate=ORDERS_PER_SECOND)
    shortage = Shortage(disks[which])
    with Readiness(own_mesh) as readiness:
        try:
            verdict = drained(own_mesh, wish, seconds=seconds, on_progress=shortage.look)
        finally:
            shortage.free()
        own_mesh.wait(timeout=RECOVERY_SECONDS)
    assert shortage.held_back > FULL_SECONDS * ORDERS_PER_SECOND / 2, "the full disk held nothing back"
    verdict.assert_clean()
    acknowledged, missing = acknowledged_and_missing(own_mesh.layout)
    assert acknowledged > wish.orders
    assert missing == []
    report.note(
        "T05", f"Disk of the {which} full, then free", seed=SEED,
        figure=f"{FULL_SECONDS:.0f} s full, {wish.orders:,} orders ({shortage.held_back:,} held back): {len(missing)} "
        f"of {acknowledged:,} acknowledged events lost; {verdict}",
        seconds_full=FULL_SECONDS, acknowledged=acknowledged, acknowledged_lost=len(missing), **verdict.counts,
    )  # fmt: skip
