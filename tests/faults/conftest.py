"""What every fault test has: the book of figures, and a whole mesh whose services reach the broker through a proxy."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from rig.meshes import free_base, running
from rig.proxy import Proxy
from rig.report import Report
from rig.volume import BROKER_STORE, DATABASE_STORE, MIB, Disks, missing, volume

from chassis.testing import LocalMesh

from crossdock_cli.layout import HOST, NATS
from crossdock_cli.mesh import Mesh


@pytest.fixture
def report() -> Report:
    """The book this test writes its figure in."""
    return Report()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMesh]:
    """A broker and a database for single services, without the rest of the mesh."""
    local = LocalMesh(tmp_path_factory.mktemp("servers"))
    local.start()
    yield local
    local.stop()


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
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of the mesh."""
    return tmp_path_factory.mktemp("mesh") / "state"


@pytest.fixture(scope="session")
def disks(state_dir: Path) -> Iterator[Disks]:
    """The disks of broker and database, each of its own; none where the machine allows no loop mounts."""
    with ExitStack() as mounted:
        sizes = {} if missing() else {BROKER_STORE: 16384 * MIB, DATABASE_STORE: 16384 * MIB}
        yield {
            store: mounted.enter_context(
                volume(state_dir.with_name(f"{Path(store).name}.img"), state_dir / store, size_bytes)
            )
            for store, size_bytes in sizes.items()
        }


@pytest.fixture(scope="session")
def whole_mesh(state_dir: Path, base: int, broker_link: Proxy, disks: Disks) -> Iterator[Mesh]:
    """A mesh that may be broken; each test leaves it whole."""
    with running(state_dir, base=base, NATS_URL=f"nats://{HOST}:{broker_link.port}") as mesh:
        yield mesh
