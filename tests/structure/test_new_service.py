"""A service made by `make new-service` is whole: named everywhere, well formed, and its own tests pass."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from workspace import CARD, ROOT, SERVICE_MODULES

from canonical import topology

from deployed import CHART, COMPOSE, PROMETHEUS
from new_service import TOPOLOGY, main

NEW = "proving-ground"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A repository with all that the tool edits, and the service's folders by name."""
    for name in ("pyproject.toml", "CODEOWNERS", *map(str, (TOPOLOGY, COMPOSE, CHART, PROMETHEUS))):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for service in (ROOT / "services").iterdir():
        (tmp_path / "services" / service.name).mkdir(parents=True)
    return tmp_path


def make(root: Path, name: str = NEW, owner: str = "@crossdock/proving", *listens: str) -> int:
    return main([name, owner, *listens, "--root", str(root)])


def test_new_service_has_the_anatomy_and_the_card(copy: Path) -> None:
    assert make(copy) == 0
    folder = copy / "services" / NEW
    source = folder / "src" / "proving_ground"
    assert [name for name in SERVICE_MODULES if not (source / name).is_file()] == []
    assert [entry for entry in CARD if f"| {entry} |" not in (folder / "README.md").read_text()] == []
    assert not list(folder.rglob("*.in"))


def test_new_service_is_named_everywhere(copy: Path) -> None:
    assert make(copy) == 0
    settings = tomllib.loads((copy / "pyproject.toml").read_text())["tool"]["importlinter"]
    lists = [settings["root_packages"], *(contract.get("containers", []) for contract in settings["contracts"])]
    lists += [contract.get("source_modules", []) for contract in settings["contracts"]]
    assert sum("proving_ground" in names for names in lists) == 3
    assert " | proving_ground" in settings["contracts"][0]["layers"][0]
    assert "proving_ground" in settings["contracts"][-1]["forbidden_modules"]
    mesh = topology.parse((copy / TOPOLOGY).read_text())
    made = mesh.services[NEW]
    assert made.consumes == ("order.released.v1",)
    assert [(service.domain, service.port) for service in mesh.services.values()].count((made.domain, made.port)) == 1
    assert mesh.streams[mesh.stream_of(made.domain)].domain == made.domain == "proving"
    assert "/services/proving-ground/      @crossdock/proving\n" in (copy / "CODEOWNERS").read_text()


def test_new_service_is_deployed_as_the_others_are(copy: Path) -> None:
    assert make(copy) == 0
    port = topology.parse((copy / TOPOLOGY).read_text()).services[NEW].port
    compose = yaml.safe_load((copy / COMPOSE).read_text())["services"]
    for prefix in ("", "us-"):
        made, known = compose[f"{prefix}{NEW}"], compose[f"{prefix}order-release"]
        renamed = json.loads(
            json.dumps(known)
            .replace("order-release", NEW)
            .replace("ORDER_RELEASE", "PROVING_GROUND")
            .replace("8101", str(port))
            .replace("8201", str(port + 100))
        )
        assert made == renamed
        (services,) = [one for one in compose[f"{prefix}provisioner"]["command"] if one.startswith("--services=")]
        assert services.endswith(f",{NEW}")
    assert yaml.safe_load((copy / CHART).read_text())["services"][NEW] == {"port": port}
    jobs = yaml.safe_load((copy / PROMETHEUS).read_text())["scrape_configs"]
    assert {job["job_name"]: job["static_configs"][0]["targets"] for job in jobs}[NEW] == [f"{NEW}:{port}"]


def test_new_service_is_well_formed_and_its_tests_pass(copy: Path) -> None:
    assert make(copy) == 0
    run = [sys.executable, "-m"]
    subprocess.run([*run, "ruff", "check", "--quiet", "."], cwd=copy, check=True)
    subprocess.run([*run, "ruff", "format", "--check", "--quiet", "."], cwd=copy, check=True)
    tests = f"services/{NEW}/tests"
    options = ["-q", "-p", "no:cacheprovider", "-o", f"pythonpath=services/{NEW}/src"]
    done = subprocess.run([*run, "pytest", *options, tests], cwd=copy, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "owner", "listens", "reason"),
    [
        ("Yard", "@crossdock/proving", "order.released.v1", "kebab-case"),
        ("", "@crossdock/proving", "order.released.v1", "kebab-case"),
        (NEW, "yard", "order.released.v1", "owner"),
        (NEW, "@crossdock/proving", "order.vanished.v1", "catalogue"),
        ("order-release", "@crossdock/orders", "order.released.v1", "exists already"),
    ],
)
def test_unusable_wish_changes_nothing(
    copy: Path, capsys: pytest.CaptureFixture[str], name: str, owner: str, listens: str, reason: str
) -> None:
    before = sorted((path, path.read_bytes()) for path in copy.rglob("*") if path.is_file())
    assert make(copy, name, owner, listens) == 2
    assert reason in capsys.readouterr().err
    assert before == sorted((path, path.read_bytes()) for path in copy.rglob("*") if path.is_file())
