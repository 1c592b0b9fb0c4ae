"""`crossdock order`: one order's whole story."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock_cli.commands.options import DEFAULT_STATE_DIR, Json, Reveal, StateDir

if TYPE_CHECKING:
    from rich.tree import Tree

    from crossdock_cli.story import Step

app = typer.Typer(no_args_is_help=True, help="Look at orders.")


@app.command()
def show(
    order: Annotated[
        str, typer.Argument(metavar="ID", help="An order, a unique start of its number, or a number its events carry.")
    ],
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    hours: Annotated[float, typer.Option(min=0.01, help="How far to look back.")] = 24.0,
    reveal: Reveal = False,
    as_json: Json = False,
) -> None:
    """Draw an order's events as a tree of causes, with services, systems and latencies.

    crossdock order show SO-000001
    """
    import asyncio

    from crossdock_cli import screen
    from crossdock_cli.journal import read_transaction
    from crossdock_cli.mesh import Mesh
    from crossdock_cli.story import outcome, tell

    mesh = Mesh.find(state_dir)
    facts = asyncio.run(read_transaction(mesh.layout, order, hours))
    roots, number = tell(facts), facts[0].correlation
    span = (facts[-1].recorded - facts[0].recorded).total_seconds() * 1000
    if as_json:
        summary: dict[str, Any] = {
            "order": number,
            "outcome": outcome(facts),
            "events": len(facts),
            "span_ms": round(span, 1),
        }
        screen.print_json({**summary, "steps": [step.as_json(reveal=reveal) for step in roots]})
        return
    headline = f"[bold]{number}[/] {outcome(facts)} · {len(facts)} events in {screen.milliseconds(span)}"
    console = screen.out()
    console.print(_tree(headline, roots))
    console.print("  Follow live   crossdock events tail", style="dim")


def _tree(headline: str, roots: "list[Step]") -> "Tree":
    from rich.tree import Tree

    tree = Tree(headline, guide_style="dim")
    for step in roots:
        _grow(tree, step)
    return tree


def _grow(branch: "Tree", step: "Step") -> None:
    node = branch.add(_label(step))
    for following in step.follows:
        _grow(node, following)


def _label(step: "Step") -> str:
    from rich.markup import escape

    from crossdock_cli.screen import milliseconds
    from crossdock_cli.story import detail

    name = step.fact.type.rsplit(".", 1)[0]
    took = f"+{milliseconds(step.after_ms)}" if step.after_ms is not None else f"at {milliseconds(step.since_start_ms)}"
    system = step.fact.envelope.get("sourcesystem")
    who = step.fact.service + (f" ← {system}" if system else "")
    return f"[cyan]{name}[/]  {who}  [yellow]{took}[/]  [dim]{escape(detail(step.fact))}[/]"
