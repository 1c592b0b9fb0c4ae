"""`crossdock demo`: orders from release to proof of delivery, and the ledgers' verdict."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock_cli.commands.options import DEFAULT_BASE_PORT, DEFAULT_STATE_DIR, BasePort, Json, StateDir
from crossdock_cli.failures import CliError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crossdock_cli.mesh import Mesh


def demo(  # noqa: PLR0913  one argument per option
    state_dir: StateDir = DEFAULT_STATE_DIR,
    base_port: BasePort = DEFAULT_BASE_PORT,
    *,
    orders: Annotated[int, typer.Option(min=1, help="How many orders.")] = 25,
    seed: Annotated[int, typer.Option(help="The same seed makes the same world.")] = 7,
    scenario: Annotated[
        str, typer.Option(help="The story: happy-path, short-pick, cancel, exception, ...")
    ] = "happy-path",
    rate: Annotated[
        float | None, typer.Option(min=0.01, help="Orders released per second; all at once if not given.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for the last order.")] = 600.0,
    keep: Annotated[bool, typer.Option(help="Leave the mesh running if the demo started it.")] = False,
    as_json: Json = False,
) -> None:
    """Take orders from the ERP's release to the carrier's proof of delivery.

    Uses the mesh that runs here or answers on the ports, as one of compose does; else starts a fresh one, and ends it
    afterwards. Exit code 0 only when every order expected was delivered, with nothing lost, doubled or from nowhere.

    crossdock demo --orders 2000 --seed 3 --json
    """
    from crossdock_cli import demo as runs
    from crossdock_cli import progress, screen
    from crossdock_cli.world import Wish, check_scenario

    check_scenario(scenario)
    wish = Wish(orders=orders, seed=seed, scenario=scenario, rate=rate)
    title = f"{orders} orders, {scenario}, seed {seed}"
    with _a_mesh(state_dir, base_port, keep=keep) as mesh:
        with progress.orders(screen.err(), title, orders) as show:
            outcome = runs.run(mesh, wish, timeout=timeout, on_progress=show)
        if as_json:
            screen.print_json(outcome.report)
        else:
            _print(outcome, keeps_running=keep or mesh.layout.folder == state_dir)
    if outcome.code:
        raise typer.Exit(outcome.code)


@contextmanager
def _a_mesh(state_dir: "Path", base_port: int, *, keep: bool) -> "Iterator[Mesh]":
    """Give the running mesh; else a fresh one, ended and kept for reading afterwards."""
    import shutil

    from crossdock_cli.commands.lifecycle import start
    from crossdock_cli.layout import Layout
    from crossdock_cli.mesh import DEMO_FOLDER, Mesh

    found: Mesh | None
    try:
        found = Mesh.find(state_dir)
    except CliError:
        found = Mesh.beside(state_dir, base_port)
    if found:
        yield found
        return
    mesh = Mesh(Layout(state_dir=str(state_dir / DEMO_FOLDER), base_port=base_port))
    mesh.stop()
    shutil.rmtree(mesh.layout.folder, ignore_errors=True)
    start(mesh)
    try:
        yield mesh
    except BaseException:
        mesh.stop()
        raise
    if not keep:
        mesh.stop()


def _print(outcome: Any, *, keeps_running: bool) -> None:  # noqa: ANN401  crossdock_cli.demo.Outcome, imported late
    from crossdock_cli import screen

    report, console = outcome.report, screen.out()
    mark = "[green]✔[/]" if outcome.is_clean else "[red]✘[/]"
    cancelled = f"cancelled {report['cancelled']} · " if report["cancelled"] else ""
    console.print(
        f" orders {report['orders']} · delivered {report['delivered']} · {cancelled}lost {report['lost']} · "
        f"doubled {report['duplicate_effects']} · ghosts {report['ghost_effects']} · "
        f"{report['seconds']} s · {report['orders_per_second']} orders/s"
    )
    console.print(f" release → planned    {_spread(report['release_to_planned_ms'])}")
    console.print(f" release → delivered  {_spread(report['release_to_delivered_ms'])}")
    console.print(f"{mark} {_verdict(outcome)}")
    for name in ("lost_ids", "duplicates", "ghosts"):
        for item in report.get(name, [])[:5]:
            console.print(f"   {name}: {item}", markup=False)
    if keeps_running:
        console.print("  See one order   crossdock order show ID\n  Stop            crossdock down")


def _spread(values: "dict[str, float | None]") -> str:
    from crossdock_cli.screen import milliseconds

    return f"p50 {milliseconds(values.get('p50')):>8}   p99 {milliseconds(values.get('p99')):>8}"


def _verdict(outcome: Any) -> str:  # noqa: ANN401
    if not outcome.is_complete:
        return "Time is over before the last order was final: look at `crossdock status`, or give more with --timeout."
    if outcome.is_clean:
        return "Every order reached its end; the ledgers of the outside systems agree."
    return f"Not clean: {outcome.report['expected']} deliveries were expected; what the ledgers found:"
