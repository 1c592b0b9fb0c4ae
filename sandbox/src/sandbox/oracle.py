"""The oracle: what each order should have caused outside, against what the ledgers say it did. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.world import Fate

Effects = Mapping[tuple[str, str, str], int]

ONCE_STATUSES = ("RELEASED", "PICKED", "SHIPPED", "DELIVERED", "COMPLETED")
FINAL = frozenset({"COMPLETED", "CANCELLED"})
UNIQUE = frozenset({"status", "warehouse-order", "booking", "labels", "mail", "webhook", "case", "close"})
PER_SHIPMENT_MAILS = frozenset({"dispatched", "out-for-delivery", "attempted", "delayed", "exception", "delivered"})


@dataclass(slots=True)
class Verdict:
    """What is wrong, by order: effects missing, doubled, or without a cause."""

    lost: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    ghosts: list[str] = field(default_factory=list)


def judge(fates: Mapping[str, Fate], applied: Mapping[str, Effects]) -> Verdict:
    """Compare every order with the ledgers; an effect of an order nobody placed is a ghost."""
    verdict = Verdict()
    for order_id, effects in applied.items():
        if order_id and order_id not in fates:
            verdict.ghosts += [f"{order_id}: {'/'.join(effect)}" for effect in effects]
    for fate in fates.values():
        effects = applied.get(fate.order_id, {})
        verdict.lost += [f"{fate.order_id}: {what}" for what in missing(fate, effects)]
        verdict.duplicates += [f"{fate.order_id}: {what}" for what in doubled(effects)]
        verdict.ghosts += [f"{fate.order_id}: {what}" for what in causeless(fate, effects)]
    return verdict


def _by_action(effects: Effects, action: str) -> Counter[str]:
    return Counter({key: count for (_, name, key), count in effects.items() if name == action})


def missing(fate: Fate, effects: Effects) -> Iterable[str]:
    """Name the effects an order should have had and has not."""
    statuses = set(fate.statuses)
    if not statuses & FINAL:
        yield f"no end: {' '.join(fate.statuses) or 'nothing'}"
        return
    if "RELEASED" not in statuses:
        yield "status RELEASED"
    templates = Counter(key.split("/")[0] for key in _by_action(effects, "mail"))
    if not templates["order-confirmed"]:
        yield "mail order-confirmed"
    if "CANCELLED" in statuses:
        if not templates["cancelled"]:
            yield "mail cancelled"
        return
    yield from (f"status {status}" for status in ONCE_STATUSES if status not in statuses)
    yield from _missing_of_shipments(effects, templates)


def _missing_of_shipments(effects: Effects, templates: Counter[str]) -> Iterable[str]:
    # labels that reach the warehouse after it stopped are of a shipment whose booking is taken back
    taken_back = {key for (_, action, key) in effects if action == "cancel-booking"}
    shipped = {key for (_, action, key) in effects if action == "labels"} - taken_back
    webhooks = _by_action(effects, "webhook")
    if not shipped:
        yield "shipment"
    for shipment in shipped:
        for kind in ("order.shipped", "order.delivered"):
            if not webhooks[f"{kind}/{shipment}"]:
                yield f"webhook {kind} of {shipment}"
    # what a carrier never told is asked for only while the delivery is not proven: a tour may stay unknown
    is_quiet = any(action == "webhook-lost" for (_, action, _) in effects)
    for template in ("dispatched", "delivered") if is_quiet else ("dispatched", "out-for-delivery", "delivered"):
        if templates[template] < len(shipped):
            yield f"mail {template}"
    if not any(action == "delivered" for (_, action, _) in effects):
        yield "delivery by the carrier"


def doubled(effects: Effects) -> Iterable[str]:
    """Name the effects that were applied more than once."""
    for (system, action, key), count in effects.items():
        if action in UNIQUE and count > 1:
            yield f"{system} {action} {key} x{count}"
    shipments = {key for (_, action, key) in effects if action == "labels"}
    mails = Counter(key.split("/")[0] for key in _by_action(effects, "mail").elements())
    for template, count in mails.items():
        allowed = max(1, len(shipments)) if template in PER_SHIPMENT_MAILS else 1
        if count > allowed and template != "backorder":
            yield f"mail {template} x{count}"


def causeless(fate: Fate, effects: Effects) -> Iterable[str]:
    """Name the effects that nothing asked for."""
    statuses = set(fate.statuses)
    if statuses >= FINAL:
        yield "both COMPLETED and CANCELLED"
    if "CANCELLED" in statuses:
        if fate.cancelled_at is None and not fate.unknown_lines and not fate.found_nothing:
            yield "cancelled, and nobody asked"
        if any(action == "delivered" for (_, action, _) in effects):
            yield "cancelled, and delivered all the same"
        taken_back = _by_action(effects, "cancel-booking")
        yield from (f"cancelled, and {key} is still booked" for key in _by_action(effects, "booking") - taken_back)


def percentiles(values: Iterable[float]) -> dict[str, Any]:
    """Return the median and the 99th percentile, in milliseconds; None where there is nothing."""
    ordered = sorted(values)
    if not ordered:
        return {"p50": None, "p99": None}
    last = len(ordered) - 1
    return {
        name: round(ordered[min(last, int(share * len(ordered)))] * 1000, 1)
        for name, share in (("p50", 0.5), ("p99", 0.99))
    }
