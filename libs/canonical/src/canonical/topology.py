"""The topology: streams, services, durables and permissions, read from `topology.toml`; everything else is derived."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from canonical.subjects import ROOT, domain_of, type_filter

DEAD_LETTERS = "DLQ"
REDIRECTS = "RETRY"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Model):
    """A stream of another region from which a stream here is fed."""

    region: str
    stream: str
    filter: str | None = None
    deliver: str
    """Subjects under which what is fed crosses the link; each region may use its own only."""


class Stream(_Model):
    """One JetStream stream: a domain's events, a list of other subjects, or what other regions' streams hold."""

    domain: str | None = None
    subjects: tuple[str, ...] = ()
    max_age_days: int
    discard: Literal["old", "new"] = "old"
    max_bytes: int = -1
    sources: tuple[Source, ...] = ()

    def listens(self, region: str) -> list[str]:
        """Return the subjects the stream takes in: none when it is fed from elsewhere."""
        if self.sources:
            return []
        if self.domain:
            return [f"{ROOT}.{region}.{self.domain}.>"]
        return [subject.format(region=region) for subject in self.subjects]

    def transform(self, region: str, partitions: int) -> tuple[str, str] | None:
        """Return the subject transform (source, destination) that replaces the key by its partition."""
        if self.domain is None or self.sources:
            return None
        head = f"{ROOT}.{region}.{self.domain}"
        return f"{head}.*.*.*.*", f"{head}.{{{{wildcard(1)}}}}.{{{{wildcard(2)}}}}.{{{{wildcard(3)}}}}." + (
            f"{{{{partition({partitions},4)}}}}"
        )


class Bucket(_Model):
    """One key-value bucket: the last of each key, written by one service and read by all.

    Where regions share a hub it is written there, and each region reads a copy of its own.
    """

    writer: str


class ServiceEntry(_Model):
    """One service: the domain it owns, its port on a laptop, what it consumes.

    `place` says where it runs when several regions share a hub.
    One that `archives` takes in every event of every domain and region, whatever its type, and consumes nothing else.
    """

    domain: str
    port: int
    place: Literal["hub", "region"] = "region"
    consumes: tuple[str, ...] = ()
    archives: bool = False

    @model_validator(mode="after")
    def _archives_or_consumes(self) -> Self:
        if self.archives and self.consumes:
            raise ValueError("a service that archives consumes every event: name none")
        return self


class Defaults(_Model):
    """Settings shared by all durables and streams."""

    ack_wait_seconds: int
    max_deliver: int
    max_ack_pending: int
    duplicate_window_seconds: int


class Durable(_Model):
    """One durable consumer: a service's share of one partition of one domain."""

    service: str
    domain: str
    stream: str
    partition: int
    filters: tuple[str, ...]

    @property
    def name(self) -> str:
        """`<service>--<domain>--pNN`."""
        return f"{self.service}--{self.domain}--p{self.partition:02d}"


