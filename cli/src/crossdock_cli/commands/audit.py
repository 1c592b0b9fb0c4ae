"""`crossdock audit`: who did what about the mesh, when and why."""

from typing import Annotated, Any

import typer

from crossdock_cli.commands.options import DEFAULT_STATE_DIR, Json, StateDir

app = typer.Typer(no_args_is_help=True, help="Who did what, when and why: retries, replays, metadata, exports, ...")


@app.command()
def search(  # noqa: PLR0913  one argument per option
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    who: Annotated[str | None, typer.Option(help="A person, or a part of the name.")] = None,
    what: Annotated[str | None, typer.Option(help="An action, or its beginning: retry, edit, replay, ...")] = None,
    since: Annotated[str | None, typer.Option(help="Begun since: 30m, 2h, 3d ago, or a time in ISO 8601.")] = None,
    order: Annotated[str | None, typer.Option(help="About this order, or other business transaction.")] = None,
    service: Annotated[str | None, typer.Option(help="Done in this service.")] = None,
    words: Annotated[str | None, typer.Option(help="A part of the reason.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Entries at most.")] = 100,
    as_json: Json = False,
) -> None:
    """List what people did, or had done, the newest first.

    crossdock audit search --who ada --since 2d

    crossdock audit search --order SO-000001 --json
    """
    from urllib.parse import urlencode

    from crossdock_cli import screen
    from crossdock_cli.mesh import Mesh
    from crossdock_cli.onboarding import moment
    from crossdock_cli.services import ask

    asked = {"who": who, "what": what, "order": order, "service": service, "words": words, "limit": limit}
    asked["since"] = moment(since).isoformat() if since else None
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    found = ask(Mesh.find(state_dir), "control-tower", "GET", f"/api/v1/audit?{query}")
    if as_json:
        screen.print_json({"entries": found})
    elif found:
        _show(found)
    else:
        screen.out().print("Nothing of that kind was done.")


@app.command()
def show(
    entry: Annotated[str, typer.Argument(metavar="ID", help="An entry, or a unique start of its id.")],
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    as_json: Json = False,
) -> None:
    """Show one entry with all that was said of it.

    crossdock audit show 01a2
    """
    from urllib.parse import quote

    from crossdock_cli import screen
    from crossdock_cli.mesh import Mesh
    from crossdock_cli.services import ask

    found = ask(Mesh.find(state_dir), "control-tower", "GET", f"/api/v1/audit/{quote(entry, safe='')}")
    if as_json:
        screen.print_json(found)
        return
    for name, value in found.items():
        said = ", ".join(value) if isinstance(value, list) else value
        screen.out().print(f"  {name:<9} {said}", markup=False, soft_wrap=True)


def _show(found: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.table import Table

    from crossdock_cli import screen

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("at", "who", "what", "where", "of", "state", "why", "id"):
        table.add_column(title, justify="right" if title == "of" else "left", overflow="fold")
    for one in found:
        what = one["action"] + (f" to {one['target']}" if one["target"] else "")
        cells = (one["at"][:19], one["actor"], what, one["service"], str(one["covered"]), one["state"])
        table.add_row(*cells, one["reason"], one["id"][:13])
    screen.out().print(table)
