"""What scales a service is told by the broker: a durable that is missing has no lag, not a lag of nought."""

import nats
import pytest
from nats.aio.client import Client

from canonical import topology
from chassis.lag import Lag
from chassis.local import NatsServer
from chassis.local.ports import free_port
from chassis.provision import provision
from chassis.telemetry import Metrics
from chassis.testing import LocalMesh, eventually

pytestmark = pytest.mark.integration

SERVICE = "transport-planner"
DURABLES = topology.load().every_durable(SERVICE, "eu")


def series(metrics: Metrics) -> dict[str, float]:
    found = next(family for family in metrics.registry.collect() if family.name == "crossdock_lag")
    return {sample.labels["durable"]: sample.value for sample in found.samples}


async def connect(server: NatsServer, user: str) -> Client:
    prefix = topology.inbox_prefix(user)
    return await nats.connect(server.url, user=user, password=server.password(user), inbox_prefix=prefix)


async def test_lag_is_what_waits_in_the_durables(mesh: LocalMesh) -> None:
    metrics, client = Metrics(), await mesh.connect(SERVICE)
    lag = Lag(SERVICE, "eu", lambda: client, metrics)
    await lag.measure()
    before = series(metrics)
    assert set(before) == {durable.name for durable in DURABLES}

    publisher = await mesh.connect("warehouse-adapter")
    for key in range(20):
        await publisher.jetstream().publish(f"cx.eu.warehouse.pack-completed.v1.SITE.{key}", b"{}")

    def grown() -> dict[str, float]:
        return {name: value - before[name] for name, value in series(metrics).items() if value != before[name]}

    async def all_told() -> bool:
        await lag.measure()
        return sum(grown().values()) >= 20

    await eventually(all_told)  # the broker tells a durable of a message a moment after its publisher
    assert sum(grown().values()) == 20
    assert all(name.startswith(f"{SERVICE}--warehouse--p") for name in grown())
    await publisher.close()
    await client.close()


async def test_a_missing_durable_has_no_lag_and_is_counted(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = NatsServer(
        folder=tmp_path_factory.mktemp("lag"),
        port=free_port(),
        monitor_port=free_port(),
        topology=topology.load(),
        region="eu",
    )
    server.start()
    try:
        await provision(server.url, "provisioner", server.password("provisioner"), topology.load(), "eu")
        metrics, client, admin = Metrics(), await connect(server, SERVICE), await connect(server, "provisioner")
        lag = Lag(SERVICE, "eu", lambda: client, metrics)
        await lag.measure()
        assert metrics.registry.get_sample_value("crossdock_durables_missing") == 0
        gone = DURABLES[0]
        await admin.jetstream().delete_consumer(gone.stream, gone.name)
        await lag.measure()
        assert gone.name not in series(metrics)
        assert metrics.registry.get_sample_value("crossdock_durables_missing") == 1
    finally:
        server.stop()
