"""A single broker that lost the tail of a stream: noticed by the services themselves, repaired by one command."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from rig.command import Ran, crossdock
from rig.meshes import free_base
from rig.report import Report, size
from rig.streams import READER, connected, held

from canonical import topology
from chassis.local.nats import NatsServer
from chassis.local.ports import free_port
from chassis.testing.damage import blocks, flip, truncate

from crossdock_cli.layout import Layout
from crossdock_cli.mesh import Mesh

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

ORDERS = size(150, 5_000)
NOTICED_SECONDS = 60.0
RECONCILE_SECONDS = size(2.0, 20.0)
AT_ONCE = 16
SERVICE = "order-release"


class Broken:
    """A mesh whose broker is ours to break: order-release, its database, and orders pushed as the ERP does."""

    def __init__(self, folder: Path) -> None:
        self.nats = NatsServer(
            folder=folder / "broker",
            port=free_port(),
            monitor_port=free_port(),
            topology=topology.load(),
            region="eu",
        )
        self.state_dir = folder / "state"
        layout = Layout(
            state_dir=str(self.state_dir),
            base_port=free_base(),
            with_sandbox=False,
            only=(SERVICE,),
            settings={"RECONCILE_SECONDS": str(RECONCILE_SECONDS)},
            nats_url=self.nats.url,
            nats_secrets=str(folder / "broker" / "secrets"),
        )
        self.mesh = Mesh(layout)
        self.orders = 0

    def push(self, count: int) -> None:
        """Push orders and wait until they are published."""
        numbers = range(self.orders, self.orders + count)
        with (
            ThreadPoolExecutor(AT_ONCE) as threads,
            httpx.Client(base_url=self.mesh.url(SERVICE), timeout=30) as client,
        ):
            answers = threads.map(lambda number: client.post("/orders", json=order(f"SO-{number}")), numbers)
            assert {answer.status_code for answer in answers} <= {202}
            self.orders += count
            while any(stream["waiting"] for stream in client.get("/durability").json()["streams"]):
                time.sleep(0.1)

    def lost(self) -> dict[str, Any] | None:
        """Return what the service itself says is lost of ORDER, as of its last look."""
        try:
            said = httpx.get(f"{self.mesh.url(SERVICE)}/durability").json()["streams"]
        except httpx.TransportError:
            return None
        return next((stream["lost"] for stream in said if stream["stream"] == "ORDER"), None)

    def damage(self, harm: Callable[[Path], None]) -> float:
        """End the broker without warning, harm ORDER, start it; returns the seconds until the service says so."""
        self.nats.kill()
        harm(blocks(self.nats, "ORDER")[-1])
        self.nats.start()
        began = time.monotonic()
        while self.lost() is None:
            assert time.monotonic() - began < NOTICED_SECONDS, "the loss was not noticed"
            time.sleep(0.1)
        return time.monotonic() - began

    def missing(self) -> list[str]:
        """Return the ids in the outbox that ORDER does not hold, in the order they were published."""
        return asyncio.run(self._missing())

    async def _missing(self) -> list[str]:
        async with connected(self.nats.url, READER, self.nats.password(READER)) as client:
            kept = set((await held(client, "ORDER")).values())
        connection = await asyncpg.connect(self.mesh.layout.database(SERVICE).replace("+asyncpg", ""))
        rows = await connection.fetch("SELECT event_id FROM outbox ORDER BY seq")
        await connection.close()
        assert len(rows) == self.orders
        return [row["event_id"] for row in rows if row["event_id"] not in kept]


def order(number: str) -> dict[str, Any]:
    """Return a sales order as the ERP pushes it."""
    return {
        "SalesOrder": number,
        "SoldToParty": "C-0001",
        "ShippingCondition": "STANDARD",
        "RequestedDeliveryDate": "2030-01-01T12:00:00Z",
        "TransactionCurrency": "EUR",
        "ShipTo": {
            "Name": "Ada Berg", "Street": "Weg 1", "City": "Berlin", "PostalCode": "10115", "Country": "DE",
            "Email": "ada@example.com",
        },
        "Items": [{"Item": 10, "Material": "SKU-1", "Quantity": 1, "NetPrice": "5.00", "WeightGrams": 100}],
    }  # fmt: skip


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    found = Broken(tmp_path_factory.mktemp("broken"))
    found.nats.start()
    try:
        found.mesh.start()
        yield found
    finally:
        found.mesh.stop()
        found.nats.kill()


def test_a_lost_tail_is_noticed_listed_and_repaired_by_one_command(broken: Broken, report: Report) -> None:
    broken.push(ORDERS)
    seconds = broken.damage(truncate)
    missing = broken.missing()
    found = crossdock("streams", "check", "--json", folder=broken.state_dir)
    stream = next(stream for stream in found.json["streams"] if stream["stream"] == "ORDER")
    assert (found.code, stream["lost"]) == (1, {SERVICE: len(missing)})
    assert stream["event_ids"] == missing[:100]
    assert httpx.get(f"{broken.mesh.url(SERVICE)}/health/ready").json()["lost"] == {"ORDER": len(missing)}
    broken.push(10)
    refused = crossdock("streams", "repair", "--json", folder=broken.state_dir)
    assert (refused.code, refused.said) == (2, "")
    done = crossdock("streams", "repair", "--yes", "--json", folder=broken.state_dir)
    assert (done.code, done.json["clean"], done.json["republished"]) == (0, True, {"ORDER": len(missing)}), done
    broken.push(10)
    assert broken.missing() == []
    assert crossdock("streams", "check", "--json", folder=broken.state_dir).code == 0
    report.note(
        "T07",
        "R1, a block cut off, the server killed",
        seed=0,
        figure=f"{len(missing)} events lost, all of them listed after {seconds:.1f} s; 0 of {broken.orders} missing "
        "after the repair",
        lost=len(missing),
        orders=broken.orders,
        missing=0,
        noticed_seconds=seconds,
    )


def test_a_repair_that_meets_a_kill_is_finished_by_the_next_one(broken: Broken, report: Report) -> None:
    broken.push(ORDERS)
    seconds = broken.damage(flip)
    missing = broken.missing()
    os.kill(broken.nats.pid, signal.SIGSTOP)
    said = httpx.post(f"{broken.mesh.url(SERVICE)}/durability/republish").json()
    assert said["republished"] == {"ORDER": len(missing)}
    time.sleep(0.5)
    broken.mesh.kill(SERVICE)
    os.kill(broken.nats.pid, signal.SIGCONT)
    left = len(broken.missing())
    assert left, "the kill came too late"
    done = _repaired(broken)
    assert (done.code, done.json["clean"]) == (0, True), done
    assert broken.missing() == []
    report.note(
        "T07",
        "R1, a bit flipped, the server killed, then the service while it publishes again",
        seed=0,
        figure=f"{len(missing)} events lost, {left} still missing at the kill; 0 of {broken.orders} missing at the end",
        lost=len(missing),
        orders=broken.orders,
        missing=0,
        noticed_seconds=seconds,
    )


def _repaired(broken: Broken) -> Ran:
    broken.mesh.wait(SERVICE)
    return crossdock("streams", "repair", "--yes", "--json", folder=broken.state_dir)
