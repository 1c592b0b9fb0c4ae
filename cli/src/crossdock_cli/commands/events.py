"""`crossdock events`: the mesh's events as they come."""

from typing import TYPE_CHECKING, Annotated

import typer

from crossdock_cli.commands.options import DEFAULT_STATE_DIR, Json, Reveal, StateDir

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock_cli.journal import Fact
    from crossdock_cli.layout import Layout

app = typer.Typer(no_args_is_help=True, help="Look at events.")


@app.command()
def tail(
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    event_type: Annotated[
        str, typer.Option("--type", help="Only types that fit: `carrier.*`, `*.delivered.v1`.")
    ] = "*",
    number: Annotated[int, typer.Option("-n", min=0, help="Show this many earlier events of each stream first.")] = 0,
    count: Annotated[int, typer.Option(min=0, help="End after this many; 0 goes on until Ctrl-C.")] = 0,
    reveal: Reveal = False,
    as_json: Json = False,
) -> None:
    """Print events as they are published, one line each; with --json one envelope per line.

    crossdock events tail --type 'carrier.*' --json
    """
    import asyncio
    import contextlib
    from functools import partial

    from crossdock_cli.mesh import Mesh

    mesh = Mesh.find(state_dir)
    show = partial(_print_json, reveal=reveal) if as_json else _print
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_follow(mesh.layout, event_type, number, count, show))


async def _follow(layout: "Layout", event_type: str, number: int, count: int, show: "Callable[[Fact], None]") -> None:
    from fnmatch import fnmatchcase

    from crossdock_cli.journal import operator
    from crossdock_cli.journal import tail as events

    shown = 0
    async with operator(layout) as client:
        async for fact in events(client, layout, last=number):
            if not fnmatchcase(fact.type, event_type):
                continue
            show(fact)
            shown += 1
            if count and shown >= count:
                return


def _print_json(fact: "Fact", *, reveal: bool) -> None:
    import json
    import sys

    from canonical.privacy import masked

    envelope = fact.envelope if reveal else {**fact.envelope, "data": masked(fact.type, fact.data)}
    sys.stdout.write(json.dumps(envelope) + "\n")
    sys.stdout.flush()


def _print(fact: "Fact") -> None:
    from crossdock_cli import screen
    from crossdock_cli.story import detail

    time = fact.recorded.astimezone().strftime("%H:%M:%S.%f")[:-3]
    line = f"{time}  {fact.type:<36} {fact.correlation:<14} {detail(fact)}".rstrip()
    screen.out().print(line, markup=False, soft_wrap=True)
