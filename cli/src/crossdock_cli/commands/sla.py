"""`crossdock sla` and `crossdock why`: what is late, and what one order waits for."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock_cli.commands.options import DEFAULT_STATE_DIR, Json, StateDir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock_cli.mesh import Mesh

app = typer.Typer(no_args_is_help=True, help="Look at time limits.")

TOWER = "control-tower"
Number = Annotated[str, typer.Argument(metavar="ID", help="An order, or any number its events carry.")]


@app.command()
def board(state_dir: StateDir = DEFAULT_STATE_DIR, *, as_json: Json = False) -> None:
    """Show all time limits in figures, by flow and domain: open, at risk, breached, and how many were kept.

    crossdock sla board
    """
    groups = _ask(state_dir, "/api/v1/sla")
    columns = ("flow", "domain", "open", "at risk", "breached", "held", "met 24 h", "met 7 d")
    rows = [
        (
            *(group["flow"], group["process_domain"]),
            *(str(group[name]) for name in ("open", "at_risk", "breached", "held")),
            *(_share(group[window]["met_share"]) for window in ("day", "week")),
        )
        for group in groups
    ]
    _show(groups, columns, rows, as_json=as_json)


@app.command()
def breaches(
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Show at most this many.")] = 50,
    as_json: Json = False,
) -> None:
    """List what is past its time limit and still awaited, the longest first.

    crossdock sla breaches
    """
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    late = _ask(state_dir, f"/api/v1/late?limit={limit}")
    past = [one for one in late if datetime.fromisoformat(one["due_at"]) <= now]
    rows = [
        (one["order_id"] or one["correlation_id"], one["flow"], " or ".join(one["awaited"]), _time(one["due_at"]))
        for one in past
    ]
    _show(past, ("order", "flow", "awaited", "due"), rows, as_json=as_json)


@app.command()
def explain(number: Number, state_dir: StateDir = DEFAULT_STATE_DIR, *, as_json: Json = False) -> None:
    """Show the time limits of one order: how each stands, since when, who owes it, by which calendar.

    crossdock sla explain SO-000001
    """
    mesh = _mesh(state_dir)
    found = _about(mesh, "/api/v1/sla", number)
    rows = [
        (
            one["state"],
            " or ".join(one["awaited"]),
            _time(one["opened_at"]),
            _time(one["met_at"] or one["due_at"]),
            one["responsible"],
            one["calendar"]["name"] if one["calendar"] else "all time",
        )
        for one in found["limits"]
    ]
    _show(found, ("state", "awaited", "since", "due, or met", "owner", "calendar"), rows, as_json=as_json)


def why(number: Number, state_dir: StateDir = DEFAULT_STATE_DIR, *, as_json: Json = False) -> None:
    """Say what an order waits for: why, since when, what happens next, and who owns it.

    crossdock why SO-000001
    """
    from crossdock_cli import screen

    found = _about(_mesh(state_dir), "/api/v1/why", number)
    if as_json:
        screen.print_json(found)
        return
    console = screen.out()
    headline = "has ended" if found["ended_at"] else f"waits for {len(found['waits_for'])} things"
    console.print(f"{found['correlation_id']} ({found['stage'] or 'no stage'}) {headline}", markup=False)
    for one in found["waits_for"]:
        console.print(f"- {one['kind']}: {one['what']}", markup=False, soft_wrap=True)
        for name, value in (("why", one["why"]), ("since", _time(one["since"])), ("next", one["next"])):
            console.print(f"    {name:<6}{value}", markup=False, soft_wrap=True)
        console.print(f"    {'owner':<6}{one['owner']}", markup=False)
    if found["silent"]:
        screen.err().print(f"These did not answer: {', '.join(found['silent'])}.", markup=False)


def _about(mesh: "Mesh", path: str, number: str) -> Any:  # noqa: ANN401  any JSON value
    """Return what the tower says of the order that carries a number."""
    from urllib.parse import quote

    from crossdock_cli import services
    from crossdock_cli.failures import CliError, Exit

    hits = services.ask(mesh, TOWER, "GET", f"/api/v1/search?q={quote(number, safe='')}&limit=20")
    orders = dict.fromkeys(hit["correlation_id"] for hit in hits if hit["value"] == number) or dict.fromkeys(
        hit["correlation_id"] for hit in hits
    )
    if len(orders) != 1:
        several = f"{number} is several: {', '.join(orders)}." if orders else f"{number} is not known to the tower."
        raise CliError(several, Exit.UNCLEAN)
    return services.ask(mesh, TOWER, "GET", f"{path}/{quote(next(iter(orders)), safe='')}")


def _ask(state_dir: Path, path: str) -> Any:  # noqa: ANN401  any JSON value
    from crossdock_cli import services

    return services.ask(_mesh(state_dir), TOWER, "GET", path)


def _mesh(state_dir: Path) -> "Mesh":
    from crossdock_cli.mesh import Mesh

    return Mesh.find(state_dir)


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _time(moment: str | None) -> str:
    from datetime import datetime

    return datetime.fromisoformat(moment).astimezone().strftime("%m-%d %H:%M:%S") if moment else "stands still"


def _show(value: Any, columns: "Sequence[str]", rows: "Sequence[tuple[str, ...]]", *, as_json: bool) -> None:  # noqa: ANN401
    from rich import box
    from rich.table import Table

    from crossdock_cli import screen

    if as_json:
        screen.print_json(value)
        return
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    screen.out().print(table)
