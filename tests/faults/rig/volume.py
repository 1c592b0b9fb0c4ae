"""An ext4 file system in an image file, mounted by the test: it can be filled, freed, and cut off like a disk."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

BLOCK = 4096
MIB = 1 << 20
UNMOUNT_SECONDS = 10.0
BROKER_STORE, DATABASE_STORE = "nats/jetstream", "postgres"
"""Where in a mesh's state folder the servers keep their data."""


class Volume:
    """A mounted image; the file is sparse, so a large one costs only what is written to it."""

    def __init__(self, image: Path, at: Path) -> None:
        self.image, self.at = image, at
        self._ballast = at / "ballast"

    def make(self, size_bytes: int) -> None:
        """Make an empty file system and mount it."""
        self.image.parent.mkdir(parents=True, exist_ok=True)
        self.image.touch()
        os.truncate(self.image, size_bytes)
        self.at.mkdir(parents=True, exist_ok=True)
        _run("mkfs.ext4", "-q", "-m", "0", str(self.image))
        self.mount()

    def mount(self) -> None:
        """Mount it; the loop device goes with the mount."""
        _run("mount", "-o", "loop", str(self.image), str(self.at))

    def unmount(self) -> None:
        """Unmount it if it is mounted; after ten busy seconds it is let go as soon as nobody holds a file."""
        deadline = time.monotonic() + UNMOUNT_SECONDS
        while self.at.is_mount():
            late = time.monotonic() > deadline
            done = subprocess.run(["umount", *(["-l"] if late else []), str(self.at)], capture_output=True, check=False)
            if done.returncode:
                time.sleep(0.1)

    def sync(self) -> None:
        """Put everything written so far onto the disk."""
        _run("sync", "-f", str(self.at))

    def fill(self) -> None:
        """Take every free block."""
        with self._ballast.open("ab") as ballast:
            step = 1024 * MIB
            while step >= BLOCK:
                try:
                    os.posix_fallocate(ballast.fileno(), ballast.tell(), step)
                    ballast.seek(0, os.SEEK_END)
                except OSError:
                    step //= 2

    def free(self) -> None:
        """Give the blocks back."""
        self._ballast.unlink()

    def free_bytes(self) -> int:
        """Return how much may still be written."""
        return shutil.disk_usage(self.at).free

    def snapshot(self) -> Path:
        """Copy what the disk holds now, without what the system keeps in memory only; returns the copied image."""
        copy = self.image.with_suffix(".copy")
        _run("cp", "--sparse=always", str(self.image), str(copy))
        return copy


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def volume(image: Path, at: Path, size_bytes: int) -> Iterator[Volume]:
    """Give a new mounted volume; at the end nothing is mounted there and no image is left."""
    made = Volume(image, at)
    try:
        made.make(size_bytes)
        yield made
    finally:
        made.unmount()
        image.unlink(missing_ok=True)


Disks = dict[str, Volume]
"""The volumes of a mesh, by the folder they are mounted at."""


@cache
def missing() -> str:
    """Return why no volume can be made on this machine; empty when it can."""
    if os.geteuid() != 0:
        return "only root may mount"
    try:
        with TemporaryDirectory() as folder, volume(Path(folder) / "image", Path(folder) / "at", 16 * MIB) as made:
            made.fill()
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no loop mount here: {error}"
    return ""


needs_volume = pytest.mark.skipif(missing() != "", reason=f"needs a loop-mounted ext4 image: {missing()}")
