"""The drain: sends what waits to inventory-sync, in order, and believes only its answer of how far it has come."""

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta

import httpx

from edge.buffer import Buffer

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.2
ANSWER_SECONDS = 10.0
IDLE_SECONDS = 3600.0


class Drain:
    """A thread that sends while there is something to send."""

    def __init__(
        self, buffer: Buffer, http: httpx.Client, *, site: str, batch: int, longest_pause: float, keep: timedelta
    ) -> None:
        self._buffer, self._http, self._site, self._batch = buffer, http, site, batch
        self._longest, self._keep = longest_pause, keep
        self._wake, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)
        self.why = ""
        """Why it does not drain just now; empty while it does."""

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to send."""
        self._wake.set()

    def stop(self) -> None:
        """Finish what is being sent, and end."""
        self._ended.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._ended.is_set():
            self._wake.clear()
            try:
                is_idle = not self.step()
            except httpx.HTTPError as error:
                self._wait_because(f"inventory-sync cannot be reached: {error!r}", pause)
                pause = min(self._longest, pause * 2)
            except Refused as error:
                self._wait_because(str(error), pause)
                pause = min(self._longest, pause * 2)
            else:
                self.why, pause = "", FIRST_PAUSE_SECONDS
                if is_idle:
                    self._buffer.forget(self._keep)
                    self._wake.wait(IDLE_SECONDS)

    def _wait_because(self, why: str, seconds: float) -> None:
        if why != self.why:
            log.warning("not drained: %s", why)
        self.why = why
        self._ended.wait(seconds)

    def step(self) -> bool:
        """Send the next batch; returns whether there was one.

        Raises:
            httpx.HTTPError: the other side cannot be reached, or has no time.
            Refused: it refuses the batch.
        """
        waiting = self._buffer.waiting(self._batch)
        depth = self._buffer.depth()
        if depth.waiting and (not waiting or waiting[0]["number"] != depth.taken + 1):
            first = waiting[0]["number"] if waiting else depth.last + 1
            raise Refused(f"inventory-sync asks for number {depth.taken + 1}, and the buffer begins at {first}")
        if waiting:
            self._send(waiting)
        return bool(waiting)

    def _send(self, waiting: Sequence[dict[str, object]]) -> None:
        body = {"edge": self._buffer.edge, "site": self._site, "adjustments": waiting}
        answer = self._http.post("/stores/adjustments", json=body)
        if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            self._ask_how_far(answer)
            return
        self._buffer.note(int(answer.raise_for_status().json()["taken"]))

    def _ask_how_far(self, refusal: httpx.Response) -> None:
        """Go back to where the other side is; its database may have been restored.

        Raises:
            Refused: that is where we are, so it is the batch that it does not want.
        """
        states = self._http.get(f"/stores/{self._site}", params={"limit": 1}).raise_for_status().json()["edges"]
        taken = next((state["taken"] for state in states if state["edge"] == self._buffer.edge), 0)
        if taken == self._buffer.depth().taken:
            raise Refused(f"inventory-sync refuses: {refusal.text[:300]}")
        log.warning("inventory-sync has come to number %d: sending from there", taken)
        self._buffer.note(taken)


class Refused(Exception):
    """The other side was reached, and does not take what waits."""
