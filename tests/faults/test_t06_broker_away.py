"""T06: the services cannot reach the broker, half-open or refused: they hold their work, and nothing is lost."""

import time
from collections.abc import Callable

import pytest
from rig.meshes import drained
from rig.proxy import Proxy
from rig.report import Report, size

from crossdock_cli.demo import Report as Progress
from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

AWAY_SECONDS = size(6.0, 600.0)
BEFORE_SECONDS = 2.0
ORDERS_PER_SECOND = 10.0
GROWTH_MIB = 64.0
SEED = 6

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(size(300, 3600))]


class Outage:
    """Breaks the link a while after the first look and heals it later; watches progress and memory on the way."""

    def __init__(self, whole_mesh: Mesh, break_link: Callable[[], None], heal: Callable[[], None]) -> None:
        self._mesh, self._break, self._heal = whole_mesh, break_link, heal
        self._began = time.monotonic()
        self._rss: dict[str, list[float]] = {}
        self.state = "before"
        self.held_back = 0

    def look(self, progress: Progress) -> None:
        """Take a step of the outage when it is due."""
        for reading in self._mesh.read():
            if reading.rss_mib and reading.name in self._mesh.layout.services():
                self._rss.setdefault(reading.name, []).append(reading.rss_mib)
        seconds = time.monotonic() - self._began
        if self.state == "before" and seconds > BEFORE_SECONDS:
            self._break()
            self.state = "away"
        elif self.state == "away" and seconds > BEFORE_SECONDS + AWAY_SECONDS:
            self.held_back = int(progress["released"]) - int(progress["ended"])
            self._heal()
            self.state = "healed"

    @property
    def growth_mib(self) -> float:
        """The largest growth of a service's memory since the first look."""
        return round(max(max(values) - values[0] for values in self._rss.values()), 1)


@pytest.mark.parametrize("kind", ["half-open", "refused"])
def test_broker_away(whole_mesh: Mesh, broker_link: Proxy, report: Report, kind: str) -> None:
    seconds = BEFORE_SECONDS + AWAY_SECONDS
    wish = Wish(orders=int(seconds * ORDERS_PER_SECOND), seed=SEED, rate=ORDERS_PER_SECOND)
    outage = Outage(whole_mesh, broker_link.freeze if kind == "half-open" else broker_link.refuse, broker_link.heal)
    try:
        verdict = drained(whole_mesh, wish, seconds=seconds * 2, on_progress=outage.look)
    finally:
        broker_link.heal()
    whole_mesh.wait()
    assert outage.held_back > AWAY_SECONDS * ORDERS_PER_SECOND / 2, "the outage held nothing back"
    verdict.assert_clean()
    assert outage.growth_mib <= GROWTH_MIB
    report.note(
        "T06", f"Broker away, {kind}", seed=SEED,
        figure=f"{AWAY_SECONDS:.0f} s away, {wish.orders:,} orders ({outage.held_back:,} held back): {verdict}; "
        f"memory grew by at most {outage.growth_mib} MiB per service",
        seconds_away=AWAY_SECONDS, growth_mib=outage.growth_mib, **verdict.counts,
    )  # fmt: skip
