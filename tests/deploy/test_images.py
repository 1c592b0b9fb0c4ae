"""What an image installs is what its package asks for, pinned; its bill of materials says so."""

import runpy
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
from charts import ROOT

from canonical import topology

DOCKER = ROOT / "deploy" / "docker"
REQUIREMENTS = runpy.run_path(str(DOCKER / "requirements.py"))
SBOM = runpy.run_path(str(DOCKER / "sbom.py"))
IMAGES = [*topology.load().services, "provisioner", "sandbox"]


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_its_package_and_the_libraries_below_it(image: str) -> None:
    folders = REQUIREMENTS["ours"](image)
    assert all((ROOT / folder / "pyproject.toml").is_file() for folder in folders)
    if image in topology.load().services:
        assert folders[0] == f"services/{image}"
        assert {"libs/chassis", "libs/canonical"} <= set(folders)
    assert not any(asked.startswith("crossdock-") for asked in REQUIREMENTS["theirs"](image))


def test_what_is_resolved_is_installed_by_hash(tmp_path: Path) -> None:
    (tmp_path / "resolved.txt").write_text("NATS_py==2.16.0\nhttpx==0.28.1\n")
    lines = REQUIREMENTS["pinned"](REQUIREMENTS["resolved"](tmp_path / "resolved.txt"))
    assert [line.split("==")[0] for line in lines] == ["httpx", "nats-py"]
    assert all("--hash=sha256:" in line for line in lines)


def test_what_is_not_pinned_is_refused_by_name() -> None:
    with pytest.raises(SystemExit, match="left-pad"):
        REQUIREMENTS["pinned"](["httpx", "left-pad"])


def test_the_bill_names_everything_installed_with_its_licence() -> None:
    bill: dict[str, Any] = SBOM["bill"]("carrier-gateway")
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    listed = {component["name"]: component for component in bill["components"]}
    installed = {found.metadata["Name"] for found in distributions()} - {"pip", "setuptools", "wheel"}
    assert set(listed) == installed
    assert listed["crossdock-chassis"]["licenses"] == [{"expression": "Apache-2.0"}]
    assert len({component["bom-ref"] for component in bill["components"]}) == len(bill["components"])
    assert SBOM["bill"]("carrier-gateway")["serialNumber"] == bill["serialNumber"]


def test_the_image_runs_as_nobody_in_particular_and_tells_its_health() -> None:
    lines = (DOCKER / "Dockerfile").read_text().splitlines()
    assert "USER 10001:10001" in lines
    assert any(line.startswith("HEALTHCHECK ") for line in lines)
    assert lines.index("ARG BASE_IMAGE=python:3.11-slim-bookworm") < lines.index("FROM ${BASE_IMAGE}")
    assert not any(line.startswith(("ADD ", "VOLUME ")) for line in lines)
