"""What a service's code wires is what the topology promises, and every effect says what a replay does."""

import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import get_type_hints

import pytest
from workspace import LIBRARIES, SERVICES, Member, modules, name_of

from canonical import EVENTS, topology
from chassis import Effect, Service, Settings
from chassis.failures import playbooks

SECRETS = ("PORTAL",)


@pytest.fixture(autouse=True)
def laptop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give the secret files every process is told about; nothing is connected to."""
    for name in SECRETS:
        secret = tmp_path / f"{name.lower()}.secret"
        secret.write_text("structure-test-secret")
        monkeypatch.setenv(f"CROSSDOCK_{name}_SECRET_FILE", str(secret))


def built(member: Member) -> Service:
    """Build the service exactly as its `__main__` does."""
    build = import_module(f"{member.package}.app").build
    settings = get_type_hints(build)["settings"]
    assert issubclass(settings, Settings)
    service = build(settings())
    assert isinstance(service, Service)
    return service


@pytest.mark.parametrize("member", SERVICES, ids=name_of)
def test_service_is_named_after_its_folder(member: Member) -> None:
    assert built(member).name == member.name


@pytest.mark.parametrize("member", SERVICES, ids=name_of)
def test_subscriptions_are_those_of_the_topology(member: Member) -> None:
    assert set(built(member).subscriptions) == set(topology.load().services[member.name].consumes)


def test_topology_consumes_only_events_of_the_catalogue() -> None:
    unknown = {name: sorted(set(service.consumes) - set(EVENTS)) for name, service in topology.load().services.items()}
    assert {name: types for name, types in unknown.items() if types} == {}


def test_every_event_belongs_to_a_known_service() -> None:
    later = {"b2b-gateway"}
    known = {service.name for service in SERVICES} | later
    assert {event.type: event.owner for event in EVENTS.values() if event.owner not in known} == {}


def test_every_remedy_has_a_playbook_and_every_playbook_a_use() -> None:
    named = {
        found
        for _, text, _ in modules(*(member.folder / "src" for member in (*LIBRARIES, *SERVICES)))
        for found in re.findall(r"""remedy(?:: str)? ?= ?"([a-z-]+)\"""", text)
    }
    assert named | {playbooks.BUG} == set(playbooks.load())


@pytest.mark.parametrize("member", SERVICES, ids=name_of)
def test_every_effect_declares_its_name_and_replay_policy(member: Member) -> None:
    package = import_module(member.package)
    for module in walk_packages(package.__path__, f"{member.package}."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            import_module(module.name)
    effects = [kind for kind in Effect.__subclasses__() if kind.__module__.split(".")[0] == member.package]
    silent = [
        kind.__name__
        for kind in effects
        if "name" not in vars(kind) or vars(kind).get("replay") not in ("deduplicate", "suppress")
    ]
    assert silent == []
    assert len({kind.name for kind in effects}) == len(effects), "two effects of one name"
