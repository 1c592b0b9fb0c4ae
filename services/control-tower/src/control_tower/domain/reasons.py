"""Why something waits: the reason, since when, what happens next, and who owns it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel

from canonical import Envelope, flows

from control_tower.domain.agreed import AS_IN_FLOWS, Agreed
from control_tower.domain.corrections import standing
from control_tower.domain.holds import holds
from control_tower.domain.limits import Limit, limit_of
from control_tower.domain.working_time import Hold, between

State = Literal["open", "at risk", "breached", "held", "met", "met late", "ended"]
LASTING: tuple[State, ...] = ("breached", "at risk", "held", "open")
"""States in which something is still awaited, the worst first."""


class Waiting(BaseModel):
    """One thing a business transaction waits for."""

    kind: Literal["time limit", "message", "call"]
    """A step that is awaited, a message a service could not handle yet, or a call not answered yet."""
    what: str
    """What it is."""
    why: str
    """Why it waits."""
    since: AwareDatetime
    """Since when."""
    next: str
    """What happens next."""
    owner: str
    """The service that owns it."""


class WorkingHours(BaseModel):
    """The calendar a time limit is counted by."""

    name: str
    """Its name."""
    title: str
    """What it is for."""
    time_zone: str
    """The zone its hours are in."""
    is_open: bool
    """Whether it is working time now."""
    opens_at: AwareDatetime
    """When it is, or is again."""


class Standstill(BaseModel):
    """A time that does not count."""

    begins: AwareDatetime
    """From when."""
    ends: AwareDatetime | None
    """Until when; None while it lasts."""


class Explained(BaseModel):
    """One time limit, and how it stands."""

    flow: str
    """The flow."""
    after: str
    """The event it began with."""
    awaited: tuple[str, ...]
    """One of these ends it."""
    process_domain: str
    """The domain that owes the step."""
    responsible: str
    """The service that owes it."""
    state: State
    """How it stands."""
    opened_at: AwareDatetime
    """When it began."""
    risk_at: AwareDatetime | None
    """When it is at risk; None while it stands still."""
    due_at: AwareDatetime | None
    """When it is due; None while it stands still."""
    met_at: AwareDatetime | None
    """When it was met."""
    working_seconds: float
    """Working time that has passed, until it was met or until now."""
    calendar: WorkingHours | None
    """The calendar that counts; None where all time does."""
    standstills: list[Standstill]
    """Times that do not count."""
    next: str
    """What happens next."""


def explain(
    rows: Sequence[Mapping[str, Any]],
    events: Sequence[Envelope],
    ended_at: datetime | None,
    now: datetime,
    agreed: Agreed = AS_IN_FLOWS,
) -> list[Explained]:
    """Return how the time limits of a transaction stand, what is worst first."""
    stand = standing(events)
    held = holds(stand)
    found = []
    for row in rows:
        begun = next((one for one in stand if one.type == row["after"] and one.time == row["opened_at"]), None)
        customer = begun.data.get("customer_id") if begun else None
        limit = agreed.of(limit_of(row["flow"], row["after"]), customer)
        standstills = [
            Standstill(begins=hold.begins, ends=hold.ends) for hold in held.get((row["correlation_id"], limit.flow), ())
        ]
        found.append(
            _explained(row, limit, begun.site if begun else None, standstills, state_of(row, ended_at, now), now)
        )
    ranks = {state: rank for rank, state in enumerate(LASTING)}
    return sorted(found, key=lambda one: (ranks.get(one.state, len(ranks)), one.opened_at))


def state_of(row: Mapping[str, Any], ended_at: datetime | None, now: datetime) -> State:
    """Return how a deadline stands."""
    due, met = row["due_at"], row["met_at"]
    if met is not None:
        return "met" if due is None or met <= due else "met late"
    if ended_at is not None:
        return "ended"
    if due is None:
        return "held"
    if now >= due:
        return "breached"
    return "at risk" if now >= row["risk_at"] else "open"


def _explained(
    row: Mapping[str, Any],
    limit: Limit,
    site: str | None,
    standstills: list[Standstill],
    state: State,
    now: datetime,
) -> Explained:
    calendar = limit.calendar(site)
    span = next(calendar.spans(now)) if calendar else None
    until = row["met_at"] or now
    passed = between(row["opened_at"], until, calendar, [Hold(one.begins, one.ends) for one in standstills])
    hours = None
    if calendar and span:
        hours = WorkingHours(
            name=calendar.name,
            title=calendar.title,
            time_zone=calendar.time_zone,
            is_open=span.begins <= now,
            opens_at=span.begins,
        )
    return Explained(
        **{name: row[name] for name in ("flow", "after", "opened_at", "risk_at", "due_at", "met_at")},
        awaited=limit.awaited,
        process_domain=limit.process_domain,
        responsible=limit.step.publisher,
        state=state,
        working_seconds=passed.total_seconds(),
        calendar=hours,
        standstills=standstills,
        next=_next(row, limit, state),
    )


def _next(row: Mapping[str, Any], limit: Limit, state: State) -> str:
    match state:
        case "open":
            return f"SlaAtRisk is published at {_shown(row['risk_at'])} unless it comes"
        case "at risk":
            return f"SlaBreached is published at {_shown(row['due_at'])} unless it comes"
        case "breached":
            return f"{limit.step.publisher} still owes it; SlaBreached is published once"
        case "held":
            return f"the time goes on with {' or '.join(flows.load()[limit.flow].resumes)}"
        case _:
            return "nothing"


def of_limit(one: Explained) -> Waiting:
    """Return a time limit as a reason to wait."""
    why = f"{one.state}: follows {one.after} in {one.flow}"
    if one.calendar and not one.calendar.is_open:
        why += f"; {one.calendar.name} works again at {_shown(one.calendar.opens_at)}"
    what = " or ".join(one.awaited)
    return Waiting(kind="time limit", what=what, why=why, since=one.opened_at, next=one.next, owner=one.responsible)


def of_letter(service: str, letter: Mapping[str, Any]) -> Waiting:
    """Return a letter as a reason to wait."""
    is_dead = letter["state"] == "dead"
    person = f"a person decides: {letter['remedy']}; `crossdock dlq show {letter['id']}`"
    again = f"the service tries again at {letter['due_at']}" if letter["due_at"] else "the service tries again"
    return Waiting(
        kind="message",
        what=f"{letter['kind'] or letter['source']}, letter {letter['id']}, {letter['state']}",
        why=letter["error"],
        since=letter["created_at"],
        next=person if is_dead else again,
        owner=letter["assignee"] or service,
    )


def of_call(service: str, call: Mapping[str, Any], away: Sequence[str]) -> Waiting:
    """Return a call as a reason to wait."""
    why = call["error"] or "it has not been made, or not been answered"
    return Waiting(
        kind="call",
        what=f"{call['name']}, tried {call['tries']} times",
        why=f"{why}; left alone for now: {', '.join(away)}" if away else why,
        since=call["since"],
        next="the service makes it when its turn comes",
        owner=service,
    )


def _shown(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
