"""T01: a storm of kill -9 over services and database while orders go from release to proof of delivery."""

import pytest
from rig.killer import Killer
from rig.meshes import drained
from rig.report import Report, size

from canonical import topology

from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

ORDERS, KILLS = size((200, 8), (20_000, 1_000))
SCENARIO = size("duplicates", "mixed")
SECONDS_PER_KILL = 1.5
SEED = 1
VICTIMS = [*(name for name, service in topology.load().services.items() if service.consumes), "postgres"]

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(size(600, 7200))]


def test_kill_storm(whole_mesh: Mesh, report: Report) -> None:
    rate = ORDERS / (KILLS * SECONDS_PER_KILL)
    wish = Wish(orders=ORDERS, seed=SEED, scenario=SCENARIO, rate=rate)
    with Killer(whole_mesh, VICTIMS, KILLS, SEED, SECONDS_PER_KILL) as killer:
        verdict = drained(whole_mesh, wish, seconds=KILLS * SECONDS_PER_KILL * 3)
    killer.assert_struck()
    verdict.assert_clean()
    p99 = killer.recovery(0.99)
    report.note(
        "T01", "SIGKILL storm over services and database", seed=SEED,
        figure=f"{ORDERS:,} orders, {KILLS:,} kills ({killer.in_flight:,} in flight): {verdict}; "
        f"p99 recovery {p99} s",
        orders=ORDERS, kills=KILLS, in_flight=killer.in_flight, recovery_p99_seconds=p99, **verdict.counts,
    )  # fmt: skip
