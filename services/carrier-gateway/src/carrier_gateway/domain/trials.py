"""What a profile makes of a message, with where each value came from; nothing is kept and nobody is told."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import AwareDatetime, BaseModel

from profiles import Broken, Profile, Undecodable, Unreadable, parse, read

MISTAKE = re.compile(r"^.*?:(\d+): (.*)$")


class Mistake(BaseModel):
    """What is wrong with a profile's text, and on which line."""

    line: int
    what: str


class TrialEvent(BaseModel):
    """One event a profile reads in a message."""

    tracking_number: str | None
    code: str | None
    milestone: str
    reason: str | None
    at: AwareDatetime | None
    basis: str | None
    """Where the moment's zone comes from."""
    place: str | None
    text: str
    is_proof: bool
    came_from: dict[str, str]
    """Each value's expression or rule."""


class Trial(BaseModel):
    """What a profile makes of a message."""

    disposition: str
    """What the message is taken for: tracking, handshake, ignored or empty; unreadable when it cannot be used."""
    problem: str | None = None
    """Why it cannot be used."""
    events: Sequence[TrialEvent] = ()
    unmapped: Sequence[str] = ()
    """Codes no rule knows."""


def checked(carrier: str, text: str) -> Profile | list[Mistake]:
    """Return the profile a text holds for a carrier, or every mistake in it."""
    try:
        profile = parse(text, "profile")
    except Broken as error:
        return [_mistake(line) for line in str(error).splitlines()]
    if profile.carrier != carrier:
        return [Mistake(line=1, what=f"carrier: it is the profile of '{profile.carrier}', not of '{carrier}'")]
    return profile


def _mistake(said: str) -> Mistake:
    found = MISTAKE.match(said)
    return Mistake(line=int(found[1]), what=found[2]) if found else Mistake(line=1, what=said)


def trial(
    profile: Profile, body: bytes, *, headers: Mapping[str, str] | None = None, request: Mapping[str, Any] | None = None
) -> Trial:
    """Return what a profile makes of a message."""
    try:
        reading = read(profile, body, headers=headers, request=request)
    except (Undecodable, Unreadable) as error:
        return Trial(disposition="unreadable", problem=str(error))
    events = [
        TrialEvent(
            tracking_number=item.tracking_number,
            code=event.code,
            milestone=event.milestone,
            reason=event.reason,
            at=event.moment.at if event.moment else None,
            basis=event.moment.basis if event.moment else None,
            place=event.place,
            text=event.text,
            is_proof=event.is_proof,
            came_from=dict(event.trace),
        )
        for item in reading.items
        for event in item.events
    ]
    unmapped = sorted({str(event.code) for event in reading.unmapped})
    return Trial(disposition=reading.disposition, events=events, unmapped=unmapped)
