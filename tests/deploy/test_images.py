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
SLIM = runpy.run_path(str(DOCKER / "slim.py"))
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


def test_what_no_service_uses_is_left_out_and_nothing_else(tmp_path: Path) -> None:
    words = tmp_path / "words"
    kept = [
        "pyarrow/lib.so", "pyarrow/libarrow_python.so.2600", "pyarrow/libparquet.so.2600", "pyarrow/parquet/core.py",
        "babel/core.py", "babel/locale-data/root.dat", "babel/locale-data/de_AT.dat", "httpx/_client.py",
    ]  # fmt: skip
    dropped = [
        "pyarrow/tests/test_array.py", "pyarrow/libarrow_flight.so.2600", "pyarrow/_s3fs.so", "pyarrow/lib.pyx",
        "pyarrow/libarrow_python.so", "pyarrow/libarrow_python.so.2600.1.0", "babel/locale-data/ja.dat",
    ]  # fmt: skip
    for name in (*kept, *dropped, "../words/de.yaml"):
        path = tmp_path / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    SLIM["slim"](tmp_path / "packages", words)
    left = {path.relative_to(tmp_path / "packages").as_posix() for path in (tmp_path / "packages").rglob("*.*")}
    assert {name for name in left if (tmp_path / "packages" / name).is_file()} == set(kept)


def test_the_image_runs_as_nobody_in_particular_and_tells_its_health() -> None:
    lines = (DOCKER / "Dockerfile").read_text().splitlines()
    assert "USER 10001:10001" in lines
    assert any(line.startswith("HEALTHCHECK ") for line in lines)
    assert lines.index("ARG BASE_IMAGE=python:3.11-slim-bookworm") < lines.index("FROM ${BASE_IMAGE}")
    assert not any(line.startswith(("ADD ", "VOLUME ")) for line in lines)
