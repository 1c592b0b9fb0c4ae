"""`crossdock up`, `down` and `status`: the processes of one local mesh."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock_cli.commands.options import (
    DEFAULT_BASE_PORT,
    DEFAULT_STATE_DIR,
    BasePort,
    DatabaseUrl,
    Detach,
    Json,
    NatsReplicas,
    NatsSecrets,
    NatsUrl,
    Only,
    Pythons,
    Regions,
    Settings,
    StateDir,
    WithSandbox,
)
from crossdock_cli.failures import CliError, Exit


def up(  # noqa: PLR0913  one argument per option
    state_dir: StateDir = DEFAULT_STATE_DIR,
    base_port: BasePort = DEFAULT_BASE_PORT,
    *,
    with_sandbox: WithSandbox = True,
    only: Only = "",
    regions: Regions = "",
    detach: Detach = True,
    settings: Settings = None,
    pythons: Pythons = None,
    nats_url: NatsUrl = None,
    nats_secrets: NatsSecrets = None,
    nats_replicas: NatsReplicas = 1,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Start everything, on ports 8100 to 8199, and wait until it is ready.

    crossdock up --base-port 9100     a second mesh beside it (with --state-dir of its own)

    crossdock up --regions eu,us      a hub with the control tower, and two regions; a hundred ports each
    """
    from crossdock_cli import federation
    from crossdock_cli.layout import Layout
    from crossdock_cli.mesh import Mesh

    layout = Layout(
        state_dir=str(state_dir),
        base_port=base_port,
        with_sandbox=with_sandbox,
        only=_names(only),
        settings=_settings(settings or []),
        pythons=_pythons(pythons or []),
        **_outside(nats_url, nats_secrets, nats_replicas, database_url),
    )
    meshes = [Mesh(one) for one in federation.layouts(layout, _names(regions))]
    _tell_started(meshes, _start_all(meshes), as_json=as_json)
    if not detach:
        _stay(meshes)


