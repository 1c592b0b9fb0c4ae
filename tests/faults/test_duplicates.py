"""T11: every event three times, under broker ids of their own and up to a run apart: one state, one event, one call."""

from pathlib import Path

import pytest
from rig.pipeline import pipeline
from rig.report import Report, size
from rig.source import changes

from chassis.testing import LocalMesh

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(1800)]

KEYS, VERSIONS = size((200, 10), (1_000, 50))
COPIES, SEED = 3, 11


async def test_every_event_three_times(mesh: LocalMesh, tmp_path: Path, report: Report) -> None:
    fed = changes(KEYS, VERSIONS)
    async with pipeline(mesh, tmp_path) as line:
        process = await line.start()
        await line.feed_copies(fed, COPIES, SEED)
        await line.drain(within_seconds=size(60.0, 900.0))
        known = await process.metric("crossdock_duplicates_dropped_total")
        verdict = await line.verdict()
    figure = f"{len(fed):,} events, each {COPIES} times under different broker ids: {verdict}"
    report.note("T11", "Duplicates", seed=SEED, figure=figure, recognised=known, **verdict.counts)
    assert known == len(fed) * (COPIES - 1)
    assert verdict.is_clean