class Permissions(_Model):
    """What a broker user may publish and subscribe."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


class CrossFlow(_Model):
    """Events of some types that one region gets from another; the one way in which events cross."""

    origin: str = Field(alias="from")
    to: str
    types: tuple[str, ...] = Field(min_length=1)


class Flows(_Model):
    """What crosses from region to region: nothing but what is named here."""

    cross: Mapping[str, CrossFlow] = {}


class Topology(_Model):
    """The topology of a mesh; `canonical.federation` says which part of it a hub and its regions have."""

    partitions: int = Field(ge=1, le=256)
    defaults: Defaults
    streams: Mapping[str, Stream]
    services: Mapping[str, ServiceEntry]
    buckets: Mapping[str, Bucket] = Field(default_factory=dict)
    flows: Flows = Flows()

    def stream_of(self, domain: str) -> str:
        """Return the name of a domain's stream."""
        return domain.upper()

    def durables(self, service: str, region: str) -> list[Durable]:
        """Return every durable of a service: one per consumed domain and partition, or one per domain it archives."""
        if self.services[service].archives:
            return self._archiving(service)
        consumes = self.services[service].consumes
        return [
            Durable(
                service=service,
                domain=domain,
                stream=self.stream_of(domain),
                partition=partition,
                filters=tuple(type_filter(t, region, partition) for t in consumes if domain_of(t) == domain),
            )
            for domain in sorted({domain_of(event_type) for event_type in consumes})
            for partition in range(self.partitions)
        ]

    def _archiving(self, service: str) -> list[Durable]:
        return [
            Durable(
                service=service,
                domain=stream.domain,
                stream=name,
                partition=0,
                filters=(f"{ROOT}.*.{stream.domain}.>",),
            )
            for name, stream in self.streams.items()
            if stream.domain
        ]

    def durables_of_failures(self, service: str, region: str) -> list[Durable]:
        """Return a service's durables for what other services redirect to it, and for what the broker gave up on."""
        advisories = tuple(
            f"$JS.EVENT.ADVISORY.CONSUMER.{kind}.{durable.stream}.{durable.name}"
            for kind in ("MAX_DELIVERIES", "MSG_TERMINATED")
            for durable in self.durables(service, region)
        )
        wanted = [("redirected", "RETRY", (f"retry.{region}.*.{service}",)), ("given-up", "ADVISORY", advisories)]
        return [
            Durable(service=service, domain=domain, stream=stream, partition=0, filters=filters)
            for domain, stream, filters in wanted
            if filters
        ]

    def every_durable(self, service: str, region: str) -> list[Durable]:
        """Return the durables of a service's events and of its failures."""
        return [*self.durables(service, region), *self.durables_of_failures(service, region)]

    def published(self, service: str) -> list[str]:
        """Return the streams a service's outbox publishes to: its own domain's, dead letters', what it redirects."""
        return [self.stream_of(self.services[service].domain), DEAD_LETTERS, REDIRECTS]

    def permissions(self, service: str, region: str) -> Permissions:
        """Return a service's rights: its own subjects, durables and inbox, reading what it consumes and published."""
        publish = [f"{ROOT}.{region}.{self.services[service].domain}.>"]
        publish += [f"{kind}.{region}.{service}.>" for kind in ("raw", "retry", "dlq")]
        for stream in self.published(service):
            publish += [f"$JS.API.STREAM.INFO.{stream}", f"$JS.API.STREAM.MSG.GET.{stream}"]
        for durable in self.every_durable(service, region):
            at = f"{durable.stream}.{durable.name}"
            publish += [
                f"$JS.API.CONSUMER.INFO.{at}",
                f"$JS.API.CONSUMER.RESET.{at}",
                f"$JS.API.CONSUMER.MSG.NEXT.{at}",
                f"$JS.ACK.{at}.>",
                f"$JS.ACK.*.*.{at}.>",
            ]
        consumed = sorted({durable.stream for durable in self.durables(service, region)})
        publish += [f"$JS.API.DIRECT.GET.{stream}" for stream in consumed]
        if self.services[service].archives:
            publish += [f"$JS.API.STREAM.INFO.{stream}" for stream in consumed]
        for name, bucket in self.buckets.items():
            publish += [f"$JS.API.DIRECT.GET.{bucket_stream(name)}"]
            publish += [f"$KV.{name}.>"] if bucket.writer == service else []
        return Permissions(publish=tuple(publish), subscribe=(f"{inbox_prefix(service)}.>",))


def bucket_stream(name: str) -> str:
    """Return the stream that holds a bucket."""
    return f"KV_{name}"


def inbox_prefix(user: str) -> str:
    """Return the inbox prefix of a broker user."""
    return f"_INBOX_{user.replace('-', '_')}"


def operator_permissions() -> Permissions:
    """Return the rights of a person who looks: read streams through consumers of their own, change nothing."""
    publish = (
        "$JS.API.INFO",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.LIST",
        "$JS.API.STREAM.INFO.>",
        "$JS.API.STREAM.MSG.GET.>",
        "$JS.API.DIRECT.GET.>",
        "$JS.API.CONSUMER.CREATE.>",
        "$JS.API.CONSUMER.INFO.>",
        "$JS.API.CONSUMER.LIST.>",
        "$JS.API.CONSUMER.NAMES.>",
        "$JS.API.CONSUMER.MSG.NEXT.>",
        "$JS.ACK.>",
        "$JS.FC.>",
    )
    return Permissions(publish=publish, subscribe=(f"{inbox_prefix('operator')}.>",))


def parse(text: str) -> Topology:
    """Read a topology from TOML.

    Raises:
        tomllib.TOMLDecodeError: the text is no TOML.
        pydantic.ValidationError: a key is missing, unknown or wrong.
    """
    return Topology.model_validate(tomllib.loads(text))


@cache
def load() -> Topology:
    """Return the topology shipped with the contract."""
    return parse(files("canonical").joinpath("topology.toml").read_text(encoding="utf-8"))
