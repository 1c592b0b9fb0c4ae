"""The pytest plugin `chassis.testing.plugin`: one local mesh for the whole test run."""

from collections.abc import Iterator

import pytest

from chassis.testing.mesh import LocalMesh


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMesh]:
    """A real nats-server, provisioned, and a real PostgreSQL."""
    local = LocalMesh(tmp_path_factory.mktemp("mesh"))
    local.start()
    yield local
    local.stop()
