"""What is late and what an order waits for, asked from the command line of a mesh whose carriers do not answer."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from crossdock_cli.main import app
from crossdock_cli.mesh import Mesh

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
CARRIERS = ("swiftparcel", "nordfreight")


@pytest.fixture
def waiting(own_mesh: Mesh) -> Iterator[str]:
    """Give an order that was packed while no carrier answers; then let them answer again."""
    sandbox = own_mesh.layout.sandbox_url()
    for system in CARRIERS:
        httpx.post(f"{sandbox}/_sandbox/faults", json={"system": system, "kind": "down", "value": 300})
    tag = httpx.post(f"{sandbox}/_sandbox/run", json={"orders": 1, "seed": 3}).json()["tag"]
    yield f"SO-{tag}-000001"
    httpx.delete(f"{sandbox}/_sandbox/faults")


def asked(mesh: Mesh, *words: str) -> Any:
    result = CliRunner().invoke(app, [*words, "--state-dir", mesh.layout.state_dir, "--json"])
    return json.loads(result.stdout) if result.exit_code == 0 else None


def test_an_order_that_no_carrier_takes_says_what_it_waits_for(own_mesh: Mesh, waiting: str) -> None:
    calls: list[Any] = []
    deadline = time.monotonic() + 90
    while not calls and time.monotonic() < deadline:
        why = asked(own_mesh, "why", waiting) or {"waits_for": []}
        calls = [one for one in why["waits_for"] if one["what"].startswith("book-shipment")]
        time.sleep(0.5)
    assert (calls[0]["kind"], calls[0]["owner"]) == ("call", "carrier-gateway")
    awaited = [one for one in why["waits_for"] if one["what"] == "carrier.carrier-booked.v1"]
    assert awaited[0]["owner"] == "carrier-gateway"
    limits = asked(own_mesh, "sla", "explain", waiting)["limits"]
    assert {one["awaited"][0]: one["state"] for one in limits}["carrier.carrier-booked.v1"] in ("open", "at risk")
    board = asked(own_mesh, "sla", "board")
    assert next(one for one in board if one["process_domain"] == "carrier" and one["flow"] == "order-to-ship")["open"]
    assert isinstance(asked(own_mesh, "sla", "breaches"), list)


def test_what_is_not_known_is_said_in_a_sentence(own_mesh: Mesh) -> None:
    result = CliRunner().invoke(app, ["why", "NOBODY", "--state-dir", own_mesh.layout.state_dir])
    assert "NOBODY is not known" in str(result.exception)
