"""`crossdock replay`: events handled again by the services that are named, and by no others."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock_cli.commands.options import DEFAULT_STATE_DIR, Json, StateDir
from crossdock_cli.failures import CliError, Exit

if TYPE_CHECKING:
    from crossdock_cli.mesh import Mesh

app = typer.Typer(
    no_args_is_help=True, help="Have services handle events again: see what it would do, run it, stop it."
)

To = Annotated[list[str], typer.Option("--to", metavar="SERVICE", help="Who handles them again; repeat for more.")]
Since = Annotated[str | None, typer.Option(help="Recorded since: 30m, 2h, 3d ago, or a time in ISO 8601.")]
Until = Annotated[str | None, typer.Option(help="Recorded before: the same.")]
Types = Annotated[
    list[str] | None, typer.Option("--type", help="Only this event type, e.g. order.released.v1; repeat for more.")
]
Key = Annotated[str | None, typer.Option(help="Only events of this business key.")]
Correlation = Annotated[str | None, typer.Option(help="Only events of this business transaction, usually an order.")]
Group = Annotated[str | None, typer.Option(help="Only the events of this group of dead letters.")]
Rate = Annotated[float, typer.Option(min=1, max=10_000, help="Events per second and service, at most.")]
Rebuild = Annotated[
    str | None, typer.Option(metavar="PROJECTION", help="Empty this projection's tables first; it gets all its events.")
]
AcceptLoss = Annotated[bool, typer.Option(help="Rebuild although the streams no longer hold the first events.")]
Replay = Annotated[str, typer.Argument(metavar="ID", help="A replay, or a unique start of its number.")]


@app.command()
def plan(  # noqa: PLR0913  one argument per option
    to: To,
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    since: Since = None,
    until: Until = None,
    event_type: Types = None,
    key: Key = None,
    correlation: Correlation = None,
    group: Group = None,
    rate: Rate = 200.0,
    rebuild: Rebuild = None,
    as_json: Json = False,
) -> None:
    """Show what a replay would cover, how long it would take and what it would not repeat; nothing is done.

    crossdock replay plan --to notification --since 2h --type carrier.delivered.v1
    """
    from crossdock_cli import replays, screen
    from crossdock_cli.mesh import Mesh

    mesh = Mesh.find(state_dir)
    choice = replays.Choice(event_type or (), since, until, key, correlation, group, rate, rebuild=rebuild)
    plans = replays.plan(mesh, to, choice.request(mesh))
    if as_json:
        screen.print_json({"plans": plans})
        return
    for found in plans:
        _show_plan(found)


@app.command()
def run(  # noqa: PLR0913  one argument per option
    to: To,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the replay.")],
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    since: Since = None,
    until: Until = None,
    event_type: Types = None,
    key: Key = None,
    correlation: Correlation = None,
    group: Group = None,
    rate: Rate = 200.0,
    rebuild: Rebuild = None,
    accept_loss: AcceptLoss = False,
    follow: Annotated[bool, typer.Option(help="Show the progress, and wait for the end.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Show the plan, ask once, and have the services handle the events again.

    crossdock replay run --to order-release --correlation SO-000001 --reason "proof was lost" --follow
    """
    from crossdock_cli import replays
    from crossdock_cli.mesh import Mesh

    mesh = Mesh.find(state_dir)
    choice = replays.Choice(
        event_type or (), since, until, key, correlation, group, rate, reason, rebuild=rebuild, accept_loss=accept_loss
    )
    request = choice.request(mesh)
    plans = replays.plan(mesh, to, request)
    if not as_json:
        for found in plans:
            _show_plan(found)
    _agree(plans, yes=yes)
    begun = replays.begin(mesh, plans, request)
    _tell(_follow(mesh, begun) if follow else begun, as_json=as_json)


