"""T19: one subscriber stands still for a while: the others go on, and it catches up."""

import signal
import time

import pytest
from rig.meshes import drained
from rig.report import Report, size

from crossdock_cli.demo import Report as Progress
from crossdock_cli.mesh import Mesh
from crossdock_cli.probe import lag_by_service
from crossdock_cli.world import Wish

STILL_SECONDS = size(6.0, 300.0)
LONGEST_SECONDS = size(60.0, 600.0)
BEFORE_SECONDS = 1.0
ORDERS_PER_SECOND = 10.0
MEANWHILE = int(STILL_SECONDS * ORDERS_PER_SECOND / 2)
"""Orders that the others deliver before the subscriber may go on."""
SLOW = "notification"
SEED = 19

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(size(300, 3600))]


class Standstill:
    """Holds the slow subscriber a while after the first look, and lets it go later."""

    def __init__(self, whole_mesh: Mesh) -> None:
        self._mesh = whole_mesh
        self._began = time.monotonic()
        self._delivered = 0
        self.state = "before"
        self.delivered = self.behind = 0
        self.seconds = 0.0

    def look(self, progress: Progress) -> None:
        """Take the step that is due."""
        seconds = time.monotonic() - self._began
        if self.state == "before" and seconds > BEFORE_SECONDS:
            self._mesh.kill(SLOW, signal.SIGSTOP)
            self._delivered = int(progress["delivered"])
            self.state = "still"
        elif self.state == "still":
            self.delivered = int(progress["delivered"]) - self._delivered
            if seconds < BEFORE_SECONDS + (STILL_SECONDS if self.delivered >= MEANWHILE else LONGEST_SECONDS):
                return
            self.seconds = seconds - BEFORE_SECONDS
            self.behind = lag_by_service(self._mesh.layout.monitor_url())[SLOW]
            self.go_on()

    def go_on(self) -> None:
        """Let the subscriber go on."""
        if self.state == "still":
            self._mesh.kill(SLOW, signal.SIGCONT)
            self.state = "over"


def test_slow_subscriber(whole_mesh: Mesh, report: Report) -> None:
    seconds = BEFORE_SECONDS + STILL_SECONDS
    wish = Wish(orders=int(seconds * ORDERS_PER_SECOND), seed=SEED, rate=ORDERS_PER_SECOND)
    standstill = Standstill(whole_mesh)
    try:
        verdict = drained(whole_mesh, wish, seconds=seconds + LONGEST_SECONDS, on_progress=standstill.look)
    finally:
        standstill.go_on()
    assert standstill.behind > 0
    assert standstill.delivered >= MEANWHILE, "the others did not go on"
    verdict.assert_clean()
    report.note(
        "T19", "One subscriber stands still", seed=SEED,
        figure=f"{SLOW} held for {standstill.seconds:.0f} s: {standstill.delivered:,} orders delivered meanwhile, "
        f"{standstill.behind:,} messages behind; then {verdict}",
        seconds_still=round(standstill.seconds), delivered_meanwhile=standstill.delivered, behind=standstill.behind,
        **verdict.counts,
    )  # fmt: skip
