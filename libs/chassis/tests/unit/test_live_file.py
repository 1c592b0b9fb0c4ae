"""A file of keys may change while the process runs."""

import os
from pathlib import Path

import pytest

from chassis import live_file
from chassis.live_file import LiveFile


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_file, "LOOK_SECONDS", 0.0)


def write(path: Path, text: str, at: int) -> None:
    path.write_text(text)
    os.utime(path, (at, at))


def test_a_changed_file_is_read_again_and_a_broken_or_lost_one_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "number"
    write(path, "1", 1_000)
    live = LiveFile(path, int)
    assert live.value() == 1
    write(path, "2", 2_000)
    assert live.value() == 2
    write(path, "many", 3_000)
    assert live.value() == 2
    path.unlink()
    assert live.value() == 2
    write(path, "4", 4_000)
    assert live.value() == 4


def test_a_file_that_is_wrong_from_the_start_is_told(tmp_path: Path) -> None:
    path = tmp_path / "number"
    path.write_text("none")
    with pytest.raises(ValueError, match="none"):
        LiveFile(path, int)
    with pytest.raises(FileNotFoundError):
        LiveFile(tmp_path / "nothing", int)
