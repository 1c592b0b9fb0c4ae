"""Dead letters of a running mesh: found over all services, and what people have done to them."""

import getpass
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from canonical.privacy import masked

from crossdock_cli.failures import CliError, Exit
from crossdock_cli.mesh import Mesh
from crossdock_cli.services import ask, ask_all, known

LOOK_SECONDS = 0.5
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which letters of which services: by id, by group, or all, narrowed by the other fields."""

    letters: Sequence[str] = ()
    group: str | None = None
    every: bool = False
    services: Sequence[str] = ()
    narrowed: dict[str, str | None] = field(default_factory=dict)

    def selections(self, mesh: Mesh) -> dict[str, dict[str, Any]]:
        """Return the selection each service is asked for.

        Raises:
            CliError: nothing was chosen, a letter is no `service/number`, or a service is not known.
        """
        narrowed = {name: value for name, value in self.narrowed.items() if value is not None}
        if self.letters:
            ids: dict[str, list[int]] = {}
            for letter in self.letters:
                service, number = parts(letter)
                ids.setdefault(service, []).append(number)
            return {service: {"ids": numbers, **narrowed} for service, numbers in _checked(mesh, ids).items()}
        if self.group:
            narrowed["group"] = self.group
        elif not (self.every or narrowed):
            raise CliError("Say which: letters as SERVICE/NUMBER, --group, --all, or --order.", Exit.USAGE)
        return dict.fromkeys(known(mesh, self.services or mesh.layout.services()), narrowed)


def _checked(mesh: Mesh, ids: dict[str, list[int]]) -> dict[str, list[int]]:
    known(mesh, list(ids))
    return ids


def parts(letter: str) -> tuple[str, int]:
    """Return the service and number of a letter.

    Raises:
        CliError: it is no `service/number`.
    """
    service, _, number = letter.partition("/")
    if not number.isdigit():
        raise CliError(
            f"{letter} is no letter: `crossdock dlq list --letters` shows them as SERVICE/NUMBER.", Exit.USAGE
        )
    return service, int(number)


def groups(mesh: Mesh) -> list[dict[str, Any]]:
    """Return the groups of open letters of all services, the largest first."""
    found = [{"service": name, **group} for name, listed in ask_all(mesh, "/dead-letters/groups") for group in listed]
    return sorted(found, key=lambda group: -(int(group["dead"]) + int(group["waiting"])))


def letters(mesh: Mesh, narrowed: dict[str, str | None]) -> list[dict[str, Any]]:
    """Return letters of all services, oldest first."""
    query = urlencode({name: value for name, value in narrowed.items() if value is not None} | {"limit": PAGE})
    found = ask_all(mesh, f"/dead-letters?{query}")
    listed = [{"service": name, **letter} for name, answer in found for letter in answer]
    return sorted(listed, key=lambda letter: str(letter["created_at"]))


def letter(mesh: Mesh, name: str, *, reveal: bool = False) -> dict[str, Any]:
    """Return one letter with its body and history; personal data only when `reveal` asks for it."""
    service, number = parts(name)
    known(mesh, [service])
    found = {"service": service, **ask(mesh, service, "GET", f"/dead-letters/{number}")}
    if reveal:
        return found
    history = [
        {**one, "before": _bodiless(one["before"]), "after": _bodiless(one["after"])} for one in found["history"]
    ]
    return found | {"body": _hidden(found), "history": history}


def _bodiless(state: dict[str, Any]) -> dict[str, Any]:
    return {name: "(hidden)" if name == "body" else value for name, value in state.items()}


def _hidden(found: dict[str, Any]) -> Any:  # noqa: ANN401  any JSON value
    """Return what of a body anyone may see: an event without its personal data, of anything else its size."""
    try:
        envelope = orjson.loads(found["body"])
        return {**envelope, "data": masked(envelope["type"], envelope["data"])}
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, LookupError):
        return f"(hidden: {len(found['body'])} characters)"


def wish(action: str, *, reason: str, target: str | None = None, keep_going: bool = False) -> dict[str, Any]:
    """Return the part of an act that is the same for all services."""
    return {
        "action": action,
        "actor": getpass.getuser(),
        "reason": reason,
        "target": target,
        "keep_going": keep_going,
    }


def plan(mesh: Mesh, chosen: Chosen, wanted: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what each service would be asked, where that covers a letter; nothing is done."""
    wishes = {name: {**wanted, "selection": one} for name, one in chosen.selections(mesh).items()}
    return {
        name: one | {"covers": covers}
        for name, one in wishes.items()
        if (covers := ask(mesh, name, "POST", "/dead-letters/plan", one)["covered"])
    }


