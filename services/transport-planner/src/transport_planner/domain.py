"""Routing: which of the quotes is taken, by which rule; and the plan of one packed warehouse order."""

import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

from canonical.values import Address
from canonical.warehouse import PackCompleted
from pydantic import BaseModel, ConfigDict, Field


class Quote(BaseModel):
    """What a carrier asks for a shipment."""

    model_config = ConfigDict(frozen=True)

    carrier_code: str
    service_code: str
    mode: Literal["parcel", "ltl"]
    amount: Decimal
    currency: str
    transit_days: int


class Rule(BaseModel):
    """One routing rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    countries: tuple[str, ...] = ()
    service_levels: tuple[str, ...] = ()
    min_weight_grams: int = 0
    max_weight_grams: int | None = None
    forbid: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()
    choose: Literal["cheapest", "fastest"] = "cheapest"

    def applies(self, *, country: str, service_level: str, weight_grams: int) -> bool:
        """Whether all conditions hold."""
        return (
            (not self.countries or country in self.countries)
            and (not self.service_levels or service_level in self.service_levels)
            and weight_grams >= self.min_weight_grams
            and (self.max_weight_grams is None or weight_grams <= self.max_weight_grams)
        )


class Routing(BaseModel):
    """All routing rules, and where sites are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[Rule, ...]
    sites: Mapping[str, Address]


def parse_routing(text: str) -> Routing:
    """Read routing rules from TOML.

    Raises:
        tomllib.TOMLDecodeError: the text is no TOML.
        pydantic.ValidationError: a key is missing, unknown or wrong.
    """
    return Routing.model_validate(tomllib.loads(text))


class Plan(BaseModel):
    """The transport of one packed warehouse order."""

    pack: PackCompleted
    attempt: int = 1
    refused_by: list[str] = Field(default_factory=list)
    chosen: Quote | None = None
    rule: str | None = None
    quotes: list[Quote] = Field(default_factory=list)
    waits: str | None = "rates from the TMS"

    @property
    def shipment_id(self) -> str:
        """The shipment of the current attempt."""
        return f"{plan_key(self.pack.warehouse_order_id)}.{self.attempt}"

    @property
    def weight_grams(self) -> int:
        """Gross weight of all parcels, in grams."""
        return sum(parcel.weight_grams for parcel in self.pack.parcels)


def plan_key(warehouse_order_id: str) -> str:
    """Return the key of a warehouse order's plan: the shipment id without its attempt."""
    return f"SH{warehouse_order_id.removeprefix('WO')}"


def plan_of(shipment_id: str) -> str:
    """Return the key of the plan a shipment belongs to."""
    return shipment_id.rsplit(".", 1)[0]


def choose(plan: Plan, quotes: Iterable[Quote], rules: Iterable[Rule]) -> tuple[Quote, str] | None:
    """Return the quote to take and the rule that decided; None when every carrier is out."""
    country, level, weight = plan.pack.ship_to.country, plan.pack.service_level, plan.weight_grams
    applying = (rule for rule in rules if rule.applies(country=country, service_level=level, weight_grams=weight))
    rule = next(applying, Rule(name="no-rule"))
    open_quotes = [q for q in quotes if q.carrier_code not in rule.forbid and q.carrier_code not in plan.refused_by]
    preferred = [q for q in open_quotes if q.carrier_code in rule.prefer]
    candidates = preferred or open_quotes
    if not candidates:
        return None
    if rule.choose == "fastest":
        return min(candidates, key=lambda q: (q.transit_days, q.amount, q.carrier_code)), rule.name
    return min(candidates, key=lambda q: (q.amount, q.transit_days, q.carrier_code)), rule.name
