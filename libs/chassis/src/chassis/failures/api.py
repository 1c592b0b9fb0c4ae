"""The HTTP interface of a service's dead letters, the same for every service."""

from enum import Enum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from chassis.failures.office import Office
from chassis.failures.selection import Act, Edit, Selection, Wish

PREFIX = "/dead-letters"
TAGS: list[str | Enum] = ["dead letters"]
PAGE = 100
MOST = 1000

Limit = Annotated[int, Query(ge=1, le=MOST)]


class Listing(Selection):
    """A page of letters; `after` is the last id seen."""

    after: int = 0
    limit: int = Field(default=PAGE, ge=1, le=MOST)


class Reasoned(BaseModel):
    """Who asks for something that is kept in the audit, and why."""

    actor: str = Field(min_length=1, max_length=128)
    reason: str = Field(min_length=1, max_length=2000)


def router(office: Office) -> APIRouter:
    """Return all routes; those of acts go first, as a letter's id would match their names."""
    routes = APIRouter()
    routes.include_router(_acts(office))
    routes.include_router(_letters(office))
    return routes


def _letters(office: Office) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=TAGS)

    @routes.get("/groups")
    async def list_groups(limit: Limit = PAGE) -> list[dict[str, Any]]:
        """Return the groups of failures of one kind, the largest first, each with its playbook."""
        return await office.book.groups(limit)

    @routes.get("")
    async def list_letters(listing: Annotated[Listing, Query()]) -> list[dict[str, Any]]:
        """Return letters without their bodies, in the order they came."""
        selection = Selection(**listing.model_dump(exclude={"after", "limit"}))
        return await office.book.listed(selection, listing.after, listing.limit)

    @routes.get("/changes")
    async def list_changes(limit: Limit = PAGE) -> list[dict[str, Any]]:
        """Return which letters people corrected or read whole, the newest first."""
        return await office.book.changes(limit)

    @routes.get("/{letter_id}")
    async def show_letter(letter_id: int, masked: bool = False) -> dict[str, Any]:
        """Return a letter with its body, playbook and history; `masked` hides personal data."""
        return await (office.book.hidden(letter_id) if masked else office.book.shown(letter_id))

    @routes.post("/{letter_id}/read")
    async def read_letter(letter_id: int, reader: Reasoned) -> dict[str, Any]:
        """Return a letter whole to one who says why; that is kept in its history."""
        return await office.book.read_whole(letter_id, reader.actor, reader.reason)

    @routes.post("/{letter_id}/edit")
    async def edit_letter(letter_id: int, edit: Edit) -> dict[str, Any]:
        """Correct the body of a dead letter, and retry it if asked to."""
        letter = await office.book.edit(letter_id, edit)
        if edit.retry:
            selection = Selection(ids=(letter_id,))
            await office.acts.begin(Wish(action="retry", selection=selection, actor=edit.actor, reason=edit.reason))
        return letter

    return routes


def _acts(office: Office) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=TAGS)

    @routes.post("/plan")
    async def plan_act(wish: Wish) -> dict[str, int]:
        """Say how many letters an act would cover; nothing is done."""
        return {"covered": await office.acts.count(wish)}

    @routes.post("/acts", status_code=202)
    async def begin_act(wish: Wish) -> Act:
        """Retry, discard, assign or redirect letters; the same id sent again begins nothing."""
        return await office.acts.begin(wish)

    @routes.get("/acts")
    async def list_acts(limit: Limit = PAGE) -> list[Act]:
        """Return the acts begun last, newest first."""
        return await office.acts.newest(limit)

    @routes.get("/acts/{act_id}")
    async def show_act(act_id: str) -> Act:
        """Return an act, and what became of the letters it covers."""
        return await office.acts.known(act_id)

    @routes.post("/acts/{act_id}/stop")
    async def stop_act(act_id: str) -> Act:
        """End a retry early; letters not begun stay dead."""
        return await office.acts.stop(act_id)

    @routes.post("/acts/{act_id}/resume")
    async def resume_act(act_id: str) -> Act:
        """Have a stopped or halted retry go on."""
        return await office.acts.resume(act_id)

    @routes.post("/go-on")
    async def lift_ceiling(lift: Reasoned) -> dict[str, str]:
        """Take messages for ten minutes however many fail: these failures are no bad release."""
        return {"was": office.lift(lift.actor, lift.reason)}

    return routes
