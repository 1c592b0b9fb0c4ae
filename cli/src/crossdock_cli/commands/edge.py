"""`crossdock edge`: a store's buffer for stock adjustments that works offline."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock_cli.commands.options import Json
from crossdock_cli.failures import CliError, Exit

app = typer.Typer(no_args_is_help=True, help="A store's edge: takes stock adjustments, also offline, and drains them.")

DEFAULT_URL = "http://127.0.0.1:8192"
LOOK_SECONDS = 0.2

Url = Annotated[str, typer.Option(help="Where the edge is.")]


@app.command()
def start(
    site: Annotated[str, typer.Option(help="Code of the store, like STORE-12.")],
    to: Annotated[str, typer.Option(help="inventory-sync of the store's region.")] = "http://127.0.0.1:8102",
    folder: Annotated[Path, typer.Option(help="Folder of the buffer.")] = Path(".crossdock/edge"),
    port: Annotated[int, typer.Option(help="TCP port for the store's tills.")] = 8192,
) -> None:
    """Take adjustments until Ctrl-C; what waits then goes on with the next start.

    crossdock edge start --site STORE-12
    """
    from pydantic import ValidationError

    from crossdock_cli import screen
    from edge.buffer import Occupied
    from edge.process import run
    from edge.settings import EdgeSettings

    try:
        settings = EdgeSettings(site=site, inventory_url=to, folder=folder, port=port)
        screen.err().print(f"{site} takes adjustments at http://{settings.host}:{port}/adjustments; Ctrl-C ends it.")
        run(settings)
    except ValidationError as error:
        first = error.errors()[0]
        raise CliError(f"--{first['loc'][0]} cannot be used: {first['msg']}.", Exit.USAGE) from error
    except (Occupied, OSError) as error:
        raise CliError(f"{error}.", Exit.PREFLIGHT) from error


@app.command()
def status(url: Url = DEFAULT_URL, *, as_json: Json = False) -> None:
    """Show what waits, since when, and why it does not drain."""
    _tell(_ask(url), as_json=as_json)


@app.command()
def drain(
    url: Url = DEFAULT_URL,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 60.0,
    *,
    as_json: Json = False,
) -> None:
    """Wait until everything is taken in; exit code 5 when it is not in time."""
    deadline = time.monotonic() + timeout
    while (state := _ask(url))["waiting"] and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    _tell(state, as_json=as_json)
    if state["waiting"]:
        raise CliError(
            f"{state['waiting']} still wait after {timeout:.0f} s: {state['why'] or 'they go on'}.", Exit.TIMEOUT
        )


@app.command()
def renew(
    site: Annotated[str, typer.Option(help="Code of the store.")],
    folder: Annotated[Path, typer.Option(help="Folder of the buffer.")] = Path(".crossdock/edge"),
) -> None:
    """Let what waits go on in a new sequence, when another region takes the store over; the edge must be ended."""
    from crossdock_cli import screen
    from edge.buffer import Buffer, Occupied

    try:
        buffer = Buffer(folder, site)
    except Occupied as error:
        raise CliError(f"{error}.", Exit.PREFLIGHT) from error
    waiting = buffer.renew()
    buffer.close()
    screen.out().print(f"[green]✔[/] {waiting} adjustments go on in a new sequence.")


def _ask(url: str) -> dict[str, Any]:
    from crossdock_cli.web import NoAnswer, call

    try:
        return call("GET", f"{url}/status", timeout=5.0).fields()
    except NoAnswer as error:
        raise CliError(f"No edge answers at {url}: start it with `crossdock edge start`.", Exit.NOT_RUNNING) from error


def _tell(state: dict[str, Any], *, as_json: bool) -> None:
    from crossdock_cli import screen

    if as_json:
        screen.print_json(state)
        return
    since = f" since {state['waits_since']}" if state["waits_since"] else ""
    why = f"\n  {state['why']}" if state["why"] else ""
    screen.out().print(f"{state['site']}  {state['taken']} taken in, {state['waiting']} waiting{since}{why}")
