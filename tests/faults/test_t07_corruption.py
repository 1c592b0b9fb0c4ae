"""T07: a damaged block of one replica of three costs nothing, and is seen."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from rig.cluster import REGION, Member, cluster
from rig.report import Report, size

from canonical import topology
from canonical.topology import inbox_prefix
from chassis.provision import consumer_config, stream_config
from chassis.testing import eventually
from chassis.testing.damage import blocks, flip, truncate

from crossdock_cli import replicas

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

MESSAGES = size(2_000, 20_000)
NOTICED_SECONDS = 60.0
BODY = b"x" * 512
AT_ONCE = 200
SERVICE = "inventory-sync"


class Replicated:
    """A stream kept by three servers, its publisher and its durables."""

    def __init__(self, members: list[Member]) -> None:
        self.members = members
        self.published = 0
        self.durable = ""
        self.heard: dict[str, int] = {}

    @property
    def monitors(self) -> list[str]:
        return [member.monitor_url for member in self.members]

    async def connect(self, user: str) -> Client:
        first = self.members[0]
        servers = [member.url for member in self.members if not member.is_cut_off]
        return await nats.connect(servers, user=user, password=first.password(user), inbox_prefix=inbox_prefix(user))

    async def make(self) -> None:
        """Make ORDER with three replicas, and the durables of one of its consumers."""
        client = await self.connect("provisioner")
        js = client.jetstream(timeout=10)
        known = topology.load()
        config = stream_config("ORDER", known.streams["ORDER"], known, REGION).evolve(num_replicas=len(self.members))

        async def made() -> bool:
            try:
                await js.add_stream(config)
            except NatsError:
                return False
            return True

        await eventually(made, 30)
        durable = next(found for found in known.durables(SERVICE, REGION) if found.stream == "ORDER")
        await js.add_consumer("ORDER", consumer_config(durable, known).evolve(filter_subjects=[f"cx.{REGION}.order.>"]))
        self.durable = durable.name
        await client.close()

    async def publish(self, count: int) -> None:
        client = await self.connect("order-release")
        js = client.jetstream(timeout=10)
        numbers = range(self.published, self.published + count)
        for start in range(numbers.start, numbers.stop, AT_ONCE):
            chunk = range(start, min(start + AT_ONCE, numbers.stop))
            await asyncio.gather(*(self._publish_one(js, n) for n in chunk))
        self.published += count
        await client.close()

    @staticmethod
    async def _publish_one(js: JetStreamContext, number: int) -> None:
        subject = f"cx.{REGION}.order.released.v1._.SO-{number}"
        await js.publish(subject, BODY, headers={"Nats-Msg-Id": f"e{number}"})

    async def consume(self) -> None:
        """Take and acknowledge everything there is; while the durable changes its leader it is asked again."""
        client = await self.connect(SERVICE)
        js = client.jetstream(timeout=10)
        subscription = await js.pull_subscribe_bind(self.durable, "ORDER")
        deadline = time.monotonic() + NOTICED_SECONDS
        while len(self.heard) < self.published:
            assert time.monotonic() < deadline, f"{self.published - len(self.heard)} messages do not come"
            try:
                messages = await subscription.fetch(AT_ONCE, timeout=5)
            except (NatsError, TimeoutError):
                await asyncio.sleep(0.2)
                continue
            for message in messages:
                event_id = (message.headers or {})["Nats-Msg-Id"]
                self.heard[event_id] = self.heard.get(event_id, 0) + 1
                await message.ack()
        await client.close()

    async def leader(self) -> str:
        client = await self.connect("provisioner")
        info = await client.jetstream(timeout=10).stream_info("ORDER")
        await client.close()
        return (info.cluster and info.cluster.leader) or ""

    async def lead(self, member: Member) -> None:
        """Have this server lead the stream, so that it answers from what it holds itself."""
        client = await self.connect("provisioner")
        wanted = json.dumps({"placement": {"preferred": member.name}}).encode()

        async def leads() -> bool:
            await client.request("$JS.API.STREAM.LEADER.STEPDOWN.ORDER", wanted, timeout=10)
            await asyncio.sleep(0.5)
            return await self.leader() == member.name

        await eventually(leads, 30)
        await client.close()

    async def held(self) -> set[str]:
        """Return the ids the stream's leader holds, read one by one."""
        client = await self.connect("operator")
        js = client.jetstream(timeout=10)
        found: set[str] = set()
        for start in range(1, self.published + 1, AT_ONCE):
            chunk = range(start, min(start + AT_ONCE, self.published + 1))
            answers = await asyncio.gather(*(js.get_msg("ORDER", n) for n in chunk), return_exceptions=True)
            found |= {str((a.headers or {})["Nats-Msg-Id"]) for a in answers if not isinstance(a, BaseException)}
        await client.close()
        return found

    async def alike(self) -> bool:
        """Whether all servers hold the same, and go on doing so."""
        return not await asyncio.to_thread(replicas.differing, self.monitors, pause=0.0)


@pytest.fixture
async def replicated(tmp_path: Path) -> AsyncIterator[Replicated]:
    members = cluster(tmp_path)
    try:
        await asyncio.gather(*(asyncio.to_thread(member.start) for member in members))
        found = Replicated(members)
        await found.make()
        yield found
    finally:
        for member in members:
            member.kill()


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


async def test_one_damaged_replica_of_three_loses_nothing(replicated: Replicated, report: Report) -> None:
    stream, slowest, missing, damaged = replicated, 0.0, 0, 0
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
