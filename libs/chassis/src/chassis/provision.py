"""The provisioner: makes the broker's streams and durables as the topology says; only it may."""

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StoreCompression,
    StreamConfig,
    SubjectTransform,
)
from nats.js.errors import APIError, NotFoundError

from canonical.topology import Durable, Stream, Topology, bucket_stream, load
from chassis.administrator import administrator
from chassis.errors import StartupError

log = logging.getLogger(__name__)

DAY_SECONDS = 86_400.0


@dataclass(slots=True)
class Provisioned:
    """What the provisioner found and did, by name."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


def stream_config(name: str, stream: Stream, topology: Topology, region: str) -> StreamConfig:
    """Return the broker's form of a stream."""
    transform = stream.transform(region, topology.partitions)
    return StreamConfig(
        name=name,
        subjects=stream.listens(region),
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy(stream.discard),
        max_age=stream.max_age_days * DAY_SECONDS,
        max_bytes=stream.max_bytes,
        duplicate_window=float(topology.defaults.duplicate_window_seconds),
        allow_direct=True,
        allow_atomic=True,
        deny_delete=stream.domain is not None,
        deny_purge=stream.domain is not None,
        compression=StoreCompression.NONE,
        subject_transform=SubjectTransform(*transform) if transform else None,
        num_replicas=1,
    )


def bucket_config(name: str, topology: Topology) -> StreamConfig:
    """Return the broker's form of a bucket: the last message of each key, for ever."""
    return StreamConfig(
        name=bucket_stream(name),
        subjects=[f"$KV.{name}.>"],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_msgs_per_subject=1,
        duplicate_window=float(topology.defaults.duplicate_window_seconds),
        allow_direct=True,
        deny_delete=True,
        deny_purge=True,
        compression=StoreCompression.NONE,
        num_replicas=1,
    )


def consumer_config(durable: Durable, topology: Topology) -> ConsumerConfig:
    """Return the broker's form of a durable."""
    return ConsumerConfig(
        durable_name=durable.name,
        name=durable.name,
        filter_subjects=list(durable.filters),
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=float(topology.defaults.ack_wait_seconds),
        max_deliver=topology.defaults.max_deliver,
        max_ack_pending=topology.defaults.max_ack_pending,
    )


async def provision(
    url: str, user: str, password: str, topology: Topology, region: str, ca_file: Path | None = None
) -> Provisioned:
    """Create what is missing and update what differs; running it twice changes nothing.

    Raises:
        StartupError: the broker cannot be reached, is too old, or refuses a change.
    """
    async with administrator(url, user, password, ca_file) as js:
        try:
            return await _provision(js, topology, region)
        except APIError as error:
            raise StartupError(f"The broker refused a stream or durable: {error.description}.") from error


async def _provision(js: JetStreamContext, topology: Topology, region: str) -> Provisioned:
    done = Provisioned()
    for name, stream in topology.streams.items():
        await _stream(js, stream_config(name, stream, topology, region), done)
    for name in topology.buckets:
        await _stream(js, bucket_config(name, topology), done)
    for service in topology.services:
        for durable in topology.every_durable(service, region):
            await _consumer(js, durable, consumer_config(durable, topology), done)
    return done


async def _stream(js: JetStreamContext, config: StreamConfig, done: Provisioned) -> None:
    name = config.name or ""
    try:
        have = (await js.stream_info(name)).config
    except NotFoundError:
        await js.add_stream(config)
        done.created.append(name)
        return
    wanted = {key: value for key, value in vars(config).items() if value is not None}
    if all(getattr(have, key) == value for key, value in wanted.items()):
        done.unchanged.append(name)
        return
    drift = [key for key, value in wanted.items() if getattr(have, key) != value]
    log.info("stream_updated", extra={"stream": name, "fields": drift})
    await js.update_stream(config)
    done.updated.append(name)


async def _consumer(js: JetStreamContext, durable: Durable, config: ConsumerConfig, done: Provisioned) -> None:
    try:
        have = (await js.consumer_info(durable.stream, durable.name)).config
    except NotFoundError:
        await js.add_consumer(durable.stream, config)
        done.created.append(durable.name)
        return
    filters = have.filter_subjects or ([have.filter_subject] if have.filter_subject else [])
    same = (
        sorted(filters) == sorted(durable.filters)
        and have.ack_wait == config.ack_wait
        and have.max_deliver == config.max_deliver
        and have.max_ack_pending == config.max_ack_pending
    )
    if same:
        done.unchanged.append(durable.name)
        return
    await js.add_consumer(durable.stream, config)
    done.updated.append(durable.name)


def provision_blocking(url: str, password_file: Path, region: str) -> Provisioned:
    """Provision the shipped topology; for callers without an event loop."""
    return asyncio.run(provision(url, "provisioner", password_file.read_text().strip(), load(), region))
