"""`crossdock export`: the archive as Parquet files by day, for a data lake."""

from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock_cli.commands.options import DEFAULT_STATE_DIR, Json, StateDir

app = typer.Typer(no_args_is_help=True, help="Export every event to a data lake, once; see how far it is; read it.")


@app.command()
def run(
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the files go; the same again goes on.")],
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    follow: Annotated[bool, typer.Option(help="Go on with what comes, until stopped.")] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks while it follows.")] = 60.0,
    most: Annotated[int, typer.Option(min=1, max=1_000_000, help="Events of one file at most.")] = 100_000,
    with_personal_data: Annotated[
        bool, typer.Option(help="Show personal data and trade secrets, hidden otherwise; needs a reason.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the audit.")] = "",
    as_json: Json = False,
) -> None:
    """Export what the archive has and the folder has not; it may be killed at any moment and goes on the next time.

    crossdock export run --to lake

    crossdock export run --to lake --follow
    """
    from crossdock_cli import exports, screen
    from crossdock_cli.mesh import Mesh

    wish = exports.Wish(to, follow, every, most, with_personal_data, reason)
    ranges = events = 0
    for line in exports.run(Mesh.find(state_dir), wish):
        ranges, events = ranges + 1, events + line["events"]
        if as_json and follow:
            screen.print_json(line)
        elif not as_json:
            screen.out().print(f"{line['range']}  {line['events']} events", highlight=False)
    if as_json and not follow:
        screen.print_json({"folder": str(to), "ranges": ranges, "events": events})
    elif not as_json:
        screen.out().print(f"[green]✔[/] {events} events were exported to {to}.")


@app.command()
def status(state_dir: StateDir = DEFAULT_STATE_DIR, *, as_json: Json = False) -> None:
    """Show every export: how far it is, and how much is left.

    crossdock export status
    """
    from crossdock_cli import screen
    from crossdock_cli.mesh import Mesh
    from crossdock_cli.services import ask

    found = ask(Mesh.find(state_dir), "control-tower", "GET", "/api/v1/exports")
    if as_json:
        screen.print_json({"exports": found})
    elif found:
        _show(found)
    else:
        screen.out().print("There was no export yet: see `crossdock export run --help`.")


@app.command()
def views(
    of: Annotated[Path, typer.Option("--of", metavar="FOLDER", help="The folder of an export.")],
    write: Annotated[Path | None, typer.Option(metavar="FILE", help="Write them to a file.")] = None,
) -> None:
    """Print the SQL by which DuckDB reads an export: a view of each event type, lead times, carrier lanes.

    crossdock export views --of lake --write views.sql
    """
    from crossdock_cli import exports

    sql = exports.views(of)
    if write:
        write.write_text(sql)
    else:
        typer.echo(sql, nl=False)


def _show(found: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.table import Table

    from crossdock_cli import screen

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("folder", "events", "files", "exported to", "of", "last", "personal data"):
        is_number = title in ("events", "files", "exported to", "of")
        table.add_column(title, justify="right" if is_number else "left", overflow="fold")
    for one in found:
        cells = (one["events"], one["files"], one["exported_to"], one["archived_to"], (one["last_at"] or "-")[:19])
        table.add_row(one["folder"], *map(str, cells), "shown" if one["personal_data"] else "hidden")
    screen.out().print(table)
