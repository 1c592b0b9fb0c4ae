"""Whole meshes for tests: on ports of their own, and the verdict of a run on one."""

import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from canonical.topology import load

from crossdock_cli import demo
from crossdock_cli.layout import HOST, LAST_OFFSET, Layout
from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

FIRST_BASE, LAST_BASE = 20_000, 29_900
HUNDRED = LAST_OFFSET + 1
DRAIN_SECONDS = 120.0

_claims: list[ExitStack] = []  # what listens on the last port of each hundred that was given away


def free_base(meshes: int = 1) -> int:
    """Return a base port from which nothing listens on so many hundreds; no other test run gets it while this one is.

    Raises:
        OSError: there is none.
    """
    for base in range(FIRST_BASE, LAST_BASE, HUNDRED):
        ports = range(base, base + meshes * HUNDRED)
        if all(_is_free(port) for port in ports) and _claim(ports[LAST_OFFSET::HUNDRED]):
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


def _claim(ports: Sequence[int]) -> bool:
    with ExitStack() as taken, suppress(OSError):
        for port in ports:
            taken.enter_context(socket.create_server((HOST, port)))
        _claims.append(taken.pop_all())
        return True
    return False


@contextmanager
def running(
    folder: Path,
    *,
    base: int | None = None,
    tower: bool = False,
    pythons: Mapping[str, str] | None = None,
    **settings: str,
) -> Iterator[Mesh]:
    """Give a mesh with its outside world, ended at the end; `settings` go to every service.

    control-tower only looks on; without it the two cores of a small machine belong to what is tested.
    """
    only = () if tower else tuple(name for name, service in load().services.items() if service.consumes)
    layout = Layout(
        state_dir=str(folder), base_port=base or free_base(), only=only, settings=settings, pythons=dict(pythons or {})
    )
    mesh = Mesh(layout)
    mesh.start()
    try:
        yield mesh
    finally:
        mesh.stop()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the ledgers of the outside world say: orders without an end are stuck, not lost."""

    orders: int
    stuck: int
    lost: int
    doubled: int
    ghosts: int
    details: dict[str, list[str]]

    @property
    def counts(self) -> dict[str, int]:
        """The counts for the book."""
        return {"lost": self.lost, "doubled": self.doubled, "ghosts": self.ghosts, "stuck": self.stuck}

    def __str__(self) -> str:
        return f"{self.lost} lost, {self.doubled} doubled, {self.ghosts} ghosts, {self.stuck} stuck"

    def assert_clean(self) -> None:
        """Fail, with examples, unless nothing is lost, doubled, from nowhere or stuck."""
        assert not any(self.counts.values()), (str(self), self.details)


def ended(mesh: Mesh, wish: Wish, *, seconds: float) -> None:
    """Run orders until each has its end, and judge nothing: for a mesh whose ledgers hold the tests' own orders.

    Raises:
        TimeoutError: some have none in time.
    """
    run = demo.begin(mesh, wish)
    if not demo.follow(run, time.monotonic() + seconds):
        raise TimeoutError(str(run.progress()))


def drained(
    mesh: Mesh,
    wish: Wish,
    *,
    seconds: float,
    on_progress: Callable[[demo.Report], None] | None = None,
) -> Verdict:
    """Run orders and wait until the oracle calls them complete; `seconds` is how long the faults may take.

    The sources have stopped when the last order is released; after `seconds` the drain has two more minutes.
    """
    outcome = demo.run(mesh, wish, timeout=seconds + DRAIN_SECONDS, on_progress=on_progress)
    report = outcome.report
    stuck = wish.orders - int(report["final"])
    return Verdict(
        orders=wish.orders,
        stuck=stuck,
        lost=int(report["lost"]) - stuck,
        doubled=int(report["duplicate_effects"]),
        ghosts=int(report["ghost_effects"]),
        details={name: report[name][:5] for name in ("lost_ids", "duplicates", "ghosts")},
    )
