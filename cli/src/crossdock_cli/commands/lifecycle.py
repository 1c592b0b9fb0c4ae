"""`crossdock up`, `down` and `status`: the processes of one local mesh."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock_cli.commands.options import (
    DEFAULT_BASE_PORT,
    DEFAULT_STATE_DIR,
    BasePort,
    DatabaseUrl,
    Json,
    NatsSecrets,
    NatsUrl,
    Settings,
    StateDir,
)
from crossdock_cli.failures import CliError, Exit


def up(  # noqa: PLR0913  one argument per option
    state_dir: StateDir = DEFAULT_STATE_DIR,
    base_port: BasePort = DEFAULT_BASE_PORT,
    *,
    with_sandbox: Annotated[
        bool, typer.Option("--with-sandbox/--no-sandbox", help="Start the simulated outside world too.")
    ] = True,
    only: Annotated[str, typer.Option(help="Start only these services, named with commas between.")] = "",
    detach: Annotated[
        bool, typer.Option(help="Return when ready; with --no-detach stay, and end all on Ctrl-C.")
    ] = True,
    settings: Settings = None,
    nats_url: NatsUrl = None,
    nats_secrets: NatsSecrets = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Start the mesh and wait until it is ready.

    crossdock up                      everything, on ports 8100 to 8199

    crossdock up --base-port 9100     a second mesh beside it (with --state-dir of its own)
    """
    from crossdock_cli.layout import Layout
    from crossdock_cli.mesh import Mesh

    layout = Layout(
        state_dir=str(state_dir),
        base_port=base_port,
        with_sandbox=with_sandbox,
        only=tuple(name.strip() for name in only.split(",") if name.strip()),
        settings=_pairs(settings or []),
        nats_url=nats_url,
        nats_secrets=str(nats_secrets) if nats_secrets else None,
        database_url=database_url,
    )
    mesh = Mesh(layout)
    _tell_started(mesh, start(mesh), as_json=as_json)
    if not detach:
        _stay(mesh)


def _pairs(settings: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in settings]
    for name, mark, _ in pairs:
        if not mark or not name:
            raise CliError(f"--set {name} is not NAME=VALUE: write it like --set LOG_LEVEL=DEBUG.", Exit.USAGE)
    return {name.removeprefix("CROSSDOCK_").upper(): value for name, _, value in pairs}


def start(mesh: Any) -> float:  # noqa: ANN401  crossdock_cli.mesh.Mesh, imported late
    """Start a mesh with progress on standard error; returns the seconds it took."""
    import time

    from crossdock_cli import progress, screen

    began = time.monotonic()
    with progress.starting(screen.err()) as show:
        mesh.start(show)
    return time.monotonic() - began


def _tell_started(mesh: Any, seconds: float, *, as_json: bool) -> None:  # noqa: ANN401
    from crossdock_cli import screen

    names = [part.name for part in mesh.state().parts]
    if as_json:
        screen.print_json(
            {"ready": True, "seconds": round(seconds, 1), "processes": names, "base_port": mesh.layout.base_port}
        )
        return
    console = screen.out()
    console.print(f"[green]✔[/] {len(names)} processes ready in {seconds:.1f} s: {', '.join(names)}")
    console.print(
        "  Run orders   crossdock demo --orders 25\n  Look         crossdock status\n  Stop         crossdock down"
    )


def _stay(mesh: Any) -> None:  # noqa: ANN401
    import time

    from crossdock_cli import screen

    screen.err().print("Ctrl-C ends the mesh.")
    try:
        while mesh.state().is_running():
            time.sleep(0.5)
    except KeyboardInterrupt:
        mesh.stop()


def down(
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    purge: Annotated[bool, typer.Option(help="Remove the data, logs and secrets too.")] = False,
    as_json: Json = False,
) -> None:
    """End the processes that `up` started, and no others."""
    from crossdock_cli import screen
    from crossdock_cli.layout import Layout
    from crossdock_cli.mesh import DEMO_FOLDER, Mesh
    from crossdock_cli.state import MeshState

    ended: list[str] = []
    for folder in (state_dir / DEMO_FOLDER, state_dir):
        layout, state = Layout.read(folder), MeshState.read(folder)
        if layout and state:
            ended += [part.name for part in state.parts if part.identity.process()]
            Mesh(layout).stop(purge=purge)
    if as_json:
        screen.print_json({"ended": ended, "purged": purge})
    elif ended:
        screen.out().print(f"[green]✔[/] Ended {', '.join(ended)}." + (" The data is gone." if purge else ""))
    else:
        screen.out().print("Nothing was running.")


def status(state_dir: StateDir = DEFAULT_STATE_DIR, *, as_json: Json = False) -> None:
    """Show every process: ready, memory, restarts, what it has yet to do. Exit code 1 when one is not ready."""
    from crossdock_cli import screen

    mesh, readings = _look(state_dir)
    is_ready = all(reading.ready for reading in readings)
    if as_json:
        screen.print_json(
            {"ready": is_ready, "base_port": mesh.layout.base_port, "processes": [asdict(r) for r in readings]}
        )
    else:
        screen.out().print(_table(readings))
    if not is_ready:
        raise typer.Exit(Exit.UNCLEAN)


def _look(state_dir: Path) -> tuple[Any, list[Any]]:
    from crossdock_cli.mesh import Mesh
    from crossdock_cli.probe import lag_by_service

    mesh = Mesh.find(state_dir)
    readings = mesh.read()
    if not readings:
        raise CliError("The mesh is still starting: try again in a moment.", Exit.NOT_RUNNING)
    lag = lag_by_service(mesh.layout.monitor_url())
    for reading in readings:
        reading.lag = lag.get(reading.name)
    return mesh, readings


def _table(readings: list[Any]) -> Any:  # noqa: ANN401  a rich Table, imported late
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("process")
    for title in ("pid", "RSS MiB", "restarts", "lag", "outbox s"):
        table.add_column(title, justify="right")
    table.add_column("ready", overflow="fold")
    for r in readings:
        ready = "[green]✔[/]" if r.ready else f"[red]✘[/] {r.why}"
        cells = (r.pid or "-", r.rss_mib, r.restarts, r.lag, r.outbox_age_seconds)
        table.add_row(r.name, *("-" if cell is None else str(cell) for cell in cells), ready)
    return table
