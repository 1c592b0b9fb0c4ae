"""A carrier from its samples to live milestones, as an analyst types it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crossdock_cli.layout import Layout
from crossdock_cli.mesh import Mesh

from .conftest import SETTINGS, free_base

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

CROSSDOCK = Path(sys.executable).parent / "crossdock"
CARRIERS = Path(__file__).resolve().parents[2] / "partners" / "carriers"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of profiles of one's own."""
    made = tmp_path_factory.mktemp("partners") / "carriers"
    shutil.copytree(CARRIERS, made)
    return made


@pytest.fixture(scope="module")
def state_dir(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of a mesh that reads its profiles there; carrier-gateway alone, as far as this goes."""
    state = tmp_path_factory.mktemp("mesh")
    settings = {**SETTINGS, "CARRIERS_DIR": str(folder)}
    mesh = Mesh(Layout(state_dir=str(state), base_port=free_base(), only=("carrier-gateway",), settings=settings))
    mesh.start()
    yield state
    mesh.stop()


def carrier(*arguments: object, code: int = 0) -> Any:
    """Run `crossdock carrier` and return what it printed as JSON, or its error."""
    command = [str(CROSSDOCK), "carrier", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == code, done
    assert "Traceback" not in done.stderr + done.stdout
    return json.loads(done.stdout) if done.stdout else done.stderr


def test_from_samples_to_live_milestones(folder: Path, state_dir: Path) -> None:
    where = ("--state-dir", state_dir, "--json")
    profile = folder / "acme-express.yaml"
    carrier("new", "acme-express", "--dir", folder, "--json")
    (trial,) = carrier("test", profile, "--json")["trials"]
    assert [event["milestone"] for event in trial["events"]] == ["picked-up", "delivered"]
    assert trial["events"][0]["from"]["milestone"] == "rule 1: event.code = PU"
    carrier("apply", profile, *where)
    sent = carrier("send-test", "acme-express", *where)
    assert (sent["answer"], sent["outcome"], sent["facts"], sent["unmapped"]) == ("accepted", "tracking", 3, 0)
    again = carrier("replay-raw", "--since", "1h", "--carrier", "acme-express", *where)
    assert (again["messages"], again["mapped"]) == (1, True)


def test_unmapped_code_is_named_then_mapped(folder: Path, state_dir: Path) -> None:
    where = ("--state-dir", state_dir, "--json")
    sample = folder / "odd.json"
    sample.write_text(json.dumps({"tracking_number": "ODD1", "code": "QQ", "at": "2026-03-02T10:00:00Z"}))
    profile = folder / "swiftparcel.yaml"
    assert carrier("test", profile, "--sample", sample, "--json")["trials"][0]["unmapped"] == ["QQ"]
    assert carrier("send-test", "swiftparcel", "--sample", sample, *where)["unmapped"] == 1
    profile.write_text(profile.read_text().replace("PU: picked-up", "PU: picked-up\n      QQ: customs-hold"))
    carrier("apply", profile, *where)
    carrier("replay-raw", "--since", "1h", *where)
    sent = carrier("send-test", "swiftparcel", "--sample", sample, *where)
    assert (sent["answer"], sent["unmapped"]) == ("duplicate", 0)


def test_a_broken_profile_is_refused_with_its_line(folder: Path, state_dir: Path) -> None:
    broken = folder / "nordfreight.yaml"
    broken.write_text(broken.read_text().replace("COLLECTED: picked-up", "COLLECTED: picked"))
    line = next(number for number, line in enumerate(broken.read_text().splitlines(), 1) if "COLLECTED" in line)
    said = carrier("apply", broken, "--state-dir", state_dir, "--json", code=1)
    assert f"nordfreight.yaml:{line}: milestones.0.codes.COLLECTED.milestone:" in said


def test_a_sample_that_differs_is_shown(folder: Path) -> None:
    profile = folder / "gls.yaml"
    profile.write_text(profile.read_text().replace("DELIVERED.NORMAL: delivered", "DELIVERED.NORMAL: in-transit"))
    (difference,) = carrier("test", profile, "--json", code=1)["differences"]
    assert difference["file"] == "gls-track.json"


def test_without_a_mesh_it_says_what_to_do(tmp_path: Path) -> None:
    said = carrier("send-test", "ups", "--state-dir", tmp_path, code=4)
    assert "crossdock up" in said
