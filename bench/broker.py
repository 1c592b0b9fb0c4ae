"""Durable publishing: atomic batches beside single publishes, on the same server."""

import time
from collections.abc import Awaitable, Callable

from nats.aio.client import Client
from nats.js.api import StorageType, StreamConfig

from chassis.testing import LocalMesh

from bench.load import publish_batches, publish_singly
from bench.servers import USER

STREAM = "BENCH_PUBLISH"
Publish = Callable[[Client, list[tuple[str, bytes]]], Awaitable[None]]


async def _rate(mesh: LocalMesh, load: list[tuple[str, bytes]], publish: Publish) -> float:
    client = await mesh.connect(USER)
    js = client.jetstream()
    await js.add_stream(
        StreamConfig(name=STREAM, subjects=["bench-publish.>"], storage=StorageType.FILE, allow_atomic=True)
    )
    moved = [("bench-publish.x", body) for _, body in load]
    started = time.perf_counter()
    await publish(client, moved)
    rate = len(moved) / (time.perf_counter() - started)
    kept = (await js.stream_info(STREAM)).state.messages
    await js.delete_stream(STREAM)
    await client.close()
    if kept != len(moved):
        raise RuntimeError(f"{kept} of {len(moved)} messages are in the stream")
    return rate


async def batches(mesh: LocalMesh, load: list[tuple[str, bytes]]) -> float:
    """Return messages per second in atomic batches."""
    return await _rate(mesh, load, publish_batches)


async def singles(mesh: LocalMesh, load: list[tuple[str, bytes]]) -> float:
    """Return messages per second, each acknowledged on its own."""
    return await _rate(mesh, load, publish_singly)
