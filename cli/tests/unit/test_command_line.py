"""The command line as a person or a script meets it: exit codes, streams, no traceback, a quick start."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("httpx", "nats", "fastapi", "sqlalchemy", "asyncpg", "pydantic", "canonical", "chassis")


def crossdock(*args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "crossdock_cli", *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60, check=False)


@pytest.mark.parametrize(
    "args",
    [
        ("status",),
        ("order", "show", "SO-1"),
        ("events", "tail"),
        ("streams", "check"),
        ("catalog", "events"),
        ("partner", "list"),
    ],
)
def test_without_a_mesh_one_sentence_and_exit_4(tmp_path: Path, args: tuple[str, ...]) -> None:
    done = crossdock(*args, folder=tmp_path)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == "The mesh is not running: start it with `crossdock up`.\n"


@pytest.mark.parametrize(
    "args",
    [
        ("demo", "--orders", "0"),
        ("up", "--set", "nonsense"),
        ("bogus",),
        ("schema", "check"),
        ("schema", "check", "--mode", "SIDEWAYS", "--root", str(ROOT)),
        ("schema", "check", "order.vanished.v1", "--root", str(ROOT)),
    ],
)
def test_wrong_command_line_exits_with_2(tmp_path: Path, args: tuple[str, ...]) -> None:
    done = crossdock(*args, folder=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_down_without_a_mesh_is_no_error(tmp_path: Path) -> None:
    done = crossdock("down", "--json", folder=tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"ended": [], "purged": False})


def test_version_as_json(tmp_path: Path) -> None:
    done = crossdock("version", "--json", folder=tmp_path)
    assert json.loads(done.stdout)["parts"]["canonical"] != "not installed"


def test_views_of_an_export_need_no_mesh(tmp_path: Path) -> None:
    done = crossdock("export", "views", "--of", "lake", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"read_parquet('{tmp_path}/lake/day=*/*.parquet'" in done.stdout
    assert crossdock("export", "views", "--of", "lake", "--write", "v.sql", folder=tmp_path).stdout == ""
    assert (tmp_path / "v.sql").read_text() == done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_printed(tmp_path: Path, shell: str) -> None:
    done = crossdock("completion", shell, folder=tmp_path)
    assert done.returncode == 0
    assert "_CROSSDOCK_COMPLETE" in done.stdout


def test_command_line_is_built_without_heavy_imports() -> None:
    code = f"import sys, crossdock_cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
