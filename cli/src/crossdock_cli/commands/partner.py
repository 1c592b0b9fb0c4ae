"""`crossdock partner`: the companies messages are exchanged with, as central metadata has them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock_cli.commands.options import DEFAULT_STATE_DIR, Json, StateDir

if TYPE_CHECKING:
    from crossdock_cli.partners import Directory

app = typer.Typer(no_args_is_help=True, help="The directory of carriers, trading partners and customers.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The partner's name in the directory.")]
Against = Annotated[str, typer.Option("--against", help="URL of a control tower, or `running`: that of this mesh.")]
RUNNING = "running"


@app.command("list")
def listed(state_dir: StateDir = DEFAULT_STATE_DIR, *, against: Against = RUNNING, as_json: Json = False) -> None:
    """List the partners.

    crossdock partner list
    """
    from crossdock_cli import screen

    found = _directory(against, state_dir).all()
    if as_json:
        screen.print_json(found)
        return
    screen.table(
        ("partner", "title", "role", "country", "active", "revision"),
        [
            (
                one["name"],
                body["title"],
                body["role"],
                body["country"] or "-",
                _word(body["is_active"]),
                one["revision"],
            )
            for one in found
            if (body := one["body"])
        ],
    )


@app.command()
def show(
    name: Name, state_dir: StateDir = DEFAULT_STATE_DIR, *, against: Against = RUNNING, as_json: Json = False
) -> None:
    """Show a partner, and who changed it last.

    crossdock partner show nordhandel
    """
    from crossdock_cli import screen

    found = _directory(against, state_dir).one(name)
    if as_json:
        screen.print_json(found)
        return
    screen.out().print(f"[bold]{name}[/] revision {found['revision']}, {_who(found)}", soft_wrap=True)
    screen.table(("field", "value"), _flat(found["body"] or {"withdrawn": True}))


@app.command("set")
def change(
    name: Name,
    values: Annotated[
        list[str],
        typer.Argument(metavar="FIELD=VALUE ...", help="`endpoints.as2=https://...` for a part; empty: no value."),
    ],
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")],
    actor: Annotated[str | None, typer.Option("--actor", help="Who; else the user of this machine.")] = None,
    revision: Annotated[
        int | None, typer.Option("--revision", help="Change only this one; else the one found just before.")
    ] = None,
    against: Against = RUNNING,
    as_json: Json = False,
) -> None:
    """Make a partner, or change some of its fields. Exit code 1 when somebody else changed it meanwhile.

    crossdock partner set nordhandel title=Nordhandel role=customer country=DE --reason "new customer"

    crossdock partner set nordhandel endpoints.as2=https://as2.nord.example --reason "AS2 is ready" --revision 1
    """
    from crossdock_cli import screen

    made = _directory(against, state_dir).change(name, values, actor=actor, reason=reason, revision=revision)
    if as_json:
        screen.print_json(made)
    else:
        screen.out().print(f"[green]✔[/] {name} is at revision {made['revision']}.")


@app.command()
def history(
    name: Name, state_dir: StateDir = DEFAULT_STATE_DIR, *, against: Against = RUNNING, as_json: Json = False
) -> None:
    """Show every change of a partner: what, by whom, why and when.

    crossdock partner history nordhandel
    """
    from crossdock_cli import partners, screen

    found = _directory(against, state_dir).history(name)
    if as_json:
        screen.print_json(found)
        return
    screen.table(
        ("revision", "changed", "who, why, when"),
        [
            (one["revision"], partners.differing(before, one), _who(one))
            for before, one in zip([None, *found[:-1]], found, strict=True)
        ],
    )


def _directory(against: str, state_dir: Path) -> "Directory":
    from crossdock_cli import partners, tower

    return partners.Directory(tower.address(against, state_dir))


def _who(document: dict[str, Any]) -> str:
    return f"{document['actor']}: {document['reason']} ({document['changed_at']})"


def _word(value: bool) -> str:
    return "yes" if value else "no"


def _flat(body: dict[str, Any]) -> list[tuple[str, str]]:
    from crossdock_cli import partners

    return [(path, "-" if value is None else str(value)) for path, value in partners.flat(body).items()]
