"""A replay as a person runs it: seen first, then done, and the outside world never notices."""

import json
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from crossdock_cli.mesh import Mesh
from crossdock_cli.world import World

from .test_commands import CROSSDOCK
from .test_stories import play

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

ORDERS = 10
SERVICES = (
    "order-release",
    "inventory-sync",
    "warehouse-adapter",
    "transport-planner",
    "carrier-gateway",
    "notification",
)
TO = [word for name in SERVICES for word in ("--to", name)]


def crossdock(mesh: Mesh, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(CROSSDOCK), "replay", *arguments, "--state-dir", mesh.layout.state_dir]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)


def answered(mesh: Mesh, *arguments: str) -> Any:
    done = crossdock(mesh, *arguments, "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def test_everything_again_changes_nothing_outside(mesh: Mesh) -> None:
    since = datetime.now(UTC).isoformat()
    play(mesh, "happy-path", orders=ORDERS, seed=97)
    world = World(mesh.url("sandbox"))
    calls = world.report()["calls"]
    plans = answered(mesh, "plan", *TO, "--since", since)["plans"]
    counted = {found["type"]: found["count"] for plan in plans for found in plan["types"]}
    assert counted["order.released.v1"] == ORDERS <= counted["carrier.delivered.v1"]  # parcels of earlier tests too
    assert world.report()["calls"] == calls

    refused = crossdock(mesh, "run", *TO, "--since", since, "--reason", "a test")
    assert (refused.returncode, "add --yes" in refused.stderr) == (2, True), refused

    run = ("run", *TO, "--since", since, "--reason", "a test", "--rate", "2000", "--follow", "--yes")
    replays = answered(mesh, *run)["replays"]
    assert [found["state"] for found in replays] == ["done"] * len(SERVICES)
    assert [found["done"] for found in replays] == [plan["total"] for plan in plans]
    for name in ("failed", "published", "effects"):
        assert [found["counts"][name] for found in replays] == [0] * len(SERVICES), name

    shown = answered(mesh, "show", replays[0]["id"][:8])
    assert (shown["service"], shown["request"]["reason"]) == (SERVICES[0], "a test")
    assert len(answered(mesh, "list")["replays"]) == len(SERVICES)
    stopped = crossdock(mesh, "stop", replays[0]["id"])
    assert (stopped.returncode, "nothing to stop" in stopped.stderr) == (1, True), stopped
    unknown = crossdock(mesh, "run", "--to", "notification", "--type", "no.such.v1", "--reason", "x", "--yes")
    assert (unknown.returncode, "choose from carrier" in unknown.stderr) == (1, True), unknown

    report = world.report()
    assert report["calls"] == calls
    assert (report["lost"], report["duplicate_effects"], report["ghost_effects"]) == (0, 0, 0)
