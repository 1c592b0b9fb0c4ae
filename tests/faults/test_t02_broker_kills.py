"""T02: kill -9 of the broker while orders flow: what it acknowledged it has, and every service comes back unaided.

Once with the one broker of a machine, once with the leader of three.
"""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
from nats.errors import Error as NatsError
from rig.cluster import cluster
from rig.killer import Killer
from rig.meshes import drained
from rig.readiness import Readiness
from rig.replicated import BODY, NOTICED_SECONDS, SUBJECT, Replicated, replicated
from rig.report import Report, size
from rig.streams import acknowledged_and_missing

from chassis.testing import eventually

from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

KILLS = size(3, 50)
SECONDS_PER_KILL = 3.0
ORDERS_PER_SECOND = 15.0
GREEN_SECONDS = 60.0
LEADER_KILLS, SECONDS_PER_LEADER = size((2, 3.0), (60, 10.0))
GAP_SECONDS = size(60.0, 10.0)
PUBLISHERS, PUBLISH_PAUSE = 20, 0.1
HELD_SECONDS, DOWN_SECONDS = 0.2, 1.0
SEED = 2

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(size(300, 3600))]


def test_broker_kills(whole_mesh: Mesh, report: Report) -> None:
    seconds = KILLS * SECONDS_PER_KILL
    wish = Wish(orders=int(seconds * ORDERS_PER_SECOND), seed=SEED, rate=ORDERS_PER_SECOND)
    with (
        Readiness(whole_mesh) as readiness,
        Killer(whole_mesh, ["nats-server"], KILLS, SEED, SECONDS_PER_KILL) as killer,
    ):
        verdict = drained(whole_mesh, wish, seconds=seconds * 3)
        readiness.wait_green(GREEN_SECONDS)
    killer.assert_struck()
    verdict.assert_clean()
    acknowledged, missing = acknowledged_and_missing(whole_mesh.layout)
    assert acknowledged > wish.orders
    assert missing == []
    assert set(readiness.turns_red) == set(whole_mesh.layout.services())
    assert min(readiness.turns_red.values()) > 0, readiness.turns_red
    report.note(
        "T02", "Broker killed, one replica", seed=SEED,
        figure=f"{KILLS} kills ({killer.in_flight} in flight), {wish.orders:,} orders: {len(missing)} of "
        f"{acknowledged:,} acknowledged events lost; {verdict}; readiness turned red and green again "
        f"{readiness.turns_red.total()} times",
        kills=KILLS, in_flight=killer.in_flight, acknowledged=acknowledged, acknowledged_lost=len(missing),
        **verdict.counts,
    )  # fmt: skip


class Publishers:
    """Publish to a replicated stream, each its messages in turn, and each message until it is acknowledged."""

    def __init__(self, stream: Replicated) -> None:
        self._stream = stream
        self.acknowledged: set[str] = set()
        self.in_flight = 0
        self.longest_gap = 0.0
        self.is_over = False
        self._last = time.monotonic()

    async def run(self) -> None:
        """Publish until it is over."""
        client = await self._stream.connect("order-release")
        js = client.jetstream()

        async def one(message_id: str) -> None:
            while message_id not in self.acknowledged:
                try:
                    await js.publish(SUBJECT, BODY, timeout=2, headers={"Nats-Msg-Id": message_id})
                except (NatsError, TimeoutError):
                    await asyncio.sleep(0.1)
                else:
                    self._note(message_id)

        async def many(place: int) -> None:
            number = 0
            while not self.is_over:
                self.in_flight += 1
                await one(f"{place}-{number}")
                self.in_flight -= 1
                number += 1
                await asyncio.sleep(PUBLISH_PAUSE)

        await asyncio.gather(*(many(place) for place in range(PUBLISHERS)))
        await client.close()

    def _note(self, message_id: str) -> None:
        self.acknowledged.add(message_id)
        now = time.monotonic()
        self.longest_gap, self._last = max(self.longest_gap, now - self._last), now


async def kill_leaders(stream: Replicated, publishers: Publishers) -> int:
    """Kill the stream's leader again and again; returns how many died with messages in flight."""
    in_flight = 0
    for _ in range(LEADER_KILLS):
        began = time.monotonic()
        await eventually(stream.is_whole, NOTICED_SECONDS)
        name = await stream.leader()
        (leader,) = (member for member in stream.members if member.name == name)
        os.kill(leader.pid, signal.SIGSTOP)
        await asyncio.sleep(HELD_SECONDS)
        in_flight += publishers.in_flight > 0
        leader.kill()
        await asyncio.sleep(DOWN_SECONDS)
        await asyncio.to_thread(leader.start)
        await asyncio.sleep(began + SECONDS_PER_LEADER - time.monotonic())
    return in_flight


async def test_leader_kills(tmp_path: Path, report: Report) -> None:
    async with replicated(cluster(tmp_path)) as stream:
        publishers = Publishers(stream)
        publishing = asyncio.create_task(publishers.run())
        in_flight = await kill_leaders(stream, publishers)
        publishers.is_over = True
        await publishing
        kept = await stream.ids()
    lost, twice = len(publishers.acknowledged - set(kept)), len(kept) - len(set(kept))
    report.note(
        "T02", "Leader of three brokers killed", seed=0,
        figure=f"{LEADER_KILLS} kills ({in_flight} in flight): {lost} of {len(publishers.acknowledged):,} acknowledged "
        f"lost, {twice} stored twice; longest time without an acknowledgment {publishers.longest_gap:.1f} s",
        kills=LEADER_KILLS, in_flight=in_flight, acknowledged=len(publishers.acknowledged), lost=lost, twice=twice,
        longest_gap_seconds=round(publishers.longest_gap, 1),
    )  # fmt: skip
    assert (lost, twice) == (0, 0)
    assert in_flight >= 0.3 * LEADER_KILLS
    assert publishers.longest_gap <= GAP_SECONDS
