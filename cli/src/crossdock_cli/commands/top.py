"""`crossdock top`: the mesh at work, seen live in the terminal."""

from typing import Annotated

import typer

from crossdock_cli.commands.options import DEFAULT_STATE_DIR, Json, StateDir
from crossdock_cli.failures import CliError, Exit


def top(
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    every: Annotated[float, typer.Option(min=0.2, max=60.0, help="Seconds between looks.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, print, and end.")] = False,
    as_json: Json = False,
) -> None:
    """Watch services, lag, rates, failures, breakers and time limits; q ends it.

    crossdock top --once --json
    """
    import sys

    from crossdock_cli import screen
    from crossdock_cli.gauges import Gauges
    from crossdock_cli.mesh import Mesh

    gauges = Gauges(Mesh.find(state_dir))
    if once or as_json:
        look = gauges.settled(every)
        if as_json:
            screen.print_json(look.as_json())
        else:
            from crossdock_cli.board import drawn

            screen.out().print(drawn(look))
        return
    if not sys.stdout.isatty() or not sys.stdin.isatty():
        raise CliError("There is no terminal to draw on: use `crossdock top --once`, or --json.", Exit.USAGE)
    from crossdock_cli.board import watch

    watch(gauges, every)
