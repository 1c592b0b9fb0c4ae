"""Orders from release to proof of delivery, and what the ledgers of the outside world say about it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crossdock_cli.failures import CliError, Exit
from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish, World

POLL_SECONDS = 0.2
SETTLE_SECONDS = 20.0
WRONGS = ("lost", "duplicate_effects", "ghost_effects")

OnProgress = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The report of a run."""

    report: dict[str, Any]
    is_complete: bool

    @property
    def is_clean(self) -> bool:
        """Whether everything expected was delivered, and nothing was lost, doubled or came from nowhere."""
        return self.is_complete and is_clean(self.report)

    @property
    def code(self) -> Exit:
        """How the command ends."""
        if not self.is_complete:
            return Exit.TIMEOUT
        return Exit.DONE if self.is_clean else Exit.UNCLEAN


def expected(report: dict[str, Any]) -> int:
    """Return how many orders the scenario means to deliver: all, unless it says otherwise."""
    value = report.get("expected_delivered", report.get("expected", report["orders"]))
    return int(value)


def is_clean(report: dict[str, Any]) -> bool:
    """Whether a report shows what it should."""
    return int(report["delivered"]) == expected(report) and all(not report.get(wrong) for wrong in WRONGS)


def final(progress: dict[str, Any], orders: int) -> int:
    """Return how many orders need nothing more."""
    if "final" in progress:
        return int(progress["final"])
    return min(orders, sum(int(progress.get(name) or 0) for name in ("completed", "cancelled", "failed")))


def run(mesh: Mesh, wish: Wish, *, timeout: float, on_progress: OnProgress | None = None) -> Outcome:
    """Run a scenario on a running mesh and judge it.

    Raises:
        CliError: the sandbox or the broker cannot be used.
    """
    if not mesh.layout.with_sandbox:
        raise CliError(
            "This mesh runs without the sandbox: start it with `crossdock up --with-sandbox`.", Exit.NOT_RUNNING
        )
    world = World(mesh.url("sandbox"))
    since, began = datetime.now(UTC), time.monotonic()
    world.run(wish)
    is_complete = _follow(world, wish, began + timeout, on_progress)
    seconds = time.monotonic() - began
    report = _settle(world) if is_complete else world.report()
    return Outcome(_complete(report, mesh, wish, seconds, since), is_complete)


def _follow(world: World, wish: Wish, deadline: float, on_progress: OnProgress | None) -> bool:
    while True:
        progress = world.progress()
        done = final(progress, wish.orders)
        if on_progress:
            on_progress({**progress, "orders": wish.orders, "final": done})
        if done >= wish.orders:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)


def _settle(world: World) -> dict[str, Any]:
    """Return the report once it is clean; the last mails and statuses may follow an order's end by a moment."""
    deadline = time.monotonic() + SETTLE_SECONDS
    report = world.report()
    while not is_clean(report) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        report = world.report()
    return report


def _complete(report: dict[str, Any], mesh: Mesh, wish: Wish, seconds: float, since: datetime) -> dict[str, Any]:
    from crossdock_cli import latency

    from_streams = asyncio.run(latency.of_run(mesh.layout, since))
    told = report.get("release_to_delivered_ms")
    if isinstance(told, dict) and told.get("p50") is not None:
        from_streams["release_to_delivered_ms"] = told
    return {
        **report,
        "orders": int(report.get("orders", wish.orders)),
        "scenario": wish.scenario,
        "seed": wish.seed,
        "seconds": round(seconds, 2),
        "orders_per_second": round(wish.orders / seconds, 1) if seconds else None,
        **from_streams,
        "clean": is_clean(report),
    }
