"""T04 in every service that handles events: all end at the same named point while orders go to their end."""

from pathlib import Path

import pytest
from rig.meshes import drained, running
from rig.report import Report, size

from canonical import topology
from chassis.crashpoints import POINTS

from crossdock_cli.world import Wish

ORDERS, PER_SECOND, PASSAGE = size((60, 10.0, 120), (300, 10.0, 120))
IN_A_BATCH = {"after-handler": 400, "after-call": 220}
"""Where a batch of 256 undone messages may pass, or two calls with fifty effects each: an earlier end would come
again before any progress."""
SECONDS = size(90.0, 300.0)
SEED = 4
OF_FAILURES = {"letter-written", "letter-kept", "before-retry", "after-retry"}
OF_STOPPING = {"stopping", "stopped-pulling"}
ON_THE_WAY = [point for point in POINTS if point not in OF_FAILURES | OF_STOPPING]
SERVICES = [name for name, service in topology.load().services.items() if service.consumes]

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(size(300, 900))]


@pytest.mark.parametrize("point", size(["after-commit"], ON_THE_WAY))
def test_every_service_ends_at_a_point(tmp_path: Path, report: Report, point: str) -> None:
    passage = IN_A_BATCH.get(point, PASSAGE)
    with running(tmp_path / "state", CRASH_AT=f"{point}:{passage}") as mesh:
        verdict = drained(mesh, Wish(orders=ORDERS, seed=SEED, rate=PER_SECOND), seconds=SECONDS)
        deaths = {name: mesh.restarts(name) for name in SERVICES}
    report.note(
        "T04", f"Every service ends at {point}", seed=SEED,
        figure=f"{ORDERS} orders, {sum(deaths.values())} ends at the {passage}th passage, {len(SERVICES)} services: "
        f"{verdict}",
        crashes=sum(deaths.values()), services_hit=sum(count > 0 for count in deaths.values()), **verdict.counts,
    )  # fmt: skip
    verdict.assert_clean()
    assert sum(count > 0 for count in deaths.values()) >= size(1, len(SERVICES) - 1), deaths
