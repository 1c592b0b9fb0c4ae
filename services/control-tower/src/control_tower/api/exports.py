"""Exports to the data lake: how far each is, and how the lake reads them."""

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel

from chassis import Service

from control_tower.records.exports import Book


class Export(BaseModel):
    """One export, into one folder."""

    id: str
    """Its identity, also in the folder."""
    folder: str
    """Where it goes, as its process sees it."""
    personal_data: bool
    """Whether personal data and trade secrets are shown in it."""
    created_at: AwareDatetime
    """When it was begun."""
    exported_to: int
    """Number of the last event of its last whole range."""
    archived_to: int
    """Number of the archive's latest event."""
    events: int
    """Events in its files."""
    files: int
    """Its files."""
    open: int
    """Ranges begun and not ended: one at most."""
    last_at: AwareDatetime | None
    """When its last range was ended."""


def router(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/exports", tags=["exports"])
    book = Book(service.engine)

    @routes.get("")
    async def exports() -> list[Export]:
        """Return every export and how far it is, the newest first."""
        return [Export.model_validate(row) for row in await book.status()]

    return routes
