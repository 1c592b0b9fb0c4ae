"""T04: the process ends at a named point; after its restart nothing is lost, doubled, made up or out of order."""

import signal
from pathlib import Path

import pytest
from rig.pipeline import Pipeline, pipeline
from rig.report import Report, size
from rig.source import changes
from rig.verdict import Verdict

from chassis.crashpoints import CRASH_EXIT, POINTS
from chassis.testing import LocalMesh

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(size(600, 7200))]

PASSAGES = size((2,), (1, 2, 7))
KEYS, VERSIONS = size((12, 4), (30, 16))
PER_SECOND = 200  # so that the changes come in several batches
WHILE_STOPPING = {"stopping", "stopped-pulling"}
WITH_FAILURES = size({"letter-written", "letter-kept", "before-retry", "after-retry"}, set(POINTS))


async def crash(line: Pipeline, point: str, passage: int) -> bool:
    """Run into the crash, start again and drain; says whether the point was reached."""
    process = await line.start(crash_at=f"{point}:{passage}")
    words = {"1": "later", "3": "refused"} if point in WITH_FAILURES else {}
    await line.feed(changes(KEYS, VERSIONS, words), per_second=PER_SECOND)
    if point in WHILE_STOPPING:
        process.signal(signal.SIGTERM)
    code = await process.ended()
    await line.start()
    await line.drain()
    return code == CRASH_EXIT


async def test_every_crash_point(mesh: LocalMesh, tmp_path: Path, report: Report) -> None:
    total, runs = Verdict(), 0
    for point in POINTS:
        for passage in (1,) if point in WHILE_STOPPING else PASSAGES:
            async with pipeline(mesh, tmp_path) as line:
                assert await crash(line, point, passage), f"{point} was not passed {passage} times"
                verdict = await line.verdict()
                assert verdict.is_clean, (point, passage, verdict)
                total, runs = total + verdict, runs + 1
    figure = f"{runs} crashes at {len(POINTS)} points: {total}; {total.repeated} calls repeated under their own key"
    report.note("T04", "Crash-point matrix", seed=0, figure=figure, crashes=runs, **total.counts)
