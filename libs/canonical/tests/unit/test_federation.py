"""A hub and its regions share the topology out between them, and what crosses is what is named."""

from itertools import product

import pytest

from canonical import topology
from canonical.federation import HUB, Place, cross_stream, link_permissions, mirror_of, never_crossing, part_of
from canonical.topology import CrossFlow, Flows, Topology

MESH = topology.load()
REGIONS = ("eu", "us")
CROSSED = MESH.model_copy(
    update={
        "flows": Flows(
            cross={
                "stock-news": CrossFlow.model_validate(
                    {"from": "us", "to": "eu", "types": ["inventory.availability-changed.v1"]}
                )
            }
        )
    }
)


def hub(mesh: Topology = MESH) -> Topology:
    return part_of(mesh, Place("hub", HUB, REGIONS))


def region(name: str = "eu", mesh: Topology = MESH) -> Topology:
    return part_of(mesh, Place("region", name))


def test_a_whole_mesh_has_everything() -> None:
    assert part_of(MESH, Place("whole", "eu")) == MESH


def test_every_service_is_at_the_hub_or_in_a_region() -> None:
    assert {*hub().services, *region().services} == set(MESH.services)
    assert set(hub().services) & set(region().services) == set()
    assert list(hub().services) == ["control-tower"]


def test_the_hub_is_fed_with_every_domain_but_its_own_from_every_region() -> None:
    for name, stream in hub().streams.items():
        fed = [(source.region, source.stream, source.filter) for source in stream.sources]
        is_fed = stream.domain is not None and stream.domain != "ops"
        assert fed == ([(region, name, None) for region in REGIONS] if is_fed else []), name
        assert (stream.listens(HUB) == []) == is_fed
        assert is_fed == (MESH.streams[name].domain is not None and stream.transform(HUB, 4) is None)


def test_a_region_has_its_own_domains_and_nothing_of_elsewhere() -> None:
    assert set(region().streams) == set(MESH.streams) - {"OPS"}
    assert all(not stream.sources for stream in region().streams.values())


def test_archives_hear_every_region_and_others_their_own() -> None:
    tower = {wanted for durable in MESH.durables("control-tower", HUB) for wanted in durable.filters}
    assert {wanted.split(".")[1] for wanted in tower} == {"*"}
    other = {wanted for durable in MESH.durables("order-release", "eu") for wanted in durable.filters}
    assert {wanted.split(".")[1] for wanted in other} == {"eu"}


def test_nothing_crosses_by_itself() -> None:
    assert MESH.flows.cross == {}
    for name, other in product(REGIONS, REGIONS):
        if name != other:
            rights = link_permissions(MESH, name)
            assert [right for right in (*rights.publish, *rights.subscribe) if f".{other}." in right] == []


def test_a_named_flow_comes_into_a_stream_of_its_own_and_opens_one_stream_of_its_origin() -> None:
    arriving = region("eu", CROSSED).streams[cross_stream("stock-news")]
    assert arriving.listens("eu") == []
    assert [(source.region, source.stream, source.filter) for source in arriving.sources] == [
        ("us", "INVENTORY", "cx.us.inventory.availability-changed.v1.>")
    ]
    assert cross_stream("stock-news") not in region("us", CROSSED).streams
    gained = set(link_permissions(CROSSED, "eu").publish) - set(link_permissions(MESH, "eu").publish)
    assert gained == {"$JS.us.API.CONSUMER.CREATE.INVENTORY.>"}
    given = set(link_permissions(CROSSED, "us").publish) - set(link_permissions(MESH, "us").publish)
    assert given == {"crossed.stock-news.>"}


@pytest.mark.parametrize("name", REGIONS)
def test_a_link_carries_no_event_and_feeds_under_its_own_name_only(name: str) -> None:
    rights = link_permissions(MESH, name)
    for right in (*rights.publish, *rights.subscribe):
        assert not right.startswith(("cx.", "raw.", "retry.", "dlq.", "$KV.", "_INBOX", ">"))
    assert [right for right in rights.publish if right.startswith("sourced.")] == [f"sourced.{name}.>"]


def test_a_region_mirrors_every_bucket_and_may_read_no_other_stream_of_the_hub() -> None:
    assert mirror_of("METADATA", "eu").stream == "KV_METADATA"
    asked = {right for right in link_permissions(MESH, "eu").publish if right.startswith("$JS.hub.")}
    create = "$JS.hub.API.CONSUMER.CREATE.KV_METADATA"
    assert asked == {create, f"{create}.*"}


def test_only_its_writer_may_write_a_bucket() -> None:
    writers = {
        service
        for service in MESH.services
        if any(right.startswith("$KV.METADATA.") for right in MESH.permissions(service, HUB).publish)
    }
    assert writers == {MESH.buckets["METADATA"].writer}


def test_events_and_inboxes_are_denied_both_ways() -> None:
    denied = never_crossing(region())
    assert {"cx.>", "raw.>", "retry.>", "dlq.>", "_INBOX.>", "_INBOX_order_release.>"} <= set(denied)
