"""Routing: which quote is taken, by which rule; when the carrier comes; and the plan of one packed warehouse order."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from canonical.orders import ReturnAuthorized
from canonical.values import Address
from canonical.warehouse import PackCompleted

Status = Literal["rating", "planned", "held"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Quote(_Frozen):
    """What a carrier asks for a shipment."""

    carrier_code: str
    service_code: str
    mode: Literal["parcel", "ltl"]
    amount: Decimal
    currency: str
    transit_days: int


class Considered(_Frozen):
    """A quote, and what the rules said of it."""

    quote: Quote
    delivery_at: AwareDatetime
    verdict: str


class Decision(_Frozen):
    """Which quote was taken, the rule that decided, and everything that was considered."""

    chosen: Considered | None
    rule: str
    pickup_at: AwareDatetime
    considered: tuple[Considered, ...]


class Load(_Frozen):
    """What the routing rules look at."""

    country: str
    service_level: str
    weight_grams: int
    parcels: int
    pickup_at: AwareDatetime
    promised_at: AwareDatetime | None = None


class Rule(_Frozen):
    """One routing rule: its conditions all hold, then it forbids carriers, and decides if it has a `choose`."""

    name: str
    countries: tuple[str, ...] = ()
    service_levels: tuple[str, ...] = ()
    min_weight_grams: int = 0
    max_weight_grams: int | None = None
    min_parcels: int = 0
    max_parcels: int | None = None
    forbid: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()
    keep_promise: bool = False
    choose: Literal["cheapest", "fastest"] | None = None

    def applies(self, load: Load) -> bool:
        """Whether all conditions hold."""
        return (
            (not self.countries or load.country in self.countries)
            and (not self.service_levels or load.service_level in self.service_levels)
            and _within(load.weight_grams, self.min_weight_grams, self.max_weight_grams)
            and _within(load.parcels, self.min_parcels, self.max_parcels)
        )


class RoutingRules(_Frozen):
    """All routing rules, in the order in which they are asked."""

    rules: tuple[Rule, ...]


class Site(_Frozen):
    """Where a site is and when carriers come."""

    address: Address
    pickup_utc: time
    """Daily pickup; what is packed later goes the next working day."""


class Sites(_Frozen):
    """The sites goods leave from and return to, and what a returned piece is taken to weigh."""

    sites: Mapping[str, Site]
    return_piece_grams: int = Field(gt=0)


NO_RULE = Rule(name="no-rule-applies", choose="cheapest")


def _within(value: int, low: int, high: int | None) -> bool:
    return value >= low and (high is None or value <= high)


def pickup_after(ready_at: datetime, site: Site) -> datetime:
    """Return the first pickup of a working day (Monday to Friday) at or after a moment."""
    pickup = datetime.combine(ready_at.astimezone(UTC).date(), site.pickup_utc, tzinfo=UTC)
    while pickup < ready_at or pickup.weekday() > 4:
        pickup += timedelta(days=1)
    return pickup


def delivery_after(pickup_at: datetime, transit_days: int) -> datetime:
    """Return when a carrier that needs so many working days delivers."""
    delivery, left = pickup_at, transit_days
    while left > 0:
        delivery += timedelta(days=1)
        left -= delivery.weekday() <= 4
    return delivery


def decide(load: Load, quotes: Iterable[Quote], rules: Iterable[Rule], *, refused_by: Sequence[str] = ()) -> Decision:
    """Choose a quote: every rule that applies may forbid carriers, the first one with a `choose` decides."""
    applying = [rule for rule in rules if rule.applies(load)]
    rule = next((rule for rule in applying if rule.choose), NO_RULE)
    forbidden = {carrier: rule.name for rule in reversed(applying) for carrier in rule.forbid}
    verdicts: dict[Quote, str] = {}
    for quote in quotes:
        if quote.carrier_code in refused_by:
            verdicts[quote] = "the carrier refused the booking"
        elif quote.carrier_code in forbidden:
            verdicts[quote] = f"forbidden by {forbidden[quote.carrier_code]}"
        else:
            verdicts[quote] = ""
    chosen = _best([quote for quote, verdict in verdicts.items() if not verdict], load, rule, verdicts)
    considered = {quote: _considered(quote, load, verdict) for quote, verdict in verdicts.items()}
    return Decision(
        chosen=considered[chosen] if chosen else None,
        rule=rule.name,
        pickup_at=load.pickup_at,
        considered=tuple(considered.values()),
    )


def _best(candidates: list[Quote], load: Load, rule: Rule, verdicts: dict[Quote, str]) -> Quote | None:
    """Narrow the candidates down, noting in `verdicts` why each of the others fell."""
    if rule.keep_promise and load.promised_at:
        promised = load.promised_at
        on_time = [quote for quote in candidates if delivery_after(load.pickup_at, quote.transit_days) <= promised]
        candidates = _narrow(candidates, on_time, "would arrive after the promised time", verdicts)
    preferred = [quote for quote in candidates if quote.carrier_code in rule.prefer]
    candidates = _narrow(candidates, preferred, f"another carrier is preferred by {rule.name}", verdicts)
    if not candidates:
        return None
    is_fastest = rule.choose == "fastest"
    best = min(candidates, key=_speed if is_fastest else _price)
    _narrow(candidates, [best], "slower" if is_fastest else "dearer", verdicts)
    verdicts[best] = f"chosen by {rule.name}"
    return best


def _narrow(candidates: list[Quote], kept: list[Quote], reason: str, verdicts: dict[Quote, str]) -> list[Quote]:
    if not kept:
        return candidates
    verdicts.update({quote: reason for quote in candidates if quote not in kept})
    return kept


def _price(quote: Quote) -> tuple[Decimal, int, str, str]:
    return quote.amount, quote.transit_days, quote.carrier_code, quote.service_code


def _speed(quote: Quote) -> tuple[int, Decimal, str, str]:
    return quote.transit_days, quote.amount, quote.carrier_code, quote.service_code


def _considered(quote: Quote, load: Load, verdict: str) -> Considered:
    return Considered(quote=quote, delivery_at=delivery_after(load.pickup_at, quote.transit_days), verdict=verdict)


class Waiting(BaseModel):
    """What is pending says why."""

    status: Status = "rating"
    since: AwareDatetime
    held: str | None = None

    def hold(self, reason: str, at: datetime) -> None:
        """Stop: a person has to act."""
        self.status, self.held, self.since = "held", reason, at

    def plan(self, at: datetime) -> None:
        """Note that a carrier is chosen."""
        self.status, self.held, self.since = "planned", None, at

    def waits(self) -> dict[str, str] | None:
        """Say why it waits: reason, since when, who owns the next step; None when it is planned."""
        if self.status == "planned":
            return None
        reason = f"held: {self.held}" if self.held else "waits until the TMS quotes"
        return {"reason": reason, "since": self.since.isoformat(), "owner": "transport-planner"}


class Attempt(BaseModel):
    """One try to ship a warehouse order: what was decided, and who refused it."""

    shipment_id: str
    decision: Decision | None = None
    refusal: str | None = None


class Plan(Waiting):
    """The transport of one packed warehouse order."""

    pack: PackCompleted
    attempts: list[Attempt]
    refused_by: list[str] = Field(default_factory=list)

    @property
    def current(self) -> Attempt:
        """The attempt that counts."""
        return self.attempts[-1]

    def try_again(self, at: datetime) -> None:
        """Begin a new attempt under a new shipment number."""
        number = len(self.attempts) + 1
        self.attempts.append(Attempt(shipment_id=f"{plan_key(self.pack.warehouse_order_id)}-{number}"))
        self.status, self.held, self.since = "rating", None, at

    def refuse(self, carrier_code: str, reason: str, at: datetime) -> None:
        """Note that a carrier refused the current shipment, and begin anew without it."""
        self.current.refusal = reason
        self.refused_by.append(carrier_code)
        self.try_again(at)


class ReturnPlan(Waiting):
    """The transport of one return."""

    authorized: ReturnAuthorized
    shipment_id: str
    decision: Decision | None = None


class OrderIndex(BaseModel):
    """The plans and returns of an order."""

    plans: list[str] = Field(default_factory=list)
    returns: list[str] = Field(default_factory=list)


def first_plan(pack: PackCompleted) -> Plan:
    """Return the plan of a packed warehouse order, waiting for rates."""
    shipment_id = f"{plan_key(pack.warehouse_order_id)}-1"
    return Plan(pack=pack, since=pack.occurred_at, attempts=[Attempt(shipment_id=shipment_id)])


def plan_key(warehouse_order_id: str) -> str:
    """Return the key of a warehouse order's plan: the shipment number without its attempt."""
    return f"SH-{warehouse_order_id.removeprefix('WO').removeprefix('-')}"[:60]


def plan_of(shipment_id: str) -> str:
    """Return the key of the plan a shipment belongs to."""
    return shipment_id.rsplit("-", 1)[0]


def return_shipment_id(return_id: str) -> str:
    """Return the shipment number of a return."""
    return f"SR-{return_id}"[:64]