def _outside(
    nats_url: str | None, nats_secrets: Path | None, replicas: int, database_url: str | None
) -> dict[str, Any]:
    secrets = str(nats_secrets) if nats_secrets else None
    return {"nats_url": nats_url, "nats_secrets": secrets, "nats_replicas": replicas, "database_url": database_url}


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _pairs(option: str, example: str, texts: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for name, mark, _ in pairs:
        if not mark or not name:
            raise CliError(f"{option} {name} lacks a part: write it like {option} {example}.", Exit.USAGE)
    return {name: value for name, _, value in pairs}


def _settings(texts: list[str]) -> dict[str, str]:
    pairs = _pairs("--set", "LOG_LEVEL=DEBUG", texts)
    return {name.removeprefix("CROSSDOCK_").upper(): value for name, value in pairs.items()}


def _pythons(texts: list[str]) -> dict[str, str]:
    pairs = _pairs("--python", "carrier-gateway=../gateway/.venv/bin/python", texts)
    for path in pairs.values():
        if not os.access(path, os.X_OK):
            raise CliError(f"{path} cannot be run: name a virtual environment's python.", Exit.USAGE)
    return {name: os.path.abspath(path) for name, path in pairs.items()}  # noqa: PTH100  a link stays one


def start(mesh: Any) -> float:  # noqa: ANN401  crossdock_cli.mesh.Mesh, imported late
    """Start a mesh with progress on standard error; returns the seconds it took."""
    import time

    from crossdock_cli import progress, screen

    began = time.monotonic()
    with progress.starting(screen.err()) as show:
        mesh.start(show)
    return time.monotonic() - began


def _start_all(meshes: list[Any]) -> float:
    """Start meshes one after the other, the hub first; when one cannot start, the others are ended again."""
    seconds = 0.0
    for place, mesh in enumerate(meshes):
        try:
            seconds += start(mesh)
        except BaseException:
            for started in meshes[:place]:
                started.stop()
            raise
    return seconds


def _tell_started(meshes: list[Any], seconds: float, *, as_json: bool) -> None:
    from crossdock_cli import screen

    names = {mesh.layout.region: [part.name for part in mesh.state().parts] for mesh in meshes}
    if as_json:
        shown = [{"processes": names[one.layout.region], "base_port": one.layout.base_port} for one in meshes]
        regions = {mesh.layout.region: part for mesh, part in zip(meshes, shown, strict=True)}
        parts = shown[0] if len(meshes) == 1 else {"regions": regions}
        screen.print_json({"ready": True, "seconds": round(seconds, 1), **parts})
        return
    console = screen.out()
    for region, processes in names.items():
        where = f" in {region}" if len(meshes) > 1 else ""
        console.print(f"[green]✔[/] {len(processes)} processes ready{where}: {', '.join(processes)}")
    at = f" --state-dir {meshes[-1].layout.folder}" if len(meshes) > 1 else ""
    console.print(
        f"  Ready in     {seconds:.1f} s\n  Run orders   crossdock demo --orders 25{at}\n"
        "  Look         crossdock status\n  Stop         crossdock down"
    )


def _stay(meshes: list[Any]) -> None:
    import time

    from crossdock_cli import screen

    screen.err().print("Ctrl-C ends the mesh.")
    try:
        while any(mesh.state().is_running() for mesh in meshes):
            time.sleep(0.5)
    except KeyboardInterrupt:
        for mesh in reversed(meshes):
            mesh.stop()


def down(
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    purge: Annotated[bool, typer.Option(help="Remove the data, logs and secrets too.")] = False,
    as_json: Json = False,
) -> None:
    """End the processes that `up` started, and no others."""
    from crossdock_cli import screen
    from crossdock_cli.mesh import Mesh

    ended: list[str] = []
    for mesh in reversed(Mesh.known(state_dir)):
        ended += [part.name for part in mesh.state().parts if part.identity.process()]
        mesh.stop(purge=purge)
    if as_json:
        screen.print_json({"ended": ended, "purged": purge})
    elif ended:
        screen.out().print(f"[green]✔[/] Ended {', '.join(ended)}." + (" The data is gone." if purge else ""))
    else:
        screen.out().print("Nothing was running.")


def status(state_dir: StateDir = DEFAULT_STATE_DIR, *, as_json: Json = False) -> None:
    """Show every process: ready, memory, restarts, what it has yet to do. Exit code 1 when one is not ready."""
    from crossdock_cli import screen
    from crossdock_cli.mesh import Mesh

    running = Mesh.running(state_dir)
    meshes = running if len(running) > 1 else [Mesh.find(state_dir)]
    looks = [(mesh, _look(mesh)) for mesh in meshes]
    is_ready = all(reading.ready for _, readings in looks for reading in readings)
    if as_json:
        shown = [{"base_port": m.layout.base_port, "processes": [asdict(one) for one in found]} for m, found in looks]
        regions = {mesh.layout.region: part for (mesh, _), part in zip(looks, shown, strict=True)}
        screen.print_json({"ready": is_ready, **(shown[0] if len(looks) == 1 else {"regions": regions})})
    for mesh, readings in [] if as_json else looks:
        if len(looks) > 1:
            screen.out().print(f"[bold]{mesh.layout.region}[/]  {mesh.layout.folder}")
        screen.out().print(_table(readings))
    if not is_ready:
        raise typer.Exit(Exit.UNCLEAN)


def _look(mesh: Any) -> list[Any]:  # noqa: ANN401  crossdock_cli.mesh.Mesh, imported late
    from crossdock_cli.probe import lag_by_service

    readings: list[Any] = mesh.read()
    if not readings:
        raise CliError("The mesh is still starting: try again in a moment.", Exit.NOT_RUNNING)
    lag = lag_by_service(mesh.layout.monitor_url())
    for reading in readings:
        reading.lag = lag.get(reading.name)
    return readings


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
