"""What the services of a running mesh are asked, over their HTTP interfaces."""

from collections.abc import Sequence
from typing import Any

from crossdock_cli import web
from crossdock_cli.failures import CliError, Exit
from crossdock_cli.mesh import Mesh

ANSWER_SECONDS = 600.0


def known(mesh: Mesh, services: Sequence[str]) -> list[str]:
    """Return the services named.

    Raises:
        CliError: one of them is not part of this mesh.
    """
    running = mesh.layout.services()
    if unknown := sorted(set(services) - set(running)):
        raise CliError(f"There is no service {', '.join(unknown)}: choose from {', '.join(running)}.", Exit.USAGE)
    return list(dict.fromkeys(services))


def ask(mesh: Mesh, service: str, method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401  any JSON value
    """Return what a service answers.

    Raises:
        CliError: it does not, or it refuses; the text is its own.
    """
    try:
        answer = web.call(method, mesh.url(service) + path, body, timeout=ANSWER_SECONDS)
    except web.NoAnswer as error:
        raise CliError(f"{service} does not answer: see `crossdock status`.", Exit.NOT_RUNNING) from error
    if not answer.ok:
        why = answer.fields().get("detail") or f"it answered {answer.status}"
        raise CliError(f"{service} refuses: {why}.", Exit.UNCLEAN)
    return answer.body


def ask_all(mesh: Mesh, path: str) -> list[tuple[str, Any]]:
    """Return each service's name and its answer; one that does not answer is left out."""
    answers = []
    for name in mesh.layout.services():
        try:
            answers.append((name, ask(mesh, name, "GET", path)))
        except CliError as error:
            if error.code != Exit.NOT_RUNNING:
                raise
    return answers
