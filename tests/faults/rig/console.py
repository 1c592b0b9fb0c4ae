"""A person's console: acts on the dead letters of a service through its HTTP interface, also as a process to be killed.

Each task can be begun again by another console: it goes on with what the first one left.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx

from rig.process import Forked

ACTOR = "ada"
LOOK_SECONDS = 0.05
PAGE = 1000
PATIENCE_SECONDS = 60.0


class Console:
    """Talks to one service, and waits while it is away."""

    def __init__(self, url: str) -> None:
        self._web = httpx.Client(base_url=url, timeout=30)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return what the service answers.

        Raises:
            HTTPStatusError: it refuses.
            TransportError: it stays away.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._web.request(method, f"/dead-letters{path}", json=body).raise_for_status().json()
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_SECONDS)

    def begin(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Begin an act, or find it begun."""
        found: dict[str, Any] = self.ask("POST", "/acts", {"actor": ACTOR, **wish})
        return found

    def act(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Begin an act, or find it begun, and see it to its end."""
        return self.follow(self.begin(wish)["id"])

    def follow(self, act_id: str) -> dict[str, Any]:
        """See an act to its end."""
        while True:
            found: dict[str, Any] = self.ask("GET", f"/acts/{act_id}")
            if found["state"] != "running":
                return found
            time.sleep(LOOK_SECONDS)

    def letters(self, group: str) -> list[dict[str, Any]]:
        """Return the first dead letters of a group."""
        query = httpx.QueryParams(group=group, state="dead", limit=PAGE)
        found: list[dict[str, Any]] = self.ask("GET", f"?{query}")
        return found

    def mend(self, task: Mapping[str, Any]) -> None:
        """Edit and retry every letter of a group: in its body the words `wrong` become `right`."""
        while letters := self.letters(task["group"]):
            for letter in letters:
                shown = self.ask("GET", f"/{letter['id']}")
                body = shown["body"].replace(task["wrong"], task["right"])
                edit = {"body": body, "digest": shown["digest"], "reason": task["reason"], "retry": True}
                with suppress(httpx.HTTPStatusError):  # another console was quicker: the next look shows what is left
                    self.ask("POST", f"/{letter['id']}/edit", {"actor": ACTOR, **edit})


def work(url: str, task: str, what: Mapping[str, Any]) -> None:
    """Be a console with one task: this is where its process begins."""
    getattr(Console(url), task)(what)


class ConsoleProcess(Forked):
    """A console as a process of its own, with one task."""

    def __init__(self, url: str, task: str, what: Mapping[str, Any]) -> None:
        super().__init__(work, url, task, dict(what))
