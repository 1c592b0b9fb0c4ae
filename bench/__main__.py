"""`make bench`: measure every figure of docs/performance.md on this machine, and print it as a table or as JSON."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from bench import archive, broker, page, pipeline, reading, servers, webhooks
from bench.figures import Figure, show
from crossdock_cli import demo
from crossdock_cli.layout import Layout
from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

BASE_PORT = 30_000


def say(text: str) -> None:
    """Tell how far we are."""
    sys.stderr.write(f"{text}\n")


async def on_bare_servers(runs: int, folder: Path) -> list[Figure]:
    """Measure one service process and the broker."""
    mesh = servers.make(folder)
    await asyncio.to_thread(mesh.start)
    ours, bare, stock, batches, singles = ([] for _ in range(5))
    try:
        for run in range(runs):
            say(f"pipeline and broker, run {run + 1} of {runs}")
            ours.append(await pipeline.ours(mesh, pipeline.load_of(20_000, run)))
            bare.append(await pipeline.bare(mesh, pipeline.load_of(20_000, 10 + run)))
            stock.append(await pipeline.stock(mesh, pipeline.load_of(2_000, 20 + run)))
            load = pipeline.load_of(10_000, 30 + run)
            batches.append(await broker.batches(mesh, load))
            singles.append(await broker.singles(mesh, load[:4_000]))
    finally:
        mesh.stop()
    name = "consume, state, outbox, publish, ack"
    return [
        Figure(name, "events/s", ours, ">= 8,000; >= 5 x stock", "stock FastStream, per message", stock),
        Figure(name, "events/s", ours, "", "nats-py and asyncpg by hand", bare),
        Figure("durable publish, atomic batches", "msg/s", batches, "35,000", "single publishes", singles),
    ]


def of_reading(runs: int) -> list[Figure]:
    """Measure how fast partners' messages are read."""
    say("reading")
    x12, carrier = [reading.x12() for _ in range(runs)], [reading.carrier() for _ in range(runs)]
    ours, bare = zip(*x12, strict=True)
    events, decoded = zip(*carrier, strict=True)
    return [
        Figure("X12 read", "segments/s", ours, ">= 800,000", "split at known separators", bare),
        Figure("carrier's message mapped by its profile", "events/s", events, "", "its JSON decoded, no more", decoded),
    ]


@contextmanager
def local_mesh(folder: Path) -> Iterator[tuple[Mesh, float]]:
    """Yield a running mesh and the seconds its start took."""
    mesh = Mesh(Layout(state_dir=str(folder), base_port=BASE_PORT))
    started = time.perf_counter()
    mesh.start()
    try:
        yield mesh, time.perf_counter() - started
    finally:
        mesh.stop(purge=True)


def played(mesh: Mesh, wish: Wish) -> demo.Report:
    """Play a run and return its report.

    Raises:
        RuntimeError: it was not clean, so its speed means nothing.
    """
    outcome = demo.run(mesh, wish, timeout=300)
    if not outcome.is_clean:
        raise RuntimeError(f"the run was not clean: {outcome.report}")
    return outcome.report


def on_a_mesh(runs: int, orders: int, folder: Path) -> list[Figure]:
    """Measure the whole mesh: start, memory, orders, latency, webhooks."""
    starts, speeds, memory, planned, hooks, bare, slowest = ([] for _ in range(7))
    for run in range(runs):
        say(f"whole mesh, run {run + 1} of {runs}")
        with local_mesh(folder / f"mesh-{run}") as (mesh, seconds):
            starts.append(seconds)
            calm = played(mesh, Wish(orders=200, seed=run, rate=10.0))
            planned.append(calm["release_to_planned_ms"]["p50"])
            began = played(mesh, Wish(orders=orders, seed=100 + run))
            speeds.append(began["orders_per_second"])
            services = [part for part in mesh.read() if part.name in mesh.layout.services()]
            memory.append(max(part.rss_mib or 0.0 for part in services))
            secret = (mesh.layout.secrets / "swiftparcel.secret").read_bytes().strip()
            rate, _ = asyncio.run(webhooks.ours(mesh, webhooks.load_of(mesh, 4_000, 10 * run)))
            hooks.append(rate)
            _, p99 = asyncio.run(webhooks.ours(mesh, webhooks.load_of(mesh, 2_000, 10 * run + 1), rate=500.0))
            slowest.append(p99)
            bare.append(asyncio.run(webhooks.bare(secret, webhooks.load_of(mesh, 4_000, 10 * run + 2))))
    return [
        Figure(f"release to proof of delivery, {orders:,} orders at once", "orders/s", speeds, ">= 100"),
        Figure("release to ShipmentPlanned at 10 orders/s, p50", "ms", planned, "<= 60"),
        Figure("webhook accepted durably, one worker", "/s", hooks, ">= 2,000", "signature only, nothing kept", bare),
        Figure("webhook answered at 500/s, p99", "ms", slowest, "<= 50"),
        Figure("start until all is ready", "s", starts, "<= 20"),
        Figure("memory of the largest service after the run", "MiB", memory, "<= 150"),
    ]


def of_the_page(folder: Path) -> list[Figure]:
    """Measure the page: how soon it is there, and what it costs the browser while 500 events come a second."""
    say("page")
    with local_mesh(folder / "page") as (mesh, _):
        played(mesh, Wish(orders=25))
        soon = [page.interactive(mesh) for _ in range(5)]
        flow, orders = page.under_load(mesh, ""), page.under_load(mesh, "#/orders")
    name = "browser at {:.0f} events/s for a minute"
    return [
        Figure("page interactive, cold browser", "ms", [1000 * seconds for seconds in soon], "<= 1,000"),
        Figure(f"{name.format(flow[1])}, page Flow", "% of a core", [100 * flow[0]], "< 50"),
        Figure(f"{name.format(orders[1])}, page Orders", "% of a core", [100 * orders[0]], "< 50"),
    ]


def main() -> None:
    """Measure and print; the archive at size only when it is asked for, as it takes long and much disk."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=("all", "page", "archive"), default="all", help="all: not the archive"
    )
    parser.add_argument("--events", type=int, default=10_000_000, help="events the archive is filled with")
    parser.add_argument("--runs", type=int, default=3, help="runs of each figure; the median counts")
    parser.add_argument("--orders", type=int, default=2_000, help="orders of a run of the whole mesh")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as name:
        folder = Path(name)
        if args.what == "page":
            show(of_the_page(folder), as_json=args.json)
            return
        if args.what == "archive":
            show(uvloop.run(archive.measure(args.events, folder / "archive")), as_json=args.json)
            return
        figures = uvloop.run(on_bare_servers(args.runs, folder / "bare"))
        figures += of_reading(args.runs)
        figures += on_a_mesh(args.runs, args.orders, folder)
        figures += of_the_page(folder)
    show(figures, as_json=args.json)


if __name__ == "__main__":
    main()
