"""T13: partitions change hands in the middle of a run, old and new owners side by side: every key keeps its order."""

import asyncio
from collections.abc import Sequence

from pathlib import Path

import pytest
from rig.pipeline import Pipeline, pipeline
from rig.process import ServiceProcess
from rig.report import Report, size
from rig.source import changes

from chassis.testing import LocalMesh

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(1800)]

KEYS, VERSIONS = size((500, 10), (500, 200))
REPLICAS = (1, 4, 2)
OVERLAP_SECONDS = size(0.5, 5.0)


async def start(line: Pipeline, replicas: int) -> Sequence[ServiceProcess]:
    """Start all processes of a size of the service."""
    starts = (line.start(ordinal=ordinal, replicas=replicas) for ordinal in range(replicas))
    return await asyncio.gather(*starts)


async def test_order_under_rescale(mesh: LocalMesh, tmp_path: Path, report: Report) -> None:
    fed = changes(KEYS, VERSIONS)
    async with pipeline(mesh, tmp_path) as line:
        running = await start(line, REPLICAS[0])
        feeding = asyncio.create_task(line.feed(fed, per_second=size(500, 1_000)))
        for replicas in REPLICAS[1:]:
            await asyncio.sleep(size(1.0, 20.0))
            former, running = running, await start(line, replicas)
            await asyncio.sleep(OVERLAP_SECONDS)
            await asyncio.gather(*(process.stop() for process in former))
        assert not feeding.done(), "the run was over before the last change of size"
        await feeding
        await line.drain(within_seconds=size(60.0, 600.0))
        verdict = await line.verdict()
    figure = f"{len(fed):,} events over {KEYS} keys, 1 to 4 to 2 processes with overlap: {verdict}"
    report.note("T13", "Order under rescale", seed=0, figure=figure, **verdict.counts)
    assert verdict.is_clean
