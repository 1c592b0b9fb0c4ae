"""`crossdock streams`: is anything lost in the broker, and how it comes back."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock_cli.commands.options import DEFAULT_STATE_DIR, Json, StateDir
from crossdock_cli.failures import CliError, Exit

if TYPE_CHECKING:
    from crossdock_cli.mesh import Mesh
    from crossdock_cli.streams import Plan, StreamCheck

app = typer.Typer(no_args_is_help=True, help="Check that the broker still holds what it acknowledged; repair it.")

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
WAIT_SECONDS = 300.0
MARGIN_HOURS = 24.0


@app.command()
def check(
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    monitor: Annotated[
        list[str] | None, typer.Option(help="Monitor of a server of the broker's cluster; repeat to compare them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare every stream with the outboxes that fed it, now. Exit code 1 when something is lost or differs.

    crossdock streams check

    crossdock streams check --monitor http://n0:8222 --monitor http://n1:8222 --monitor http://n2:8222
    """
    import asyncio

    from crossdock_cli import replicas, streams

    found = asyncio.run(streams.check(_mesh(state_dir)))
    differing = replicas.differing(monitor or [])
    _show(found, as_json=as_json, differing={s: [asdict(r) for r in held] for s, held in differing.items()})
    if differing or not all(stream.is_clean for stream in found):
        raise typer.Exit(Exit.UNCLEAN)


@app.command()
def repair(
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    yes: Yes = False,
    timeout: Annotated[float, typer.Option(help="Seconds until everything must be published.")] = WAIT_SECONDS,
    as_json: Json = False,
) -> None:
    """Set back the durables past the point of loss, publish from the outboxes what was lost, and check again.

    crossdock streams repair

    crossdock streams repair --yes --json
    """
    import asyncio

    from crossdock_cli import streams

    mesh = _mesh(state_dir)
    planned = asyncio.run(streams.plan(mesh, asyncio.run(streams.check(mesh))))
    _tell(planned, as_json=as_json)
    done: dict[str, Any] = {"moves": [], "republished": {}}
    if not planned.is_empty:
        _agree(yes=yes)
        done = _mend(mesh, planned, timeout)
    after = asyncio.run(streams.check(mesh))
    _conclude(after, done, as_json=as_json)
    if not all(stream.is_clean for stream in after):
        raise typer.Exit(Exit.UNCLEAN)


def _mend(mesh: "Mesh", planned: "Plan", timeout: float) -> dict[str, Any]:
    import asyncio

    from crossdock_cli import screen, streams

    if planned.missing:
        streams.make_missing(mesh)
        planned = asyncio.run(streams.plan(mesh, asyncio.run(streams.check(mesh))))
    republished = asyncio.run(streams.repair(mesh, planned))
    say = screen.err()
    streams.wait_published(mesh, timeout=timeout, on_wait=lambda text: say.print(f"waiting for {text}", markup=False))
    return {"moves": [asdict(move) for move in planned.moves], "republished": republished}


def _conclude(after: "list[StreamCheck]", done: dict[str, Any], *, as_json: bool) -> None:
    from crossdock_cli import screen

    is_clean = all(stream.is_clean for stream in after)
    if as_json:
        screen.print_json({"clean": is_clean, **done, **_listed(after)})
        return
    mark = "[green]✔[/] Nothing is lost." if is_clean else "[red]✘[/] Something is still lost."
    screen.out().print(f"{mark} {sum(done['republished'].values())} events were published again.")
    if not is_clean:
        _show(after, as_json=False)


