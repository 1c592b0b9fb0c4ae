"""Options that several commands share, so that they are named and explained alike."""

from pathlib import Path
from typing import Annotated

import typer

StateDir = Annotated[
    Path,
    typer.Option("--state-dir", envvar="CROSSDOCK_STATE_DIR", help="Folder of this mesh: data, logs, secrets."),
]
BasePort = Annotated[
    int, typer.Option("--base-port", envvar="CROSSDOCK_BASE_PORT", help="First of the 100 ports the mesh may use.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output, nothing else.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="With --json: show personal data too, hidden otherwise.")]
WithSandbox = Annotated[
    bool, typer.Option("--with-sandbox/--no-sandbox", help="Start the simulated outside world too.")
]
Only = Annotated[str, typer.Option(help="Start only these services, named with commas between.")]
Detach = Annotated[bool, typer.Option(help="Return when ready; with --no-detach stay, and end all on Ctrl-C.")]
Regions = Annotated[
    str, typer.Option(help="Start a hub and these regions instead of one mesh, named with commas between.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="A setting of the services, e.g. LOG_LEVEL=DEBUG; repeat for more."
    ),
]
Pythons = Annotated[
    list[str] | None,
    typer.Option(
        "--python",
        metavar="SERVICE=PYTHON",
        help="Run a service in another virtual environment, to try its next release; repeat for more.",
    ),
]
NatsUrl = Annotated[
    str | None,
    typer.Option(
        "--nats-url",
        help="Use this broker (2.15.1 or newer) instead of starting one; a cluster's servers with commas between.",
    ),
]
NatsSecrets = Annotated[
    Path | None, typer.Option("--nats-secrets", help="Folder of `nats-<user>.password` files for --nats-url.")
]
NatsReplicas = Annotated[
    int, typer.Option("--nats-replicas", min=1, max=5, help="On how many servers of --nats-url each stream is kept.")
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url", help="Use this PostgreSQL (15 or newer) instead of starting one; one database per service."
    ),
]

DEFAULT_STATE_DIR = Path(".crossdock")
DEFAULT_BASE_PORT = 8100
