"""`crossdock top`, as a person sees it: drawn in a terminal of its own screen, ended by one key."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from crossdock_cli.mesh import Mesh

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
COMMAND = [sys.executable, "-m", "crossdock_cli", "top"]
SECOND_SCREEN, FIRST_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"


def _read(terminal: int, seen: bytes, until: bytes) -> bytes:
    """Return what the terminal showed, up to something; fails when that never comes."""
    deadline = time.monotonic() + 60
    while until not in seen:
        assert time.monotonic() < deadline, seen[-2000:]
        if select.select([terminal], [], [], 1.0)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:  # the other side is closed
                break
    return seen


def test_top_draws_on_the_second_screen_and_q_ends_it(mesh: Mesh) -> None:
    master, slave = pty.openpty()
    command = [*COMMAND, "--every", "0.3", "--state-dir", str(mesh.layout.folder)]
    env = os.environ | {"TERM": "xterm-256color", "COLUMNS": "110", "LINES": "40"}
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env)
    os.close(slave)
    try:
        seen = _read(master, b"", b"q ends it")
        assert SECOND_SCREEN in seen
        plain = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", seen).decode()
        assert "order-release" in plain
        assert "events/s" in plain
        os.write(master, b"q")
        seen = _read(master, seen, FIRST_SCREEN)
        assert process.wait(30) == 0
        assert FIRST_SCREEN in seen
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_top_once_is_for_scripts(mesh: Mesh) -> None:
    folder = ["--state-dir", str(mesh.layout.folder)]
    once = [*COMMAND, "--once", "--json", "--every", "0.3", *folder]
    look = json.loads(subprocess.run(once, capture_output=True, check=True, timeout=60).stdout)
    services = {one["name"]: one for one in look["services"]}
    assert services["order-release"]["ready"]
    assert services["order-release"]["published_per_second"] is not None
    assert services["order-release"]["breakers"] == {"ERP": "closed"}
    refused = subprocess.run(
        [*COMMAND, *folder], capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=60
    )
    assert (refused.returncode, b"--once" in refused.stderr) == (2, True)
