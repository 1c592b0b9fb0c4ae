"""The rules of stock: shelves that cannot be oversold, and orders that hold and wait."""

from inventory_sync.domain.demand import Allocation, Demand
from inventory_sync.domain.planning import Plan, plan
from inventory_sync.domain.quantities import subtract
from inventory_sync.domain.rules import cancel, dispatch, place, recognise, serve, stop, unknown_given_up, went_short
from inventory_sync.domain.shelf import Oversold, Shelf

__all__ = [
    "Allocation",
    "Demand",
    "Oversold",
    "Plan",
    "Shelf",
    "cancel",
    "dispatch",
    "place",
    "plan",
    "recognise",
    "serve",
    "stop",
    "subtract",
    "unknown_given_up",
    "went_short",
]
