"""T02: kill -9 of the broker while orders flow: what it acknowledged it has, and every service comes back unaided."""

import pytest
from rig.killer import Killer
from rig.meshes import drained
from rig.readiness import Readiness
from rig.report import Report, size
from rig.streams import acknowledged_and_missing

from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

KILLS = size(5, 50)
SECONDS_PER_KILL = 3.0
ORDERS_PER_SECOND = 15.0
GREEN_SECONDS = 60.0
SEED = 2

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(size(300, 3600))]


def test_broker_kills(whole_mesh: Mesh, report: Report) -> None:
    seconds = KILLS * SECONDS_PER_KILL
    wish = Wish(orders=int(seconds * ORDERS_PER_SECOND), seed=SEED, rate=ORDERS_PER_SECOND)
    with (
        Readiness(whole_mesh) as readiness,
        Killer(whole_mesh, ["nats-server"], KILLS, SEED, SECONDS_PER_KILL) as killer,
    ):
        verdict = drained(whole_mesh, wish, seconds=seconds * 3)
        readiness.wait_green(GREEN_SECONDS)
    killer.assert_struck()
    verdict.assert_clean()
    acknowledged, missing = acknowledged_and_missing(whole_mesh.layout)
    assert acknowledged > wish.orders
    assert missing == []
    assert set(readiness.turns_red) == set(whole_mesh.layout.services())
    assert min(readiness.turns_red.values()) > 0, readiness.turns_red
    report.note(
        "T02", "Broker killed, one replica", seed=SEED,
        figure=f"{KILLS} kills ({killer.in_flight} in flight), {wish.orders:,} orders: {len(missing)} of "
        f"{acknowledged:,} acknowledged events lost; {verdict}; readiness turned red and green again "
        f"{readiness.turns_red.total()} times",
        kills=KILLS, in_flight=killer.in_flight, acknowledged=acknowledged, acknowledged_lost=len(missing),
        **verdict.counts,
    )  # fmt: skip
