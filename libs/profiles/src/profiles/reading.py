"""What a message says, by its carrier's profile: pure, total, and able to show where each value came from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from profiles.decode import decode
from profiles.expressions import Expression
from profiles.profile import Handshake, Meaning, Profile, Rule, Time
from profiles.times import Moment, parse
from profiles.words import Milestone

Disposition = Literal["tracking", "ignored", "handshake", "empty"]
Scope = dict[str, Any]
UNMAPPED = Meaning(milestone="unmapped")


class Unreadable(ValueError):
    """The message cannot be used as a whole; the text says why."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a shipment, in our words. `trace` says which expression or rule gave each value."""

    milestone: Milestone
    code: str | None
    reason: str | None
    moment: Moment | None
    text: str
    place: str | None
    signed_by: str | None
    document: str | None
    is_proof: bool
    trace: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """One shipment of a message, its events oldest first."""

    tracking_number: str | None
    unique_id: str | None
    is_return: bool
    is_test: bool
    eta: Moment | None
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """All that a message says."""

    disposition: Disposition
    items: tuple[Item, ...] = ()
    handshake: Handshake | None = None
    scope: Scope = field(default_factory=dict)

    @property
    def unmapped(self) -> list[Event]:
        """The events whose code the profile does not know."""
        return [event for item in self.items for event in item.events if event.milestone == "unmapped"]


def read(
    profile: Profile, body: bytes, *, headers: Mapping[str, str] | None = None, request: Mapping[str, Any] | None = None
) -> Reading:
    """Read a message by its profile.

    Raises:
        profiles.decode.Undecodable: the body is not what the profile says it is.
        Unreadable: it has more shipments or events than it may.
    """
    scope: Scope = {
        "root": decode(body, profile.decode),
        "headers": dict(headers or {}),
        "request": dict(request or {}),
    }
    for handshake in profile.handshakes:
        if handshake.when(scope):
            return Reading("handshake", handshake=handshake, scope=scope)
    if not profile.accept(scope):
        return Reading("ignored", scope=scope)
    parts, limit = _listed(profile.items(scope)), profile.limits.events
    if len(parts) > limit:
        raise Unreadable(f"{len(parts)} shipments in one message, at most {limit} are taken")
    scopes = [scope | {"item": part} for part in parts]
    found = [_events(profile, each) for each in scopes]
    if (count := sum(map(len, found))) > limit:
        raise Unreadable(f"{count} events in one message, at most {limit} are taken")
    items = tuple(_item(profile, each, events) for each, events in zip(scopes, found, strict=True))
    return Reading("tracking" if count else "empty", items=items, scope=scope)


def _listed(value: Any) -> list[Any]:  # noqa: ANN401  any JSON value
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def _events(profile: Profile, scope: Scope) -> list[Any]:
    return next((events for path in profile.events if (events := _listed(path(scope)))), [])


def _item(profile: Profile, scope: Scope, found: Sequence[Any]) -> Item:
    scopes = [scope | {"event": part} for part in found]
    events = sorted((_event(profile, each) for each in scopes), key=_order)
    number, _ = _first(profile.tracking_number, scope)
    eta, _ = _moment(profile.eta, scope | {"event": found[0] if found else None})
    return Item(
        tracking_number=number,
        unique_id=profile.unique_id.text_in(scope) if profile.unique_id else None,
        is_return=bool(profile.is_return and profile.is_return(scope)),
        is_test=bool(profile.is_test and profile.is_test(scope)),
        eta=eta,
        events=tuple(events),
    )


def _order(event: Event) -> tuple[bool, Any]:
    return event.moment is not None, event.moment.order if event.moment else None


def _event(profile: Profile, scope: Scope) -> Event:
    trace: dict[str, str] = {}
    code, trace["code"] = _first(profile.code, scope)
    meaning, trace["milestone"] = _meaning(profile.milestones, scope)
    reason, trace["reason"] = _reason(profile, meaning, scope)
    moment, trace["time"] = _moment(profile.times, scope)
    text, trace["text"] = _first(profile.text, scope)
    place = profile.place.text_in(scope) if profile.place else None
    is_proof, signed_by, document = _proof(profile, meaning, scope)
    return Event(
        milestone=meaning.milestone,
        code=code,
        reason=reason,
        moment=moment,
        text=text or "",
        place=place,
        signed_by=signed_by,
        document=document,
        is_proof=is_proof,
        trace={name: where for name, where in trace.items() if where},
    )


def _first(paths: Sequence[Expression], scope: Scope) -> tuple[str | None, str]:
    for path in paths:
        if (value := path.text_in(scope)) is not None:
            return value, path.text
    return None, ""


def _meaning(rules: Sequence[Rule], scope: Scope) -> tuple[Meaning, str]:
    for number, rule in enumerate(rules, 1):
        for meaning, why in _by(rule, scope):
            return meaning, f"rule {number}: {why}"
    return UNMAPPED, "no rule knows it"


def _by(rule: Rule, scope: Scope) -> Iterator[tuple[Meaning, str]]:
    if rule.key:
        code = rule.key.text_in(scope)
        if code is not None and (row := rule.codes.get(rule.stripped(code))):
            yield row, f"{rule.key.text} = {code}"
    elif rule.when and rule.gives:
        if rule.when(scope):
            yield rule.gives, rule.when.text
    elif rule.words:
        text = " ".join((rule.words.text_in(scope) or "").casefold().split())
        yield from ((row, f"'{words}' in {rule.words.text}") for words, row in rule.find.items() if words in text)


def _reason(profile: Profile, meaning: Meaning, scope: Scope) -> tuple[str | None, str]:
    if meaning.reason:
        return meaning.reason, "the milestone's rule"
    reasons = profile.reasons
    if reasons is None or meaning.milestone not in reasons.of:
        return None, ""
    code = reasons.key.text_in(scope)
    if code is None:
        return None, ""
    return reasons.codes.get(code, f"unmapped:{code}"), f"{reasons.key.text} = {code}"


def _moment(sources: Sequence[Time], scope: Scope) -> tuple[Moment | None, str]:
    for source in sources:
        text = source.value.text_in(scope)
        if text is None:
            continue
        named = source.zone_from.text_in(scope) if source.zone_from else None
        zone = source.zones.get(named, named) if named else source.zone
        if moment := parse(text, source.formats, zone or None):
            return moment, f"{source.value.text} ({moment.basis}{'' if moment.basis == 'offset' else f', {zone}'})"
    return None, ""


def _proof(profile: Profile, meaning: Meaning, scope: Scope) -> tuple[bool, str | None, str | None]:
    """Return whether the event proves the delivery, who signed, and where the document is."""
    proof = profile.proof
    if meaning.milestone not in {"delivered", "proof-of-delivery"} or not proof.when(scope):
        return False, None, None
    signed_by = proof.signed_by.text_in(scope) if proof.signed_by else None
    document = proof.document.text_in(scope) if proof.document else None
    is_proof = meaning.milestone == "proof-of-delivery" or proof.delivery_is_proof or document is not None
    return is_proof, signed_by, document
