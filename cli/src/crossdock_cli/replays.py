"""Replays of a running mesh: what they would do, one begun per service, followed, found, ended."""

import getpass
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock_cli.dead_letters import letters
from crossdock_cli.failures import CliError, Exit
from crossdock_cli.mesh import Mesh
from crossdock_cli.onboarding import moment
from crossdock_cli.services import ask, ask_all, known

LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Choice:
    """What the command line asks for; empty means every event."""

    types: Sequence[str] = ()
    since: str | None = None
    until: str | None = None
    key: str | None = None
    correlation: str | None = None
    group: str | None = None
    rate: float = 200.0
    reason: str = ""
    rebuild: str | None = None
    accept_loss: bool = False

    def request(self, mesh: Mesh) -> dict[str, Any]:
        """Return the request a service takes.

        Raises:
            CliError: a time is none, or a group of dead letters has no events.
        """
        found = {
            "types": list(self.types),
            "since": moment(self.since).isoformat() if self.since else None,
            "until": moment(self.until).isoformat() if self.until else None,
            "key": self.key,
            "correlation_id": self.correlation,
            "event_ids": _events_of(mesh, self.group) if self.group else None,
            "projection": self.rebuild,
            "accept_loss": self.accept_loss,
            "rate": self.rate,
            "reason": self.reason,
            "actor": getpass.getuser(),
        }
        return {name: value for name, value in found.items() if value not in (None, [])}


def _events_of(mesh: Mesh, group: str) -> list[str]:
    """Return the ids of the events whose letters are of a group, over all services."""
    found = [letter["message_id"] for letter in letters(mesh, {"group": group}) if letter["stream"]]
    if not found:
        raise CliError(f"No event is among the dead letters of {group}: see `crossdock dlq list`.", Exit.UNCLEAN)
    return sorted({event_id for event_id in found if event_id})


def plan(mesh: Mesh, services: Sequence[str], request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what each service would do; nothing is done.

    Raises:
        CliError: a service does not run, or refuses the request.
    """
    return [ask(mesh, name, "POST", "/replays/plan", request) for name in known(mesh, services)]


def begin(mesh: Mesh, plans: Sequence[dict[str, Any]], request: dict[str, Any]) -> list[dict[str, Any]]:
    """Begin what was planned, up to the moment of the plan.

    Raises:
        CliError: a service refuses.
    """
    return [
        _of(found["service"], ask(mesh, found["service"], "POST", "/replays", {**request, "until": found["until"]}))
        for found in plans
    ]


def everywhere(mesh: Mesh) -> list[dict[str, Any]]:
    """Return the replays of all services, newest first; a service that does not answer has none to show."""
    listed = [_of(name, found) for name, answer in ask_all(mesh, "/replays") for found in answer]
    return sorted(listed, key=lambda found: str(found["created_at"]), reverse=True)


def find(mesh: Mesh, replay_id: str) -> dict[str, Any]:
    """Return a replay by its id, or a unique start of it.

    Raises:
        CliError: none fits, or several do.
    """
    fitting = [found for found in everywhere(mesh) if found["id"].startswith(replay_id)]
    if len(fitting) == 1:
        return fitting[0]
    why = "no replay" if not fitting else f"{len(fitting)} replays"
    raise CliError(f"There is {why} {replay_id}: see `crossdock replay list`.", Exit.UNCLEAN)


def change(mesh: Mesh, replay_id: str, action: str) -> dict[str, Any]:
    """Stop or resume a replay.

    Raises:
        CliError: there is none, or it cannot be done.
    """
    found = find(mesh, replay_id)
    return _of(found["service"], ask(mesh, found["service"], "POST", f"/replays/{found['id']}/{action}"))


def follow(
    mesh: Mesh, begun: Sequence[dict[str, Any]], tell: Callable[[Iterable[dict[str, Any]]], None]
) -> list[dict[str, Any]]:
    """Look at replays until none of them runs, and return their ends; a service that starts anew is waited for."""
    seen = {found["id"]: found for found in begun}
    while True:
        for found in list(seen.values()):
            try:
                answer = ask(mesh, found["service"], "GET", f"/replays/{found['id']}")
            except CliError as error:
                if error.code != Exit.NOT_RUNNING or not mesh.state().is_running():
                    raise
                continue
            seen[found["id"]] = _of(found["service"], answer)
        tell(seen.values())
        if all(found["state"] != "running" for found in seen.values()):
            return list(seen.values())
        time.sleep(LOOK_SECONDS)


def _of(service: str, replay: dict[str, Any]) -> dict[str, Any]:
    return {"service": service, **replay}
