"""An order's story, its latencies, and what of it is shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from canonical.privacy import MASK, masked

from crossdock_cli.failures import CliError, Exit
from crossdock_cli.journal import Fact, choose
from crossdock_cli.latency import between, percentiles
from crossdock_cli.probe import sum_lag
from crossdock_cli.story import outcome, tell

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def fact(event_id: str, event_type: str, at_ms: int, cause: str | None = None, **data: Any) -> Fact:
    order = data.pop("order", "SO-1")
    envelope = {
        "id": event_id,
        "type": event_type,
        "source": "/eu/some-service",
        "correlationid": order,
        "causationid": cause,
        "recordedtime": (START + timedelta(milliseconds=at_ms)).isoformat(),
        "data": data,
    }
    return Fact("ORDER", 1, envelope)


FACTS = [
    fact("1", "order.released.v1", 0),
    fact("2", "inventory.allocated.v1", 40, "1"),
    fact("3", "warehouse.pack-completed.v1", 100),
    fact("4", "transport.shipment-planned.v1", 130, "3", shipment_id="SH-1"),
]


def test_tree_follows_causes_with_their_latency() -> None:
    roots = tell(FACTS)
    assert [root.fact.id for root in roots] == ["1", "3"]
    assert [(step.fact.id, step.after_ms) for step in roots[0].follows] == [("2", 40.0)]
    assert roots[1].since_start_ms == 100.0
    assert roots[1].follows[0].as_json()["after_ms"] == 30.0


def test_every_event_is_told_exactly_once() -> None:
    def count(steps: Any) -> int:
        return sum(1 + count(step.follows) for step in steps)

    assert count(tell(FACTS)) == len(FACTS)


def test_outcome_is_the_furthest_point() -> None:
    assert outcome(FACTS) == "packed"
    assert outcome([*FACTS, fact("9", "order.completed.v1", 900, outcome="delivered")]) == "delivered"


def test_order_is_found_by_start_or_by_a_number_its_events_carry() -> None:
    both = [*FACTS, fact("8", "order.released.v1", 5, order="XO-2")]
    assert choose(both, "SO-1") == "SO-1"
    assert choose(both, "XO") == "XO-2"
    assert choose(both, "SH-1") == "SO-1"


def test_number_that_fits_several_or_none_is_refused() -> None:
    both = [*FACTS, fact("8", "order.released.v1", 5, order="SO-2")]
    with pytest.raises(CliError) as several:
        choose(both, "SO")
    assert several.value.code is Exit.USAGE
    with pytest.raises(CliError) as none:
        choose(both, "ZZ")
    assert none.value.code is Exit.UNCLEAN


def test_latency_is_per_order_from_first_to_first() -> None:
    starts = [fact("1", "order.released.v1", 0), fact("2", "order.released.v1", 10, order="SO-2")]
    ends = [fact("3", "x", 50), fact("4", "x", 90), fact("5", "x", 35, order="SO-2"), fact("6", "x", 1, order="SO-3")]
    assert sorted(between(starts, ends)) == [25.0, 50.0]


def test_percentiles_are_by_nearest_rank() -> None:
    assert percentiles([float(n) for n in range(1, 101)]) == {"p50": 50.0, "p99": 99.0}
    assert percentiles([7.0]) == {"p50": 7.0, "p99": 7.0}
    assert percentiles([]) == {"p50": None, "p99": None}


def test_personal_data_is_hidden_at_any_depth() -> None:
    data = {"order_id": "SO-1", "ship_to": {"name": "Ada", "city": "Lyon", "country": "FR"}}
    assert masked("order.released.v1", data) == {
        "order_id": "SO-1",
        "ship_to": {"name": MASK, "city": MASK, "country": "FR"},
    }


def test_lag_adds_up_pending_and_unacknowledged_of_all_durables() -> None:
    consumers = [
        {"name": "notification--order--p00", "num_pending": 3, "num_ack_pending": 1},
        {"name": "notification--carrier--p01", "num_pending": 2},
        {"name": "someone", "num_pending": 99},
    ]
    jsz = {"account_details": [{"stream_detail": [{"consumer_detail": consumers}]}]}
    assert sum_lag(jsz) == {"notification": 6}
