"""What regions wrote, against what the hub and the regions hold: counted by the messages themselves."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig

from canonical.federation import HUB
from chassis.local.ports import free_port
from chassis.testing.federation import Federation

from rig import namespaces
from rig.namespaces import apart
from rig.proxy import Proxy

STREAM = "ORDER"
KEYS = 20
FETCH, FETCH_SECONDS = 500, 5.0
PADDING = "." * 600
WRITTEN = dict[str, list[int]]
"""The numbers of each key's events, in the order they were acknowledged, or are held."""


class Links(Protocol):
    """The links between the hub and its regions, all of them."""

    def cut(self) -> None:
        """Cut them."""

    def heal(self) -> None:
        """Mend them."""


class Doors:
    """Links through proxies, where there are no namespaces."""

    def __init__(self, doors: Mapping[str, Proxy]) -> None:
        self._doors = doors

    def cut(self, *regions: str) -> None:
        """Reset every connection of these regions, by default of all, and every new one."""
        for region in regions or self._doors:
            self._doors[region].refuse()

    def heal(self) -> None:
        """Let connections through again."""
        for door in self._doors.values():
            door.heal()


@contextmanager
def joined(folder: Path, regions: Sequence[str]) -> Iterator[tuple[Federation, Links]]:
    """Give a federation, not yet started, and its links: in namespaces where the machine allows them."""
    if not namespaces.missing():
        with apart(folder, regions) as (federation, wires):
            yield federation, wires
        return
    with behind_doors(folder, regions) as (federation, doors):
        yield federation, doors


@contextmanager
def behind_doors(folder: Path, regions: Sequence[str]) -> Iterator[tuple[Federation, "Doors"]]:
    """Give a federation whose links go through proxies, not yet started."""
    port = free_port()
    with ExitStack() as stack:
        doors = {region: stack.enter_context(Proxy(port)) for region in regions}
        ports = {region: door.port for region, door in doors.items()}
        federation = Federation(folder, regions, link_port=port, doors=ports)
        try:
            yield federation, Doors(doors)
        finally:
            federation.stop()


@dataclass(slots=True)
class Writing:
    """One region's events, key by key, each acknowledged by the region's own broker before the next."""

    region: str
    per_second: float
    written: WRITTEN = field(default_factory=dict)
    slowest_seconds: float = 0.0

    async def write(self, federation: Federation, ended: asyncio.Event) -> None:
        """Publish until told to stop."""
        client = await federation.connect(self.region, "order-release")
        loop, number = asyncio.get_running_loop(), 0
        began = loop.time()
        while not ended.is_set():
            number += 1
            key = f"{self.region}-SO-{number % KEYS}"
            body = json.dumps({"key": key, "number": number, "padding": PADDING}).encode()
            subject = f"cx.{self.region}.order.released.v1._.{key}"
            sent = loop.time()
            await client.jetstream().publish(
                subject, body, headers={"Nats-Msg-Id": f"{self.region}-{number}"}, timeout=10
            )
            self.slowest_seconds = max(self.slowest_seconds, loop.time() - sent)
            self.written.setdefault(key, []).append(number)
            await asyncio.sleep(max(0.0, began + number / self.per_second - loop.time()))
        await client.close()

    @property
    def count(self) -> int:
        """How many events were acknowledged."""
        return sum(len(numbers) for numbers in self.written.values())


async def count(federation: Federation, place: str, stream: str = STREAM) -> int:
    """Return how many messages a stream holds."""
    client = await federation.connect(place, "operator")
    try:
        return int((await client.jetstream().stream_info(stream)).state.messages)
    finally:
        await client.close()


async def held(federation: Federation, place: str) -> WRITTEN:
    """Return what a stream holds, key by key in its order."""
    client = await federation.connect(place, "operator")
    js, found = client.jetstream(), WRITTEN()
    info = await js.add_consumer(STREAM, ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True))
    pull = await js.pull_subscribe_bind(consumer=info.name, stream=STREAM)
    left = int(info.num_pending or 0)
    while left > 0:
        for message in await pull.fetch(min(FETCH, left), FETCH_SECONDS):
            body = json.loads(message.data)
            found.setdefault(body["key"], []).append(body["number"])
            left -= 1
    await client.close()
    return found


def fingerprints(written: WRITTEN) -> dict[str, str]:
    """Return a hash of each key's numbers in their order."""
    return {key: hashlib.sha256(json.dumps(numbers).encode()).hexdigest() for key, numbers in sorted(written.items())}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the hub has against what the regions were acknowledged."""

    lost: int
    doubled: int
    disorder: int

    @classmethod
    def of(cls, written: WRITTEN, found: WRITTEN) -> "Comparison":
        """Compare key by key."""
        lost = doubled = disorder = 0
        for key in written.keys() | found.keys():
            wanted, have = written.get(key, []), found.get(key, [])
            lost += len(set(wanted) - set(have))
            doubled += sum(times - 1 for times in Counter(have).values()) + len(set(have) - set(wanted))
            once = list(dict.fromkeys(have))
            disorder += sum(after < before for before, after in pairwise(once))
        return cls(lost, doubled, disorder)


class Metadata:
    """The hub's side of writing: values of a bucket, which every region mirrors."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self.latest: dict[str, bytes] = {}

    async def write(self, federation: Federation, ended: asyncio.Event) -> None:
        """Put values until told to stop."""
        client = await federation.connect(HUB, "control-tower")
        number = 0
        while not ended.is_set():
            number += 1
            key, value = f"probe.{number % KEYS}", str(number).encode()
            await client.jetstream().publish(f"$KV.METADATA.{key}", value, timeout=10)
            self.latest[key] = value
            await asyncio.sleep(1 / self._per_second)
        await client.close()

    async def is_at(self, federation: Federation, region: str) -> bool:
        """Say whether a region's copy has the latest values."""
        client = await federation.connect(region, "operator")
        try:
            for key, value in self.latest.items():
                message = await client.jetstream().get_last_msg("KV_METADATA", f"$KV.METADATA.{key}")
                if message.data != value:
                    return False
        except NatsError:
            return False
        else:
            return True
        finally:
            await client.close()
