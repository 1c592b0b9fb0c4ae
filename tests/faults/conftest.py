"""What every fault test has: the book of figures, and a whole mesh whose services reach the broker through a proxy."""

from collections.abc import Iterator

import pytest
from rig.meshes import free_base, running
from rig.proxy import Proxy
from rig.report import Report

from crossdock_cli.layout import HOST, NATS
from crossdock_cli.mesh import Mesh


@pytest.fixture
def report() -> Report:
    """The book this test writes its figure in."""
    return Report()


@pytest.fixture(scope="session")
def base() -> int:
    """The first port of the mesh."""
    return free_base()


@pytest.fixture(scope="session")
def broker_link(base: int) -> Iterator[Proxy]:
    """What lies between the services and the broker."""
    with Proxy(base + NATS) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory, base: int, broker_link: Proxy) -> Iterator[Mesh]:
    """A mesh that may be broken; each test leaves it whole."""
    folder = tmp_path_factory.mktemp("mesh")
    with running(folder, base=base, NATS_URL=f"nats://{HOST}:{broker_link.port}") as mesh:
        yield mesh
