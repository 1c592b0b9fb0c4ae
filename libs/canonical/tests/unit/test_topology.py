"""Streams take in every event once, and a service may do what its part of the mesh asks, nothing else."""

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from itertools import product

import pytest
from pydantic import ValidationError

from canonical import EVENTS, publish_subject, topology
from canonical.subjects import domain_of
from canonical.topology import ServiceEntry

import schemas

MESH = topology.load()
TEXT = files("canonical").joinpath("topology.toml").read_text(encoding="utf-8")
each_event = pytest.mark.parametrize("event_type", sorted(EVENTS))
each_service = pytest.mark.parametrize("service", MESH.services)


def covers(pattern: str, subject: str) -> bool:
    """Return whether a NATS subject pattern matches a subject or all of a narrower pattern."""
    wanted, found = pattern.split("."), subject.split(".")
    if wanted[-1] == ">":
        return len(found) >= len(wanted) and covers_each(wanted[:-1], found[: len(wanted) - 1])
    return len(wanted) == len(found) and covers_each(wanted, found)


def covers_each(wanted: Sequence[str], found: Sequence[str]) -> bool:
    return all(part in ("*", token) for part, token in zip(wanted, found, strict=True))


def subject_of(event_type: str) -> str:
    return publish_subject(schemas.example(EVENTS[event_type]), "eu")


def may_publish(service: str, subject: str) -> bool:
    return any(covers(right, subject) for right in MESH.permissions(service, "eu").publish)


@each_event
def test_every_event_is_taken_in_by_one_stream(event_type: str) -> None:
    takers = [
        name
        for name, stream in MESH.streams.items()
        if any(covers(listened, subject_of(event_type)) for listened in stream.listens("eu"))
    ]
    domain = domain_of(event_type)
    assert takers == [MESH.stream_of(domain)]


def test_a_stream_puts_the_partition_in_place_of_the_key() -> None:
    source, destination = MESH.streams["ORDER"].transform("eu", 4) or ("", "")
    assert source == "cx.eu.order.*.*.*.*"
    assert covers(source, subject_of("order.released.v1"))
    assert destination == "cx.eu.order.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}.{{partition(4,4)}}"
    assert MESH.streams["DLQ"].transform("eu", 4) is None


def test_streams_that_are_no_domains_say_what_they_listen_to() -> None:
    for stream in MESH.streams.values():
        assert bool(stream.domain) != bool(stream.subjects)
    assert MESH.streams["RETRY"].listens("us") == ["retry.us.>"]


def test_services_share_neither_domain_nor_port() -> None:
    services = MESH.services.values()
    assert len({service.domain for service in services}) == len(services)
    assert len({service.port for service in services}) == len(services)


@pytest.mark.parametrize(("service", "event_type"), list(product(MESH.services, sorted(EVENTS))))
def test_only_the_owner_may_publish_an_event(service: str, event_type: str) -> None:
    assert may_publish(service, subject_of(event_type)) == (EVENTS[event_type].owner == service)


@each_service
def test_a_service_hears_exactly_what_it_consumes(service: str) -> None:
    heard = [
        (event_type, partition)
        for event_type in EVENTS
        for partition in range(MESH.partitions)
        for durable in MESH.durables(service, "eu")
        for wanted in durable.filters
        if covers(wanted, ".".join(subject_of(event_type).split(".")[:-1]) + f".{partition}")
    ]
    wanted_types = EVENTS if MESH.services[service].archives else MESH.services[service].consumes
    assert sorted(heard) == sorted(product(wanted_types, range(MESH.partitions)))


def test_a_service_that_archives_names_no_events() -> None:
    with pytest.raises(ValidationError, match="name none"):
        ServiceEntry(domain="ops", port=1, consumes=("order.released.v1",), archives=True)


@each_service
def test_durables_are_of_streams_that_exist(service: str) -> None:
    durables = MESH.durables(service, "eu")
    assert {durable.stream for durable in durables} <= set(MESH.streams)
    assert len({durable.name for durable in durables}) == len(durables)
    assert all(durable.name == f"{service}--{durable.domain}--p{durable.partition:02d}" for durable in durables)


