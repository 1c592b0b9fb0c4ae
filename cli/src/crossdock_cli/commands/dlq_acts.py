"""The acts of `crossdock dlq`: what is done to letters, once it was said how many that covers."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock_cli.commands.options import DEFAULT_STATE_DIR, Json, StateDir
from crossdock_cli.failures import CliError, Exit

if TYPE_CHECKING:
    from crossdock_cli.mesh import Mesh

Letters = Annotated[list[str] | None, typer.Argument(metavar="SERVICE/NUMBER", help="Letters, as `list` shows them.")]
Group = Annotated[str | None, typer.Option(help="Only failures of this kind: a group's fingerprint.")]
Every = Annotated[bool, typer.Option("--all", help="Every open letter.")]
Service = Annotated[list[str] | None, typer.Option(help="Only of this service; repeat for more.")]
Order = Annotated[str | None, typer.Option(help="Only of this order, or other business transaction.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the letters.")]


def retry(  # noqa: PLR0913  one argument per option
    letters: Letters = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    group: Group = None,
    every: Every = False,
    service: Service = None,
    order: Order = None,
    reason: Reason = "",
    keep_going: Annotated[bool, typer.Option(help="Go on although letters die again.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait for the end and show the progress.")] = True,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Have letters handled again, in waves of 1, 5, 20, then 50; it halts when one of a wave dies again.

    crossdock dlq retry --group 3f2a9c01d4e5b677 --reason "item added"
    """
    _act(
        state_dir,
        _chosen(letters, group, service, order, every=every),
        {"action": "retry", "reason": reason, "keep_going": keep_going},
        wait=wait,
        yes=yes,
        as_json=as_json,
    )


def discard(  # noqa: PLR0913  one argument per option
    letters: Letters = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    reason: Annotated[str, typer.Option(help="Why these will never be handled; it is kept.")],
    group: Group = None,
    every: Every = False,
    service: Service = None,
    order: Order = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """End letters without handling them.

    crossdock dlq discard inventory-sync/12 --reason "test order, agreed with the shop"
    """
    chosen = _chosen(letters, group, service, order, every=every)
    _act(state_dir, chosen, {"action": "discard", "reason": reason}, wait=True, yes=yes, as_json=as_json)


def assign(  # noqa: PLR0913  one argument per option
    letters: Letters = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    to: Annotated[str, typer.Option(metavar="NAME", help="The person or team.")],
    group: Group = None,
    every: Every = False,
    service: Service = None,
    order: Order = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Give letters to a person or team.

    crossdock dlq assign --group 3f2a9c01d4e5b677 --to master-data
    """
    chosen = _chosen(letters, group, service, order, every=every)
    _act(state_dir, chosen, {"action": "assign", "reason": reason, "target": to}, wait=True, yes=True, as_json=as_json)


def redirect(  # noqa: PLR0913  one argument per option
    letters: Letters = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    to: Annotated[str, typer.Option(metavar="SERVICE", help="The service that is to handle them.")],
    reason: Reason = "",
    group: Group = None,
    service: Service = None,
    order: Order = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Hand letters that were events to another service.

    crossdock dlq redirect inventory-sync/12 --to notification
    """
    chosen = _chosen(letters, group, service, order, every=False)
    wanted = {"action": "redirect", "reason": reason, "target": to}
    _act(state_dir, chosen, wanted, wait=True, yes=yes, as_json=as_json)


def _chosen(letters: Any, group: Any, service: Any, order: Any, *, every: bool) -> Any:  # noqa: ANN401  a Chosen
    from crossdock_cli.dead_letters import Chosen

    return Chosen(letters or (), group, every, service or (), {"correlation_id": order})


def _act(state_dir: Path, chosen: Any, wanted: dict[str, Any], *, wait: bool, yes: bool, as_json: bool) -> None:  # noqa: ANN401
    from crossdock_cli import dead_letters
    from crossdock_cli.mesh import Mesh

    mesh = Mesh.find(state_dir)
    planned = dead_letters.plan(mesh, chosen, dead_letters.wish(**wanted))
    if not planned:
        raise CliError("There is no such letter to do this to: see `crossdock dlq list`.", Exit.UNCLEAN)
    _agree(planned, wanted["action"], yes=yes)
    begun = dead_letters.begin(mesh, planned)
    ended = _follow(mesh, begun) if wait else begun
    tell(ended, as_json=as_json)
    if any(one["state"] == "halted" or one["counts"].get("dead again") for one in ended):
        raise typer.Exit(Exit.UNCLEAN)


def _agree(planned: dict[str, dict[str, Any]], action: str, *, yes: bool) -> None:
    if yes or sum(one["covers"] for one in planned.values()) == 1:
        return
    if not sys.stdin.isatty():
        raise CliError("Nobody is there to be asked: add --yes.", Exit.USAGE)
    covers = ", ".join(f"{one['covers']} of {name}" for name, one in planned.items())
    if not typer.confirm(f"{action.capitalize()} {covers}?", err=True):
        raise CliError("Nothing was done.", Exit.UNCLEAN)


def _follow(mesh: "Mesh", begun: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    from crossdock_cli import dead_letters, progress, screen

    with progress.acts(screen.err(), begun) as tell:
        return dead_letters.follow(mesh, begun, tell)


def tell(found: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Show acts."""
    from crossdock_cli import letter_tables, screen

    if as_json:
        screen.print_json({"acts": found})
    elif found:
        screen.out().print(letter_tables.acts(found))
    else:
        screen.out().print("Nobody has done anything yet.")
