"""A single broker that lost the tail of a stream: noticed by the services themselves, repaired by one command."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from rig.command import crossdock
from rig.report import Report, size

from canonical import topology
from chassis.local.nats import NatsServer
from chassis.local.ports import free_port
from chassis.testing.damage import blocks, flip, truncate

from crossdock_cli.layout import HOST, LAST_OFFSET, Layout
from crossdock_cli.mesh import Mesh

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

ORDERS = size(150, 5_000)
NOTICED_SECONDS = 60.0
RECONCILE_SECONDS = size(2.0, 20.0)
AT_ONCE = 50
SERVICE = "order-release"


def free_base() -> int:
    """Return a base port whose hundred ports nothing listens on."""
    for base in range(30_000, 39_900, LAST_OFFSET + 1):
        if all(_is_free(base + offset) for offset in range(LAST_OFFSET + 1)):
            return base
    raise OSError("no hundred free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


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

    async def push(self, count: int) -> None:
        """Push orders and wait until they are published."""
        async with httpx.AsyncClient(base_url=self.mesh.url(SERVICE), timeout=30) as client:
            for start in range(self.orders, self.orders + count, AT_ONCE):
                numbers = range(start, min(start + AT_ONCE, self.orders + count))
                answers = await asyncio.gather(*(client.post("/orders", json=order(f"SO-{n}")) for n in numbers))
                assert {answer.status_code for answer in answers} == {202}
            self.orders += count
            while any(stream["waiting"] for stream in (await client.get("/durability")).json()["streams"]):
                await asyncio.sleep(0.1)

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

    async def missing(self) -> list[str]:
        """Return the ids in the outbox that ORDER does not hold, read one by one by another user."""
        import nats

        client = await nats.connect(
            self.nats.url,
            user="operator",
            password=self.nats.password("operator"),
            inbox_prefix=topology.inbox_prefix("operator"),
        )
        js = client.jetstream()
        last = (await js.stream_info("ORDER")).state.last_seq
        answers = await asyncio.gather(*(js.get_msg("ORDER", n) for n in range(1, last + 1)), return_exceptions=True)
        held = {(a.headers or {})["Nats-Msg-Id"] for a in answers if not isinstance(a, BaseException)}
        await client.close()
        connection = await asyncpg.connect(self.mesh.layout.database(SERVICE).replace("+asyncpg", ""))
        rows = await connection.fetch("SELECT event_id FROM outbox ORDER BY seq")
        await connection.close()
        assert len(rows) == self.orders
        return [row["event_id"] for row in rows if row["event_id"] not in held]


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


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Broken]:
    found = Broken(tmp_path)
    found.nats.start()
    try:
        found.mesh.start()
        yield found
    finally:
        found.mesh.stop()
        found.nats.kill()


async def test_a_lost_tail_is_noticed_listed_and_repaired_by_one_command(broken: Broken, report: Report) -> None:
    listed, slowest = 0, 0.0
    for harm in (truncate, flip):
        await broken.push(ORDERS // 2)
        slowest = max(slowest, broken.damage(harm))
        missing = await broken.missing()
        found = crossdock("streams", "check", "--json", folder=broken.state_dir)
        stream = next(stream for stream in found.json["streams"] if stream["stream"] == "ORDER")
        assert (found.code, stream["lost"]) == (1, {SERVICE: len(missing)})
        assert stream["event_ids"] == missing[:100]
        assert httpx.get(f"{broken.mesh.url(SERVICE)}/health/ready").json()["lost"] == {"ORDER": len(missing)}
        listed += len(missing)
        await broken.push(10)
        refused = crossdock("streams", "repair", "--json", folder=broken.state_dir)
        assert (refused.code, refused.said) == (2, "")
        done = crossdock("streams", "repair", "--yes", "--json", folder=broken.state_dir)
        assert (done.code, done.json["clean"], done.json["republished"]) == (0, True, {"ORDER": len(missing)}), done
        await broken.push(10)
        assert await broken.missing() == []
    assert crossdock("streams", "check", "--json", folder=broken.state_dir).code == 0
    report.note(
        "T07",
        "R1, a block cut off, then a bit flipped, the server killed",
        seed=0,
        figure=f"{listed} events lost, all listed in {slowest:.1f} s; 0 of {broken.orders} missing after the repair",
        lost=listed,
        orders=broken.orders,
        missing=0,
        noticed_seconds=slowest,
    )


async def test_a_repair_that_meets_a_kill_is_finished_by_the_next_one(broken: Broken) -> None:
    await broken.push(ORDERS)
    broken.damage(truncate)
    missing = await broken.missing()
    command = [sys.executable, "-m", "crossdock_cli", "streams", "repair", "--yes", "--state-dir"]
    repairing = subprocess.Popen([*command, str(broken.state_dir)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while broken.lost() is not None and repairing.poll() is None:
        time.sleep(0.005)
    broken.mesh.kill(SERVICE)
    repairing.communicate(timeout=120)
    broken.mesh.wait(SERVICE)
    done = crossdock("streams", "repair", "--yes", "--json", folder=broken.state_dir)
    assert (done.code, done.json["clean"]) == (0, True), done
    assert missing
    assert await broken.missing() == []
