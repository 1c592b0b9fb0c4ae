"""A whole mesh on three brokers that keep every stream together: one of them dies while orders flow, then another."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rig.cluster import Member, cluster
from rig.meshes import drained, free_base

from canonical import topology
from canonical.orders import OrderReleased
from chassis.administrator import administrator

from crossdock_cli import demo, journal
from crossdock_cli.layout import Layout
from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(300)]

ORDERS, PER_SECOND, AWAY_READS = 45, 5.0, 12
SERVICES = tuple(name for name, service in topology.load().services.items() if service.consumes)


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[list[Member]]:
    members = cluster(tmp_path / "brokers")
    try:
        for member in members:
            member.start()
        yield members
    finally:
        for member in members:
            member.stop()


def test_a_broker_may_die_while_orders_flow(brokers: list[Member], tmp_path: Path) -> None:
    layout = Layout(
        state_dir=str(tmp_path / "mesh"),
        base_port=free_base(),
        only=SERVICES,
        nats_url=",".join(member.url for member in brokers),
        nats_secrets=str(brokers[0].folder / "secrets"),
        nats_replicas=len(brokers),
    )
    mesh = Mesh(layout)
    mesh.start()
    try:
        left = brokers[:2]

        def break_one(report: demo.Report) -> None:
            if left and report["released"] >= ORDERS // 3 * (3 - len(left)):
                victim = left.pop(0)
                victim.kill()
                read_again_and_again(layout)
                victim.start()

        wish = Wish(orders=ORDERS, seed=31, rate=PER_SECOND)
        drained(mesh, wish, seconds=120, on_progress=break_one).assert_clean()
        assert left == [], "a broker was not killed"
        assert asyncio.run(copies(layout, brokers[0])) == {len(brokers)}
    finally:
        mesh.stop()


def read_again_and_again(layout: Layout) -> None:
    """Read what was released: two brokers of three answer, whoever of them leads now."""
    for _ in range(AWAY_READS):
        began = datetime.now(UTC) - timedelta(hours=1)
        assert asyncio.run(journal.read_types(layout, [OrderReleased.type], began))
        time.sleep(0.2)


async def copies(layout: Layout, broker: Member) -> set[int]:
    """Return on how many servers the streams are kept."""
    async with administrator(layout.broker_url(), "provisioner", broker.password("provisioner")) as js:
        infos = [await js.stream_info(name) for name in topology.load().streams]
    return {info.config.num_replicas or 0 for info in infos}
