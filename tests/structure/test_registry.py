"""Every event is registered as it is, and every service states what it reads."""

import re

import pytest
from reads import read_by
from test_wiring import built, laptop
from workspace import ROOT, SERVICES, Member, name_of

from canonical import EVENTS, topology
from canonical.contracts import Contract, parse

from crossdock_cli.registry import Tree, is_new, models

__all__ = ["laptop"]

TREE = Tree(ROOT)
LISTENING = [service for service in SERVICES if not topology.load().services[service.name].archives]


def contract(service: Member) -> Contract:
    return parse((service.folder / "contract.yaml").read_text())


def test_every_event_is_registered_as_it_is() -> None:
    new = [name for name, schema in models().items() if is_new(schema, TREE.revisions(name))]
    assert new == [], "run `crossdock schema register`"


def test_revisions_are_numbered_from_one() -> None:
    numbers = {name: list(TREE.revisions(name)) for name in TREE.types()}
    assert {name: found for name, found in numbers.items() if found != [*range(1, len(found) + 1)]} == {}


@pytest.mark.parametrize("service", SERVICES, ids=name_of)
def test_a_contract_names_its_service_and_what_it_consumes(service: Member) -> None:
    stated, entry = contract(service), topology.load().services[service.name]
    assert stated.service == service.name
    assert set(stated.reads) == ({"*"} if entry.archives else set(entry.consumes))


@pytest.mark.parametrize("service", LISTENING, ids=name_of)
def test_a_contract_states_what_the_handlers_read(service: Member) -> None:
    stated = contract(service)
    for event_type, handler in built(service).subscriptions.items():
        read = read_by(handler, EVENTS[event_type])
        named = stated.of(event_type)
        assert isinstance(named, dict)
        untold = {path for path in read.paths if not any(overlap(path, name) for name in named)}
        assert untold == set(), f"{service.name} reads this of {event_type}: state it in its contract.yaml"
        unread = {name for name in named if not any(is_within(name, path) for path in read.paths)}
        assert read.escapes or unread == set(), f"{service.name} does not read this of {event_type}"


def overlap(one: str, other: str) -> bool:
    """Say whether one path holds the other."""
    return is_within(one, other) or is_within(other, one)


def is_within(path: str, whole: str) -> bool:
    """Say whether a path is another, or a part of it."""
    return path == whole or bool(re.match(re.escape(whole) + r"[.\[]", path))
