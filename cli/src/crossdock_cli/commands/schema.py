"""`crossdock schema`: what events promise, and whether a change keeps it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock_cli.commands.options import DEFAULT_STATE_DIR, Json, StateDir
from crossdock_cli.failures import CliError, Exit

if TYPE_CHECKING:
    from crossdock_cli.registry import Verdict

app = typer.Typer(no_args_is_help=True, help="Check changes of events against what was registered; register revisions.")

Root = Annotated[Path | None, typer.Option("--root", help="Checkout of the repository; else the one you are in.")]
Types = Annotated[list[str] | None, typer.Argument(metavar="[TYPE ...]", help="Only these events.")]
Type = Annotated[str, typer.Argument(metavar="TYPE", help="The event, e.g. order.released.v1.")]
ModeName = Annotated[
    str, typer.Option("--mode", help="BACKWARD, FORWARD or FULL, each also with _TRANSITIVE (every revision counts).")
]


@app.command()
def check(
    types: Types = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    root: Root = None,
    mode: ModeName = "FULL_TRANSITIVE",
    against: Annotated[
        str | None,
        typer.Option("--against", help="URL of a control tower, or `running`: its registry instead of the checkout's."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Hold the events of this checkout against the registered revisions and every contract. Exit code 1 on a break.

    crossdock schema check

    crossdock schema check order.released.v1 --against running
    """
    from crossdock_cli import registry, screen, tower

    tree = registry.Tree.find(root)
    if against:
        registered = tower.revisions(tower.address(against, state_dir))
    else:
        registered = {name: tree.revisions(name) for name in tree.types()}
    verdict = registry.judge(tree, registered, types or (), _mode(mode))
    if as_json:
        screen.print_json(verdict.as_json())
    else:
        _show(verdict)
    if not verdict.is_clean:
        raise typer.Exit(Exit.UNCLEAN)


@app.command()
def register(types: Types = None, *, root: Root = None, as_json: Json = False) -> None:
    """Write the next revision of every event that has changed, after a clean check; a break is refused.

    crossdock schema register

    crossdock schema register order.released.v1
    """
    from crossdock_cli import registry, screen

    tree = registry.Tree.find(root)
    verdict = registry.judge(tree, {name: tree.revisions(name) for name in tree.types()}, types or ())
    if verdict.is_clean:
        schemas = registry.models()
        made = [str(tree.add(name, schemas[name]).relative_to(tree.root)) for name in verdict.unregistered]
    else:
        made = []
    if as_json:
        screen.print_json({"registered": made, **verdict.as_json()})
    elif verdict.is_clean:
        for file in made:
            screen.out().print(f"wrote {file}", markup=False, soft_wrap=True)
        screen.out().print(f"[green]✔[/] {len(made)} revisions were registered.")
    else:
        _show(verdict)
    if not verdict.is_clean:
        raise CliError("Nothing was registered: publish the change as a new version of the event.", Exit.UNCLEAN)


@app.command()
def diff(
    event_type: Type,
    *,
    before: Annotated[int | None, typer.Option("--from", help="Revision to begin with; else the latest one.")] = None,
    after: Annotated[
        int | None, typer.Option("--to", help="Revision to end with; else the model as it is now.")
    ] = None,
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Show what changed between two revisions of an event, and whom that breaks.

    crossdock schema diff order.released.v1

    crossdock schema diff order.released.v1 --from 1 --to 2
    """
    from crossdock_cli import registry, revisions, screen

    tree = registry.Tree.find(root)
    changes = revisions.changes(tree, event_type, before, after)
    if as_json:
        screen.print_json({"event": event_type, "changes": [change.as_json() for change in changes]})
        return
    for change in changes:
        colour = "red" if change.directions else "green"
        broken = f"  {'+'.join(change.directions)}: breaks {_names(change.breaks)}" if change.directions else ""
        screen.out().print(f"[{colour}]{change.sign}[/] {change.path}  {change.what}{broken}", soft_wrap=True)
    if not changes:
        screen.out().print("[green]✔[/] They promise the same.")


@app.command("list")
def listed(*, root: Root = None, as_json: Json = False) -> None:
    """List the events with their registered revisions and who hears them.

    crossdock schema list
    """
    from crossdock_cli import registry, revisions, screen

    rows = revisions.overview(registry.Tree.find(root))
    if as_json:
        screen.print_json(rows)
        return
    screen.table(
        ("event", "revisions", "owner", "heard by", "state"),
        [(row["event"], row["revisions"], row["owner"], ", ".join(row["hears"]) or "-", row["state"]) for row in rows],
    )


@app.command()
def show(
    event_type: Type,
    *,
    revision: Annotated[int | None, typer.Option("--revision", help="Its number; else the latest one.")] = None,
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Show the fields of a registered revision, and who reads each.

    crossdock schema show order.released.v1

    crossdock schema show order.released.v1 --revision 1 --json
    """
    from crossdock_cli import registry, revisions, screen

    tree = registry.Tree.find(root)
    number, schema = revisions.pick(tree, event_type, revision)
    if as_json:
        screen.print_json({"event": event_type, "revision": number, "schema": schema})
        return
    screen.out().print(f"[bold]{event_type}[/] revision {number}: {schema.get('description', '')}")
    screen.table(("field", "kind", "read by"), revisions.read_fields(tree, event_type, schema))


def _mode(name: str) -> Any:  # noqa: ANN401  an enumeration that is imported late
    from canonical.compatibility import Mode

    try:
        return Mode(name)
    except ValueError as error:
        raise CliError(f"There is no mode {name}: choose from {', '.join(Mode)}.", Exit.USAGE) from error


def _names(services: list[str]) -> str:
    return ", ".join(services) or "nobody who reads it"


def _show(verdict: "Verdict") -> None:
    from crossdock_cli import screen

    console = screen.out()

    def tell(text: str) -> None:
        console.print(text, soft_wrap=True)

    for one in verdict.findings:
        numbers = ", ".join(str(number) for number in one.revisions)
        tell(f"[red]✘[/] [bold]{one.event}[/] {screen.plain(one.path)}  {one.direction} with revision {numbers}")
        tell(f"    {screen.plain(one.what)}")
        tell(f"    breaks {_names(one.breaks)}" + (f" · heard by {_names(one.hears)}" if one.hears else ""))
    for need in verdict.unmet:
        tell(f"[red]✘[/] [bold]{need.event}[/] {screen.plain(need.path)}  contract of {need.service}")
        tell(f"    {screen.plain(need.what)}\n    breaks {need.service}")
    for file in verdict.rewritten:
        tell(f"[red]✘[/] {file} was changed after it was registered: revisions are only added")
    if verdict.is_clean:
        tell(f"[green]✔[/] {verdict.events} events keep what was registered, and every contract.")
        if verdict.unregistered:
            tell(f"  Next   crossdock schema register: {', '.join(verdict.unregistered)}")
    else:
        tell("  A break is published as a new version beside the old one: docs/howto/change-an-event.md")