def begin(mesh: Mesh, planned: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Begin the planned acts and return them."""
    return [
        _act(mesh, name, "POST", "/dead-letters/acts", _without_count(one) | {"id": uuid.uuid4().hex})
        for name, one in planned.items()
    ]


def _without_count(one: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != "covers"}


def acts(mesh: Mesh) -> list[dict[str, Any]]:
    """Return the acts of all services, newest first."""
    found = ask_all(mesh, "/dead-letters/acts")
    listed = [{"service": name, **act} for name, answer in found for act in answer]
    return sorted(listed, key=lambda act: str(act["created_at"]), reverse=True)


def act(mesh: Mesh, act_id: str) -> dict[str, Any]:
    """Return an act by its id, or a unique start of it.

    Raises:
        CliError: none fits, or several do.
    """
    fitting = [one for one in acts(mesh) if one["id"].startswith(act_id)]
    if len(fitting) != 1:
        raise CliError(f"{len(fitting)} acts begin with {act_id}: see `crossdock dlq acts`.", Exit.UNCLEAN)
    return _act(mesh, fitting[0]["service"], "GET", f"/dead-letters/acts/{fitting[0]['id']}")


def change(mesh: Mesh, act_id: str, action: str) -> dict[str, Any]:
    """Stop or resume an act."""
    found = act(mesh, act_id)
    return _act(mesh, found["service"], "POST", f"/dead-letters/acts/{found['id']}/{action}")


def _act(mesh: Mesh, service: str, method: str, path: str, body: Any = None) -> dict[str, Any]:  # noqa: ANN401
    return {"service": service, **ask(mesh, service, method, path, body)}


def follow(
    mesh: Mesh, begun: Sequence[dict[str, Any]], tell: Callable[[Iterable[dict[str, Any]]], None]
) -> list[dict[str, Any]]:
    """Look at acts until none runs, and return their ends; a service that starts anew is waited for."""
    seen = {one["id"]: one for one in begun}
    while True:
        for one in list(seen.values()):
            try:
                seen[one["id"]] = _act(mesh, one["service"], "GET", f"/dead-letters/acts/{one['id']}")
            except CliError as error:
                if error.code != Exit.NOT_RUNNING or not mesh.state().is_running():
                    raise
        tell(seen.values())
        if all(one["state"] != "running" for one in seen.values()):
            return list(seen.values())
        time.sleep(LOOK_SECONDS)


def edit(mesh: Mesh, found: dict[str, Any], body: str, *, reason: str, retry: bool) -> dict[str, Any]:
    """Put a corrected body in the place of the one that was shown."""
    said = {"body": body, "digest": found["digest"], "actor": getpass.getuser(), "reason": reason, "retry": retry}
    return {
        "service": found["service"],
        **ask(mesh, found["service"], "POST", f"/dead-letters/{found['id']}/edit", said),
    }


def go_on(mesh: Mesh, service: str, reason: str) -> str:
    """Have a service take messages although many fail; returns why it had stopped, empty when it had not."""
    known(mesh, [service])
    said = {"actor": getpass.getuser(), "reason": reason}
    return str(ask(mesh, service, "POST", "/dead-letters/go-on", said)["was"])
