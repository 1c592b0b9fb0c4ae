"""A whole mesh with its outside world, on ports of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from rig.meshes import free_base, running

from crossdock_cli.mesh import Mesh

__all__ = ["SETTINGS", "free_base"]

SETTINGS = {"UNKNOWN_SKU_GRACE_SECONDS": "2"}


@pytest.fixture(scope="session")
def start_mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Mesh]]:
    """Start a mesh of one's own, with control-tower if asked for; all of them are ended with the test run."""
    with ExitStack() as started:
        yield lambda tower=False: started.enter_context(
            running(tmp_path_factory.mktemp("mesh"), tower=tower, **SETTINGS)
        )


@pytest.fixture(scope="session")
def mesh(start_mesh: Callable[..., Mesh]) -> Mesh:
    """The mesh the stories are told in."""
    return start_mesh()


@pytest.fixture(scope="session")
def own_mesh(start_mesh: Callable[..., Mesh]) -> Mesh:
    """A mesh whose ledgers nobody compares: its orders come from the tests."""
    return start_mesh(tower=True)


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A folder for a mesh that is started from the command line."""
    return tmp_path / "state"
