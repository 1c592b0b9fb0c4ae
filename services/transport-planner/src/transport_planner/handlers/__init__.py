"""What happens to plans: each function takes a fact and returns the facts and calls that follow."""

from transport_planner.handlers.returns import choose_return_carrier, fetch_return_quotes, hold_return, plan_return
from transport_planner.handlers.shipments import (
    Rejection,
    Replan,
    choose_carrier,
    fetch_quotes,
    hold_plan,
    load_of,
    note_rejection,
    plan_again,
    plan_held,
    plan_shipment,
    replan_by_hand,
)

__all__ = [
    "Rejection",
    "Replan",
    "choose_carrier",
    "choose_return_carrier",
    "fetch_quotes",
    "fetch_return_quotes",
    "hold_plan",
    "hold_return",
    "load_of",
    "note_rejection",
    "plan_again",
    "plan_held",
    "plan_return",
    "plan_shipment",
    "replan_by_hand",
]
