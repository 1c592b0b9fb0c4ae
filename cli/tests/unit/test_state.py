"""The state file: found again, and never mistaking another process for ours."""

import os
from pathlib import Path

from crossdock_cli.state import Identity, MeshState, PartState


def test_state_is_read_back(tmp_path: Path) -> None:
    state = MeshState(Identity(1, 2.0), "up", "", [PartState("postgres", Identity(3, 4.0), 1, "running")])
    state.save(tmp_path)
    assert MeshState.read(tmp_path) == state


def test_this_process_is_known() -> None:
    process = Identity.of(os.getpid()).process()
    assert process is not None
    assert process.pid == os.getpid()


def test_later_process_with_the_same_number_is_not_ours() -> None:
    mine = Identity.of(os.getpid())
    assert Identity(mine.pid, mine.created - 60).process() is None
