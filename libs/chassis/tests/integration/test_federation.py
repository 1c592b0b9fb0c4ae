"""Hub and regions on real brokers: what the hub is fed, what a region reads by itself; nothing else crosses."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.errors import Error as NatsError

from canonical import topology
from canonical.federation import HUB, cross_stream
from canonical.topology import CrossFlow, Flows
from chassis.broker_config import link_user
from chassis.errors import Temporary
from chassis.local.nats import binary
from chassis.local.ports import free_port
from chassis.replay.history import History
from chassis.testing import eventually
from chassis.testing.federation import Federation

pytestmark = pytest.mark.integration

LINKED_SECONDS = 90.0
"""A broker tries a link and its sources again with growing pauses."""
NOBODY_THERE = "503"
EVENT = "cx.{region}.order.released.v1._.{key}"


@pytest.fixture
async def federation(tmp_path: Path) -> AsyncIterator[Federation]:
    """A hub with eu and us; from us, availability crosses to eu."""
    flow = CrossFlow.model_validate({"from": "us", "to": "eu", "types": ["inventory.availability-changed.v1"]})
    mesh = topology.load().model_copy(update={"flows": Flows(cross={"stock": flow})})
    brokers = Federation(tmp_path, ["eu", "us"], mesh=mesh)
    await brokers.start()
    yield brokers
    brokers.stop()


async def publish(federation: Federation, region: str, user: str, subject: str, event_id: str) -> None:
    client = await federation.connect(region, user)
    await client.jetstream().publish(subject, event_id.encode(), headers={"Nats-Msg-Id": event_id})
    await client.close()


async def held(federation: Federation, region: str, stream: str) -> list[tuple[str, str]]:
    """Return subject and body of all a stream holds, in its order."""
    client = await federation.connect(region, "operator")
    try:
        state = (await client.jetstream().stream_info(stream)).state
        messages = [await client.jetstream().get_msg(stream, seq) for seq in range(1, state.last_seq + 1)]
        return [(message.subject or "", (message.data or b"").decode()) for message in messages]
    finally:
        await client.close()


async def fed(federation: Federation, region: str, stream: str, bodies: set[str]) -> None:
    async def complete() -> bool:
        return {body for _, body in await held(federation, region, stream)} == bodies

    await eventually(complete, within_seconds=LINKED_SECONDS)


async def test_the_hub_is_fed_from_every_region_and_only_what_is_named_crosses(federation: Federation) -> None:
    for number in range(20):
        for region in ("eu", "us"):
            subject = EVENT.format(region=region, key=f"SO-{number}")
            await publish(federation, region, "order-release", subject, f"{region}-{number}")
    stock = "cx.us.inventory.availability-changed.v1._.SKU-1"
    await publish(federation, "us", "inventory-sync", stock, "stock")
    await publish(federation, "us", "inventory-sync", "cx.us.inventory.allocated.v1._.SO-1", "allocated")
    await fed(federation, HUB, "ORDER", {f"{region}-{number}" for region in ("eu", "us") for number in range(20)})
    await fed(federation, HUB, "INVENTORY", {"stock", "allocated"})
    await fed(federation, "eu", cross_stream("stock"), {"stock"})
    at_hub = await held(federation, HUB, "ORDER")
    for region in ("eu", "us"):
        local = await held(federation, region, "ORDER")
        assert [one for one in at_hub if one[0].startswith(f"cx.{region}.")] == local
        assert {subject.split(".")[1] for subject, _ in local} == {region}
    assert await held(federation, "eu", "INVENTORY") == []


async def test_a_region_reads_the_hubs_bucket_from_its_own_copy(federation: Federation) -> None:
    await write(federation, "brands.acme", b"1")
    for region in ("eu", "us"):
        await eventually(lambda region=region: reads(federation, region, b"1"), within_seconds=LINKED_SECONDS)
    federation.servers[HUB].kill()
    assert await reads(federation, "eu", b"1")
    federation.servers[HUB].start()
    await write(federation, "brands.acme", b"2")
    await eventually(lambda: reads(federation, "us", b"2"), within_seconds=LINKED_SECONDS)


async def write(federation: Federation, key: str, value: bytes) -> None:
    client = await federation.connect(HUB, "control-tower")
    await client.jetstream().publish(f"$KV.METADATA.{key}", value)
    await client.close()


async def reads(federation: Federation, region: str, value: bytes) -> bool:
    """Say whether a service of the region reads a value as its reader of metadata does."""
    client = await federation.connect(region, "notification")
    try:
        newest = await History(lambda: client).newest("KV_METADATA", "$KV.METADATA.brands.acme")
    except (NatsError, Temporary):
        return False
    else:
        return newest is not None and newest.data == value
    finally:
        await client.close()


FORBIDDEN = (
    "cx.us.order.released.v1._.SO-1",
    "cx.eu.order.released.v1._.SO-1",
    "sourced.us.S.forged",
    "mirrored.us.forged",
    "$KV.METADATA.brands.acme",
    "$JS.hub.API.$KV.METADATA.brands.acme",
    "$JS.hub.API.STREAM.DELETE.ORDER",
    "$JS.hub.API.CONSUMER.CREATE.ORDER",
    "$JS.us.API.STREAM.DELETE.ORDER",
    "$JS.us.API.STREAM.PURGE.RETRY",
    "$JS.us.API.CONSUMER.CREATE.ORDER",
    "raw.us.carrier-gateway.x",
    "retry.us.order-release.x",
    "dlq.us.order-release.x",
)
CURIOUS = ("cx.>", "raw.>", "sourced.>", "mirrored.us.>", "$JS.us.API.>", "$JS.hub.API.>", "$KV.>", "_INBOX.>")
BODY = b'{"stream_name": "ORDER", "config": {"durable_name": "mine", "ack_policy": "none"}}'


async def test_whoever_has_a_region_s_link_can_do_nothing_in_another_domain(
    federation: Federation, tmp_path: Path
) -> None:
    """A broker that knows no rules joins with the credential of eu, publishes what it likes and listens everywhere."""
    await publish(federation, "us", "order-release", EVENT.format(region="us", key="SO-1"), "us-1")
    await fed(federation, HUB, "ORDER", {"us-1"})
    before = {region: await inventory(federation, region) for region in (HUB, "us", "eu")}
    heard: list[str] = []

    async def hear(message: Any) -> None:
        if (message.headers or {}).get("Status") != NOBODY_THERE:
            heard.append(message.subject)

    async with rogue(federation, tmp_path, "eu") as intruder:
        for subject in CURIOUS:
            await intruder.subscribe(subject, cb=hear)
        await intruder.flush()
        heard.clear()
        for subject in FORBIDDEN:
            await intruder.publish(subject, BODY, reply="_INBOX.rogue.1")
        await intruder.flush()
        await publish(federation, "us", "order-release", EVENT.format(region="us", key="SO-2"), "us-2")
        await fed(federation, HUB, "ORDER", {"us-1", "us-2"})
    own = set(FORBIDDEN)  # what it publishes it hears itself
    assert [subject for subject in heard if subject not in own] == []
    after = {region: await inventory(federation, region) for region in (HUB, "us", "eu")}
    assert after[HUB]["ORDER"][0] == after["us"]["ORDER"][0] == 2
    for region in before:
        for stream, (messages, consumers) in before[region].items():
            grown = 1 if stream == "ORDER" and region != "eu" else 0
            assert after[region][stream] == (messages + grown, consumers), (region, stream)


async def inventory(federation: Federation, region: str) -> dict[str, tuple[int, int]]:
    """Return of each stream how many messages and how many lasting consumers it has."""
    client = await federation.connect(region, "provisioner")
    try:
        js = client.jetstream()
        found = {}
        for info in await js.streams_info():
            name = info.config.name or ""
            durables = [one for one in await js.consumers_info(name) if one.config.durable_name]
            found[name] = (info.state.messages, len(durables))
        return found
    finally:
        await client.close()


@asynccontextmanager
async def rogue(federation: Federation, folder: Path, region: str) -> AsyncIterator[nats.NATS]:
    """Give a connection to a broker without any rule that has joined the hub in a region's name."""
    port = free_port()
    link = f"nats://{link_user(region)}:{federation.links[region]}@127.0.0.1:{federation.link_port}"
    config = {"listen": f"127.0.0.1:{port}", "server_name": "rogue", "leafnodes": {"remotes": [{"url": link}]}}
    path = folder / "rogue.conf"
    path.write_text(json.dumps(config))
    process = await asyncio.create_subprocess_exec(
        binary(), "-c", str(path), "-l", str(folder / "rogue.log"), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await eventually(lambda: joined(folder / "rogue.log"))
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        yield client
        await client.close()
    finally:
        process.terminate()
        await process.wait()


async def joined(log: Path) -> bool:
    text = await asyncio.to_thread(lambda: log.read_text() if log.exists() else "")
    return "Leafnode connection created" in text


async def test_provisioning_twice_changes_nothing(federation: Federation) -> None:
    for region in federation.servers:
        done = await federation.provision(region)
        assert (done.created, done.updated) == ([], []), region


async def test_a_region_joins_while_another_works(federation: Federation) -> None:
    """The hub's broker starts again for it; of neither region is anything lost, doubled or out of order."""
    ended = asyncio.Event()

    async def work() -> int:
        number = 0
        while not ended.is_set():
            await publish(federation, "eu", "order-release", EVENT.format(region="eu", key="SO-1"), f"eu-{number}")
            number += 1
        return number

    working = asyncio.create_task(work())
    await write(federation, "brands.acme", b"1")
    await federation.join("ap")
    for number in range(20):
        await publish(federation, "ap", "order-release", EVENT.format(region="ap", key="SO-1"), f"ap-{number}")
    await fed_in_order(federation, "ap", 20)
    ended.set()
    await fed_in_order(federation, "eu", await working)
    await eventually(lambda: reads(federation, "ap", b"1"), within_seconds=LINKED_SECONDS)


async def fed_in_order(federation: Federation, region: str, count: int) -> None:
    """Wait until the hub holds so many orders of a region, and hold them against the order they were told in."""

    async def complete() -> bool:
        client = await federation.connect(HUB, "operator")
        state = (await client.jetstream().stream_info("ORDER", subjects_filter=f"cx.{region}.>")).state
        await client.close()
        return sum((state.subjects or {}).values()) >= count

    await eventually(complete, within_seconds=LINKED_SECONDS)
    at_hub = [body for subject, body in await held(federation, HUB, "ORDER") if subject.startswith(f"cx.{region}.")]
    assert at_hub == [f"{region}-{number}" for number in range(count)]


async def test_after_a_region_lost_its_tail_the_hubs_stream_is_made_anew_and_has_both(federation: Federation) -> None:
    """A region's volume is restored from an earlier day, and its stream gives sequences out again."""
    eu = federation.servers["eu"]

    async def order(number: int) -> None:
        await publish(federation, "eu", "order-release", EVENT.format(region="eu", key=f"SO-{number}"), f"eu-{number}")

    for number in range(5):
        await order(number)
    eu.stop()
    yesterday = eu.folder / "yesterday"
    shutil.copytree(eu.folder / "jetstream", yesterday)
    eu.start()
    for number in range(5, 10):
        await order(number)
    await fed(federation, HUB, "ORDER", {f"eu-{number}" for number in range(10)})
    eu.kill()
    shutil.rmtree(eu.folder / "jetstream")
    yesterday.rename(eu.folder / "jetstream")
    eu.start()
    for number in range(10, 13):
        await order(number)
    tower = await federation.connect(HUB, "provisioner")
    await tower.jetstream().delete_stream("ORDER")
    await tower.close()
    await federation.provision(HUB)
    await fed(federation, HUB, "ORDER", {f"eu-{number}" for number in (*range(5), *range(10, 13))})
