"""The centre is away while orders flow: the region goes on, and the tower ends up with exactly what was published."""

import signal
import time
from pathlib import Path

import pytest
from rig.meshes import drained, running
from rig.report import Report, size
from rig.streams import archived_and_published

from crossdock_cli.demo import Report as Progress
from crossdock_cli.mesh import Mesh
from crossdock_cli.web import call
from crossdock_cli.world import Wish

TOWER = "control-tower"
AWAY_SECONDS = size(6.0, 600.0)
BEFORE_SECONDS = 2.0
ORDERS_PER_SECOND = 10.0
CATCH_UP_SECONDS = 120.0
SEED = 35

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(size(300, 3600))]


class Absence:
    """Kills the tower a while after the first look, holds its next life as it begins, and kills that at the end."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh, self._began = mesh, time.monotonic()
        self._delivered = 0
        self.state = "before"
        self.delivered = 0

    def look(self, progress: Progress) -> None:
        """Take the step that is due."""
        seconds = time.monotonic() - self._began
        if self.state == "before" and seconds > BEFORE_SECONDS:
            self._mesh.kill(TOWER)
            self._delivered, self.state = int(progress["delivered"]), "killed"
        elif self.state == "killed" and self._mesh.restarts(TOWER):
            self._mesh.kill(TOWER, signal.SIGSTOP)
            self.state = "away"
        elif self.state == "away" and seconds > BEFORE_SECONDS + AWAY_SECONDS:
            self.delivered = int(progress["delivered"]) - self._delivered
            self.end()

    def end(self) -> None:
        """Let the tower come back."""
        if self.state == "away":
            self._mesh.kill(TOWER)
            self.state = "over"


def caught_up(mesh: Mesh) -> float:
    """Wait until the tower has kept everything published; returns the seconds it took.

    Raises:
        AssertionError: it has not in time, or it has kept what nobody published.
    """
    began = time.monotonic()
    while True:
        kept, published = archived_and_published(mesh.layout)
        assert not kept - published
        seconds = time.monotonic() - began
        if kept == published:
            return seconds
        assert seconds < CATCH_UP_SECONDS, f"{len(published - kept):,} of {len(published):,} are missing"
        time.sleep(0.5)


def test_centre_away(tmp_path: Path, report: Report) -> None:
    seconds = BEFORE_SECONDS + AWAY_SECONDS
    wish = Wish(orders=int(seconds * ORDERS_PER_SECOND), seed=SEED, rate=ORDERS_PER_SECOND)
    with running(tmp_path / "state", tower=True) as mesh:
        absence = Absence(mesh)
        try:
            verdict = drained(mesh, wish, seconds=seconds * 2, on_progress=absence.look)
        finally:
            absence.end()
        mesh.wait()
        took = caught_up(mesh)
        stages = call("GET", f"{mesh.url(TOWER)}/api/v1/stages").fields()
        events = len(archived_and_published(mesh.layout)[1])
    assert absence.delivered >= AWAY_SECONDS * ORDERS_PER_SECOND / 10, "the region did not go on"
    verdict.assert_clean()
    assert sum(stages.values()) == wish.orders, stages
    report.note(
        "T35", "Control tower away", seed=SEED,
        figure=f"{AWAY_SECONDS:.0f} s away, {absence.delivered:,} orders delivered meanwhile: {verdict}; "
        f"{took:.1f} s after the last order the tower had each of {events:,} events once, and all "
        f"{wish.orders:,} orders",
        seconds_away=AWAY_SECONDS, delivered_meanwhile=absence.delivered, events=events,
        catch_up_seconds=round(took, 1), **verdict.counts,
    )  # fmt: skip
