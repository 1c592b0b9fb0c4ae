"""The words of carriers' facts, one vocabulary for all of them."""

from typing import Literal, get_args

Milestone = Literal[
    "label-created",
    "picked-up",
    "in-transit",
    "arrived-at-facility",
    "customs-hold",
    "out-for-delivery",
    "available-for-pickup",
    "delivery-attempted",
    "delivery-delayed",
    "delivery-exception",
    "delivered",
    "proof-of-delivery",
    "return-in-transit",
    "eta-changed",
    "cancelled",
    "info",
    "unmapped",
]
"""What a carrier's event means. `info` says nothing we tell, `unmapped` is a code the profile does not know."""

MILESTONES: tuple[str, ...] = get_args(Milestone)
