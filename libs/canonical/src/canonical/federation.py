"""Hub and regions: which part of the topology each has, and what crosses the link between them; nothing else does.

A hub feeds its streams from the regions' streams of the same name, and a region mirrors the hub's buckets. Events
never cross as messages.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from canonical.subjects import ROOT, domain_of
from canonical.topology import CrossFlow, Permissions, Source, Stream, Topology, bucket_stream, inbox_prefix

HUB = "hub"
"""The region token of a hub: its own events, and its JetStream domain."""
CROSS_DAYS = 14
NEVER_CROSSING = (f"{ROOT}.>", "raw.>", "retry.>", "dlq.>", "_INBOX.>")
"""What a region neither sends nor takes over the link as messages; inboxes of users come to it."""
FLOW_CONTROL = "$JS.FC.>"
REPLIES = "$JSC.R.>"
"""Answers to the broker's own requests to another one."""


class Place(NamedTuple):
    """What one broker carries: a whole mesh, the hub of some regions, or a region that joins a hub."""

    kind: Literal["whole", "hub", "region"]
    region: str
    regions: tuple[str, ...] = ()
    """The regions that join, where it is the hub."""


def part_of(topology: Topology, place: Place) -> Topology:
    """Return the services and streams that are at a place."""
    if place.kind == "whole":
        return topology
    services = {name: service for name, service in topology.services.items() if service.place == place.kind}
    of_hub = {service.domain for service in topology.services.values() if service.place == "hub"}
    streams = _of_hub(topology, of_hub, place.regions) if place.kind == "hub" else _of_region(topology, of_hub, place)
    return topology.model_copy(update={"services": services, "streams": streams})


def _of_hub(topology: Topology, of_hub: set[str], regions: tuple[str, ...]) -> Mapping[str, Stream]:
    """Feed every domain that is not the hub's own from all regions."""
    return {
        name: stream.model_copy(update={"sources": tuple(_whole(name, region) for region in regions)})
        if stream.domain and stream.domain not in of_hub
        else stream
        for name, stream in topology.streams.items()
    }


def _whole(stream: str, region: str) -> Source:
    return Source(region=region, stream=stream, deliver=f"sourced.{region}")


def _of_region(topology: Topology, of_hub: set[str], place: Place) -> Mapping[str, Stream]:
    """Leave out the hub's domains, and add a stream for each flow that comes in from another region."""
    own = {name: stream for name, stream in topology.streams.items() if stream.domain not in of_hub}
    crossing = {
        cross_stream(name): Stream(max_age_days=CROSS_DAYS, sources=_crossing(topology, name, flow))
        for name, flow in topology.flows.cross.items()
        if flow.to == place.region
    }
    return {**own, **crossing}


def cross_stream(flow: str) -> str:
    """Return the stream in which a region keeps what a flow brings it."""
    return f"CROSS_{flow.upper().replace('-', '_')}"


def _crossing(topology: Topology, name: str, flow: CrossFlow) -> tuple[Source, ...]:
    return tuple(
        Source(
            region=flow.origin,
            stream=topology.stream_of(domain_of(event_type)),
            filter=f"{ROOT}.{flow.origin}.{event_type}.>",
            deliver=f"crossed.{name}",
        )
        for event_type in flow.types
    )


def mirror_of(bucket: str, region: str) -> Source:
    """Return where a region's copy of a hub's bucket comes from."""
    return Source(region=HUB, stream=bucket_stream(bucket), deliver=f"mirrored.{region}")


def link_permissions(topology: Topology, region: str) -> Permissions:
    """Return what a region's link may send to the hub and get from it.

    It is fed, and feeds, under subjects of its own: it can neither publish an event, nor feed a stream as another
    region, nor use the streams of the hub or of another region but as the topology says. (A region that gets some
    types of a domain may read all of that domain: the broker passes no narrower right on to the other side.)
    """
    publish = [REPLIES, FLOW_CONTROL, f"sourced.{region}.>"]
    subscribe = [REPLIES, FLOW_CONTROL, f"$JS.{region}.API.>", f"mirrored.{region}.>"]
    for bucket in topology.buckets:
        create = f"$JS.{HUB}.API.CONSUMER.CREATE.{bucket_stream(bucket)}"
        publish += [create, f"{create}.*"]
    for name, flow in topology.flows.cross.items():
        if flow.origin == region:
            publish.append(f"crossed.{name}.>")
        if flow.to == region:
            subscribe.append(f"crossed.{name}.>")
            publish += [
                f"$JS.{source.region}.API.CONSUMER.CREATE.{source.stream}.>"
                for source in _crossing(topology, name, flow)
            ]
    return Permissions(publish=tuple(publish), subscribe=tuple(subscribe))


def never_crossing(topology: Topology) -> list[str]:
    """Return what a region denies both ways on its side of the link."""
    users = [*topology.services, "provisioner", "operator"]
    return [*NEVER_CROSSING, *(f"{inbox_prefix(user)}.>" for user in users)]
