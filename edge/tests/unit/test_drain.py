"""The drain sends in order, again where it must, and says why it does not."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge.buffer import Adjustment, Buffer
from edge.drain import Drain, Refused

SITE = "STORE-12"


class Inventory(BaseHTTPRequestHandler):
    """An inventory that takes a sequence in, as the real one promises to: `restore` takes it back to an earlier day."""

    taken: list[int]
    lose_answers = 0
    wants_nothing = False

    def do_GET(self) -> None:
        self._answer(200, {"edges": [{"edge": edge, "taken": len(self.taken)} for edge in [self.server.edge]]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        numbers = [one["number"] for one in body["adjustments"]]
        if type(self).wants_nothing or numbers[0] > len(self.taken) + 1:
            self._answer(422, {"detail": "refused"})
            return
        self.taken.extend(number for number in numbers if number > len(self.taken))
        if type(self).lose_answers:
            type(self).lose_answers -= 1
            self._answer(500, {})
            return
        self._answer(202, {"taken": len(self.taken)})

    def _answer(self, status: int, body: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[tuple[Buffer, Drain, type[Inventory]]]:
    """A buffer of ten adjustments, its drain, and what it drains into."""
    kind = type("Fresh", (Inventory,), {"taken": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    buffer = Buffer(tmp_path, SITE)
    server.edge = buffer.edge  # type: ignore[attr-defined]
    for number in range(10):
        buffer.add(Adjustment(adjustment_id=f"T-{number}", sku="A", delta=-1, reason="sold"))
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", timeout=5) as http:
        yield buffer, Drain(buffer, http, site=SITE, batch=4, longest_pause=1, keep=timedelta(days=15)), kind
    server.shutdown()
    server.server_close()
    buffer.close()


def drain_all(drain: Drain) -> None:
    while drain.step():
        pass


def test_batches_go_in_order_until_nothing_waits(rig: Any) -> None:
    buffer, drain, inventory = rig
    drain_all(drain)
    assert inventory.taken == list(range(1, 11))
    assert buffer.depth().waiting == 0


def test_a_batch_whose_answer_was_lost_is_sent_again_and_counts_once(rig: Any) -> None:
    buffer, drain, inventory = rig
    inventory.lose_answers = 1
    with pytest.raises(httpx.HTTPError):
        drain.step()
    assert buffer.depth().taken == 0
    drain_all(drain)
    assert inventory.taken == list(range(1, 11))


def test_after_the_other_side_was_restored_it_is_sent_again_from_there(rig: Any) -> None:
    buffer, drain, inventory = rig
    drain_all(drain)
    del inventory.taken[3:]
    buffer.add(Adjustment(adjustment_id="T-10", sku="A", delta=-1, reason="sold"))
    drain_all(drain)
    assert inventory.taken == list(range(1, 12))


def test_what_is_asked_for_and_no_longer_there_is_said(rig: Any) -> None:
    buffer, drain, inventory = rig
    drain_all(drain)
    buffer.forget(timedelta(days=-1))
    inventory.taken.clear()
    buffer.add(Adjustment(adjustment_id="T-10", sku="A", delta=-1, reason="sold"))
    drain.step()
    with pytest.raises(Refused, match="asks for number 1, and the buffer begins at 11"):
        drain.step()


def test_a_batch_that_is_refused_for_itself_stays_and_is_said(rig: Any) -> None:
    buffer, drain, inventory = rig
    inventory.wants_nothing = True
    with pytest.raises(Refused, match="inventory-sync refuses"):
        drain.step()
    assert buffer.depth().waiting == 10
