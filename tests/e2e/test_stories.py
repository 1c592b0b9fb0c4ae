"""Every story of the outside world ends as it should: nothing lost, nothing twice, nothing from nowhere."""

import pytest

from crossdock_cli import demo
from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish, scenarios

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

ORDERS = 40
SLOWER = {"outage": 120.0, "lost-webhooks": 180.0}


def play(mesh: Mesh, scenario: str, orders: int = ORDERS, seed: int = 11) -> demo.Report:
    """Play a scenario to its end and return its report."""
    wish = Wish(orders=orders, seed=seed, scenario=scenario)
    outcome = demo.run(mesh, wish, timeout=SLOWER.get(scenario, 90.0))
    wrong = {name: outcome.report[name] for name in ("lost_ids", "duplicates", "ghosts")}
    assert outcome.is_complete, (outcome.report, wrong)
    assert outcome.is_clean, wrong
    return outcome.report


@pytest.mark.parametrize("scenario", scenarios())
def test_story(mesh: Mesh, scenario: str) -> None:
    report = play(mesh, scenario)
    assert report["delivered"] + report["cancelled"] == ORDERS
    assert report["delivered"] > 0


def test_orders_are_cancelled_while_the_goods_are_in_the_house(mesh: Mesh) -> None:
    before = mesh_counts(mesh)
    report = play(mesh, "cancel", orders=60, seed=23)
    asked = report["cancellations_asked"] - before["cancellations_asked"]
    # one in five asks when the goods have left already; those are delivered
    assert 0.6 * asked <= report["cancelled"] <= asked
    assert report["cancelled"] >= 10


def mesh_counts(mesh: Mesh) -> demo.Report:
    from crossdock_cli.world import World

    return World(mesh.url("sandbox")).progress()
