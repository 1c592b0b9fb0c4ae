"""What an order waits for is said with its reason, its owner and what happens next."""

from datetime import timedelta
from typing import Any

import pytest

from control_tower.domain.limits import limit_of
from control_tower.domain.reasons import Explained, explain, of_call, of_letter, of_limit

from ..fakes import NOON, envelope

HOUR = timedelta(hours=1)
PICK = "warehouse.warehouse-order-accepted.v1"
TRANSIT = "carrier.in-transit.v1"


def explained(after: str, flow: str, now_hours: float, site: str | None = None, **changed: Any) -> Explained:
    event = envelope(after, site=site)
    opened = limit_of(flow, after).opened(event.time, site)
    row = {
        "correlation_id": "SO-1", "flow": flow, "after": after, "met_at": None,
        "opened_at": opened.at, "risk_at": opened.risk_at, "due_at": opened.due_at,
    } | changed  # fmt: skip
    events = [event, *changed.pop("events", ())]
    return explain([row], events, changed.get("ended_at"), NOON + now_hours * HOUR)[0]


@pytest.mark.parametrize(
    ("now", "state", "next_"),
    [
        (1, "open", "SlaAtRisk is published at 2026-03-02T15:12:00Z"),
        (3.5, "at risk", "SlaBreached is published at 2026-03-02T16:00:00Z"),
        (4, "breached", "warehouse-adapter still owes it"),
    ],
)
def test_a_limit_says_how_it_stands_and_what_comes_next(now: float, state: str, next_: str) -> None:
    found = explained(PICK, "order-to-ship", now, "DC-BER")
    assert found.state == state
    assert found.next.startswith(next_)
    assert (found.process_domain, found.responsible) == ("warehouse", "warehouse-adapter")
    assert found.working_seconds == now * 3600


def test_it_names_the_calendar_of_the_site_and_when_it_works_again() -> None:
    found = explained(PICK, "order-to-ship", 10, "DC-LYO")
    assert found.calendar
    assert (found.calendar.name, found.calendar.is_open) == ("warehouse-lyon", False)
    assert found.calendar.opens_at == NOON + 16 * HOUR
    assert "warehouse-lyon works again at 2026-03-03T04:00:00Z" in of_limit(found).why


def test_a_limit_that_customs_holds_waits_for_a_movement() -> None:
    hold = envelope("carrier.customs-hold.v1", 3600)
    found = explained(TRANSIT, "ship-to-deliver", 100, due_at=None, risk_at=None, events=[hold])
    assert found.state == "held"
    assert found.standstills[0].begins == NOON + HOUR
    assert found.standstills[0].ends is None
    assert found.working_seconds == 3600
    assert "carrier.out-for-delivery.v1" in found.next


@pytest.mark.parametrize(
    ("changed", "state"),
    [({"met_at": NOON + HOUR}, "met"), ({"met_at": NOON + 5 * HOUR}, "met late"), ({"ended_at": NOON}, "ended")],
)
def test_what_is_over_waits_for_nothing(changed: dict[str, Any], state: str) -> None:
    found = explained(PICK, "order-to-ship", 9, "DC-BER", **changed)
    assert (found.state, found.next) == (state, "nothing")


def letter(**changed: Any) -> dict[str, Any]:
    return {
        "id": 7, "kind": "order.released.v1", "source": "ORDERS", "state": "dead", "error": "quantity", "due_at": None,
        "created_at": NOON, "remedy": "fix-at-sender", "assignee": None,
    } | changed  # fmt: skip


def test_a_dead_letter_waits_for_a_person() -> None:
    found = of_letter("inventory-sync", letter())
    assert (found.owner, found.why) == ("inventory-sync", "quantity")
    assert "crossdock dlq show 7" in found.next
    assert of_letter("inventory-sync", letter(assignee="ada")).owner == "ada"


def test_a_waiting_letter_is_tried_again() -> None:
    found = of_letter("inventory-sync", letter(state="waiting", due_at="2026-03-02T12:00:01Z"))
    assert found.next == "the service tries again at 2026-03-02T12:00:01Z"


def test_a_call_to_a_system_that_is_away_says_so() -> None:
    call = {"name": "book-shipment", "tries": 3, "error": "no answer", "since": NOON}
    found = of_call("carrier-gateway", call, ["swiftparcel"])
    assert found.why == "no answer; left alone for now: swiftparcel"
    assert of_call("carrier-gateway", call, []).why == "no answer"
