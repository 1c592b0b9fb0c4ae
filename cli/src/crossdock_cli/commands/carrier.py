"""`crossdock carrier`: a carrier from sample payloads to live milestones."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock_cli.commands.options import DEFAULT_STATE_DIR, Json, StateDir
from crossdock_cli.parts import CARRIERS

if TYPE_CHECKING:
    from crossdock_cli.onboarding import Trial

app = typer.Typer(no_args_is_help=True, help="Onboard carriers: begin a profile, try it, put it to work.")

Profiles = Annotated[Path, typer.Option("--dir", help="Folder of carrier profiles.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A carrier's profile, e.g. partners/carriers/ups.yaml.")]


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The carrier's code: small letters, digits, dashes.")],
    folder: Profiles = CARRIERS,
    *,
    as_json: Json = False,
) -> None:
    """Write a profile to begin with, and its first sample.

    crossdock carrier new acme-express
    """
    from crossdock_cli import onboarding, screen

    made = [str(path) for path in onboarding.begin(name, folder)]
    if as_json:
        screen.print_json({"files": made})
        return
    for path in made:
        screen.out().print(f"wrote {path}")
    screen.out().print(
        f"  Next   put the carrier's samples beside it, then: crossdock carrier test {made[0]}", style="dim"
    )


@app.command("test")
def try_out(
    file: File,
    sample: Annotated[
        list[Path] | None, typer.Option("--sample", help="Read this message instead of the profile's own samples.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Try a profile without sending anything: each event, where each value came from, what stayed unmapped.

    crossdock carrier test partners/carriers/ups.yaml --sample captured.json
    """
    from crossdock_cli import onboarding, screen
    from crossdock_cli.failures import Exit

    profile = onboarding.opened(file)
    samples = sample or [file.parent / onboarding.SAMPLES / expected.file for expected in profile.tests]
    trials = [onboarding.attempt(file, path) for path in samples]
    differing = [] if sample else onboarding.check(file)
    if as_json:
        found = [{"file": item.file, "expected": item.expected, "found": item.found} for item in differing]
        screen.print_json({"trials": [onboarding.as_json(trial) for trial in trials], "differences": found})
    else:
        for trial in trials:
            _show(trial)
        for item in differing:
            screen.out().print(f"[red]✘[/] {item.file}\n  expected {item.expected}\n  found    {item.found}")
        if not differing and not sample:
            screen.out().print(f"[green]✔[/] {len(trials)} samples give what the profile says.")
    if differing:
        raise typer.Exit(Exit.UNCLEAN)


def _show(trial: "Trial") -> None:
    from rich.markup import escape

    from crossdock_cli import onboarding, screen

    console, said = screen.out(), onboarding.as_json(trial)
    console.print(f"[bold]{escape(said['sample'])}[/]  {said['disposition']}")
    for event in said["events"]:
        when = f"{event['time'].isoformat()} ({event['basis']})" if event["time"] else "no time"
        reason = f" · {event['reason']}" if event["reason"] else ""
        proof = " · proof" if event["is_proof"] else ""
        style = "red" if event["milestone"] == "unmapped" else "cyan"
        console.print(
            f"  {event['tracking_number']}  {event['code']} → [{style}]{event['milestone']}[/]{reason}{proof}  {when}",
            soft_wrap=True,
        )
        for name, where in event["from"].items():
            console.print(f"      {name:<10} {escape(where)}", style="dim", soft_wrap=True)
    if said["unmapped"]:
        console.print(f"  [red]no rule knows[/] {', '.join(said['unmapped'])}")


@app.command()
def apply(file: File, state_dir: StateDir = DEFAULT_STATE_DIR, *, as_json: Json = False) -> None:
    """Check a profile and have the running gateway use it; a broken one never replaces a working one.

    crossdock carrier apply acme-express.yaml
    """
    from crossdock_cli import onboarding
    from crossdock_cli.mesh import Mesh

    done = onboarding.put_to_work(Mesh.find(state_dir), file)
    _tell(done, f"{done['carrier']} is in use; its webhooks go to {done['webhook']}", as_json=as_json)


@app.command("replay-raw")
def replay_raw(
    since: Annotated[str, typer.Option("--since", help="30m, 2h, 3d, or a time in ISO 8601.")],
    carrier: Annotated[str | None, typer.Option("--carrier", help="Only this carrier's messages.")] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    as_json: Json = False,
) -> None:
    """Map kept messages again, after a profile was mended; what is known already changes nothing.

    crossdock carrier replay-raw --since 2h --carrier ups
    """
    from crossdock_cli import onboarding
    from crossdock_cli.mesh import Mesh

    done = onboarding.map_again(Mesh.find(state_dir), onboarding.moment(since), carrier)
    _tell(done, f"{done['messages']} messages were mapped again.", as_json=as_json)


@app.command("send-test")
def send_test(
    carrier: Annotated[str, typer.Argument(metavar="CARRIER", help="The carrier's code.")],
    sample: Annotated[
        Path | None, typer.Option("--sample", help="Send this body; the profile's first sample else.")
    ] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
    *,
    as_json: Json = False,
) -> None:
    """Send a message to the running gateway as the carrier would, signed, and say what became of it.

    crossdock carrier send-test ups
    """
    from crossdock_cli import onboarding
    from crossdock_cli.mesh import Mesh

    done = onboarding.send(Mesh.find(state_dir), carrier, sample)
    said = f"{done['answer']}, then mapped: {done['outcome']}, {done['facts']} facts, {done['unmapped']} unmapped"
    _tell(done, f"{done['sample']} was {said}.", as_json=as_json)


def _tell(done: dict[str, Any], text: str, *, as_json: bool) -> None:
    from crossdock_cli import screen

    if as_json:
        screen.print_json(done)
    else:
        screen.out().print(f"[green]✔[/] {text}")
