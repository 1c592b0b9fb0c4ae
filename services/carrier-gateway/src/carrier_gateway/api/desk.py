"""The desk of carriers' profiles: how each carrier stands, its profile read, tried and put to work."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import AwareDatetime, BaseModel, Field

from chassis import Service

from carrier_gateway.api.messages import Reader, rows
from carrier_gateway.directory import ACTS, Conflict, Desk, Profiles
from carrier_gateway.domain.trials import Mistake, Trial, checked, trial
from carrier_gateway.settings import ServiceSettings
from carrier_gateway.store import STANDING

TEXT = Field(max_length=1_048_576)


class Standing(BaseModel):
    """How a carrier stands: its profile, and what it sent of late."""

    carrier: str
    title: str | None
    digest: str | None
    problem: str | None
    """The mistake of a newer file that is not used."""
    last_message_at: AwareDatetime | None = None
    messages: int = 0
    """Messages of the last 24 hours."""
    dead: int = 0
    """How many of them could not be read."""
    unmapped: int = 0
    """Events of them whose code no rule knows."""
    last_minute: int = 0
    """Messages of the last minute."""
    quota_per_second: float
    """Messages a second it may send."""


class ProfileText(BaseModel):
    """A carrier's profile as it stands in its file."""

    carrier: str
    text: str
    revision: str
    """SHA-256 of the text; a change names the one it was made from."""
    sample: str | None
    """The first sample of the profile's own tests."""


class Draft(BaseModel):
    """A profile to be tried on a sample."""

    text: str = TEXT
    sample: str = TEXT


class Tried(BaseModel):
    """What is wrong with a draft; else what it makes of the sample."""

    mistakes: Sequence[Mistake]
    trial: Trial | None


class Change(Reader):
    """A profile to put to work: made from which revision, by whom and why."""

    text: str = TEXT
    revision: str


def router(service: Service, profiles: Profiles) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/carriers")
    _look(routes, service, profiles)
    _change(routes, service, profiles)
    return routes


def _look(routes: APIRouter, service: Service, profiles: Profiles) -> None:
    @routes.get("")
    async def carriers() -> dict[str, Any]:
        """Return whose messages are understood, from which folder, and what is wrong with files that are not."""
        return {"folder": str(profiles.folder.absolute()), "carriers": profiles.listed()}

    @routes.get("/standing")
    async def standing() -> list[Standing]:
        """Return how every carrier stands."""
        listed: list[dict[str, Any]] = list(profiles.listed())
        sent = await rows(service, STANDING, carriers=[one["carrier"] for one in listed])
        found = {row.pop("carrier_code"): row for row in sent}
        return [
            Standing(**one, **found[one["carrier"]], quota_per_second=_quota(service, one["carrier"])) for one in listed
        ]

    @routes.get("/acts")
    async def acts() -> list[dict[str, Any]]:
        """Return what people did here, the newest first."""
        return await rows(service, ACTS)

    @routes.get("/{carrier}/profile")
    async def profile(carrier: str) -> ProfileText:
        """Return a carrier's profile as it stands in its file, with the first of its samples."""
        text = _known(profiles, carrier)
        return ProfileText(
            carrier=carrier, text=text, revision=profiles.revision(text), sample=profiles.sample(carrier)
        )


def _change(routes: APIRouter, service: Service, profiles: Profiles) -> None:
    desk = Desk(service)

    @routes.post("/{carrier}/profile/try")
    async def try_out(carrier: str, draft: Draft) -> Tried:
        """Read a sample by a draft of a profile; nothing is kept and nobody is told."""
        found = checked(carrier, draft.text)
        if isinstance(found, list):
            return Tried(mistakes=found, trial=None)
        return Tried(mistakes=[], trial=trial(found, draft.sample.encode()) if draft.sample.strip() else None)

    @routes.post("/{carrier}/profile")
    async def change(carrier: str, wish: Change) -> ProfileText:
        """Put a profile to work; refused when it is broken, fails its own samples, or was made from an older one."""
        before = _known(profiles, carrier)
        found = checked(carrier, wish.text)
        if isinstance(found, list):
            raise HTTPException(422, "; ".join(f"line {one.line}: {one.what}" for one in found))
        if wrong := profiles.differing(found):
            raise HTTPException(422, "its samples give something else than it says: " + "; ".join(wrong))
        try:
            profiles.put(carrier, wish.text, wish.revision)
        except Conflict as error:
            raise HTTPException(409, str(error)) from error
        revision = profiles.revision(wish.text)
        await desk.note(
            "profile",
            carrier,
            f"revision {revision[:8]}",
            actor=wish.actor,
            reason=wish.reason,
            texts=(before, wish.text),
        )
        return ProfileText(carrier=carrier, text=wish.text, revision=revision, sample=profiles.sample(carrier))


def _known(profiles: Profiles, carrier: str) -> str:
    text = profiles.text(carrier)
    if text is None:
        raise HTTPException(404, f"carrier {carrier} has no profile here")
    return text


def _quota(service: Service, carrier: str) -> float:
    settings = service.settings
    if not isinstance(settings, ServiceSettings):
        raise TypeError("carrier-gateway runs with settings of its own")
    return settings.partner_quotas.get(carrier, settings.partner_events_per_second)
