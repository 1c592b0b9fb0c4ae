"""T12: handlers far slower than the broker's patience: it is told that they are at it, and does not deliver again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from rig.pipeline import SERVICE, pipeline
from rig.report import Report, size
from rig.source import changes

from canonical import topology
from chassis.provision import consumer_config
from chassis.testing import LocalMesh

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(1800)]

ACK_WAIT_SECONDS = 2.0
HANDLER_SECONDS = 0.02
KEYS, VERSIONS = size((50, 6), (500, 20))


@asynccontextmanager
async def impatience(mesh: LocalMesh, seconds: float) -> AsyncIterator[None]:
    """Let the broker wait so long for an acknowledgment of the service; afterwards as long as the topology says."""
    client = await mesh.connect("provisioner")
    shipped = topology.load()
    durables = [durable for durable in shipped.durables(SERVICE, "eu") if durable.domain == "order"]
    try:
        for durable in durables:
            config = replace(consumer_config(durable, shipped), ack_wait=seconds)
            await client.jetstream().add_consumer(durable.stream, config)
        yield
        for durable in durables:
            await client.jetstream().add_consumer(durable.stream, consumer_config(durable, shipped))
    finally:
        await client.close()


async def test_slow_handlers_cause_no_redelivery(mesh: LocalMesh, tmp_path: Path, report: Report) -> None:
    fed = changes(KEYS, VERSIONS)
    async with impatience(mesh, ACK_WAIT_SECONDS), pipeline(mesh, tmp_path) as line:
        await line.feed(fed)
        process = await line.start(handler_seconds=HANDLER_SECONDS)
        await line.drain(within_seconds=len(fed) * HANDLER_SECONDS * 3 + 30)
        deliveries = await process.metric("crossdock_consumed_total")
        verdict = await line.verdict()
    again = deliveries - len(fed)
    slowest = len(fed) * HANDLER_SECONDS
    figure = (
        f"{len(fed):,} events in handlers {slowest:.0f} s long, acknowledgment due in {ACK_WAIT_SECONDS:.0f} s: "
        f"{again / len(fed):.1%} delivered again; {verdict}"
    )
    report.note("T12", "Redelivery storm", seed=0, figure=figure, delivered_again=again, **verdict.counts)
    assert again <= len(fed) * 0.01
    assert verdict.is_clean
