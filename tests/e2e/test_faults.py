"""Kill -9 of any one process in the middle of a run: after its restart everything completes, once."""

import os
import threading
from collections.abc import Callable

import pytest

from canonical import topology

from crossdock_cli import demo
from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(600)]

ORDERS = int(os.environ.get("CROSSDOCK_FAULT_ORDERS", "200"))
VICTIMS = [*topology.load().services, "nats-server", "postgres"]
TIMEOUT_SECONDS = 60.0 + ORDERS * 0.3


@pytest.fixture(scope="module")
def own_mesh(start_mesh: Callable[[], Mesh]) -> Mesh:
    """A mesh that may be broken."""
    return start_mesh()


@pytest.mark.parametrize("victim", VICTIMS)
def test_kill(own_mesh: Mesh, victim: str) -> None:
    restarts = _restarts(own_mesh, victim)
    killed = threading.Event()

    def strike(progress: demo.Report) -> None:
        if not killed.is_set() and progress["picked"] >= ORDERS // 4:
            killed.set()
            own_mesh.kill(victim)

    wish = Wish(orders=ORDERS, seed=VICTIMS.index(victim), scenario="happy-path")
    outcome = demo.run(own_mesh, wish, timeout=TIMEOUT_SECONDS, on_progress=strike)
    report = outcome.report
    wrong = {name: report[name] for name in ("lost_ids", "duplicates", "ghosts")}
    assert killed.is_set(), "the run was over before the blow"
    assert outcome.is_complete, (report, wrong)
    assert outcome.is_clean, wrong
    assert report["delivered"] == ORDERS
    own_mesh.wait(victim)
    assert _restarts(own_mesh, victim) == restarts + 1


def _restarts(mesh: Mesh, name: str) -> int:
    part = mesh.state().part(name)
    assert part is not None
    return part.restarts
