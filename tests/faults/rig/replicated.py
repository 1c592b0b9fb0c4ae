"""A stream kept by three servers: its publisher, its durable, and what each server holds of it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import ClusterInfo
from nats.js.errors import NotFoundError

from canonical import topology
from canonical.topology import inbox_prefix
from chassis.provision import consumer_config, stream_config
from chassis.testing import eventually

from crossdock_cli import replicas
from rig.cluster import REGION, Member
from rig.streams import READER, held

NOTICED_SECONDS = 60.0
BODY = b"x" * 512
AT_ONCE = 200
SERVICE = "inventory-sync"
SUBJECT = f"cx.{REGION}.order.released.v1._.0"


class Replicated:
    """A stream kept by three servers, its publisher and its durables."""

    def __init__(self, members: Sequence[Member]) -> None:
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
        return await nats.connect(
            servers, user=user, password=first.password(user), inbox_prefix=inbox_prefix(user), reconnect_time_wait=0.2
        )

    async def make(self) -> None:
        """Make ORDER with three replicas, and the durables of one of its consumers."""
        client = await self.connect("provisioner")
        js = client.jetstream(timeout=10)
        known = topology.load()
        config = stream_config("ORDER", known.streams["ORDER"], known, REGION).evolve(num_replicas=len(self.members))

        durable = next(found for found in known.durables(SERVICE, REGION) if found.stream == "ORDER")
        listening = consumer_config(durable, known).evolve(filter_subjects=[f"cx.{REGION}.order.>"])

        async def made() -> bool:
            try:
                await js.add_stream(config)
                await js.add_consumer("ORDER", listening)
            except (NatsError, TimeoutError):
                return False
            return True

        await eventually(made, NOTICED_SECONDS)
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
        await js.publish(SUBJECT, BODY, headers={"Nats-Msg-Id": f"e{number}"})

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
        """Return which server leads the stream; empty while none does."""
        info = await self._cluster()
        return (info and info.leader) or ""

    async def is_whole(self) -> bool:
        """Whether a server leads the stream, and the others follow closely."""
        info = await self._cluster()
        others = (info and info.leader and info.replicas) or []
        return len(others) == len(self.members) - 1 and all(one.current and not one.offline for one in others)

    async def _cluster(self) -> ClusterInfo | None:
        try:
            client = await self.connect("provisioner")
        except (NatsError, OSError):
            return None
        try:
            return (await client.jetstream(timeout=2).stream_info("ORDER")).cluster
        except (NatsError, TimeoutError):
            return None
        finally:
            await client.close()

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

        async def id_at(sequence: int) -> str | None:
            try:
                return ((await js.get_msg("ORDER", sequence)).headers or {})["Nats-Msg-Id"]
            except NotFoundError:
                return None

        found: set[str | None] = set()
        for start in range(1, self.published + 1, AT_ONCE):
            chunk = range(start, min(start + AT_ONCE, self.published + 1))
            found.update(await asyncio.gather(*(id_at(sequence) for sequence in chunk)))
        await client.close()
        return {event_id for event_id in found if event_id}

    async def ids(self) -> list[str]:
        """Return the ids the stream holds, by sequence; while it changes its leader it is asked again."""
        found: list[str] = []

        async def read() -> bool:
            if not await self.is_whole():
                return False
            client = await self.connect(READER)
            try:
                found[:] = (await held(client, "ORDER")).values()
            except (NatsError, TimeoutError):
                return False
            finally:
                await client.close()
            return True

        await eventually(read, NOTICED_SECONDS)
        return found

    async def alike(self) -> bool:
        """Whether all servers hold the same, and go on doing so."""
        return not await asyncio.to_thread(replicas.differing, self.monitors, pause=0.0)


@asynccontextmanager
async def replicated(members: Sequence[Member]) -> AsyncIterator[Replicated]:
    """Start the servers of a cluster and make the stream; what still runs at the end is killed."""
    try:
        await started(members)
        stream = Replicated(members)
        await stream.make()
        yield stream
    finally:
        for member in members:
            member.kill()


async def started(members: Iterable[Member]) -> None:
    """Start servers, all at once."""
    await asyncio.gather(*(asyncio.to_thread(member.start) for member in members))
