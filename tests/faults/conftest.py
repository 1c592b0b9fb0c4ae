"""What every fault test has: the book of figures, and a whole mesh whose broker is reached through a proxy."""

from collections.abc import Iterator

import pytest
from rig.meshes import running
from rig.report import Report

from crossdock_cli.mesh import Mesh


@pytest.fixture
def report() -> Report:
    """The book this test writes its figure in."""
    return Report()


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh that may be broken; each test leaves it whole."""
    with running(tmp_path_factory.mktemp("mesh")) as mesh:
        yield mesh
