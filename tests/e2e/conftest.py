"""A whole mesh with its outside world, on ports of its own."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import sync_playwright
from rig.meshes import ended, free_base, running

from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

from .pages import CHROMIUM, FLAGS, Tower

__all__ = ["SETTINGS", "free_base"]

SETTINGS = {"UNKNOWN_SKU_GRACE_SECONDS": "2", "POLL_SECONDS": "1"}


@pytest.fixture(scope="package")
def start_mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Mesh]]:
    """Start a mesh of one's own, with control-tower if asked for; all are ended before the next package."""
    with ExitStack() as started:
        yield lambda tower=False: started.enter_context(
            running(tmp_path_factory.mktemp("mesh"), tower=tower, **SETTINGS)
        )


@pytest.fixture(scope="package")
def mesh(start_mesh: Callable[..., Mesh]) -> Mesh:
    """The mesh the stories are told in."""
    return start_mesh()


@pytest.fixture(scope="package")
def own_mesh(start_mesh: Callable[..., Mesh]) -> Mesh:
    """A mesh whose ledgers nobody compares: its orders come from the tests."""
    return start_mesh(tower=True)


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A folder for a mesh that is started from the command line."""
    return tmp_path / "state"


@pytest.fixture(scope="package")
def delivered(own_mesh: Mesh) -> tuple[str, str]:
    """An order that was delivered, and its tracking number."""
    ended(own_mesh, Wish(orders=6, seed=55), seconds=60)
    web = httpx.Client(base_url=own_mesh.url("control-tower"))
    order = ""
    deadline = time.monotonic() + 30
    while not order and time.monotonic() < deadline:
        found = web.get("/api/v1/journeys", params={"stage": "completed"}).json()
        order = found[0]["correlation_id"] if found else ""
    story = web.get(f"/api/v1/journeys/{order}").json()["story"]
    return order, next(told["data"]["tracking_number"] for told in story if "tracking_number" in told["data"])


@pytest.fixture(scope="module")
def tower(own_mesh: Mesh, delivered: tuple[str, str]) -> Iterator[Tower]:
    """The page of a mesh with a few delivered orders, in a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Tower(own_mesh, browser, *delivered)
        browser.close()


@pytest.fixture
def fault_free(tower: Tower) -> Iterator[None]:
    """Fail a test whose page had an error of its own, or asked anybody but the tower."""
    yield
    assert tower.faults == []
