"""`crossdock version` and `crossdock completion`."""

from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from crossdock_cli.commands.options import Json

LIBRARIES = ("canonical", "chassis", "sandbox")
SERVICES = (
    "order-release",
    "inventory-sync",
    "warehouse-adapter",
    "transport-planner",
    "carrier-gateway",
    "notification",
)


class Shell(StrEnum):
    """Shells that completion is made for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def show_version(*, as_json: Json = False) -> None:
    """Print the versions of the command and of every installed part."""
    import platform

    from crossdock_cli import screen

    parts = {"cli": version("crossdock-cli")}
    for name in (*LIBRARIES, *SERVICES):
        try:
            parts[name] = version(f"crossdock-{name}")
        except PackageNotFoundError:
            parts[name] = "not installed"
    if as_json:
        screen.print_json({"version": parts["cli"], "python": platform.python_version(), "parts": parts})
        return
    typer.echo(f"crossdock {parts['cli']} (Python {platform.python_version()})")
    for name, found in parts.items():
        typer.echo(f"  {name:<18} {found}")


def completion(shell: Annotated[Shell, typer.Argument(help="Your shell.")]) -> None:
    """Print the completion script of a shell.

    crossdock completion bash > ~/.local/share/bash-completion/completions/crossdock
    """
    from typer._completion_shared import get_completion_script

    typer.echo(get_completion_script(prog_name="crossdock", complete_var="_CROSSDOCK_COMPLETE", shell=shell.value))
