"""A whole mesh with its outside world, on ports of its own."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crossdock_cli.layout import HOST, LAST_OFFSET, Layout
from crossdock_cli.mesh import Mesh

SETTINGS = {"UNKNOWN_SKU_GRACE_SECONDS": "2"}
FIRST_BASE, LAST_BASE = 20_000, 29_900


def free_base() -> int:
    """Return a base port whose hundred ports nothing listens on."""
    for base in range(FIRST_BASE, LAST_BASE, LAST_OFFSET + 1):
        if all(_is_free(base + offset) for offset in range(LAST_OFFSET + 1)):
            return base
    raise OSError(f"no hundred free ports between {FIRST_BASE} and {LAST_BASE}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


@pytest.fixture(scope="session")
def start_mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Mesh]]:
    """Start a mesh of one's own; all of them are ended with the test run."""
    started: list[Mesh] = []

    def start() -> Mesh:
        folder = tmp_path_factory.mktemp("mesh")
        mesh = Mesh(Layout(state_dir=str(folder), base_port=free_base(), settings=SETTINGS))
        started.append(mesh)
        mesh.start()
        return mesh

    yield start
    for mesh in started:
        mesh.stop()


@pytest.fixture(scope="session")
def mesh(start_mesh: Callable[[], Mesh]) -> Mesh:
    """The mesh the stories are told in."""
    return start_mesh()


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A folder for a mesh that is started from the command line."""
    return tmp_path / "state"
