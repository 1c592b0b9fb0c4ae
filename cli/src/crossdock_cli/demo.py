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

POLL_SECONDS = 0.5
SETTLE_SECONDS = 900.0
QUIET_SECONDS = 1.0
SILENT_SECONDS = 30.0
COUNTED = ("released", "picked", "shipped", "delivered", "cancelled", "ended")
WRONGS = ("lost", "duplicate_effects", "ghost_effects")

Report = dict[str, Any]
OnProgress = Callable[[Report], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The report of a run."""

    report: Report
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


def is_clean(report: Report) -> bool:
    """Whether a report shows what it should: an order not delivered was cancelled, and the ledgers find no fault."""
    return bool(report["delivered"] == report["expected"]) and not any(report[wrong] for wrong in WRONGS)


@dataclass(frozen=True, slots=True)
class Run:
    """One run in a world that may have seen others; what they count is taken off, what is wrong is everyone's."""

    world: World
    wish: Wish
    before: Report

    def progress(self) -> Report:
        """Return this run's share of what the world counts."""
        return self._own(self.world.progress())

    def report(self) -> Report:
        """Return the verdict; `expected` is every order that was not cancelled."""
        report = self._own(self.world.report())
        return {**report, "expected": self.wish.orders - int(report["cancelled"])}

    def _own(self, counts: Report) -> Report:
        own = {name: int(counts.get(name, 0)) - int(self.before.get(name, 0)) for name in COUNTED}
        return {**counts, **own, "orders": self.wish.orders, "final": own["ended"]}

    @property
    def is_first(self) -> bool:
        """Whether the world saw no run before."""
        return not self.before.get("ended")


def run(mesh: Mesh, wish: Wish, *, timeout: float, on_progress: OnProgress | None = None) -> Outcome:
    """Run a scenario on a running mesh and judge it.

    Raises:
        CliError: the sandbox or the broker cannot be used.
    """
    since, began = datetime.now(UTC), time.monotonic()
    this = begin(mesh, wish)
    is_complete = follow(this, began + timeout, on_progress)
    seconds = time.monotonic() - began
    report = _settle(this) if is_complete else this.report()
    return Outcome(_complete(report, this, seconds, asyncio.run(_latencies(mesh, since))), is_complete)


def begin(mesh: Mesh, wish: Wish) -> Run:
    """Start a scenario on a running mesh.

    Raises:
        CliError: the sandbox cannot be used.
    """
    if not mesh.layout.with_sandbox:
        raise CliError("This mesh runs without the sandbox: start it without --no-sandbox.", Exit.NOT_RUNNING)
    world = World(mesh.url("sandbox"))
    this = Run(world, wish, world.progress())
    world.run(wish)
    return this


def follow(this: Run, deadline: float, on_progress: OnProgress | None = None) -> bool:
    """Wait until every order has its end; False when some have none at the deadline (monotonic seconds)."""
    while True:
        progress = this.progress()
        if on_progress:
            on_progress(progress)
        if progress["final"] >= this.wish.orders:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)


def _settle(this: Run) -> Report:
    """Return the report once it is clean and the world has been quiet for a second: late effects count too.

    While the outside world is still being called, what is missing may still come; after half a minute of silence it is
    lost.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    report, calls, quiet_since = this.report(), -1, time.monotonic()
    while time.monotonic() < deadline:
        quiet_seconds = time.monotonic() - quiet_since
        if report.get("calls") != calls or report.get("unsent"):
            calls, quiet_since = report.get("calls", 0), time.monotonic()
        elif quiet_seconds >= (QUIET_SECONDS if is_clean(report) else SILENT_SECONDS):
            break
        time.sleep(POLL_SECONDS)
        report = this.report()
    return report


async def _latencies(mesh: Mesh, since: datetime) -> Report:
    """Return the times the events tell; where the broker's credential is not here, those the world saw stand."""
    from crossdock_cli import latency

    if not mesh.layout.broker_secrets.is_dir():
        return {}
    return {**await latency.of_run(mesh.layout, since)}


def _complete(report: Report, this: Run, seconds: float, latencies: Report) -> Report:
    """Add what the run itself knows; the world's own clock counts only when this was its first run."""
    if this.is_first and report.get("seconds"):
        seconds = float(report["seconds"])
        latencies["release_to_completed_ms"] = report.get("release_to_delivered_ms")
    return {
        **report,
        "scenario": this.wish.scenario,
        "seed": this.wish.seed,
        "seconds": round(seconds, 2),
        "orders_per_second": round(report["final"] / seconds, 1) if seconds else None,
        **latencies,
        "clean": is_clean(report),
    }
