"""A message that ends the process whenever it is handled: the others flow, and it becomes a dead letter."""

from contextlib import suppress
from pathlib import Path

import pytest
from rig.pipeline import Pipeline, pipeline
from rig.process import ServiceProcess
from rig.report import Report
from rig.source import Change, changes

from chassis.testing import LocalMesh
from chassis.testing.sample.changes import FATAL, FATAL_EXIT

pytestmark = [pytest.mark.faults, pytest.mark.integration, pytest.mark.timeout(180)]

LIVES = 12


async def outlived(line: Pipeline, process: ServiceProcess) -> bool:
    """Wait until nothing is left to do, or the process has ended; says whether it outlived its work."""
    while process.exit_code is None:
        with suppress(TimeoutError):
            await line.drain(within_seconds=1.0)
            return True
    return False


async def test_a_message_that_ends_the_process(mesh: LocalMesh, tmp_path: Path, report: Report) -> None:
    async with pipeline(mesh, tmp_path) as line:
        fed = changes(keys=30, versions=3)
        fatal = fed[40]
        fed[40] = Change(fatal.order_id, fatal.version, FATAL)
        await line.feed(fed)
        exits = []
        for _ in range(LIVES):
            process = await line.start()
            if await outlived(line, process):
                break
            exits.append(process.exit_code)
        assert set(exits) == {FATAL_EXIT}
        assert len(exits) < LIVES
        verdict = await line.verdict()
        assert verdict.is_clean, verdict
        figure = f"a dead letter after {len(exits)} deaths: {verdict}"
        report.note(
            "T08", "A message that ends the process", seed=0, figure=figure, deaths=len(exits), **verdict.counts
        )
