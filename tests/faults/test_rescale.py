"""T13: partitions change hands in the middle of a run: every key keeps its order, in state, events and calls."""

import asyncio
from pathlib import Path

import pytest
from rig.pipeline import Pipeline, pipeline
from rig.process import ServiceProcess
from rig.report import Report, size
from rig.source import changes

from chassis.testing import LocalMesh

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(1800)]

KEYS, VERSIONS = size((500, 5), (500, 200))
"""Orders of one round and their versions; rounds follow each other until the last change of size is over."""
PER_SECOND = size(700, 1_500)
REPLICAS = (1, 4, 2)
ROBBERIES = size(4, 40)


async def roll(line: Pipeline, running: dict[int, ServiceProcess], replicas: int) -> None:
    """Change the number of processes as an orchestrator does: one ordinal after the other, from the highest."""
    for ordinal in reversed(range(max(replicas, len(running)))):
        if former := running.pop(ordinal, None):
            assert await former.stop() == 0
        if ordinal < replicas:
            running[ordinal] = await line.start(ordinal=ordinal, replicas=replicas)


async def feed_until(line: Pipeline, resized: asyncio.Event) -> None:
    """Feed round after round, so that every change of size meets work."""
    while not resized.is_set():
        await line.feed(changes(KEYS, VERSIONS), per_second=PER_SECOND)


async def test_order_under_rescale(mesh: LocalMesh, tmp_path: Path, report: Report) -> None:
    async with pipeline(mesh, tmp_path) as line:
        running: dict[int, ServiceProcess] = {}
        await roll(line, running, REPLICAS[0])
        resized = asyncio.Event()
        feeding = asyncio.create_task(feed_until(line, resized))
        for replicas in REPLICAS[1:]:
            await asyncio.sleep(size(0.5, 20.0))
            await roll(line, running, replicas)
        resized.set()
        await feeding
        await line.drain(within_seconds=size(60.0, 600.0))
        verdict = await line.verdict()
        fed = len(line.fed)
    figure = f"{fed:,} events, {KEYS} keys at a time, 1 to 4 to 2 processes: {verdict}"
    report.note("T13", "Order under rescale", seed=0, figure=figure, **verdict.counts)
    assert verdict.is_clean


async def test_order_when_ownership_is_torn_away(mesh: LocalMesh, tmp_path: Path, report: Report) -> None:
    """The connection that holds the locks is cut again and again while another process wants them."""
    fed = changes(100, ROBBERIES * 10)
    async with pipeline(mesh, tmp_path) as line:
        await line.start(ordinal=0, replicas=1)
        for ordinal in (1, 2, 3):
            await line.start(ordinal=ordinal, replicas=4)
        feeding = asyncio.create_task(line.feed(fed, per_second=size(700, 700)))
        robbed = 0
        for _ in range(ROBBERIES):
            await asyncio.sleep(1.0)
            robbed += await line.cut_owners()
        await feeding
        await line.drain(within_seconds=60.0)
        verdict = await line.verdict()
    figure = f"{len(fed):,} events while {robbed} owners lost their locks at work: {verdict}"
    report.note("T13", "Order when ownership is lost", seed=0, figure=figure, robbed=robbed, **verdict.counts)
    assert robbed >= ROBBERIES
    assert verdict.is_clean