def _tell(found: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    from crossdock_cli import screen

    if as_json:
        screen.print_json({"replays": found})
    else:
        _show(found)
    if any(one["state"] == "failed" or one["counts"]["failed"] for one in found):
        raise typer.Exit(Exit.UNCLEAN)


def _agree(plans: Sequence[dict[str, Any]], *, yes: bool) -> None:
    import sys

    if yes:
        return
    if not sys.stdin.isatty():
        raise CliError("Nobody is there to be asked: look at `crossdock replay plan`, then add --yes.", Exit.USAGE)
    total, names = sum(found["total"] for found in plans), ", ".join(found["service"] for found in plans)
    if not typer.confirm(f"Have {names} handle {total} events again?", err=True):
        raise CliError("Nothing was done.", Exit.UNCLEAN)


def _follow(mesh: "Mesh", begun: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    from crossdock_cli import progress, replays, screen

    with progress.replays(screen.err(), begun) as tell:
        return replays.follow(mesh, begun, tell)


@app.command("list")
def list_all(state_dir: StateDir = DEFAULT_STATE_DIR, *, as_json: Json = False) -> None:
    """List the replays of all services, newest first.

    crossdock replay list
    """
    from crossdock_cli import replays, screen
    from crossdock_cli.mesh import Mesh

    found = replays.everywhere(Mesh.find(state_dir))
    if as_json:
        screen.print_json({"replays": found})
    elif found:
        _show(found)
    else:
        screen.out().print("There was no replay yet.")


@app.command()
def show(
    replay: Replay,
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    follow: Annotated[bool, typer.Option(help="Show the progress, and wait for the end.")] = False,
    as_json: Json = False,
) -> None:
    """Show a replay: how far it is, what came of it, what failed.

    crossdock replay show 4f0c --follow
    """
    from crossdock_cli import replays, screen
    from crossdock_cli.mesh import Mesh

    mesh = Mesh.find(state_dir)
    found = replays.find(mesh, replay)
    if follow:
        (found,) = _follow(mesh, [found])
    if as_json:
        screen.print_json(found)
        return
    _show([found])
    for name, count in found["counts"].items():
        screen.out().print(f"  {name:<12} {count}")
    for failed in found["failures"]:
        where = f"{failed['stream']}:{failed['sequence']} {failed['type']}"
        screen.out().print(f"  ✘ {where}  {failed['error']}", markup=False, soft_wrap=True)


@app.command()
def stop(replay: Replay, state_dir: StateDir = DEFAULT_STATE_DIR, *, as_json: Json = False) -> None:
    """End a replay within a second; what was handled stays handled.

    crossdock replay stop 4f0c
    """
    _change(replay, state_dir, "stop", as_json=as_json)


@app.command()
def resume(replay: Replay, state_dir: StateDir = DEFAULT_STATE_DIR, *, as_json: Json = False) -> None:
    """Have a stopped or failed replay go on from where it was.

    crossdock replay resume 4f0c
    """
    _change(replay, state_dir, "resume", as_json=as_json)


def _change(replay: str, state_dir: Any, action: str, *, as_json: bool) -> None:  # noqa: ANN401  a path
    from crossdock_cli import replays, screen
    from crossdock_cli.mesh import Mesh

    done = replays.change(Mesh.find(state_dir), replay, action)
    if as_json:
        screen.print_json(done)
    else:
        _show([done])


def _show_plan(found: dict[str, Any]) -> None:
    from rich import box
    from rich.table import Table

    from crossdock_cli import screen

    console = screen.out()
    console.print(f"[bold]{found['service']}[/]  {found['total']} events, {found['seconds']:.0f} s at this rate")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("event", "first", "last", "events", "handled"):
        table.add_column(title, justify="right" if title == "events" else "left")
    for item in found["types"]:
        handled = "again" if item["handled"] == "again" else "only where it never was"
        table.add_row(item["type"], item["first_at"][:19], item["last_at"][:19], str(item["count"]), handled)
    if found["types"]:
        console.print(table)
    said = {"suppress": "is never made", "deduplicate": "is made only if it never was"}
    for name, policy in found["effects"].items():
        console.print(f"  effect {name} {said[policy]}", style="dim")
    if found["projection"]:
        console.print(f"  {found['projection']}: {', '.join(found['tables'])} is emptied first; no effect, no event")
    if not found["has_start"]:
        console.print("  [red]The streams no longer hold its first events[/]: rows made from those would be lost.")


def _show(found: Iterable[dict[str, Any]]) -> None:
    from rich import box
    from rich.table import Table

    from crossdock_cli import screen

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("replay", "service", "state", "done", "of", "per s", "failed", "published", "by", "reason"):
        is_number = title in ("done", "of", "per s", "failed", "published")
        table.add_column(title, justify="right" if is_number else "left", no_wrap=title != "reason", overflow="fold")
    for item in found:
        counts, request = item["counts"], item["request"]
        cells = (item["done"], item["total"], item["per_second"] or "-", counts["failed"], counts["published"])
        state = item["state"] + (f": {item['error']}" if item["error"] else "")
        table.add_row(
            item["id"], item["service"], state, *(str(cell) for cell in cells), request["actor"], request["reason"]
        )
    screen.out().print(table)
