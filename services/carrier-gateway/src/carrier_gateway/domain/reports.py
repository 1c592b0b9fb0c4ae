"""What carriers report, in our words."""

from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from chassis import Permanent

from carrier_gateway.domain.facts import Fact


class Report(BaseModel):
    """One event of a carrier's webhook, in our words."""

    model_config = ConfigDict(frozen=True)

    carrier_code: str
    tracking_number: str
    fact: Fact


class Reading(NamedTuple):
    """One event of a webhook's body: its id at the carrier, its own JSON, and a report or why there is none."""

    event_id: str
    raw: Any
    report: Report | Permanent


def pointer_key(carrier_code: str, tracking_number: str) -> str:
    """Return the key of a tracking number; two carriers may use the same one."""
    return f"{carrier_code}:{tracking_number}"
