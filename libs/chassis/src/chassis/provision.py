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
    ExternalStream,
    RetentionPolicy,
    StorageType,
    StoreCompression,
    StreamConfig,
    StreamSource,
    SubjectTransform,
)
from nats.js.errors import APIError, NotFoundError

from canonical.federation import Place, mirror_of, part_of
from canonical.topology import Durable, Source, Stream, Topology, bucket_stream, load
from chassis.administrator import administrator
from chassis.errors import StartupError

log = logging.getLogger(__name__)

DAY_SECONDS = 86_400.0
BUCKET_DUPLICATE_SECONDS = 120.0


@dataclass(slots=True)
class Provisioned:
    """What the provisioner found and did, by name."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


def stream_config(name: str, stream: Stream, topology: Topology, region: str, replicas: int = 1) -> StreamConfig:
    """Return the broker's form of a stream."""
    transform = stream.transform(region, topology.partitions)
    return StreamConfig(
        name=name,
        subjects=stream.listens(region) or None,
        sources=[_source(source) for source in stream.sources] or None,
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
        num_replicas=replicas,
    )


def _source(source: Source) -> StreamSource:
    external = ExternalStream(api=f"$JS.{source.region}.API", deliver=source.deliver)
    return StreamSource(name=source.stream, filter_subject=source.filter, external=external)


def bucket_config(name: str, topology: Topology, mirror: Source | None, replicas: int = 1) -> StreamConfig:
    """Return the broker's form of a bucket, or of a copy of it: the last message of each key, for ever."""
    return StreamConfig(
        name=bucket_stream(name),
        subjects=None if mirror else [f"$KV.{name}.>"],
        mirror=_source(mirror) if mirror else None,
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_msgs_per_subject=1,
        duplicate_window=0.0 if mirror else float(topology.defaults.duplicate_window_seconds),
        allow_direct=True,
        mirror_direct=mirror is not None,
        deny_delete=True,
        deny_purge=True,
        compression=StoreCompression.NONE,
        num_replicas=replicas,
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
    url: str,
    user: str,
    password: str,
    topology: Topology,
    region: str,
    ca_file: Path | None = None,
    *,
    place: Place | None = None,
    replicas: int = 1,
) -> Provisioned:
    """Create what is missing and update what differs; running it twice changes nothing.

    `place` says that the broker is a hub, or a region of one; without it the broker has a whole mesh. Each stream is
    kept by so many `replicas`, servers of a cluster.

    Raises:
        StartupError: the broker cannot be reached, is too old, or refuses a change.
    """
    async with administrator(url, user, password, ca_file) as js:
        try:
            return await _provision(js, topology, place or Place("whole", region), replicas)
        except APIError as error:
            raise StartupError(f"The broker refused a stream or durable: {error.description}.") from error


async def _provision(js: JetStreamContext, topology: Topology, place: Place, replicas: int) -> Provisioned:
    done, part, region = Provisioned(), part_of(topology, place), place.region
    for name, stream in part.streams.items():
        await _stream(js, stream_config(name, stream, part, region, replicas), done)
    for name in part.buckets:
        mirror = mirror_of(name, region) if place.kind == "region" else None
        await _stream(js, bucket_config(name, part, mirror, replicas), done)
    for service in part.services:
        for durable in part.every_durable(service, region):
            await _consumer(js, durable, consumer_config(durable, part), done)
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
    # the broker leaves out what is nought
    drift = [key for key, value in wanted.items() if (getattr(have, key) or 0) != (value or 0)]
    if not drift:
        done.unchanged.append(name)
        return
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


def provision_blocking(
    url: str, password_file: Path, region: str, place: Place | None = None, replicas: int = 1
) -> Provisioned:
    """Provision the shipped topology; for callers without an event loop."""
    password = password_file.read_text().strip()
    return asyncio.run(provision(url, "provisioner", password, load(), region, place=place, replicas=replicas))
