"""The command line: which commands there are, and how each ends; a command imports what is heavy by itself."""

import sys

import click
import typer

from crossdock_cli.commands import (
    about,
    audit,
    carrier,
    catalog,
    demo,
    dlq,
    edge,
    events,
    export,
    lifecycle,
    order,
    partner,
    replay,
    schema,
    sla,
    streams,
    top,
)
from crossdock_cli.failures import CliError, Exit

app = typer.Typer(
    name="crossdock",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Run the Crossdock mesh on this machine, take orders through it, look at any of them.",
    epilog="Exit codes: 0 done · 1 not clean · 2 usage · 3 cannot start here · 4 not running · 5 timeout · 130 stopped",
)
app.command("up")(lifecycle.up)
app.command("down")(lifecycle.down)
app.command("status")(lifecycle.status)
app.command("top")(top.top)
app.command("demo")(demo.demo)
app.add_typer(order.app, name="order")
app.add_typer(events.app, name="events")
app.add_typer(carrier.app, name="carrier")
app.add_typer(dlq.app, name="dlq")
app.add_typer(streams.app, name="streams")
app.add_typer(replay.app, name="replay")
app.add_typer(sla.app, name="sla")
app.command("why")(sla.why)
app.add_typer(schema.app, name="schema")
app.add_typer(catalog.app, name="catalog")
app.add_typer(partner.app, name="partner")
app.add_typer(audit.app, name="audit")
app.add_typer(export.app, name="export")
app.add_typer(edge.app, name="edge")
app.command("version")(about.show_version)
app.command("completion")(about.completion)


def main() -> None:
    """Run the command; foreseen failures are one sentence on standard error and an exit code that means something."""
    try:
        app()
    except CliError as error:
        _say(str(error))
        sys.exit(error.code)
    except KeyboardInterrupt:
        _say("Stopped.")
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.USAGE)


def _say(text: str) -> None:
    from crossdock_cli import screen

    screen.err().print(f"[red]✘[/] {text}" if screen.err().is_terminal else text, soft_wrap=True)
