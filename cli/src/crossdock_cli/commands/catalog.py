"""`crossdock catalog`: the events of the mesh, who owns and who reads them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock_cli.commands.options import DEFAULT_STATE_DIR, Json, StateDir

if TYPE_CHECKING:
    from collections.abc import Iterable

app = typer.Typer(no_args_is_help=True, help="Look at events, services, and who hears whom.")

Against = Annotated[str, typer.Option("--against", help="URL of a control tower, or `running`: that of this mesh.")]
RUNNING = "running"


@app.command()
def events(
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    domain: Annotated[str | None, typer.Option("--domain", help="Only events of this domain.")] = None,
    against: Against = RUNNING,
    as_json: Json = False,
) -> None:
    """List the events with owner, consumers and flows.

    crossdock catalog events

    crossdock catalog events --domain order --json
    """
    found = _ask(against, state_dir, "/catalogue/events")
    rows = [one for one in found if domain in (None, one["domain"])]
    cells = ((one["type"], one["owner"], _list(one["consumers"]), _list(one["flows"])) for one in rows)
    _show(rows, ("event", "owner", "heard by", "flows"), cells, as_json=as_json)


@app.command()
def show(
    event_type: Annotated[str, typer.Argument(metavar="TYPE", help="The event, e.g. order.released.v1.")],
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    against: Against = RUNNING,
    as_json: Json = False,
) -> None:
    """Show an event: what it means, its revisions, time limits, and who reads which of its fields since when.

    crossdock catalog show order.released.v1
    """
    from crossdock_cli import screen

    found = _ask(against, state_dir, f"/catalogue/events/{event_type}")
    if as_json:
        screen.print_json(found)
        return
    console = screen.out()
    numbers = _list([str(one["revision"]) for one in found["revisions"]])
    console.print(f"[bold]{found['type']}[/]  {screen.plain(found['what'])}")
    console.print(f"owner {found['owner']} · keeps {found['mode'] or '-'} · revisions {numbers}", soft_wrap=True)
    for place in found["places"]:
        limit = f" within {place['within_seconds']:g} s" if place["within_seconds"] else ""
        after = f" after {_list(place['after'])}" if place["after"] else " begins it"
        console.print(f"flow {place['flow']}:{after}{limit}", soft_wrap=True)
    screen.table(
        ("read by", "since", "fields"), [(one["service"], one["since"], _fields(one)) for one in found["readers"]]
    )


@app.command()
def services(state_dir: StateDir = DEFAULT_STATE_DIR, *, against: Against = RUNNING, as_json: Json = False) -> None:
    """List the services with what each publishes and hears.

    crossdock catalog services
    """
    found = _ask(against, state_dir, "/catalogue/services")
    cells = ((one["name"], one["domain"], len(one["publishes"]), len(one["hears"])) for one in found)
    _show(found, ("service", "domain", "publishes", "hears"), cells, as_json=as_json)


@app.command()
def lineage(
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    of: Annotated[str | None, typer.Option("--of", metavar="SERVICE", help="Only lines from or to it.")] = None,
    against: Against = RUNNING,
    as_json: Json = False,
) -> None:
    """Show which service hears which other, and through which events.

    crossdock catalog lineage

    crossdock catalog lineage --of notification
    """
    found = _ask(against, state_dir, "/catalogue/lineage")
    lines = [one for one in found if of in (None, one["source"], one["target"])]
    cells = ((f"{one['source']} → {one['target']}", _list(one["events"])) for one in lines)
    _show(lines, ("line", "events"), cells, as_json=as_json)


def _ask(against: str, state_dir: Any, path: str) -> Any:  # noqa: ANN401  a path; any JSON value
    from crossdock_cli import tower

    return tower.ask(tower.address(against, state_dir), "GET", path)


def _show(
    found: Any,  # noqa: ANN401  any JSON value
    titles: tuple[str, ...],
    cells: "Iterable[tuple[object, ...]]",
    *,
    as_json: bool,
) -> None:
    from crossdock_cli import screen

    if as_json:
        screen.print_json(found)
    else:
        screen.table(titles, cells)


def _list(names: list[str]) -> str:
    return ", ".join(names) or "-"


def _fields(reader: dict[str, Any]) -> str:
    return "everything" if reader["reads"] == "everything" else _list(sorted(reader["reads"]))
