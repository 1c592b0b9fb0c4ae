"""Every package has the same parts, and every service the same files."""

import re
from pathlib import Path

import pytest
from workspace import CARD, MEMBERS, ROOT, SERVICE_MODULES, SERVICES, Member, name_of

MAY_BE_A_FOLDER = {"domain.py", "handlers.py"}
CONNECTOR_MODULES = ["__init__.py", "client.py", "mapping.py", "wire.py"]
CONNECTORS = [
    connector
    for service in SERVICES
    for connector in sorted((service.source / "connectors").glob("*"))
    if connector.is_dir() and not connector.name.startswith(("_", "."))
]
MIGRATIONS = sorted(path for member in MEMBERS for path in member.source.glob("migrations/versions/*.py"))
ADDITIVE = [path for path in MIGRATIONS if "\nis_additive = True\n" in path.read_text()]
MORE_THAN_ADDED = re.compile(r"\b(drop|rename|delete|alter_column|alter column|set not null)", re.IGNORECASE)


@pytest.mark.parametrize("member", MEMBERS, ids=name_of)
def test_package_is_complete(member: Member) -> None:
    expected = [
        member.folder / "README.md",
        member.folder / "CHANGELOG.md",
        member.folder / "pyproject.toml",
        member.source / "__init__.py",
        member.source / "py.typed",
    ]
    assert [str(path.relative_to(ROOT)) for path in expected if not path.is_file()] == []
    assert (member.folder / "tests").is_dir(), "a package without tests"


@pytest.mark.parametrize("member", MEMBERS, ids=name_of)
def test_package_metadata_is_alike(member: Member) -> None:
    pyproject = member.pyproject
    project = pyproject["project"]
    assert pyproject["build-system"] == {"requires": ["hatchling"], "build-backend": "hatchling.build"}
    assert project["requires-python"] == ">=3.11"
    assert project["license"] == "Apache-2.0"
    assert re.fullmatch(r"\d+\.\d+\.\d+", project["version"])
    assert project["description"]


@pytest.mark.parametrize("member", MEMBERS, ids=name_of)
def test_changelog_speaks_of_the_current_version(member: Member) -> None:
    version = member.pyproject["project"]["version"]
    assert re.search(rf"^## \[?{re.escape(version)}\b", (member.folder / "CHANGELOG.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("service", SERVICES, ids=name_of)
def test_every_service_has_the_same_files(service: Member) -> None:
    missing = [
        name
        for name in SERVICE_MODULES
        if not (service.source / name).is_file()
        and not (name in MAY_BE_A_FOLDER and (service.source / name.removesuffix(".py")).is_dir())
    ]
    assert missing == []
    assert (service.folder / "tests" / "unit").is_dir()
    assert (service.folder / "tests" / "fakes.py").is_file()
    assert (service.source / "store.py").is_file() == (service.source / "migrations" / "versions").is_dir(), (
        "tables and migrations come together"
    )


@pytest.mark.parametrize("service", SERVICES, ids=name_of)
def test_readme_opens_with_the_service_card(service: Member) -> None:
    readme = (service.folder / "README.md").read_text()
    missing = [
        entry for entry in CARD if not re.search(rf"^[#|\-* ]*\**{entry}\b", readme, re.MULTILINE | re.IGNORECASE)
    ]
    assert missing == []


@pytest.mark.parametrize("connector", CONNECTORS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_connector_has_the_same_files(connector) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    assert [name for name in CONNECTOR_MODULES if not (connector / name).is_file()] == []


@pytest.mark.parametrize("member", MEMBERS, ids=name_of)
def test_test_folders_are_not_packages(member: Member) -> None:
    """Test files of equal name in several packages live side by side only without `__init__.py`."""
    assert [str(path.relative_to(ROOT)) for path in (member.folder / "tests").rglob("__init__.py")] == []


@pytest.mark.parametrize("path", ADDITIVE, ids=lambda path: f"{path.parents[2].name}-{path.stem}")
def test_a_migration_a_former_release_can_live_with_only_adds(path: Path) -> None:
    upgrade = path.read_text().partition("def downgrade")[0]
    assert MORE_THAN_ADDED.findall(upgrade) == []