@app.command()
def rewind(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="The service whose database was restored.")],
    to: Annotated[str, typer.Option("--to", help="When the backup was begun: 30m, 2h, 3d ago, or ISO 8601.")],
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    margin_hours: Annotated[
        float, typer.Option("--margin-hours", min=0, help="Go back this much further, for what waited at that time.")
    ] = MARGIN_HOURS,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Set all durables of one service back to a moment: it hears again what came since; what it knows it drops.

    crossdock streams rewind order-release --to 2026-03-02T12:00:00Z
    """
    import asyncio

    from crossdock_cli import screen, streams
    from crossdock_cli.onboarding import moment

    mesh, when = _mesh(state_dir), moment(to) - timedelta(hours=margin_hours)
    planned = asyncio.run(streams.rewind(mesh, service, when, do=False))
    if not as_json:
        for move in planned:
            screen.out().print(f"{move.durable}: {move.delivered} → {move.to - 1}", markup=False)
    if planned:
        _agree(yes=yes)
    moves = asyncio.run(streams.rewind(mesh, service, when, do=True))
    if as_json:
        screen.print_json({"service": service, "to": when.isoformat(), "moves": [asdict(move) for move in moves]})
    else:
        screen.out().print(f"[green]✔[/] {len(moves)} durables of {service} deliver again from {when.isoformat()}.")


@app.command(name="feed-anew")
def feed_anew(
    stream: Annotated[str, typer.Argument(metavar="STREAM", help="A stream of the hub, like ORDER.")],
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    yes: Yes = False,
) -> None:
    """Make a hub's stream again from what the regions hold, after one of theirs lost its end; the archive stays.

    crossdock streams feed-anew ORDER --state-dir .crossdock/hub
    """
    import asyncio

    from crossdock_cli import screen, streams

    mesh = _mesh(state_dir)
    _agree(yes=yes)
    asyncio.run(streams.feed_anew(mesh, stream))
    streams.make_missing(mesh)
    screen.out().print(f"[green]✔[/] {stream} is fed anew; the control tower passes over what it has.")


def _mesh(state_dir: Path) -> "Mesh":
    from crossdock_cli.mesh import Mesh

    return Mesh.find(state_dir)


def _agree(*, yes: bool) -> None:
    import sys

    if yes:
        return
    if not sys.stdin.isatty():
        raise CliError("Nothing was changed: add --yes to do it.", Exit.USAGE)
    if not typer.confirm("Do it?", err=True):
        raise CliError("Nothing was changed.", Exit.UNCLEAN)


def _listed(found: "list[StreamCheck]") -> dict[str, Any]:
    return {"streams": [stream.as_json() for stream in found]}


def _tell(planned: "Plan", *, as_json: bool) -> None:
    from crossdock_cli import screen

    console = screen.err() if as_json else screen.out()
    for stream in planned.missing:
        console.print(f"make stream {stream}, and its durables", markup=False)
    for move in planned.moves:
        console.print(f"set back {move.durable}: {move.delivered} → {move.to - 1}", markup=False)
    for stream, count in planned.lost.items():
        console.print(f"publish again {count} events of {stream}", markup=False)


def _show(found: "list[StreamCheck]", *, as_json: bool, differing: dict[str, Any] | None = None) -> None:
    from rich import box
    from rich.table import Table

    from crossdock_cli import screen

    if as_json:
        is_clean = not differing and all(stream.is_clean for stream in found)
        screen.print_json({"clean": is_clean, "differing": differing or {}, **_listed(found)})
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("stream")
    for title in ("last", "acknowledged", "waiting", "lost", "reused from", "deaf"):
        table.add_column(title, justify="right")
    table.add_column("ok")
    for stream in found:
        cells = (stream.last, stream.highest_acknowledged, stream.waiting, stream.lost_count, stream.reused_from)
        ok = "[green]✔[/]" if stream.is_clean else "[red]✘[/]"
        table.add_row(stream.stream, *("-" if c is None else str(c) for c in cells), str(len(stream.deaf)), ok)
    screen.out().print(table)
    for name, held in (differing or {}).items():
        said = ", ".join(f"{replica['server']} holds {replica['messages']}" for replica in held)
        screen.out().print(f"[red]✘[/] {name} differs between servers: {said}")
    if any(not stream.is_clean for stream in found):
        screen.out().print("  Repair   crossdock streams repair", style="dim")
