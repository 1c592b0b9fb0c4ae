"""`crossdock dlq`: what the services could not handle, and what people do about it."""

from pathlib import Path
from typing import Annotated

import click
import typer

from crossdock_cli.commands import dlq_acts
from crossdock_cli.commands.options import DEFAULT_STATE_DIR, Json, Reveal, StateDir
from crossdock_cli.failures import CliError, Exit

app = typer.Typer(
    no_args_is_help=True, help="Dead letters: see what failed and what helps, retry, edit, discard, assign, redirect."
)
app.command()(dlq_acts.retry)
app.command()(dlq_acts.discard)
app.command()(dlq_acts.assign)
app.command()(dlq_acts.redirect)

Letter = Annotated[str, typer.Argument(metavar="SERVICE/NUMBER", help="A letter, as `list --letters` shows it.")]
Group = Annotated[str | None, typer.Option(help="Only failures of this kind: a group's fingerprint.")]
Order = Annotated[str | None, typer.Option(help="Only of this order, or other business transaction.")]
Remedy = Annotated[str | None, typer.Option(help="Only those this remedy helps.")]
Assignee = Annotated[str | None, typer.Option(help="Only those of this person or team.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the letters.")]
ActId = Annotated[str, typer.Argument(metavar="ACT", help="An act, or a unique start of its id.")]


@app.command("list")
def list_all(
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    each: Annotated[bool, typer.Option("--letters", help="Each letter, not groups.")] = False,
    group: Group = None,
    order: Order = None,
    remedy: Remedy = None,
    assignee: Assignee = None,
    as_json: Json = False,
) -> None:
    """List what failed, grouped by kind, with what helps; or each letter.

    crossdock dlq list --letters --order SO-000001
    """
    from crossdock_cli import dead_letters, letter_tables, screen
    from crossdock_cli.mesh import Mesh

    mesh = Mesh.find(state_dir)
    narrowed = {"group": group, "correlation_id": order, "remedy": remedy, "assignee": assignee}
    if each or any(narrowed.values()):
        found = dead_letters.letters(mesh, narrowed)
        show = letter_tables.letters
    else:
        found = dead_letters.groups(mesh)
        show = letter_tables.groups
    if as_json:
        screen.print_json({"letters" if show is letter_tables.letters else "groups": found})
    elif found:
        screen.out().print(show(found))
    else:
        screen.out().print("Nothing waits for a person.")


@app.command()
def show(
    letter: Letter, state_dir: StateDir = DEFAULT_STATE_DIR, *, reveal: Reveal = False, as_json: Json = False
) -> None:
    """Show a letter: what went wrong, what helps, its body, and all that was done to it.

    crossdock dlq show inventory-sync/12
    """
    from crossdock_cli import dead_letters, letter_tables, screen
    from crossdock_cli.mesh import Mesh

    found = dead_letters.letter(Mesh.find(state_dir), letter, reveal=reveal)
    if as_json:
        screen.print_json(found)
    else:
        letter_tables.print_letter(screen.out(), found)


@app.command()
def edit(
    letter: Letter,
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    file: Annotated[Path | None, typer.Option(help="The corrected body; without it an editor opens.")] = None,
    reason: Reason = "",
    retry_it: Annotated[bool, typer.Option("--retry", help="Have it handled at once.")] = False,
    as_json: Json = False,
) -> None:
    """Correct the body of a letter; it is checked against its schema, and before and after are kept.

    crossdock dlq edit inventory-sync/12 --file fixed.json --retry
    """
    from crossdock_cli import dead_letters, letter_tables, screen
    from crossdock_cli.mesh import Mesh

    mesh = Mesh.find(state_dir)
    found = dead_letters.letter(mesh, letter, reveal=True)
    body = file.read_text(encoding="utf-8") if file else click.edit(found["body"], extension=".json")
    if body is None or body.strip() == found["body"].strip():
        raise CliError("Nothing was changed.", Exit.UNCLEAN)
    done = dead_letters.edit(mesh, found, body.strip(), reason=reason, retry=retry_it)
    if as_json:
        screen.print_json(done)
    else:
        letter_tables.print_letter(screen.out(), {**done, "body": "(as you wrote it)"})


@app.command()
def acts(
    act: Annotated[str | None, typer.Argument(metavar="[ACT]", help="Only this act, with its counts.")] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    as_json: Json = False,
) -> None:
    """List what people did, newest first; or one act with what became of its letters.

    crossdock dlq acts
    """
    from crossdock_cli import dead_letters
    from crossdock_cli.mesh import Mesh

    mesh = Mesh.find(state_dir)
    dlq_acts.tell([dead_letters.act(mesh, act)] if act else dead_letters.acts(mesh), as_json=as_json)


@app.command()
def stop(act: ActId, state_dir: StateDir = DEFAULT_STATE_DIR, *, as_json: Json = False) -> None:
    """End a retry early; letters not begun stay dead.

    crossdock dlq stop 4f0c
    """
    _change(act, state_dir, "stop", as_json=as_json)


@app.command()
def resume(act: ActId, state_dir: StateDir = DEFAULT_STATE_DIR, *, as_json: Json = False) -> None:
    """Have a stopped or halted retry go on.

    crossdock dlq resume 4f0c
    """
    _change(act, state_dir, "resume", as_json=as_json)


@app.command("go-on")
def go_on(
    service: Annotated[str, typer.Argument(help="The service that stopped taking messages.")],
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    reason: Annotated[str, typer.Option(help="Why these failures are no bad release.")],
) -> None:
    """Have a service take messages for ten minutes although many fail.

    crossdock dlq go-on inventory-sync --reason "a partner sent 500 bad messages"
    """
    from crossdock_cli import dead_letters, screen
    from crossdock_cli.mesh import Mesh

    was = dead_letters.go_on(Mesh.find(state_dir), service, reason)
    screen.out().print(
        f"{service} takes messages again; it had stopped: {was}." if was else f"{service} had not stopped."
    )


def _change(act: str, state_dir: Path, action: str, *, as_json: bool) -> None:
    from crossdock_cli import dead_letters
    from crossdock_cli.mesh import Mesh

    dlq_acts.tell([dead_letters.change(Mesh.find(state_dir), act, action)], as_json=as_json)
