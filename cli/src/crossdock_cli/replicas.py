"""Whether the servers of a cluster hold the same; each is asked for itself: a leader does not see a follower's loss."""

from collections.abc import Sequence
from dataclasses import dataclass

from crossdock_cli.failures import CliError, Exit
from crossdock_cli.web import NoAnswer, call

PROBE_SECONDS = 5.0


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


def diverged(held: dict[str, list[Replica]]) -> dict[str, list[Replica]]:
    """Return the streams whose servers hold different things."""
    return {
        stream: replicas
        for stream, replicas in held.items()
        if len({(replica.messages, replica.last) for replica in replicas}) > 1
    }
