"""Who did what, when and why: one form for whatever people do about the mesh."""

from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime, BaseModel


class Entry(BaseModel):
    """Something a person did, or had done."""

    service: str
    """Where it was done."""
    id: str
    """Its identity there."""
    action: str
    """What: retry, discard, assign, redirect, replay, export ..."""
    actor: str
    """Who."""
    reason: str
    """Why."""
    target: str | None = None
    """To whom or where, if to anybody."""
    about: tuple[str, ...] = ()
    """The orders, or other business transactions, it is about; empty when it names none."""
    covered: int = 0
    """How many letters or events it covers."""
    state: str
    """How it stands."""
    at: AwareDatetime
    """When it was begun."""
    ended_at: AwareDatetime | None = None
    """When it ended; None while it goes on."""
    detail: dict[str, Any] = {}
    """All else that was said of it."""


def of_act(service: str, act: Mapping[str, Any]) -> Entry:
    """Return the entry of an act on dead letters."""
    chosen = act["selection"]
    about = {*act.get("orders", ()), *filter(None, [chosen.get("correlation_id")])}
    return Entry(
        service=service,
        id=act["id"],
        action=act["action"],
        actor=act["actor"],
        reason=act["reason"],
        target=act["target"],
        about=tuple(sorted(about)),
        covered=act["covered"],
        state=act["state"],
        at=act["created_at"],
        ended_at=act["ended_at"],
        detail={"selection": chosen, "note": act["note"], "wave": act["wave"]},
    )


def of_change(service: str, change: Mapping[str, Any]) -> Entry:
    """Return the entry of a letter that was corrected, or read whole."""
    letter = f"letter {change['letter_id']}"
    order = change.get("correlation_id")
    return _done(service, f"{letter} {change['action']} {change['at']}", change, target=letter, about=order)


def of_desk(service: str, act: Mapping[str, Any]) -> Entry:
    """Return the entry of a carrier's profile that was changed, or of its message that was read whole."""
    action = act["action"] if act["action"] == "read" else f"{act['action']} profile"
    return _done(service, f"desk {act['id']}", {**act, "action": action}, target=act["carrier_code"])


def _done(service: str, id_there: str, said: Mapping[str, Any], *, target: str, about: str | None = None) -> Entry:
    return Entry(
        service=service,
        id=id_there,
        action=said["action"],
        actor=said["actor"],
        reason=said["reason"],
        target=target,
        about=(about,) if about else (),
        covered=1,
        state="done",
        at=said["at"],
        ended_at=said["at"],
        detail={"subject": said["subject"]} if "subject" in said else {},
    )


def of_replay(service: str, replay: Mapping[str, Any]) -> Entry:
    """Return the entry of a replay; how far it is belongs to the replay, not to the audit, until it ends."""
    wanted = replay["request"]
    detail = {"request": wanted, "error": replay["error"]}
    if replay["state"] != "running":
        detail["counts"] = replay["counts"]
    return Entry(
        service=service,
        id=replay["id"],
        action="replay",
        actor=wanted["actor"],
        reason=wanted["reason"],
        target=replay["projection"],
        about=tuple(filter(None, [wanted.get("correlation_id")])),
        covered=replay["total"],
        state=replay["state"],
        at=replay["created_at"],
        ended_at=replay["ended_at"],
        detail=detail,
    )
