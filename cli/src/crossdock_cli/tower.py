"""What the control tower is asked: its registry, its catalogue, its metadata."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from crossdock_cli import web
from crossdock_cli.failures import CliError, Exit
from crossdock_cli.mesh import Mesh

PREFIX = "/api/v1"
TOWER = "control-tower"
ANSWER_SECONDS = 30.0


def address(against: str, state_dir: Path) -> str:
    """Return the address of a tower: a URL as it is, `running` for that of the running mesh.

    Raises:
        CliError: no mesh runs.
    """
    return Mesh.find(state_dir).url(TOWER) if against == "running" else against.rstrip("/")


def ask(tower: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:  # noqa: ANN401  any JSON value
    """Return what a tower answers.

    Raises:
        CliError: it does not, or it refuses; the text is its own.
    """
    try:
        answer = web.call(method, f"{tower}{PREFIX}{quote(path)}", body, headers=headers, timeout=ANSWER_SECONDS)
    except web.NoAnswer as error:
        raise CliError("The control tower does not answer: see `crossdock status`.", Exit.NOT_RUNNING) from error
    if not answer.ok:
        why = answer.fields().get("detail") or f"it answered {answer.status}"
        raise CliError(f"The control tower refuses: {why}.", Exit.UNCLEAN)
    return answer.body


def revisions(tower: str) -> dict[str, dict[int, Any]]:
    """Return every revision a tower has registered, by event and number."""
    told = ask(tower, "GET", "/catalogue/revisions")
    return {name: {int(number): schema for number, schema in found.items()} for name, found in told.items()}
