"""One name everywhere: a folder's name is its distribution, import, topology entry, owner line and contract line."""

from importlib.metadata import distribution
from importlib.util import find_spec

import pytest
from workspace import MEMBERS, ROOT, SERVICES, WORKSPACE, Member, files, name_of

from canonical import topology

FORBIDDEN_MODULES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "misc"}


@pytest.mark.parametrize("member", MEMBERS, ids=name_of)
def test_distribution_is_named_after_its_folder(member: Member) -> None:
    assert member.pyproject["project"]["name"] == f"crossdock-{member.name}"


@pytest.mark.parametrize("member", MEMBERS, ids=name_of)
def test_import_name_is_the_folder_in_snake_case(member: Member) -> None:
    found = find_spec(member.package)
    assert found is not None, f"{member.package} is not installed: run make setup"
    assert found.origin == str(member.source / "__init__.py")


@pytest.mark.parametrize("member", MEMBERS, ids=name_of)
def test_installed_version_is_the_declared_one(member: Member) -> None:
    project = member.pyproject["project"]
    assert distribution(project["name"]).version == project["version"]


def test_topology_knows_every_service_and_no_other() -> None:
    assert set(topology.load().services) == {service.name for service in SERVICES}


def test_every_member_has_one_owner_line() -> None:
    lines = [
        line.split() for line in (ROOT / "CODEOWNERS").read_text().splitlines() if line and not line.startswith("#")
    ]
    owned = [line[0] for line in lines]
    for member in MEMBERS:
        assert owned.count(f"/{member.path}/") == 1, f"CODEOWNERS must name /{member.path}/ once"
    assert all(len(line) >= 2 for line in lines), "a line without an owner"
    folders = [path.strip("/") for path in owned if path.startswith("/services/")]
    assert sorted(folders) == [service.path for service in SERVICES]


def test_import_contracts_name_every_member() -> None:
    settings = WORKSPACE["tool"]["importlinter"]
    packages = {service.package for service in SERVICES}
    assert set(settings["root_packages"]) == {member.package for member in MEMBERS}
    named = {contract["name"].split(":")[0].split(" rest")[0]: contract for contract in settings["contracts"]}
    assert set(named["services"]["layers"][0].split(" | ")) == packages
    assert set(named["inside a service"]["containers"]) == packages
    assert set(named["only the chassis speaks to the broker"]["source_modules"]) == packages
    assert packages < set(named["the sandbox is the outside world"]["forbidden_modules"])


def test_no_module_is_named_after_nothing() -> None:
    vague = [str(path.relative_to(ROOT)) for path in files() if path.suffix == ".py" and path.stem in FORBIDDEN_MODULES]
    vague += sorted(
        {str(p.parent.relative_to(ROOT)) for p in files() if p.suffix == ".py" and p.parent.name in FORBIDDEN_MODULES}
    )
    assert vague == []
