"""T07: a damaged block of one replica of three costs nothing, and is seen."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from rig.cluster import Member, cluster
from rig.replicated import NOTICED_SECONDS, Replicated, replicated
from rig.report import Report, size

from chassis.testing import eventually
from chassis.testing.damage import blocks, flip, truncate

from crossdock_cli import replicas

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

MESSAGES = size(2_000, 20_000)


@pytest.fixture
async def stream(tmp_path: Path) -> AsyncIterator[Replicated]:
    async with replicated(cluster(tmp_path)) as made:
        yield made


async def damage(stream: Replicated, harm: Callable[[Path], None]) -> tuple[Member, int, float]:
    """Harm the block of a follower ended without warning, and let it come back cut off from the others.

    Returns the follower, how many messages it then holds, and the seconds until the difference was seen to last.
    """
    leader = await stream.leader()
    victim = next(member for member in stream.members if member.name != leader)
    await eventually(stream.alike, NOTICED_SECONDS)
    victim.kill()
    harm(blocks(victim, "ORDER")[-1])
    victim.is_cut_off = True
    await asyncio.to_thread(victim.start)
    began = time.monotonic()

    async def seen() -> bool:
        return "ORDER" in await asyncio.to_thread(replicas.differing, stream.monitors, pause=1.0)

    await eventually(seen, NOTICED_SECONDS)
    seconds = time.monotonic() - began
    (held,) = replicas.read([victim.monitor_url])["ORDER"]
    return victim, held.messages, seconds


async def test_one_damaged_replica_of_three_loses_nothing(stream: Replicated, report: Report) -> None:
    slowest, missing, damaged = 0.0, 0, 0
    for harm in (flip, truncate):
        await stream.publish(MESSAGES // 4)
        await stream.consume()
        victim, held, seconds = await damage(stream, harm)
        slowest, damaged = max(slowest, seconds), damaged + stream.published - held
        await stream.publish(MESSAGES // 4)
        victim.kill()
        victim.is_cut_off = False
        await asyncio.to_thread(victim.start)
        await eventually(stream.alike, NOTICED_SECONDS)
        await stream.lead(victim)
        wanted = {f"e{number}" for number in range(stream.published)}
        missing += len(wanted - await stream.held())
        await stream.consume()
        assert set(stream.heard) == wanted
    assert damaged > 0, "the damage did no harm: the test shows nothing"
    assert missing == 0
    report.note(
        "T07",
        "R3, a bit flipped in one follower's block, then a block cut off",
        seed=0,
        figure=f"{missing} of {stream.published} missing after {damaged} were damaged on a follower; "
        f"the difference was seen within {slowest:.1f} s",
        missing=missing,
        damaged=damaged,
        messages=stream.published,
        noticed_seconds=slowest,
    )