@pytest.mark.parametrize(("service", "other"), list(product(MESH.services, MESH.services)))
def test_only_its_owner_may_use_a_durable(service: str, other: str) -> None:
    for durable in MESH.durables(other, "eu"):
        at = f"{durable.stream}.{durable.name}"
        for asked in (
            f"$JS.API.CONSUMER.INFO.{at}",
            f"$JS.API.CONSUMER.MSG.NEXT.{at}",
            f"$JS.ACK.{at}.1.2.3.4.5",
            f"$JS.ACK.domain.account.{at}.1.2.3.4.5",
        ):
            assert may_publish(service, asked) == (service == other), asked


@pytest.mark.parametrize(("service", "stream"), list(product(MESH.services, MESH.streams)))
def test_a_service_may_read_the_past_of_what_it_consumes_or_published(service: str, stream: str) -> None:
    consumed = {durable.stream for durable in MESH.durables(service, "eu")}
    assert may_publish(service, f"$JS.API.DIRECT.GET.{stream}") == (stream in consumed)
    assert may_publish(service, f"$JS.API.STREAM.MSG.GET.{stream}") == (stream in MESH.published(service))


@pytest.mark.parametrize("kind", ["raw", "retry", "dlq"])
@pytest.mark.parametrize(("service", "other"), list(product(MESH.services, MESH.services)))
def test_only_its_owner_may_write_to_a_services_own_subjects(kind: str, service: str, other: str) -> None:
    assert may_publish(service, f"{kind}.eu.{other}.order.1") == (service == other)


@each_service
@pytest.mark.parametrize(
    "subject",
    [
        ">",
        "cx.us.order.released.v1._.SO-1",
        "$JS.API.STREAM.DELETE.ORDER",
        "$JS.API.STREAM.PURGE.ORDER",
        "$JS.API.CONSUMER.CREATE.ORDER.mine",
        "$JS.API.CONSUMER.DELETE.ORDER.order-release--order--p00",
        "$SYS.REQ.SERVER.PING",
    ],
)
def test_no_service_may_change_the_broker_or_speak_for_another_region(service: str, subject: str) -> None:
    assert not may_publish(service, subject)


def test_inboxes_are_apart() -> None:
    users = [*MESH.services, "operator"]
    inboxes = {user: f"{topology.inbox_prefix(user)}.reply" for user in users}
    for service, user in product(MESH.services, users):
        rights = MESH.permissions(service, "eu").subscribe
        assert any(covers(right, inboxes[user]) for right in rights) == (service == user)


@pytest.mark.parametrize("event_type", ["order.released.v1", "carrier.delivered.v1"])
def test_an_operator_publishes_no_event_and_deletes_nothing(event_type: str) -> None:
    rights = topology.operator_permissions().publish
    forbidden = [subject_of(event_type), "$JS.API.STREAM.DELETE.ORDER", "$JS.API.STREAM.PURGE.ORDER", "dlq.eu.x.y"]
    assert [subject for subject in forbidden if any(covers(right, subject) for right in rights)] == []


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ("partitions = 4", "partitions = 0", "partitions"),
        ("partitions = 4", "partitions = 257", "partitions"),
        ("partitions = 4", "", "partitions"),
        ("partitions = 4", "partitions = 4\nshards = 4", "shards"),
        ("max_deliver = 6", "max_deliver = 'many'", "max_deliver"),
        ("port = 8101", "", "port"),
        ('discard = "new"', 'discard = "all"', "discard"),
    ],
)
def test_a_wrong_topology_is_refused_by_name(right: str, wrong: str, named: str) -> None:
    assert right in TEXT
    with pytest.raises(ValidationError, match=named):
        topology.parse(TEXT.replace(right, wrong, 1))


@pytest.mark.parametrize("text", ["partitions", "[streams", "partitions = 4\npartitions = 5"])
def test_text_that_is_no_toml_is_refused(text: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        topology.parse(text)
