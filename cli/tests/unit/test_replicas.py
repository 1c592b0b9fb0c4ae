"""What servers say of themselves, compared."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from crossdock_cli.failures import CliError
from crossdock_cli.replicas import Replica, differing


@contextmanager
def monitor(name: str, *messages: int) -> Iterator[str]:
    """A monitor that says one number of messages after the other, the last one again and again."""
    said = list(messages)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            held = said.pop(0) if self.path.startswith("/jsz") and len(said) > 1 else said[0]
            state = {"messages": held, "last_seq": held}
            body = {"server_name": name, "account_details": [{"stream_detail": [{"name": "ORDER", "state": state}]}]}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_servers_that_hold_the_same_do_not_differ() -> None:
    with monitor("n0", 5) as one, monitor("n1", 5) as other:
        assert differing([one, other], pause=0.0) == {}


def test_a_difference_that_lasts_is_told_with_what_each_holds() -> None:
    with monitor("n0", 5) as one, monitor("n1", 3) as other:
        assert differing([one, other], pause=0.0) == {"ORDER": [Replica("n0", 5, 5), Replica("n1", 3, 3)]}


def test_a_difference_of_a_moment_is_none() -> None:
    with monitor("n0", 5) as one, monitor("n1", 4, 5) as other:
        assert differing([one, other], pause=0.0) == {}


def test_a_monitor_that_is_away_is_named() -> None:
    with pytest.raises(CliError, match="--monitor"):
        differing(["http://127.0.0.1:9"])
