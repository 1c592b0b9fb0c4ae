"""Whether the servers of a cluster hold the same; each is asked for itself: a leader does not see a follower's loss."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from crossdock_cli.failures import CliError, Exit
from crossdock_cli.web import NoAnswer, call

PROBE_SECONDS = 5.0
PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Replica:
    """What one server holds of one stream."""

    server: str
    messages: int
    last: int


def read(monitors: Sequence[str]) -> dict[str, list[Replica]]:
    """Return by stream what each server holds, asked at its monitor (`http://host:8222`).

    Raises:
        CliError: a monitor does not answer.
    """
    held: dict[str, list[Replica]] = {}
    for monitor in monitors:
        try:
            name = str(call("GET", f"{monitor}/varz", timeout=PROBE_SECONDS).fields().get("server_name"))
            said = call("GET", f"{monitor}/jsz?streams=1&accounts=1", timeout=PROBE_SECONDS).fields()
        except NoAnswer as error:
            raise CliError(f"The monitor {monitor} does not answer: check --monitor.", Exit.NOT_RUNNING) from error
        for account in said.get("account_details") or []:
            for stream in account.get("stream_detail") or []:
                state = stream["state"]
                replica = Replica(name, int(state["messages"]), int(state["last_seq"]))
                held.setdefault(str(stream["name"]), []).append(replica)
    return held


def differing(monitors: Sequence[str], *, pause: float = PAUSE_SECONDS) -> dict[str, list[Replica]]:
    """Return the streams whose servers hold different things, and still do after a pause in seconds.

    A server that was just started, or is a message behind, differs for a moment; one whose files were damaged lasts.
    """
    first = _unlike(read(monitors))
    if not first:
        return {}
    time.sleep(pause)
    return {stream: held for stream, held in _unlike(read(monitors)).items() if stream in first}


def _unlike(held: dict[str, list[Replica]]) -> dict[str, list[Replica]]:
    return {
        stream: replicas
        for stream, replicas in held.items()
        if len({(replica.messages, replica.last) for replica in replicas}) > 1
    }
