"""Times agreed with a customer stand in place of what the flow allows."""

from datetime import timedelta

from canonical.metadata import Sla

from control_tower.domain.agreed import Agreed, refusal
from control_tower.domain.filing import file
from control_tower.domain.limits import limit_of

from ..fakes import NOON, envelope

FLOW, AFTER = "order-to-ship", "order.released.v1"
ALL = Sla(flow=FLOW, after=AFTER, within_seconds=60)
OWN = Sla(flow=FLOW, after=AFTER, within_seconds=2, customer="C-1")


def due(agreed: Agreed, **data: str) -> timedelta:
    opened = file([envelope(AFTER, data={"order_id": "SO-1", **data})], agreed).opened["SO-1", FLOW, AFTER]
    assert opened.due_at
    return opened.due_at - NOON


def test_a_customers_own_time_goes_before_that_of_all_and_both_before_the_flows() -> None:
    assert due(Agreed(), customer_id="C-1") == timedelta(seconds=5)
    assert due(Agreed([ALL]), customer_id="C-1") == timedelta(seconds=60)
    assert due(Agreed([ALL, OWN]), customer_id="C-1") == timedelta(seconds=2)
    assert due(Agreed([ALL, OWN]), customer_id="C-2") == timedelta(seconds=60)
    assert due(Agreed([OWN])) == timedelta(seconds=5)


def test_an_agreed_time_may_count_in_a_calendar() -> None:
    flow = limit_of(FLOW, AFTER)
    agreed = Agreed([Sla(flow=FLOW, after=AFTER, within_seconds=60, calendar="warehouse")]).of(flow, None)
    assert (flow.calendar(None), agreed.step.calendar, agreed.awaited) == (None, "warehouse", flow.awaited)


def test_what_cannot_be_kept_is_refused_with_what_can() -> None:
    assert refusal(OWN) is None
    assert "choose from" in str(refusal(Sla(flow="order-to-moon", after=AFTER, within_seconds=1)))
    assert AFTER in str(refusal(Sla(flow=FLOW, after="carrier.delivered.v1", within_seconds=1)))
    assert "no calendar moon" in str(refusal(Sla(flow=FLOW, after=AFTER, within_seconds=1, calendar="moon")))


def test_a_time_whose_calendar_is_gone_stops_nothing() -> None:
    gone = Sla(flow=FLOW, after=AFTER, within_seconds=60, calendar="of-an-earlier-release")
    assert due(Agreed([gone])) == timedelta(seconds=5)
