"""The commands of the README, as a new user types them."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import free_base

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

CROSSDOCK = Path(sys.executable).parent / "crossdock"
PREFLIGHT = 3


def crossdock(
    *arguments: object, prefix: tuple[str, ...] = (), seconds: float = 200
) -> "subprocess.CompletedProcess[str]":
    """Run the command and return what it printed."""
    command = [*prefix, str(CROSSDOCK), *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, env=environment)


def refused(done: "subprocess.CompletedProcess[str]") -> str:
    """Check that a command ended with one sentence, and return it."""
    assert done.returncode == PREFLIGHT, done
    assert "Traceback" not in done.stderr + done.stdout
    return " ".join(done.stderr.split())


def test_demo_delivers_25_orders(state_dir: Path) -> None:
    done = crossdock("demo", "--state-dir", state_dir, "--base-port", free_base(), "--json")
    assert done.returncode == 0, done
    report = json.loads(done.stdout)
    assert (report["orders"], report["delivered"]) == (25, 25)
    assert [report[name] for name in ("lost", "duplicate_effects", "ghost_effects")] == [0, 0, 0]
    for name in ("release_to_planned_ms", "release_to_delivered_ms"):
        assert 0 < report[name]["p50"] <= report[name]["p99"]
    assert report["seconds"] > 0
    assert report["orders_per_second"] > 0
    assert "25/25" in done.stderr


def test_up_show_and_down(state_dir: Path) -> None:
    where, base = ("--state-dir", state_dir), free_base()
    up = crossdock("up", *where, "--base-port", base)
    assert up.returncode == 0, up
    try:
        assert crossdock("demo", *where, "--orders", 3, "--json").returncode == 0
        elsewhere = state_dir.parent / "elsewhere"
        done = crossdock("demo", "--state-dir", elsewhere, "--base-port", base, "--orders", 3, "--json")
        assert (done.returncode, json.loads(done.stdout)["delivered"]) == (0, 3)
        assert not elsewhere.exists(), "the mesh that answered was not used"
        tail = crossdock("events", "tail", *where, "--type", "order.released.v1", "-n", 5, "--count", 1, "--json")
        order_id = json.loads(tail.stdout.splitlines()[0])["subject"]
        story = crossdock("order", "show", order_id, *where)
        assert story.returncode == 0, story
        for word in (
            order_id,
            "order.released",
            "carrier.delivered",
            "order.completed",
            "notification.notification-sent",
        ):
            assert word in story.stdout, story.stdout
        assert crossdock("status", *where, "--json").returncode == 0
    finally:
        down = crossdock("down", *where)
    assert down.returncode == 0, down
    assert crossdock("status", *where).returncode != 0


def test_port_in_use(state_dir: Path) -> None:
    base = free_base()
    with socket.create_server(("127.0.0.1", base + 3)):
        said = refused(crossdock("up", "--state-dir", state_dir, "--base-port", base))
    assert f"Port {base + 3} for warehouse-adapter is taken by" in said
    assert "--base-port" in said


def test_wrong_broker_url(state_dir: Path) -> None:
    base = free_base()
    arguments = ("--nats-url", f"nats://127.0.0.1:{base + 98}", "--nats-secrets", state_dir)
    said = refused(crossdock("up", "--state-dir", state_dir, "--base-port", base, *arguments))
    assert f"127.0.0.1:{base + 98}" in said


def test_folder_that_cannot_be_written() -> None:
    assert "--state-dir" in refused(crossdock("up", "--state-dir", "/proc/crossdock", "--base-port", free_base()))


def test_disk_that_is_full(state_dir: Path) -> None:
    own_mounts = ("unshare", "--mount", "--map-root-user")
    if shutil.which("unshare") is None or subprocess.run([*own_mounts, "true"], check=False).returncode:
        pytest.skip("this machine lets nobody make a mount namespace")
    state_dir.mkdir()
    script = 'mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"'
    prefix = (*own_mounts, "sh", "-c", script, str(state_dir))
    said = refused(crossdock("up", "--state-dir", state_dir, "--base-port", free_base(), prefix=prefix))
    assert "are free on the disk" in said
